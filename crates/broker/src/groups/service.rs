//! The coordinators of a broker: which partitions it has, and when something falls due.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use protocol::{ErrorCode, PartitionIndex};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::answers::{Answer, ReplyTo};
use super::coordinator::{Coordinator, Now};
use super::partition::partition_for;
use super::replay::Loader;
use super::settings::Settings;
use super::shard::{Follow, OffsetsLog, Shard};
use crate::clock;

/// Group coordination of a broker: gives requests to the coordinator of their group and waits for the answers.
///
/// A partition of `__consumer_offsets` is served from [`GroupService::loaded`] to [`GroupService::unload`]. Somebody has
/// to run [`GroupService::run`] all the while. Waiting for an answer can be given up at any time.
#[derive(Debug)]
pub struct GroupService<L> {
    settings: Settings,
    partitions: AtomicI32,
    log: Arc<L>,
    slots: RwLock<HashMap<PartitionIndex, Slot>>,
    timing: Arc<Timing>,
}

/// A partition that this broker has.
#[derive(Clone, Debug)]
enum Slot {
    Loading,
    Ready(Arc<Shard>),
}

/// The clock of the service, and what wakes [`GroupService::run`].
#[derive(Debug)]
struct Timing {
    started: Instant,
    /// When the timer wakes next, on the service's clock.
    wakes_at_ms: AtomicI64,
    earlier: Notify,
}

impl<L: OffsetsLog> GroupService<L> {
    /// A service with no partition yet, of a `__consumer_offsets` that is to have `partitions` of them.
    #[must_use]
    pub fn new(settings: Settings, partitions: i32, log: Arc<L>) -> Self {
        let timing =
            Timing { started: Instant::now(), wakes_at_ms: AtomicI64::new(i64::MAX), earlier: Notify::new() };
        let partitions = AtomicI32::new(partitions);
        Self { settings, partitions, log, slots: RwLock::default(), timing: Arc::new(timing) }
    }

    /// The topic `__consumer_offsets` is there, with so many partitions. Partitions that are added to it later do not count
    /// before a restart, as in Kafka: groups that are being served would be looked for elsewhere.
    pub fn topic_found(&self, partitions: i32) {
        self.partitions.store(partitions, Ordering::Relaxed);
    }

    /// The partition of `__consumer_offsets` that holds a group.
    #[must_use]
    pub fn partition_of(&self, group_id: &str) -> PartitionIndex {
        partition_for(group_id, self.partitions.load(Ordering::Relaxed))
    }

    /// A partition is this broker's from now on. Its clients are told to come back until [`GroupService::loaded`].
    ///
    /// The loader takes the partition's records, in order.
    pub fn begin_loading(&self, partition: PartitionIndex) -> Loader {
        self.slots.write().insert(partition, Slot::Loading);
        Loader::new(self.settings.clone())
    }

    /// A partition has been read to its end: its groups are served from now on.
    pub fn loaded(&self, partition: PartitionIndex, loader: Loader) {
        let shard = Arc::new(Shard::new(partition, loader.finish(self.timing.now())));
        self.slots.write().insert(partition, Slot::Ready(Arc::clone(&shard)));
        // A group that is too large begins with a write.
        if let Ok(((), follow)) = shard.tell(|_| ()) {
            self.follow(&shard, follow);
        }
    }

    /// A partition is no longer this broker's.
    pub fn unload(&self, partition: PartitionIndex) {
        if let Some(Slot::Ready(shard)) = self.slots.write().remove(&partition) {
            shard.unload(self.timing.now());
        }
    }

    /// Topics, by name and id, have been deleted: so are the offsets that groups committed for them.
    pub fn topics_deleted(&self, topics: &[(String, Uuid)]) {
        for shard in self.ready() {
            if let Ok(((), follow)) = shard.tell(|coordinator| coordinator.topics_deleted(topics)) {
                self.follow(&shard, follow);
            }
        }
    }

