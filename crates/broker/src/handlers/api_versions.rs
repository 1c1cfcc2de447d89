//! ApiVersions: what this broker serves, at which versions, and which features are finalized.

use cluster::Controller;
use protocol::ErrorCode;
use protocol::messages::api_versions::response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};

use crate::Broker;
use crate::dispatch::{RequestContext, advertised};

/// The first version that says which client asks.
const FIRST_VERSION_WITH_CLIENT: i16 = 3;

pub(crate) async fn handle(
    broker: &Broker,
    context: &RequestContext,
    request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    if context.version >= FIRST_VERSION_WITH_CLIENT
        && !(is_client_name(&request.client_software_name)
            && is_client_name(&request.client_software_version))
    {
        return ApiVersionsResponse {
            error_code: ErrorCode::InvalidRequest.code(),
            ..ApiVersionsResponse::default()
        };
    }
    let image = broker.controller.image();
    let supported = Controller::supported_features().iter().map(|feature| SupportedFeatureKey {
        name: feature.name.to_owned(),
        min_version: feature.min,
        max_version: feature.max,
    });
    let finalized = image.features().iter().map(|(name, level)| FinalizedFeatureKey {
        name: name.clone(),
        max_version_level: *level,
        min_version_level: *level,
    });
    ApiVersionsResponse {
        api_keys: api_keys(),
        supported_features: supported.collect(),
        finalized_features: finalized.collect(),
        finalized_features_epoch: image.end_offset.0 - 1,
        ..ApiVersionsResponse::default()
    }
}

/// The answer, in version 0, to a version that this broker does not know: the client chooses again from the list.
pub(crate) fn unsupported_version() -> ApiVersionsResponse {
    ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: api_keys(),
        ..ApiVersionsResponse::default()
    }
}

fn api_keys() -> Vec<ApiVersion> {
    advertised()
        .map(|(key, versions)| ApiVersion {
            api_key: key.key(),
            min_version: *versions.start(),
            max_version: *versions.end(),
        })
        .collect()
}

/// Whether a client's name or version is one that KIP-511 allows: letters, digits, `.` and `-`, the first and the last
/// of them letters or digits.
fn is_client_name(name: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::is_client_name;

    #[test]
    fn client_names_follow_kip_511() {
        for name in ["a", "apache-kafka-java", "4.3.1", "librdkafka"] {
            assert!(is_client_name(name), "{name}");
        }
        for name in ["", "-a", "a.", "a b", "a_b", "é"] {
            assert!(!is_client_name(name), "{name}");
        }
    }
}
