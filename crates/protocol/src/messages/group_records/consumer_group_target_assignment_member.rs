//! ConsumerGroupTargetAssignmentMember, coordinator record 7.

pub use key::ConsumerGroupTargetAssignmentMemberKey;
pub use value::ConsumerGroupTargetAssignmentMemberValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupTargetAssignmentMemberKey: key 7, versions [0], flexible [none] {
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
        ConsumerGroupTargetAssignmentMemberValue: value 7, versions [0], flexible [0+] {
            topic_partitions: Vec<TopicPartition> [0+];
        }
        TopicPartition {
            topic_id: Uuid [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
