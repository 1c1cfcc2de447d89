//! AddOffsetsToTxn, API 25.

pub use request::AddOffsetsToTxnRequest;
pub use response::AddOffsetsToTxnResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        AddOffsetsToTxnRequest: request 25, versions [0-4], flexible [3+] {
            transactional_id: String [0+];
            producer_id: i64 [0+];
            producer_epoch: i16 [0+];
            group_id: String [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AddOffsetsToTxnResponse: response 25, versions [0-4], flexible [3+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
