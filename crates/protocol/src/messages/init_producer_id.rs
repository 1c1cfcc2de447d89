//! InitProducerId, API 22.

pub use request::InitProducerIdRequest;
pub use response::InitProducerIdResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        InitProducerIdRequest: request 22, versions [0-6] latest unstable, flexible [2+] {
            transactional_id: Option<String> [0+] null [0+] = Some(String::new());
            transaction_timeout_ms: i32 [0+];
            producer_id: i64 [3+] = -1;
            producer_epoch: i16 [3+] = -1;
            enable2_pc: bool [6+];
            keep_prepared_txn: bool [6+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        InitProducerIdResponse: response 22, versions [0-6], flexible [2+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            producer_id: i64 [0+] = -1;
            producer_epoch: i16 [0+];
            ongoing_txn_producer_id: i64 [6+] = -1;
            ongoing_txn_producer_epoch: i16 [6+] = -1;
        }
    }
}
