//! DeleteRecords: moves the start of a log forward.

use std::sync::Arc;

use protocol::messages::delete_records::request::DeleteRecordsPartition;
use protocol::messages::delete_records::response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use protocol::messages::delete_records::{DeleteRecordsRequest, DeleteRecordsResponse};
use protocol::{ErrorCode, Offset};

use crate::dispatch::RequestContext;
use crate::topics::is_internal;
use crate::{Broker, errors};

/// In a request: up to the high watermark.
const UP_TO_HIGH_WATERMARK: i64 = -1;
/// What is said as the low watermark where nothing was deleted.
const NO_LOW_WATERMARK: i64 = -1;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let deleted = delete(broker, &topic.name, asked).await;
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark: deleted.map_or(NO_LOW_WATERMARK, |start| start.0),
                error_code: deleted.err().unwrap_or(ErrorCode::None).code(),
            });
        }
        topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
    }
    DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() }
}

async fn delete(
    broker: &Arc<Broker>,
    topic: &str,
    asked: &DeleteRecordsPartition,
) -> Result<Offset, ErrorCode> {
    if is_internal(topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let partition = broker.partitions.by_name(topic, asked.partition_index)?;
    if !partition.log.config().cleanup_delete {
        return Err(ErrorCode::PolicyViolation);
    }
    let high_watermark = partition.log.high_watermark();
    let before = if asked.offset == UP_TO_HIGH_WATERMARK { high_watermark } else { Offset(asked.offset) };
    if before < Offset::ZERO || before > high_watermark {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let work = move || {
        let start = partition.log.delete_records_before(before).map_err(|error| errors::of_log(&error))?;
        partition.interested.wake();
        Ok(start)
    };
    broker.on_disk_thread(work).await?
}
