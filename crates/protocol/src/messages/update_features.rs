//! UpdateFeatures, API 57.

pub use request::UpdateFeaturesRequest;
pub use response::UpdateFeaturesResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        UpdateFeaturesRequest: request 57, versions [0-2], flexible [0+] {
            timeout_ms: i32 [0+] = 60000;
            feature_updates: Vec<FeatureUpdateKey> [0+];
            validate_only: bool [1+];
        }
        FeatureUpdateKey {
            feature: String [0+];
            max_version_level: i16 [0+];
            allow_downgrade: bool [0];
            upgrade_type: i8 [1+] = 1;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        UpdateFeaturesResponse: response 57, versions [0-2], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
            results: Vec<UpdatableFeatureResult> [0-1];
        }
        UpdatableFeatureResult {
            feature: String [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = Some(String::new());
        }
    }
}
