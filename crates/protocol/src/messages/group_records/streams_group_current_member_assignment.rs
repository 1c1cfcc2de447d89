//! StreamsGroupCurrentMemberAssignment, coordinator record 22.

pub use key::StreamsGroupCurrentMemberAssignmentKey;
pub use value::StreamsGroupCurrentMemberAssignmentValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        StreamsGroupCurrentMemberAssignmentKey: key 22, versions [0], flexible [none] {
            group_id: String [0];
            member_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        StreamsGroupCurrentMemberAssignmentValue: value 22, versions [0], flexible [0+] {
            member_epoch: i32 [0+];
            previous_member_epoch: i32 [0+];
            state: i8 [0+];
            active_tasks: Vec<TaskIds> [0+];
            standby_tasks: Vec<TaskIds> [0+];
            warmup_tasks: Vec<TaskIds> [0+];
            active_tasks_pending_revocation: Vec<TaskIds> [0+];
            standby_tasks_pending_revocation: Vec<TaskIds> [0+];
            warmup_tasks_pending_revocation: Vec<TaskIds> [0+];
        }
        TaskIds {
            subtopology_id: String [0+];
            partitions: Vec<i32> [0+];
            assignment_epochs: Option<Vec<i32>> [0+] tag 0 null [0+] = Some(Vec::new());
        }
    }
}
