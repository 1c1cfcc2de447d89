//! What happens when records are in the log, or turn out not to be.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::offset_commit::OffsetCommitResponse;
use tracing::warn;

use super::answers::{Answer, ReplyTo, append_error};
use super::classic::State;
use super::coordinator::{Coordinator, Now};
use super::effects::{Effects, WriteId};
use super::offsets::{CommittedOffset, TopicPartition};
use super::statics::Replacement;
use super::syncing::Assignment;

/// What waits for a write.
#[derive(Debug)]
pub(super) enum AfterWrite {
    /// Nothing: memory says the same already, and nobody was promised anything.
    Nothing,
    /// An answer.
    Reply(ReplyTo, Answer),
    /// A leader's assignment.
    Assigned(Assignment),
    /// A static member's new id.
    Replaced(Box<Replacement>),
    /// Offsets become visible.
    Committed(Commit),
    /// Offsets, and groups that are `Dead` until then, are gone.
    Forgotten(Forget),
}

/// Offsets on their way to the log.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) group: Arc<str>,
    pub(super) offsets: Vec<(TopicPartition, CommittedOffset)>,
    pub(super) to: ReplyTo,
    pub(super) answer: OffsetCommitResponse,
}

/// Tombstones on their way to the log.
#[derive(Debug, Default)]
pub(super) struct Forget {
    pub(super) offsets: Vec<(Arc<str>, TopicPartition)>,
    pub(super) groups: Vec<Arc<str>>,
    pub(super) answer: Option<(ReplyTo, Answer)>,
}

impl Coordinator {
    /// The records of a write are in the log, and on as many brokers as the topic asks for; or they are not, and will
    /// never be. Ends of writes have to come in the order of the writes.
    pub fn written(&mut self, now: Now, id: WriteId, result: Result<(), ErrorCode>) {
        let Some(after) = self.effects.take_written(id) else {
            return;
        };
        match result.map_err(append_error) {
            Ok(()) => self.apply(now, after),
            Err(code) => self.revert(now, after, code),
        }
    }

    fn apply(&mut self, now: Now, after: AfterWrite) {
        match after {
            AfterWrite::Nothing => {}
            AfterWrite::Reply(to, answer) => self.reply(to, answer),
            AfterWrite::Assigned(assignment) => {
                self.turn(&assignment.group.clone(), now, |turn| turn.assignment_written(assignment));
            }
            AfterWrite::Replaced(replacement) => {
                self.turn(&replacement.group, now, |turn| turn.replacement_written(&replacement));
            }
            AfterWrite::Committed(commit) => {
                if let Some(group) = self.groups.get_mut(&commit.group) {
                    for (key, offset) in commit.offsets {
                        group.offsets.end(&key);
                        group.offsets.insert(key, offset);
                    }
                }
                self.reply(commit.to, Answer::CommitOffsets(commit.answer));
            }
            AfterWrite::Forgotten(forget) => {
                for (group, key) in forget.offsets {
                    if let Some(group) = self.groups.get_mut(&group) {
                        group.offsets.remove(&key);
                    }
                }
                for group in forget.groups {
                    self.groups.remove(&group);
                }
                if let Some((to, answer)) = forget.answer {
                    self.reply(to, answer);
                }
            }
        }
    }

    fn revert(&mut self, now: Now, after: AfterWrite, code: ErrorCode) {
        warn!(?code, "the log of the offsets topic refused records");
        match after {
            AfterWrite::Assigned(assignment) => {
                self.turn(&assignment.group.clone(), now, |turn| turn.assignment_failed(&assignment, code));
            }
            AfterWrite::Replaced(replacement) => {
                self.turn(&replacement.group.clone(), now, |turn| {
                    turn.replacement_failed(*replacement, code)
                });
            }
            AfterWrite::Committed(commit) => {
                if let Some(group) = self.groups.get_mut(&commit.group) {
                    for (key, _) in &commit.offsets {
                        group.offsets.end(key);
                    }
                }
                self.reply(commit.to, Answer::CommitOffsets(commit.answer).failed(code));
            }
            AfterWrite::Forgotten(forget) => {
                for id in &forget.groups {
                    self.turn(id, now, |turn| turn.group.transition_to(State::Empty, now.unix_ms));
                }
                AfterWrite::Forgotten(forget).refuse(code, &mut self.effects);
            }
            after @ (AfterWrite::Nothing | AfterWrite::Reply(..)) => after.refuse(code, &mut self.effects),
        }
    }
}

impl AfterWrite {
    /// Gives the request behind a write its answer when the write has no end that would be heard of.
    ///
    /// Members that wait for an assignment or a new id wait in their group, and are answered from there.
    pub(super) fn refuse(self, code: ErrorCode, effects: &mut Effects) {
        match self {
            Self::Nothing | Self::Assigned(_) | Self::Replaced(_) => {}
            Self::Reply(to, answer) => effects.reply(to, answer.failed(code)),
            Self::Committed(commit) => {
                effects.reply(commit.to, Answer::CommitOffsets(commit.answer).failed(code))
            }
            Self::Forgotten(forget) => {
                if let Some((to, answer)) = forget.answer {
                    effects.reply(to, answer.failed(code));
                }
            }
        }
    }
}
