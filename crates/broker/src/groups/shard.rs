//! One coordinator at work: its lock, the requests that wait for it, and the records it writes.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use protocol::{ErrorCode, PartitionIndex};
use tokio::sync::oneshot;

use super::answers::{Answer, ReplyTo};
use super::coordinator::{Coordinator, Now};
use super::effects::{Action, WriteId};
use super::records::Record;

/// How many bytes of records are appended at once if several writes wait. One write alone may be larger; small ones
/// share a batch, because each batch costs the log about as much as its records.
const APPEND_BYTES: usize = 64 * 1024;

/// Where coordinators keep their records: the partitions of `__consumer_offsets`.
pub trait OffsetsLog: Send + Sync + 'static {
    /// Appends records to the end of a partition, all or none, and waits until they are as safe as the topic asks for.
    ///
    /// An error is the code that a producer of these records would get.
    fn append(
        &self,
        partition: PartitionIndex,
        records: Vec<Record>,
    ) -> impl Future<Output = Result<(), ErrorCode>> + Send;
}

/// A coordinator and what is around it.
#[derive(Debug)]
pub(super) struct Shard {
    partition: PartitionIndex,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once the partition is another broker's.
    coordinator: Option<Coordinator>,
    next_reply: u64,
    waiting: HashMap<ReplyTo, oneshot::Sender<Answer>>,
    /// Writes that have not been started, in order.
    writes: VecDeque<(WriteId, Vec<Record>)>,
    /// Somebody takes writes from the queue until it is empty.
    is_writing: bool,
}

/// What has to follow an event once the lock is released.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(super) struct Follow {
    /// Nobody takes writes from the queue yet: start [`Shard::write`].
    pub(super) start_writing: bool,
    /// When the coordinator has something to do next.
    pub(super) deadline_ms: Option<i64>,
}

impl Shard {
    pub(super) fn new(partition: PartitionIndex, coordinator: Coordinator) -> Self {
        let state = State {
            coordinator: Some(coordinator),
            next_reply: 0,
            waiting: HashMap::new(),
            writes: VecDeque::new(),
            is_writing: false,
        };
        Self { partition, state: Mutex::new(state) }
    }

    /// Has an event happen that gets an answer now or later.
    pub(super) fn ask(
        &self,
        event: impl FnOnce(&mut Coordinator, ReplyTo),
    ) -> Result<(oneshot::Receiver<Answer>, Follow), ErrorCode> {
        let mut state = self.state.lock();
        let to = ReplyTo(state.next_reply);
        state.next_reply += 1;
        event(state.coordinator.as_mut().ok_or(ErrorCode::NotCoordinator)?, to);
        let (sender, receiver) = oneshot::channel();
        state.waiting.insert(to, sender);
        Ok((receiver, state.settle()))
    }

    /// Has an event happen, or asks for something that is known at once.
    pub(super) fn tell<T>(
        &self,
        event: impl FnOnce(&mut Coordinator) -> T,
    ) -> Result<(T, Follow), ErrorCode> {
        let mut state = self.state.lock();
        let told = event(state.coordinator.as_mut().ok_or(ErrorCode::NotCoordinator)?);
        Ok((told, state.settle()))
    }

    /// When the coordinator has something to do next.
    pub(super) fn deadline_ms(&self) -> Option<i64> {
        self.state.lock().coordinator.as_ref()?.next_deadline_ms()
    }

    /// The partition is no longer this broker's. Everybody who waits is told.
    pub(super) fn unload(&self, now: Now) {
        let mut state = self.state.lock();
        if let Some(coordinator) = state.coordinator.take() {
            let actions = coordinator.unload(now);
            state.perform(actions);
            state.writes.clear();
            state.waiting.clear();
        }
    }

    /// Appends the waiting writes until there are none. To be run by whoever [`Follow::start_writing`] tells to.
    pub(super) async fn write<L: OffsetsLog>(
        &self,
        log: &L,
        clock: impl Fn() -> Now,
        follow: impl Fn(Follow),
    ) {
        while let Some(batch) = self.next_batch() {
            let ids: Vec<WriteId> = batch.iter().map(|(id, _)| *id).collect();
            let records = batch.iter().flat_map(|(_, records)| records.iter().cloned()).collect();
            let appended = log.append(self.partition, records).await;
            if appended.is_err() && batch.len() > 1 {
                // One write may be at fault, say too large: it must not take the others with it.
                for (id, records) in batch {
                    let appended = log.append(self.partition, records).await;
                    follow(self.written(&[id], clock(), appended));
                }
            } else {
                follow(self.written(&ids, clock(), appended));
            }
        }
    }

    fn next_batch(&self) -> Option<Vec<(WriteId, Vec<Record>)>> {
        let mut state = self.state.lock();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((_, records)) = state.writes.front() {
            bytes += records.iter().map(Record::len).sum::<usize>();
            if bytes > APPEND_BYTES && !batch.is_empty() {
                break;
            }
            batch.extend(state.writes.pop_front());
        }
        if batch.is_empty() {
            state.is_writing = false;
            return None;
        }
        Some(batch)
    }

    fn written(&self, ids: &[WriteId], now: Now, result: Result<(), ErrorCode>) -> Follow {
        let mut state = self.state.lock();
        if let Some(coordinator) = &mut state.coordinator {
            for id in ids {
                coordinator.written(now, *id, result);
            }
        }
        state.settle()
    }
}

impl State {
    /// Does what the coordinator wants done, as far as it can be done under the lock.
    fn settle(&mut self) -> Follow {
        let Some(coordinator) = &mut self.coordinator else {
            return Follow { start_writing: false, deadline_ms: None };
        };
        let actions = coordinator.take_actions();
        let deadline_ms = coordinator.next_deadline_ms();
        self.perform(actions);
        let start_writing = !self.is_writing && !self.writes.is_empty();
        self.is_writing |= start_writing;
        Follow { start_writing, deadline_ms }
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Reply { to, answer } => {
                    if let Some(sender) = self.waiting.remove(&to) {
                        // Whoever asked may be gone; then nobody misses the answer.
                        let _gone = sender.send(answer);
                    }
                }
                Action::Write { id, records } => self.writes.push_back((id, records)),
            }
        }
    }
}
