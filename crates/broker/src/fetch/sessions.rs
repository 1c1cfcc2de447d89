//! The cache of fetch sessions: who may have one, finding it again, and giving places to those who need them most.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use protocol::ErrorCode;

use super::session::Session;

/// In a request: this fetch is outside any session, and the session it names, if any, is to end.
pub(crate) const FINAL_EPOCH: i32 = -1;
/// In a request: a session is to begin.
pub(crate) const INITIAL_EPOCH: i32 = 0;
/// In request and response: no session.
pub(crate) const NO_SESSION: i32 = 0;

/// A session that has not been used for this long gives way to any other (Kafka's value).
const IDLE_BEFORE_EVICTION: Duration = Duration::from_secs(120);

/// Partitions that all sessions together may remember: a thousand consumers of 250 partitions each. One takes about 250
/// bytes, all of them 60 MB. Who finds no room fetches without a session, as when there is no slot.
const MOST_PARTITIONS: usize = 250_000;

/// All sessions of one broker.
#[derive(Debug)]
pub(crate) struct Sessions {
    slots: usize,
    most_partitions: usize,
    cached: Mutex<HashMap<i32, Slot>>,
}

#[derive(Debug)]
struct Slot {
    /// The epoch that the next request must carry.
    next_epoch: i32,
    last_used: Instant,
    partitions: usize,
    /// `None` while a request works with it.
    session: Option<Box<Session>>,
}

/// A session that a request works with; it goes back to the cache when this is dropped.
#[derive(Debug)]
pub(crate) struct Borrowed {
    sessions: Arc<Sessions>,
    id: i32,
    /// How many partitions of the session count in the cache.
    counted: usize,
    session: Option<Box<Session>>,
}

impl Sessions {
    /// A cache of at most `slots` sessions (`max.incremental.fetch.session.cache.slots`).
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots, most_partitions: MOST_PARTITIONS, cached: Mutex::default() }
    }

    /// How many sessions there are and how many partitions they hold.
    pub(crate) fn size(&self) -> (usize, usize) {
        let cached = self.cached.lock();
        (cached.len(), partitions(&cached))
    }

    /// Ends a session.
    pub(crate) fn remove(&self, id: i32) {
        self.cached.lock().remove(&id);
    }

    /// Gives a new session a place and an id, if there is room for one of its size.
    pub(crate) fn insert(self: &Arc<Self>, session: Session, now: Instant) -> Result<Borrowed, Session> {
        let mut cached = self.cached.lock();
        let counted = session.len();
        if counted == 0 || counted > self.most_partitions {
            return Err(session);
        }
        while partitions(&cached) > self.most_partitions - counted {
            if !evict(&mut cached, LONG_IDLE_ONLY, now) {
                return Err(session);
            }
        }
        if cached.len() >= self.slots && !evict(&mut cached, counted, now) {
            return Err(session);
        }
        let id = unused_id(&cached);
        let slot = Slot { next_epoch: INITIAL_EPOCH + 1, last_used: now, partitions: counted, session: None };
        cached.insert(id, slot);
        Ok(Borrowed { sessions: Arc::clone(self), id, counted, session: Some(Box::new(session)) })
    }

    /// The session `id`, if the request's `epoch` is the next one.
    pub(crate) fn borrow(self: &Arc<Self>, id: i32, epoch: i32, now: Instant) -> Result<Borrowed, ErrorCode> {
        let mut cached = self.cached.lock();
        let slot = cached.get_mut(&id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if slot.next_epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        let session = slot.session.take().ok_or(ErrorCode::InvalidFetchSessionEpoch)?;
        slot.last_used = now;
        slot.next_epoch = if epoch == i32::MAX { INITIAL_EPOCH + 1 } else { epoch + 1 };
        Ok(Borrowed { sessions: Arc::clone(self), id, counted: slot.partitions, session: Some(session) })
    }
}

fn partitions(cached: &HashMap<i32, Slot>) -> usize {
    cached.values().map(|slot| slot.partitions).sum()
}

/// As the size of a session that needs room: nobody's who is at work.
const LONG_IDLE_ONLY: usize = 0;

/// Makes room for a session of `partitions`: at the cost of one that has long been idle, or else of a smaller one that
/// has been there for a while, for large sessions save the most.
fn evict(cached: &mut HashMap<i32, Slot>, partitions: usize, now: Instant) -> bool {
    let idle = |slot: &Slot| now.saturating_duration_since(slot.last_used);
    let victim = cached
        .iter()
        .filter(|(_, slot)| slot.session.is_some())
        .filter(|(_, slot)| idle(slot) > IDLE_BEFORE_EVICTION || slot.partitions < partitions)
        .max_by_key(|(_, slot)| {
            (idle(slot) > IDLE_BEFORE_EVICTION, std::cmp::Reverse(slot.partitions), idle(slot))
        })
        .map(|(id, _)| *id);
    victim.is_some_and(|id| cached.remove(&id).is_some())
}

/// Ids are random, so that a client that lost its session cannot take another's for it.
fn unused_id(cached: &HashMap<i32, Slot>) -> i32 {
    loop {
        let id = (uuid::Uuid::new_v4().as_u128() & 0x7fff_ffff) as i32;
        if id != NO_SESSION && !cached.contains_key(&id) {
            return id;
        }
    }
}

