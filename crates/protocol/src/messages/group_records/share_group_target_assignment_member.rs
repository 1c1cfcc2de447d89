//! ShareGroupTargetAssignmentMember, coordinator record 13.

pub use key::ShareGroupTargetAssignmentMemberKey;
pub use value::ShareGroupTargetAssignmentMemberValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ShareGroupTargetAssignmentMemberKey: key 13, versions [0], flexible [none] {
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
        ShareGroupTargetAssignmentMemberValue: value 13, versions [0], flexible [0+] {
            topic_partitions: Vec<TopicPartition> [0+];
        }
        TopicPartition {
            topic_id: Uuid [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
