//! ConsumerGroupCurrentMemberAssignment, coordinator record 8.

pub use key::ConsumerGroupCurrentMemberAssignmentKey;
pub use value::ConsumerGroupCurrentMemberAssignmentValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupCurrentMemberAssignmentKey: key 8, versions [0], flexible [none] {
            group_id: String [0];
            member_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ConsumerGroupCurrentMemberAssignmentValue: value 8, versions [0], flexible [0+] {
            member_epoch: i32 [0+];
            previous_member_epoch: i32 [0+];
            state: i8 [0+];
            assigned_partitions: Vec<TopicPartitions> [0+];
            partitions_pending_revocation: Vec<TopicPartitions> [0+];
        }
        TopicPartitions {
            topic_id: Uuid [0+];
            partitions: Vec<i32> [0+];
            assignment_epochs: Option<Vec<i32>> [0+] tag 0 null [0+] = Some(Vec::new());
        }
    }
}
