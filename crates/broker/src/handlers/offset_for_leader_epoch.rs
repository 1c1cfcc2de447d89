//! OffsetForLeaderEpoch (KIP-101, KIP-320): where an epoch of leadership ended, so that a client can tell whether what
//! it has read is still part of the log.

use protocol::messages::offset_for_leader_epoch::request::OffsetForLeaderPartition;
use protocol::messages::offset_for_leader_epoch::response::{EpochEndOffset, OffsetForLeaderTopicResult};
use protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};
use protocol::{ErrorCode, LeaderEpoch};

use crate::Broker;
use crate::dispatch::RequestContext;

pub(crate) async fn handle(
    broker: &Broker,
    _context: &RequestContext,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| OffsetForLeaderTopicResult {
        partitions: topic.partitions.iter().map(|asked| answer_one(broker, &topic.topic, asked)).collect(),
        topic: topic.topic,
    });
    OffsetForLeaderEpochResponse { topics: topics.collect(), ..OffsetForLeaderEpochResponse::default() }
}

fn answer_one(broker: &Broker, topic: &str, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let answer = EpochEndOffset { partition: asked.partition, ..EpochEndOffset::default() };
    let end = || {
        let partition = broker.partitions.by_name(topic, asked.partition)?;
        partition.check_leader_epoch(LeaderEpoch(asked.current_leader_epoch))?;
        Ok::<_, ErrorCode>(partition.log.end_offset_for_epoch(LeaderEpoch(asked.leader_epoch)))
    };
    match end() {
        Ok(Some((epoch, end_offset))) => {
            EpochEndOffset { leader_epoch: epoch.0, end_offset: end_offset.0, ..answer }
        }
        Ok(None) => answer,
        Err(code) => EpochEndOffset { error_code: code.code(), ..answer },
    }
}
