//! Answers to requests that may have to wait, and their forms when something went wrong.

use protocol::ErrorCode;
use protocol::messages::delete_groups::DeleteGroupsResponse;
use protocol::messages::join_group::JoinGroupResponse;
use protocol::messages::leave_group::LeaveGroupResponse;
use protocol::messages::offset_commit::OffsetCommitResponse;
use protocol::messages::offset_delete::OffsetDeleteResponse;
use protocol::messages::sync_group::SyncGroupResponse;

/// The caller's name for a request that waits for its answer; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyTo(pub u64);

/// An answer, in the form of the newest version of its API.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the response of the API that names it")]
pub enum Answer {
    Join(JoinGroupResponse),
    Sync(SyncGroupResponse),
    Leave(LeaveGroupResponse),
    CommitOffsets(OffsetCommitResponse),
    DeleteOffsets(OffsetDeleteResponse),
    DeleteGroups(DeleteGroupsResponse),
}

impl Answer {
    /// A JoinGroup answer that says only what went wrong.
    pub(super) fn join_error(member_id: &str, code: ErrorCode) -> Self {
        Self::Join(JoinGroupResponse {
            member_id: member_id.to_owned(),
            error_code: code.code(),
            protocol_name: None,
            ..JoinGroupResponse::default()
        })
    }

    /// A SyncGroup answer that says only what went wrong.
    pub(super) fn sync_error(code: ErrorCode) -> Self {
        Self::Sync(SyncGroupResponse { error_code: code.code(), ..SyncGroupResponse::default() })
    }

    /// A LeaveGroup answer that says only what went wrong.
    pub(super) fn leave_error(code: ErrorCode) -> Self {
        Self::Leave(LeaveGroupResponse { error_code: code.code(), ..LeaveGroupResponse::default() })
    }

    /// An OffsetDelete answer that says only what went wrong.
    pub(super) fn delete_offsets_error(code: ErrorCode) -> Self {
        Self::DeleteOffsets(OffsetDeleteResponse {
            error_code: code.code(),
            ..OffsetDeleteResponse::default()
        })
    }

    /// The same answer, had what it promises not been written because of `code`.
    pub(super) fn failed(self, code: ErrorCode) -> Self {
        match self {
            Self::Join(answer) => Self::join_error(&answer.member_id, code),
            Self::Sync(_) => Self::sync_error(code),
            Self::Leave(_) => Self::leave_error(code),
            Self::DeleteOffsets(_) => Self::delete_offsets_error(code),
            Self::CommitOffsets(mut answer) => {
                for partition in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                    partition.error_code = code.code();
                }
                Self::CommitOffsets(answer)
            }
            Self::DeleteGroups(mut answer) => {
                for result in &mut answer.results {
                    result.error_code = code.code();
                }
                Self::DeleteGroups(answer)
            }
        }
    }
}

/// What a client is told when the log refused the records of its request.
///
/// Clients know what to do when a coordinator is away or moved; the reasons of a log would mean something else to them.
pub(super) fn append_error(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => {
            ErrorCode::UnknownServerError
        }
        other => other,
    }
}