    /// Does what falls due with time: sessions, rebalances, expiry. Never returns.
    pub async fn run(&self) {
        loop {
            // While the deadlines are looked through, any that is set counts as earlier.
            self.timing.wakes_at_ms.store(i64::MAX, Ordering::SeqCst);
            let next = self.ready().iter().filter_map(|shard| shard.deadline_ms()).min();
            let wakes_at_ms = next.unwrap_or(i64::MAX);
            self.timing.wakes_at_ms.fetch_min(wakes_at_ms, Ordering::SeqCst);
            tokio::select! {
                () = self.timing.sleep_until(wakes_at_ms) => {}
                () = self.timing.earlier.notified() => continue,
            }
            let now = self.timing.now();
            for shard in self.ready() {
                if shard.deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now.timer_ms)
                    && let Ok(((), follow)) = shard.tell(|coordinator| coordinator.tick(now))
                {
                    self.follow(&shard, follow);
                }
            }
        }
    }

    /// Has an event happen at the coordinator of a group, and waits for its answer.
    pub(super) async fn ask(
        &self,
        group_id: &str,
        event: impl FnOnce(&mut Coordinator, Now, ReplyTo),
    ) -> Result<Answer, ErrorCode> {
        self.ask_partition(self.partition_of(group_id), event).await
    }

    /// Has an event happen at the coordinator of a partition, and waits for its answer.
    pub(super) async fn ask_partition(
        &self,
        partition: PartitionIndex,
        event: impl FnOnce(&mut Coordinator, Now, ReplyTo),
    ) -> Result<Answer, ErrorCode> {
        let answer = self.begin(partition, event)?;
        answer.await.map_err(|_| ErrorCode::NotCoordinator)
    }

    /// Asks the coordinator of a group for something that is known at once.
    pub(super) fn tell<T>(
        &self,
        group_id: &str,
        event: impl FnOnce(&mut Coordinator, Now) -> T,
    ) -> Result<T, ErrorCode> {
        let shard = self.shard(self.partition_of(group_id))?;
        let (told, follow) = shard.tell(|coordinator| event(coordinator, self.timing.now()))?;
        self.follow(&shard, follow);
        Ok(told)
    }

    /// Asks every coordinator that this broker has.
    pub(super) fn tell_all<T>(
        &self,
        event: impl Fn(&mut Coordinator, Now) -> T,
    ) -> Result<Vec<T>, ErrorCode> {
        let slots: Vec<Slot> = self.slots.read().values().cloned().collect();
        let mut told = Vec::with_capacity(slots.len());
        for slot in slots {
            let shard = slot.shard()?;
            // A partition that has just been given away has no groups here.
            if let Ok((one, follow)) = shard.tell(|coordinator| event(coordinator, self.timing.now())) {
                self.follow(&shard, follow);
                told.push(one);
            }
        }
        Ok(told)
    }

    fn begin(
        &self,
        partition: PartitionIndex,
        event: impl FnOnce(&mut Coordinator, Now, ReplyTo),
    ) -> Result<oneshot::Receiver<Answer>, ErrorCode> {
        let shard = self.shard(partition)?;
        let (answer, follow) = shard.ask(|coordinator, to| event(coordinator, self.timing.now(), to))?;
        self.follow(&shard, follow);
        Ok(answer)
    }

    fn shard(&self, partition: PartitionIndex) -> Result<Arc<Shard>, ErrorCode> {
        self.slots.read().get(&partition).cloned().ok_or(ErrorCode::NotCoordinator)?.shard()
    }

    fn ready(&self) -> Vec<Arc<Shard>> {
        self.slots.read().values().filter_map(|slot| slot.clone().shard().ok()).collect()
    }

    fn follow(&self, shard: &Arc<Shard>, follow: Follow) {
        self.timing.heed(follow);
        if follow.start_writing {
            // In a task of its own: the request that brought the write about may be given up at any time.
            tokio::spawn(write(Arc::clone(shard), Arc::clone(&self.log), Arc::clone(&self.timing)));
        }
    }
}

/// Writes what a shard has to write.
async fn write<L: OffsetsLog>(shard: Arc<Shard>, log: Arc<L>, timing: Arc<Timing>) {
    shard.write(&*log, || timing.now(), |follow| timing.heed(follow)).await;
}

impl Slot {
    fn shard(self) -> Result<Arc<Shard>, ErrorCode> {
        match self {
            Self::Loading => Err(ErrorCode::CoordinatorLoadInProgress),
            Self::Ready(shard) => Ok(shard),
        }
    }
}

impl Timing {
    fn now(&self) -> Now {
        let timer_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Now { timer_ms, unix_ms: clock::now_ms() }
    }

    async fn sleep_until(&self, timer_ms: i64) {
        match u64::try_from(timer_ms).ok().and_then(|ms| self.started.checked_add(Duration::from_millis(ms)))
        {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Wakes the timer if a deadline is earlier than the one it sleeps for.
    fn heed(&self, follow: Follow) {
        if let Some(deadline_ms) = follow.deadline_ms
            && self.wakes_at_ms.fetch_min(deadline_ms, Ordering::SeqCst) > deadline_ms
        {
            self.earlier.notify_one();
        }
    }
}
