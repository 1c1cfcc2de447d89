//! ShareGroupCurrentMemberAssignment, coordinator record 14.

pub use key::ShareGroupCurrentMemberAssignmentKey;
pub use value::ShareGroupCurrentMemberAssignmentValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ShareGroupCurrentMemberAssignmentKey: key 14, versions [0], flexible [none] {
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
        ShareGroupCurrentMemberAssignmentValue: value 14, versions [0], flexible [0+] {
            member_epoch: i32 [0+];
            previous_member_epoch: i32 [0+];
            state: i8 [0+];
            assigned_partitions: Vec<TopicPartitions> [0+];
        }
        TopicPartitions {
            topic_id: Uuid [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