impl Borrowed {
    /// The session's id.
    pub(crate) fn id(&self) -> i32 {
        self.id
    }

    /// Counts what an update has added. Without room for it the session ends, which the client takes as the need to
    /// begin a new one.
    pub(crate) fn recount(mut self) -> Result<Self, ErrorCode> {
        let (before, now) = (self.counted, self.len());
        if now > before {
            let mut cached = self.sessions.cached.lock();
            if partitions(&cached) + (now - before) > self.sessions.most_partitions {
                cached.remove(&self.id);
                return Err(ErrorCode::FetchSessionIdNotFound);
            }
            if let Some(slot) = cached.get_mut(&self.id) {
                slot.partitions = now;
            }
        }
        self.counted = now;
        Ok(self)
    }
}

impl std::ops::Deref for Borrowed {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_deref().expect("taken only when dropped")
    }
}

impl std::ops::DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_deref_mut().expect("taken only when dropped")
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let mut cached = self.sessions.cached.lock();
        if let (Some(slot), Some(session)) = (cached.get_mut(&self.id), self.session.take()) {
            slot.partitions = session.len();
            slot.session = Some(session);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::messages::fetch::request::{FetchPartition, FetchRequest, FetchTopic};

    use super::*;

    fn session(partitions: i32) -> Session {
        let partitions = (0..partitions)
            .map(|partition| FetchPartition { partition, ..FetchPartition::default() })
            .collect();
        let topic = FetchTopic { topic: "t".to_owned(), partitions, ..FetchTopic::default() };
        Session::full(&FetchRequest { topics: vec![topic], ..FetchRequest::default() }, 12)
    }

    #[test]
    fn epochs_follow_each_other_and_wrap_past_zero() {
        let sessions = Arc::new(Sessions::new(1));
        let now = Instant::now();
        let id = sessions.insert(session(1), now).unwrap().id();
        assert_eq!(sessions.borrow(id, 2, now).unwrap_err(), ErrorCode::InvalidFetchSessionEpoch);
        drop(sessions.borrow(id, 1, now).unwrap());
        drop(sessions.borrow(id, 2, now).unwrap());
        sessions.cached.lock().get_mut(&id).unwrap().next_epoch = i32::MAX;
        drop(sessions.borrow(id, i32::MAX, now).unwrap());
        drop(sessions.borrow(id, 1, now).unwrap());
        assert_eq!(sessions.borrow(id + 1, 1, now).unwrap_err(), ErrorCode::FetchSessionIdNotFound);
    }

    #[test]
    fn a_session_in_use_cannot_be_used_twice() {
        let sessions = Arc::new(Sessions::new(1));
        let now = Instant::now();
        let borrowed = sessions.insert(session(1), now).unwrap();
        assert_eq!(sessions.borrow(borrowed.id(), 1, now).unwrap_err(), ErrorCode::InvalidFetchSessionEpoch);
    }

    #[test]
    fn partitions_are_bounded_over_all_sessions_and_idle_ones_give_way() {
        let sessions = Arc::new(Sessions { most_partitions: 10, ..Sessions::new(100) });
        let now = Instant::now();
        let idle = sessions.insert(session(6), now).unwrap().id();
        assert!(sessions.insert(session(11), now).is_err(), "more than there is room for in all");
        assert!(sessions.insert(session(7), now).is_err(), "the other one is at work");
        let later = now + IDLE_BEFORE_EVICTION * 2;
        let id = sessions.insert(session(7), later).unwrap().id();
        assert_eq!(sessions.borrow(idle, 1, later).unwrap_err(), ErrorCode::FetchSessionIdNotFound);
        assert_eq!(sessions.size(), (1, 7));

        let mut growing = sessions.borrow(id, 1, later).unwrap();
        *growing = session(10);
        drop(growing.recount().unwrap());
        assert_eq!(sessions.size(), (1, 10));
        let mut growing = sessions.borrow(id, 2, later).unwrap();
        *growing = session(11);
        assert_eq!(growing.recount().unwrap_err(), ErrorCode::FetchSessionIdNotFound);
        assert_eq!(sessions.size(), (0, 0));
    }

    #[test]
    fn places_go_to_large_sessions_and_away_from_idle_ones() {
        let sessions = Arc::new(Sessions::new(2));
        let now = Instant::now();
        let small = sessions.insert(session(1), now).unwrap().id();
        let large = sessions.insert(session(5), now).unwrap().id();
        assert!(sessions.insert(session(1), now).is_err());
        let middle = sessions.insert(session(3), now).unwrap().id();
        assert_eq!(sessions.borrow(small, 1, now).unwrap_err(), ErrorCode::FetchSessionIdNotFound);
        let later = now + IDLE_BEFORE_EVICTION * 2;
        drop(sessions.borrow(large, 1, later).unwrap());
        drop(sessions.insert(session(1), later).unwrap());
        assert_eq!(sessions.borrow(middle, 1, later).unwrap_err(), ErrorCode::FetchSessionIdNotFound);
        assert_eq!(sessions.size().0, 2);
    }
}
