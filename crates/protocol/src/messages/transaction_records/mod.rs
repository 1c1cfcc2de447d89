//! The records of `__transaction_state`: one per transactional id, the latest one holds.

pub mod transaction_log;

pub use transaction_log::{TransactionLogKey, TransactionLogValue};

use crate::codec::record_values::coordinator_records;

coordinator_records! {
    /// The key of a record of `__transaction_state`.
    TransactionRecordKey,
    /// The value of a record of `__transaction_state`.
    TransactionRecordValue,
    {
        TransactionLog(transaction_log::{TransactionLogKey, TransactionLogValue}),
    }
}
