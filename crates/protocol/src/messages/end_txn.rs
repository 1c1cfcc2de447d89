//! EndTxn, API 26.

pub use request::EndTxnRequest;
pub use response::EndTxnResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        EndTxnRequest: request 26, versions [0-5], flexible [3+] {
            transactional_id: String [0+];
            producer_id: i64 [0+];
            producer_epoch: i16 [0+];
            committed: bool [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        EndTxnResponse: response 26, versions [0-5], flexible [3+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            producer_id: i64 [5+] = -1;
            producer_epoch: i16 [5+] = -1;
        }
    }
}
