//! StreamsGroupTargetAssignmentMember, coordinator record 21.

pub use key::StreamsGroupTargetAssignmentMemberKey;
pub use value::StreamsGroupTargetAssignmentMemberValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        StreamsGroupTargetAssignmentMemberKey: key 21, versions [0], flexible [none] {
            group_id: String [0];
            member_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        StreamsGroupTargetAssignmentMemberValue: value 21, versions [0], flexible [0+] {
            active_tasks: Vec<TaskIds> [0+];
            standby_tasks: Vec<TaskIds> [0+];
            warmup_tasks: Vec<TaskIds> [0+];
        }
        TaskIds {
            subtopology_id: String [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
