//! AllocateProducerIds, API 67.

pub use request::AllocateProducerIdsRequest;
pub use response::AllocateProducerIdsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        AllocateProducerIdsRequest: request 67, versions [0], flexible [0+] {
            broker_id: i32 [0+];
            broker_epoch: i64 [0+] = -1;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        AllocateProducerIdsResponse: response 67, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            producer_id_start: i64 [0+];
            producer_id_len: i32 [0+];
        }
    }
}
