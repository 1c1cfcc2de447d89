//! ListOffsets: the first, the last, or the offset at a time.

use std::sync::Arc;

use log::ReadUntil;
use protocol::messages::list_offsets::request::ListOffsetsPartition;
use protocol::messages::list_offsets::response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use protocol::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
use protocol::{ErrorCode, LeaderEpoch, Offset};

use crate::dispatch::RequestContext;
use crate::fetch;
use crate::partitions::Partition;
use crate::{Broker, errors};

/// Timestamps that stand for something else than a time.
mod special {
    pub(super) const LATEST: i64 = -1;
    pub(super) const EARLIEST: i64 = -2;
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    pub(super) const LATEST_TIERED: i64 = -5;
    pub(super) const EARLIEST_PENDING_UPLOAD: i64 = -6;
}

/// The first versions that know the special timestamps that came after the first two.
const FIRST_VERSIONS: [(i64, i16); 4] = [
    (special::MAX_TIMESTAMP, 7),
    (special::EARLIEST_LOCAL, 8),
    (special::LATEST_TIERED, 9),
    (special::EARLIEST_PENDING_UPLOAD, 11),
];

/// What is said where there is no such offset.
const UNSET: i64 = -1;

/// One answer: the time of the record (or −1), its offset (or −1), its leader's epoch (or −1).
struct Found {
    timestamp: i64,
    offset: i64,
    epoch: LeaderEpoch,
}

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: ListOffsetsRequest,
) -> ListOffsetsResponse {
    let until = fetch::visible_to(request.replica_id, request.isolation_level);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let mut answer =
                ListOffsetsPartitionResponse { partition_index: asked.partition_index, ..Default::default() };
            match answer_one(broker, context.version, &topic.name, asked, until).await {
                Ok(found) => {
                    answer.timestamp = found.timestamp;
                    answer.offset = found.offset;
                    answer.leader_epoch = found.epoch.0;
                }
                Err(code) => answer.error_code = code.code(),
            }
            partitions.push(answer);
        }
        topics.push(ListOffsetsTopicResponse { name: topic.name, partitions });
    }
    ListOffsetsResponse { topics, ..ListOffsetsResponse::default() }
}

async fn answer_one(
    broker: &Arc<Broker>,
    version: i16,
    topic: &str,
    asked: &ListOffsetsPartition,
    until: ReadUntil,
) -> Result<Found, ErrorCode> {
    if FIRST_VERSIONS.iter().any(|&(special, first)| asked.timestamp == special && version < first) {
        return Err(ErrorCode::UnsupportedVersion);
    }
    let partition = broker.partitions.by_name(topic, asked.partition_index)?;
    partition.check_leader_epoch(LeaderEpoch(asked.current_leader_epoch))?;
    let (log_start, end) = (partition.log.start_offset(), partition.end(until));
    let at = |offset: Offset| {
        let epoch = partition.epoch_at(offset);
        Found { timestamp: UNSET, offset: offset.0, epoch }
    };
    let unset = Found { timestamp: UNSET, offset: UNSET, epoch: LeaderEpoch::NONE };
    match asked.timestamp {
        special::LATEST => Ok(Found { epoch: partition.leader_epoch(), ..at(end) }),
        special::EARLIEST | special::EARLIEST_LOCAL => Ok(at(log_start)),
        // Nothing is tiered.
        special::LATEST_TIERED | special::EARLIEST_PENDING_UPLOAD => Ok(unset),
        timestamp => search(broker, partition, timestamp, end).await.map(|found| found.unwrap_or(unset)),
    }
}

/// Looks into the log, which may have to wait for the disk.
async fn search(
    broker: &Arc<Broker>,
    partition: Arc<Partition>,
    timestamp: i64,
    end: Offset,
) -> Result<Option<Found>, ErrorCode> {
    let look = move || {
        if timestamp == special::MAX_TIMESTAMP {
            partition.log.max_timestamp()
        } else {
            partition.log.offset_for_timestamp(timestamp)
        }
    };
    let found = broker.on_disk_thread(look).await?.map_err(|error| errors::of_log(&error))?;
    Ok(found.filter(|found| found.offset < end).map(|found| Found {
        timestamp: found.timestamp_ms,
        offset: found.offset.0,
        epoch: found.leader_epoch,
    }))
}
