//! TransactionLog, coordinator record 0.

pub use key::TransactionLogKey;
pub use value::TransactionLogValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        TransactionLogKey: key 0, versions [0], flexible [none] {
            transactional_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        TransactionLogValue: value 0, versions [0-1], flexible [1+] {
            producer_id: i64 [0+];
            previous_producer_id: i64 [1+] tag 0 = -1;
            next_producer_id: i64 [1+] tag 1 = -1;
            producer_epoch: i16 [0+];
            next_producer_epoch: i16 [1+] tag 3 = -1;
            transaction_timeout_ms: i32 [0+];
            transaction_status: i8 [0+];
            transaction_partitions: Option<Vec<PartitionsSchema>> [0+] null [0+] = Some(Vec::new());
            transaction_last_update_timestamp_ms: i64 [0+];
            transaction_start_timestamp_ms: i64 [0+];
            client_transaction_version: i16 [1+] tag 2;
        }
        PartitionsSchema {
            topic: String [0+];
            partition_ids: Vec<i32> [0+];
        }
    }
}
