//! The coordinator of one partition of `__consumer_offsets`: its groups, and the way in for events.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::ErrorCode;

use super::answers::{Answer, ReplyTo};
use super::classic::{ClassicGroup, State};
use super::effects::{Action, Effects};
use super::foreign::ForeignGroup;
use super::offsets::Offsets;
use super::settings::Settings;
use super::timers::Timer;

/// The time of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never jumps, for deadlines.
    pub timer_ms: i64,
    /// Milliseconds since 1970, for records.
    pub unix_ms: i64,
}

/// Who sent a request, and with which version of its API.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The client id of the request's header; empty if there is none.
    pub id: &'a str,
    /// The client's address as Kafka writes it: `/127.0.0.1`.
    pub host: &'a str,
    /// The version of the API.
    pub version: i16,
}

/// All groups of one partition of `__consumer_offsets`, without I/O.
///
/// Made by a [`Loader`](super::Loader) from the partition's records. After each call, [`Coordinator::take_actions`] has
/// what is to be done.
#[derive(Debug)]
pub struct Coordinator {
    pub(super) settings: Settings,
    pub(super) groups: BTreeMap<Arc<str>, Group>,
    pub(super) effects: Effects,
}

/// Everything under one group id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) membership: Membership,
    pub(super) offsets: Offsets,
}

/// How a group is organised.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Membership {
    Classic(Box<ClassicGroup>),
    Foreign(ForeignGroup),
}

/// One event at one classic group.
pub(super) struct Turn<'a> {
    pub(super) group: &'a mut ClassicGroup,
    pub(super) now: Now,
    pub(super) settings: &'a Settings,
    pub(super) effects: &'a mut Effects,
}

impl Coordinator {
    /// What is to be done since the last call, in this order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        self.effects.take_actions()
    }

    /// When [`Coordinator::tick`] has something to do next, on the monotonic clock.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<i64> {
        self.effects.timers.next()
    }

    /// Does what has fallen due.
    pub fn tick(&mut self, now: Now) {
        while let Some(timer) = self.effects.timers.take_due(now.timer_ms) {
            match timer {
                Timer::Expiry => self.expire(now),
                Timer::Session { group, member } => {
                    self.turn(&group, now, |turn| turn.session_timed_out(&member));
                }
                Timer::Join { group } => self.turn(&group, now, |turn| turn.join_phase_timed_out()),
                Timer::Sync { group } => self.turn(&group, now, |turn| turn.sync_phase_timed_out()),
            }
        }
    }

    /// Gives every waiting request its last answer: another broker coordinates these groups from now on, or none.
    pub fn unload(mut self, now: Now) -> Vec<Action> {
        // Writes that were asked for and not taken yet are still the driver's to do.
        for after in self.effects.take_in_flight().collect::<Vec<_>>() {
            after.refuse(ErrorCode::NotCoordinator, &mut self.effects);
        }
        for group in self.groups.values_mut() {
            if let Membership::Classic(classic) = &mut group.membership {
                classic.transition_to(State::Dead, now.unix_ms);
                for id in classic.member_ids() {
                    if let Some(to) = classic.take_awaiting_join(&id) {
                        self.effects.reply(to, Answer::join_error(&id, ErrorCode::NotCoordinator));
                    }
                    if let Some(to) = classic.take_awaiting_sync(&id) {
                        self.effects.reply(to, Answer::sync_error(ErrorCode::NotCoordinator));
                    }
                }
            }
        }
        self.take_actions()
    }

    /// The classic group of this id.
    pub(super) fn classic(&self, id: &str) -> Option<&ClassicGroup> {
        match &self.groups.get(id)?.membership {
            Membership::Classic(group) => Some(group),
            Membership::Foreign(_) => None,
        }
    }

    /// Has an event happen at a classic group, if there is one of this id.
    pub(super) fn turn(&mut self, id: &str, now: Now, event: impl FnOnce(&mut Turn<'_>)) {
        if let Some(mut turn) = self.turn_at(id, now) {
            event(&mut turn);
        }
    }

    /// A turn at the classic group of this id.
    pub(super) fn turn_at(&mut self, id: &str, now: Now) -> Option<Turn<'_>> {
        match &mut self.groups.get_mut(id)?.membership {
            Membership::Classic(group) => {
                Some(Turn { group, now, settings: &self.settings, effects: &mut self.effects })
            }
            Membership::Foreign(_) => None,
        }
    }

    /// Makes an empty classic group. The offsets under its id, if there are any, are its offsets.
    pub(super) fn create(&mut self, id: &str, now: Now) {
        let id: Arc<str> = Arc::from(id);
        let membership = Membership::Classic(Box::new(ClassicGroup::new(Arc::clone(&id), now.unix_ms)));
        let offsets = self.groups.remove(&id).map(|group| group.offsets).unwrap_or_default();
        self.groups.insert(id, Group { membership, offsets });
    }

    /// Answers a request.
    pub(super) fn reply(&mut self, to: ReplyTo, answer: Answer) {
        self.effects.reply(to, answer);
    }
}

impl Group {
    pub(super) fn classic_mut(&mut self) -> Option<&mut ClassicGroup> {
        match &mut self.membership {
            Membership::Classic(group) => Some(group),
            Membership::Foreign(_) => None,
        }
    }
}
