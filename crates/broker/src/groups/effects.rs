//! What comes out of a coordinator: answers, records to write, deadlines.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answers::{Answer, ReplyTo};
use super::records::Record;
use super::timers::{Timer, Timers};
use super::written::AfterWrite;

/// The coordinator's name for records on their way to the log; ascending, in the order in which they must get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// Something for the driver to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Give a request its answer.
    Reply {
        /// The request.
        to: ReplyTo,
        /// Its answer.
        answer: Answer,
    },
    /// Append records, all or none, after those of every earlier write; then call [`Coordinator::written`].
    ///
    /// [`Coordinator::written`]: super::Coordinator::written
    Write {
        /// The name of this write.
        id: WriteId,
        /// At least one record.
        records: Vec<Record>,
    },
}

/// What the handling of an event has brought about so far.
#[derive(Debug, Default)]
pub(super) struct Effects {
    actions: Vec<Action>,
    pub(super) timers: Timers,
    in_flight: BTreeMap<WriteId, AfterWrite>,
    next_write: u64,
}

impl Effects {
    pub(super) fn reply(&mut self, to: ReplyTo, answer: Answer) {
        self.actions.push(Action::Reply { to, answer });
    }

    /// Sends records to the log; `then` happens when they are there, or turn out not to be.
    pub(super) fn write(&mut self, records: Vec<Record>, then: AfterWrite) {
        debug_assert!(!records.is_empty(), "a write has records");
        let id = WriteId(self.next_write);
        self.next_write += 1;
        self.in_flight.insert(id, then);
        self.actions.push(Action::Write { id, records });
    }

    /// What was to happen after a write.
    pub(super) fn take_written(&mut self, id: WriteId) -> Option<AfterWrite> {
        self.in_flight.remove(&id)
    }

    /// What was to happen after the writes whose end is not known yet.
    pub(super) fn take_in_flight(&mut self) -> impl Iterator<Item = AfterWrite> {
        std::mem::take(&mut self.in_flight).into_values()
    }

    pub(super) fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Starts or restarts the clock of a member's session.
    pub(super) fn watch_session(&mut self, group: &Arc<str>, member: &Arc<str>, deadline_ms: i64) {
        let timer = Timer::Session { group: Arc::clone(group), member: Arc::clone(member) };
        self.timers.schedule(timer, deadline_ms);
    }

    /// Stops the clock of a member's session.
    pub(super) fn forget_session(&mut self, group: &Arc<str>, member: &Arc<str>) {
        self.timers.cancel(Timer::Session { group: Arc::clone(group), member: Arc::clone(member) });
    }
}
