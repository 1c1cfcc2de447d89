//! DescribeTopicPartitions (KIP-966): topics and partitions in pages.

use std::collections::BTreeSet;

use cluster::{Image, Topic};
use protocol::messages::describe_topic_partitions::response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use protocol::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
};
use protocol::{BrokerId, ErrorCode, PartitionIndex};

use super::metadata::TOPIC_OPERATIONS;
use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::is_internal;

pub(crate) async fn handle(
    broker: &Broker,
    _context: &RequestContext,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let image = broker.controller.image();
    let limit = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let mut page = Page {
        left: limit.clamp(1, broker.config().max_request_partition_size_limit),
        response: DescribeTopicPartitionsResponse::default(),
    };
    let (from, first_partition) =
        request.cursor.map_or_else(Default::default, |cursor| (cursor.topic_name, cursor.partition_index));
    let first_of =
        |name: &str| if name == from { PartitionIndex(first_partition.max(0)) } else { PartitionIndex(0) };
    if request.topics.is_empty() {
        for topic in image.topics_from(&from) {
            if !page.add(&image, topic, first_of(&topic.name)) {
                break;
            }
        }
    } else {
        let names: BTreeSet<String> =
            request.topics.into_iter().map(|topic| topic.name).filter(|name| *name >= from).collect();
        for name in names {
            let more = match image.topic(&name) {
                Some(topic) => page.add(&image, topic, first_of(&name)),
                None => page.add_unknown(name),
            };
            if !more {
                break;
            }
        }
    }
    page.response
}

/// A response that holds a bounded number of partitions.
struct Page {
    left: usize,
    response: DescribeTopicPartitionsResponse,
}

impl Page {
    /// Adds a topic's partitions from `first` on; `false` when the page is full, with the cursor set.
    fn add(&mut self, image: &Image, topic: &Topic, first: PartitionIndex) -> bool {
        if self.left == 0 {
            self.response.next_cursor =
                Some(Cursor { topic_name: topic.name.to_string(), partition_index: first.0 });
            return false;
        }
        let mut rest = topic.partitions.range(first..);
        let partitions: Vec<_> = rest
            .by_ref()
            .take(self.left)
            .map(|(index, partition)| describe(image, *index, partition))
            .collect();
        self.left -= partitions.len();
        self.response.topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(topic.name.to_string()),
            topic_id: topic.id,
            is_internal: is_internal(&topic.name),
            partitions,
            topic_authorized_operations: TOPIC_OPERATIONS,
            ..DescribeTopicPartitionsResponseTopic::default()
        });
        let Some((next, _)) = rest.next() else { return true };
        self.response.next_cursor =
            Some(Cursor { topic_name: topic.name.to_string(), partition_index: next.0 });
        false
    }

    fn add_unknown(&mut self, name: String) -> bool {
        let error = if cluster::check_topic_name(&name).is_err() {
            ErrorCode::InvalidTopicException
        } else {
            ErrorCode::UnknownTopicOrPartition
        };
        self.response.topics.push(DescribeTopicPartitionsResponseTopic {
            error_code: error.code(),
            is_internal: is_internal(&name),
            name: Some(name),
            ..DescribeTopicPartitionsResponseTopic::default()
        });
        true
    }
}

fn describe(
    image: &Image,
    index: PartitionIndex,
    partition: &cluster::Partition,
) -> DescribeTopicPartitionsResponsePartition {
    let ids = |brokers: &[BrokerId]| brokers.iter().map(|id| id.0).collect::<Vec<_>>();
    let alive = |id: &BrokerId| image.broker(*id).is_some_and(|broker| !broker.fenced);
    let leader = partition.leader.filter(alive);
    DescribeTopicPartitionsResponsePartition {
        error_code: leader.map_or(ErrorCode::LeaderNotAvailable, |_| ErrorCode::None).code(),
        partition_index: index.0,
        leader_id: leader.map_or(-1, |id| id.0),
        leader_epoch: partition.leader_epoch.0,
        replica_nodes: ids(&partition.replicas),
        isr_nodes: ids(&partition.isr),
        eligible_leader_replicas: Some(ids(&partition.eligible_leader_replicas)),
        last_known_elr: Some(ids(&partition.last_known_elr)),
        offline_replicas: partition.replicas.iter().filter(|id| !alive(id)).map(|id| id.0).collect(),
    }
}
