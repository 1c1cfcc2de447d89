//! ListPartitionReassignments: partitions that are moving from some brokers to others, as the metadata has it. Nobody can
//! begin a move here, but metadata that another broker has written may hold one.

use cluster::Topic;
use protocol::messages::list_partition_reassignments::response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use protocol::{BrokerId, PartitionIndex};

use crate::Broker;
use crate::dispatch::RequestContext;

pub(crate) async fn handle(
    broker: &Broker,
    _: &RequestContext,
    request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    let image = broker.controller.image();
    let topics = match request.topics {
        None => image.topics().filter_map(|topic| ongoing(topic, |_| true)).collect(),
        Some(asked) => asked
            .iter()
            .filter_map(|asked| {
                ongoing(image.topic(&asked.name)?, |index| asked.partition_indexes.contains(&index.0))
            })
            .collect(),
    };
    ListPartitionReassignmentsResponse {
        error_message: None,
        topics,
        ..ListPartitionReassignmentsResponse::default()
    }
}

/// What moves of these partitions of a topic, if anything does.
fn ongoing(topic: &Topic, asked: impl Fn(PartitionIndex) -> bool) -> Option<OngoingTopicReassignment> {
    let ids = |brokers: &[BrokerId]| brokers.iter().map(|id| id.0).collect();
    let moving = topic.partitions.iter().filter(|(index, partition)| {
        let moves = !partition.adding_replicas.is_empty() || !partition.removing_replicas.is_empty();
        moves && asked(**index)
    });
    let partitions: Vec<_> = moving
        .map(|(index, partition)| OngoingPartitionReassignment {
            partition_index: index.0,
            replicas: ids(&partition.replicas),
            adding_replicas: ids(&partition.adding_replicas),
            removing_replicas: ids(&partition.removing_replicas),
        })
        .collect();
    (!partitions.is_empty()).then(|| OngoingTopicReassignment { name: topic.name.to_string(), partitions })
}

#[cfg(test)]
mod tests {
    use protocol::LeaderEpoch;
    use uuid::Uuid;

    use super::*;

    fn partition(adding: &[i32], removing: &[i32]) -> cluster::Partition {
        let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect();
        cluster::Partition {
            replicas: ids(&[1, 2]),
            directories: Vec::new(),
            isr: ids(&[1]),
            removing_replicas: ids(removing),
            adding_replicas: ids(adding),
            eligible_leader_replicas: Vec::new(),
            last_known_elr: Vec::new(),
            leader: Some(BrokerId(1)),
            leader_recovery_state: 0,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: 0,
        }
    }

    #[test]
    fn only_partitions_that_move_are_listed() {
        let partitions = [partition(&[], &[]), partition(&[2], &[]), partition(&[], &[1])];
        let partitions = (0..).map(PartitionIndex).zip(partitions).collect();
        let topic = Topic { name: "moving".into(), id: Uuid::nil(), partitions };
        let listed = |asked: &[i32]| -> Vec<i32> {
            let ongoing = ongoing(&topic, |index| asked.contains(&index.0));
            ongoing.map_or_else(Vec::new, |topic| {
                topic.partitions.iter().map(|partition| partition.partition_index).collect()
            })
        };
        assert_eq!(listed(&[0, 1, 2, 3]), [1, 2]);
        assert_eq!(listed(&[2]), [2]);
        assert!(ongoing(&topic, |index| index.0 == 0).is_none());
        let first = &ongoing(&topic, |_| true).unwrap().partitions[0];
        assert_eq!((&first.replicas[..], &first.adding_replicas[..]), (&[1, 2][..], &[2][..]));
        assert!(first.removing_replicas.is_empty());
    }
}
