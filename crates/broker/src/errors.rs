//! What a client is told of an error below: the one place where errors of logs become Kafka's codes.

use log::{LogError, RefusalReason};
use protocol::ErrorCode;
use protocol::records::RecordsError;

/// Kafka's code for an error of a log.
pub(crate) fn of_log(error: &LogError) -> ErrorCode {
    match error {
        LogError::Records(error) => of_records(error),
        LogError::InvalidRecord(_) => ErrorCode::InvalidRecord,
        LogError::RefusedRecords(refused) => of_refusal(refused.first().reason),
        LogError::BatchTooLarge { .. } => ErrorCode::MessageTooLarge,
        LogError::LargerThanSegment { .. } => ErrorCode::RecordListTooLarge,
        LogError::InvalidTimestamp { .. } | LogError::AppendTimeFromClient => ErrorCode::InvalidTimestamp,
        LogError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        LogError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        LogError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
        LogError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        // The log has been deleted or closed under the request: the client is to ask who has it now.
        LogError::Closed(_) => ErrorCode::NotLeaderOrFollower,
        _ => ErrorCode::KafkaStorageError,
    }
}

fn of_refusal(reason: RefusalReason) -> ErrorCode {
    match reason {
        RefusalReason::Timestamp { .. } => ErrorCode::InvalidTimestamp,
        _ => ErrorCode::InvalidRecord,
    }
}

fn of_records(error: &RecordsError) -> ErrorCode {
    match error {
        RecordsError::Truncated { .. }
        | RecordsError::BatchLength(_)
        | RecordsError::Crc { .. }
        | RecordsError::Decompress { .. }
        | RecordsError::Record { .. } => ErrorCode::CorruptMessage,
        _ => ErrorCode::InvalidRecord,
    }
}
