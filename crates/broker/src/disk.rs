//! A data directory's disk, which may be slow, or not answer at all: how does nobody wait for it but those who must?
//!
//! The threads that serve connections are few, and while one of them waits in a system call it serves nobody; when it
//! was the one that waits for the sockets, nobody does. So:
//!
//! * Looking records up on the disk is done by other threads, a few for each disk.
//! * Appending is done right where it is asked for, because it nearly always ends in microseconds and handing it over
//!   would cost as much again. But one thread of the runtime is kept in reserve: it rests, so that it costs nothing, until
//!   a watchman sees an append take long. Then it serves in place of those that wait, the watchman wakes the tasks that
//!   they were to wake, and appends to that disk go to other threads until it has recovered.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

/// Threads that may wait for one disk to find where records lie: some for its queue, and so few that those of a dead
/// disk are not missed.
const LOOK_UP_THREADS: usize = 8;

/// Threads that may wait for one disk to take records.
const APPEND_THREADS: usize = 8;

/// An append that takes this long is waiting for its disk: a thousand times what one takes that does not.
const STALLED_AFTER_MS: u64 = 20;

/// How often the watchman looks while there are appends.
const ROUND: Duration = Duration::from_millis(10);

/// Rounds without an append after which the watchman sleeps.
const IDLE_ROUNDS: u32 = 100;

/// How long after a stall appends still go to other threads.
const RECOVERY_MS: u64 = 1_000;

/// Marks an append that is known to take long.
const KNOWN: u64 = 1 << 63;

/// One data directory's disk.
#[derive(Debug)]
pub(crate) struct Disk {
    /// The directory, to be named.
    path: PathBuf,
    look_ups: Arc<Semaphore>,
    appends: Arc<Semaphore>,
    /// Appends under way on threads of connections.
    here: UnderWay,
    /// Those on other threads.
    apart: UnderWay,
    /// Until when appends go to other threads.
    apart_until_ms: AtomicU64,
    watch: Arc<Watch>,
}

/// When each append under way began, and [`KNOWN`]; 0 where there is none.
#[derive(Debug)]
struct UnderWay(Box<[AtomicU64]>);

/// An append under way, until this is dropped.
#[derive(Debug)]
struct Appending<'a> {
    disk: &'a Disk,
    begun_ms: u64,
    place: &'a AtomicU64,
}

/// An append under way on a thread of connections, until this is dropped.
#[derive(Debug)]
pub(crate) struct AppendingHere<'a> {
    _appending: Appending<'a>,
    _entered: Entered<'a>,
}

/// One of the threads of connections that may append, until this is dropped.
#[derive(Debug)]
struct Entered<'a>(&'a Watch);

/// What all disks of a process share: the threads of connections, and the watchman over them.
#[derive(Debug)]
pub(crate) struct Watch {
    started: Instant,
    runtime: Handle,
    /// Threads of connections that may append at the same time: all but the reserve.
    here_max: usize,
    here: AtomicUsize,
    disks: Mutex<Vec<Weak<Disk>>>,
    reserve: Mutex<Reserve>,
    reserve_changes: Condvar,
    asleep: AtomicBool,
    watchman: OnceLock<Thread>,
    looked_after: Mutex<HashMap<u64, Waker>>,
    looked_after_before: AtomicU64,
}

/// A task that the watchman wakes, until this is dropped.
#[derive(Debug)]
pub(crate) struct LookedAfter<'a> {
    watch: &'a Watch,
    number: u64,
}

/// Where the thread in reserve is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reserve {
    /// It serves like all others.
    Serves,
    /// It has been told to rest, and will when it comes to it.
    Goes,
    Rests,
    /// The watch is over: it serves for good.
    Free,
}

/// The watch lasts until this is dropped. The runtime cannot end before.
#[derive(Debug)]
pub(crate) struct OnWatch(Arc<Watch>);

impl Disk {
    /// The disk under a data directory.
    pub(crate) fn new(path: &Path, watch: &Arc<Watch>) -> Arc<Self> {
        let disk = Arc::new(Self {
            path: path.to_owned(),
            look_ups: Arc::new(Semaphore::new(LOOK_UP_THREADS)),
            appends: Arc::new(Semaphore::new(APPEND_THREADS)),
            here: UnderWay::at_most(watch.here_max),
            apart: UnderWay::at_most(APPEND_THREADS),
            apart_until_ms: AtomicU64::new(0),
            watch: Arc::clone(watch),
        });
        watch.disks.lock().push(Arc::downgrade(&disk));
        disk
    }

    /// Runs `work` on a thread that may wait for this disk. `None` if it did not come to its end.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        on_a_thread_of(&self.look_ups, work).await
    }

    /// Whether an append may be made right here: hold what is returned until it is made.
    pub(crate) fn append_here(&self) -> Option<AppendingHere<'_>> {
        let now_ms = self.watch.now_ms();
        if now_ms < self.apart_until_ms.load(Ordering::Relaxed) {
            return None;
        }
        let entered = self.watch.enter()?;
        Some(AppendingHere { _appending: self.appending(&self.here, now_ms)?, _entered: entered })
    }

    /// Makes an append on another thread. `None` if it did not come to its end.
    pub(crate) async fn append_apart<T: Send + 'static>(
        self: &Arc<Self>,
        append: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let disk = Arc::clone(self);
        let watched = move || {
            let _appending = disk.appending(&disk.apart, disk.watch.now_ms());
            append()
        };
        on_a_thread_of(&self.appends, watched).await
    }

    fn appending<'a>(&'a self, under_way: &'a UnderWay, now_ms: u64) -> Option<Appending<'a>> {
        let place = under_way.begin(now_ms)?;
        Some(Appending { disk: self, begun_ms: now_ms, place })
    }

    fn stalls(&self, now_ms: u64) {
        let before_ms = self.apart_until_ms.swap(now_ms + RECOVERY_MS, Ordering::Relaxed);
        if before_ms < now_ms {
            warn!(
                disk = %self.path.display(),
                "an append takes longer than {STALLED_AFTER_MS} ms: others take over until the disk has recovered"
            );
        }
    }
}

impl UnderWay {
    fn at_most(appends: usize) -> Self {
        Self((0..appends).map(|_| AtomicU64::new(0)).collect())
    }

    /// A place for an append that begins.
    fn begin(&self, now_ms: u64) -> Option<&AtomicU64> {
        let is_free = |place: &&AtomicU64| {
            place.compare_exchange(0, now_ms, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        self.0.iter().find(is_free)
    }

    /// Whether one has been under way for too long.
    fn stalls(&self, now_ms: u64) -> bool {
        self.0.iter().any(|place| is_late(place.load(Ordering::Acquire), now_ms))
    }

    /// Whether one has been under way for too long, and this has not been asked since.
    fn has_new_stall(&self, now_ms: u64) -> bool {
        let is_new = |place: &&AtomicU64| {
            let begun_ms = place.load(Ordering::Acquire);
            // It may have come to its end meanwhile.
            begun_ms & KNOWN == 0
                && is_late(begun_ms, now_ms)
                && place
                    .compare_exchange(begun_ms, begun_ms | KNOWN, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
        };
        self.0.iter().filter(is_new).count() > 0
    }
}

/// Whether a place says of an append that it has been under way for too long.
fn is_late(place: u64, now_ms: u64) -> bool {
    let begun_ms = place & !KNOWN;
    begun_ms != 0 && now_ms.saturating_sub(begun_ms) >= STALLED_AFTER_MS
}

/// Runs `work` on one of the threads that there are permits for. The permit stays with the thread: whoever asked may be
/// gone before a disk answers.
async fn on_a_thread_of<T: Send + 'static>(
    threads: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let permit = Arc::clone(threads).acquire_owned().await.ok()?;
    let working = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    working.await.ok()
}

impl Drop for Appending<'_> {
    fn drop(&mut self) {
        self.place.store(0, Ordering::Release);
        let now_ms = self.disk.watch.now_ms();
        let took_ms = now_ms - self.begun_ms;
        if took_ms >= STALLED_AFTER_MS {
            debug!(disk = %self.disk.path.display(), took_ms, "a slow append");
            self.disk.stalls(now_ms);
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.here.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for LookedAfter<'_> {
    fn drop(&mut self) {
        self.watch.looked_after.lock().remove(&self.number);
    }
}

impl Watch {
    /// Begins to watch over the threads of `runtime`.
    pub(crate) fn start(runtime: Handle) -> io::Result<(Arc<Self>, OnWatch)> {
        let watch = Arc::new(Self {
            started: Instant::now(),
            here_max: runtime.metrics().num_workers() - 1,
            runtime,
            here: AtomicUsize::new(0),
            disks: Mutex::default(),
            reserve: Mutex::new(Reserve::Serves),
            reserve_changes: Condvar::new(),
            asleep: AtomicBool::new(false),
            watchman: OnceLock::new(),
            looked_after: Mutex::default(),
            looked_after_before: AtomicU64::new(0),
        });
        let watched = Arc::clone(&watch);
        let watchman = thread::Builder::new().name("watchman".to_owned()).spawn(move || watched.keep())?;
        watch.watchman.get_or_init(|| watchman.thread().clone());
        Ok((Arc::clone(&watch), OnWatch(watch)))
    }

    /// Milliseconds since the start; never 0, which stands for no time.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX / 2) + 1
    }

    /// Takes one of the threads of connections that may append, unless all are taken.
    fn enter(&self) -> Option<Entered<'_>> {
        let others = self.here.fetch_add(1, Ordering::SeqCst);
        let entered = Entered(self);
        if others >= self.here_max {
            return None;
        }
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.wake();
        }
        Some(entered)
    }

    /// Has the task that calls this go on when the thread is held that it last ran on.
    ///
    /// A task that yields, or has used up its budget of the event loop, is woken by that thread when it has nothing else to
    /// do: for a thread that waits for a disk that may be never.
    pub(crate) async fn look_after(&self) -> LookedAfter<'_> {
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        let number = self.looked_after_before.fetch_add(1, Ordering::Relaxed);
        self.looked_after.lock().insert(number, waker);
        LookedAfter { watch: self, number }
    }

    fn wake_looked_after(&self) {
        let wakers: Vec<Waker> = self.looked_after.lock().values().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wake(&self) {
        if let Some(watchman) = self.watchman.get() {
            watchman.unpark();
        }
    }

    /// What the watchman does: makes rounds until the watch is over; sleeps while nobody appends.
    fn keep(self: &Arc<Self>) {
        let mut idle_rounds = 0;
        while *self.reserve.lock() != Reserve::Free {
            let is_idle = !self.make_a_round();
            idle_rounds = if is_idle { idle_rounds + 1 } else { 0 };
            if idle_rounds < IDLE_ROUNDS {
                thread::sleep(ROUND);
                continue;
            }
            idle_rounds = 0;
            self.asleep.store(true, Ordering::SeqCst);
            // An append that began before that could be seen is seen here.
            if self.here.load(Ordering::SeqCst) == 0 && *self.reserve.lock() != Reserve::Free {
                thread::park();
            }
        }
    }

    /// Whether there was anything to watch.
    fn make_a_round(self: &Arc<Self>) -> bool {
        let now_ms = self.now_ms();
        let disks: Vec<_> = {
            let mut disks = self.disks.lock();
            disks.retain(|disk| disk.strong_count() > 0);
            disks.iter().filter_map(Weak::upgrade).collect()
        };
        let mut recovered = true;
        for disk in disks {
            let holds_a_thread = disk.here.stalls(now_ms);
            if holds_a_thread || disk.apart.stalls(now_ms) {
                disk.stalls(now_ms);
            }
            if holds_a_thread {
                self.call_reserve();
                if disk.here.has_new_stall(now_ms) {
                    self.wake_looked_after();
                }
            }
            recovered &= disk.apart_until_ms.load(Ordering::Relaxed) < now_ms;
        }
        if recovered {
            self.let_reserve_rest();
        }
        !recovered || self.here.load(Ordering::SeqCst) > 0
    }

    fn call_reserve(&self) {
        let mut reserve = self.reserve.lock();
        if *reserve != Reserve::Free {
            *reserve = Reserve::Serves;
            self.reserve_changes.notify_all();
        }
        drop(reserve);
        self.rouse();
    }

    fn let_reserve_rest(self: &Arc<Self>) {
        let mut reserve = self.reserve.lock();
        if *reserve != Reserve::Serves || self.here_max == 0 {
            return;
        }
        *reserve = Reserve::Goes;
        let watch = Arc::clone(self);
        self.runtime.spawn(async move {
            // What only this thread could take up goes to others: the tasks that it is to wake when it has nothing else to
            // do, and the one that it woke last.
            tokio::task::block_in_place(|| ());
            watch.rest();
        });
        while *reserve == Reserve::Goes {
            self.reserve_changes.wait(&mut reserve);
        }
        drop(reserve);
        // It may be the one that waited for the sockets.
        self.rouse();
    }

    /// Holds the thread that this is called on until it is called.
    fn rest(&self) {
        let mut reserve = self.reserve.lock();
        if *reserve == Reserve::Goes {
            // Where another thread has got its place meanwhile, there is another attempt at the next round.
            *reserve = if is_worker() { Reserve::Rests } else { Reserve::Serves };
            self.reserve_changes.notify_all();
        }
        while *reserve == Reserve::Rests {
            self.reserve_changes.wait(&mut reserve);
        }
    }

    /// Wakes one of the threads that are free: it waits for the sockets when it has nothing else to do. The thread that
    /// waited for them before may be the one that cannot any more.
    fn rouse(&self) {
        self.runtime.spawn(async {});
    }
}

/// Whether the runtime runs its tasks on this thread: after `block_in_place` another one may do so instead.
///
/// It wakes a task that yields there later, and one that yields anywhere else at once.
fn is_worker() -> bool {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let _pending = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
    !woken.0.load(Ordering::Relaxed)
}

/// Whether it was woken.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for OnWatch {
    fn drop(&mut self) {
        *self.0.reserve.lock() = Reserve::Free;
        self.0.reserve_changes.notify_all();
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn on_workers<T>(workers: usize, test: impl AsyncFnOnce(Arc<Watch>) -> T) -> T {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
        runtime.unwrap().block_on(async {
            let (watch, _on_watch) = Watch::start(Handle::current()).unwrap();
            test(watch).await
        })
    }

    fn disk(watch: &Arc<Watch>) -> Arc<Disk> {
        Disk::new(Path::new("/data"), watch)
    }

    #[test]
    fn one_thread_is_always_left_to_serve() {
        on_workers(3, async |watch| {
            let (one, other) = (disk(&watch), disk(&watch));
            let first = one.append_here().unwrap();
            let second = other.append_here().unwrap();
            assert!(one.append_here().is_none(), "two of three threads append");
            drop((first, second));
            assert!(one.append_here().is_some());
        });
        on_workers(1, async |watch| assert!(disk(&watch).append_here().is_none()));
    }

    #[test]
    fn appends_go_elsewhere_while_a_disk_stalls_and_other_disks_are_not_concerned() {
        on_workers(4, async |watch| {
            let (stalling, healthy) = (disk(&watch), disk(&watch));
            let stalled = stalling.append_here().unwrap();
            let seen = async {
                while stalling.append_here().is_some() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(PATIENCE, seen).await.expect("the watchman sees it");
            assert!(healthy.append_here().is_some());
            assert_eq!(stalling.append_apart(|| 7).await, Some(7));
            drop(stalled);
            let recovered = async {
                while stalling.append_here().is_none() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(PATIENCE, recovered).await.expect("the disk has recovered");
        });
    }

    /// Tasks of which each yields again and again: the thread that polls one is to wake it later.
    struct Yielding(Vec<(Arc<AtomicUsize>, tokio::task::JoinHandle<()>)>);

    impl Yielding {
        fn start(watch: &Arc<Watch>) -> Self {
            let start = || {
                let (turns, watch) = (Arc::new(AtomicUsize::new(0)), Arc::clone(watch));
                let counted = Arc::clone(&turns);
                let task = tokio::spawn(async move {
                    let _looked_after = watch.look_after().await;
                    loop {
                        counted.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                    }
                });
                (turns, task)
            };
            Self((0..20).map(|_| start()).collect())
        }

        async fn all_go_on(&self) {
            for (turns, _) in &self.0 {
                let before = turns.load(Ordering::SeqCst);
                let goes_on = async {
                    while turns.load(Ordering::SeqCst) == before {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                tokio::time::timeout(PATIENCE, goes_on).await.expect("a task goes on");
            }
        }
    }

    impl Drop for Yielding {
        fn drop(&mut self) {
            self.0.iter().for_each(|(_, task)| task.abort());
        }
    }

    #[test]
    fn tasks_go_on_that_a_thread_which_waits_for_a_disk_was_to_wake() {
        on_workers(3, async |watch| {
            let yielding = Yielding::start(&watch);
            let stalling = disk(&watch);
            for _ in 0..5 {
                yielding.all_go_on().await;
                let (release, released) = std::sync::mpsc::channel::<()>();
                let disk = Arc::clone(&stalling);
                let appending = tokio::spawn(async move {
                    let is_here = loop {
                        if let Some(appending) = disk.append_here() {
                            break appending;
                        }
                        tokio::task::yield_now().await;
                    };
                    // As a system call holds a thread.
                    released.recv_timeout(2 * PATIENCE).unwrap();
                    drop(is_here);
                });
                yielding.all_go_on().await;
                yielding.all_go_on().await;
                release.send(()).unwrap();
                appending.await.unwrap();
            }
        });
    }

    #[test]
    fn a_thread_that_goes_to_rest_takes_no_tasks_along() {
        on_workers(3, async |watch| {
            let yielding = Yielding::start(&watch);
            let becomes = async |wanted| {
                while *watch.reserve.lock() != wanted {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            for _ in 0..10 {
                becomes(Reserve::Rests).await;
                yielding.all_go_on().await;
                watch.call_reserve();
                watch.wake();
            }
        });
    }

    #[test]
    fn sockets_are_served_while_the_thread_that_waited_for_them_waits_for_a_disk() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        on_workers(2, async |watch| {
            let stalling = disk(&watch);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (release, released) = std::sync::mpsc::channel::<()>();
            let client = std::thread::spawn(move || {
                use std::io::{Read as _, Write as _};
                let connect = || std::net::TcpStream::connect(address).unwrap();
                let (mut producer, mut consumer) = (connect(), connect());
                consumer.set_read_timeout(Some(PATIENCE)).unwrap();
                producer.write_all(b"p").unwrap();
                // Answered, as before, while the thread that took this byte from the socket is held.
                producer.read_exact(&mut [0]).unwrap();
                consumer.write_all(b"c").unwrap();
                let answered = consumer.read_exact(&mut [0]);
                release.send(()).unwrap();
                answered
            });
            let (mut producer, _) = listener.accept().await.unwrap();
            let (mut consumer, _) = listener.accept().await.unwrap();
            let consuming = tokio::spawn(async move {
                consumer.read_u8().await.unwrap();
                consumer.write_u8(0).await.unwrap();
            });
            let producing = tokio::spawn(async move {
                producer.read_u8().await.unwrap();
                let _appending = stalling.append_here().unwrap();
                producer.write_u8(0).await.unwrap();
                // As a system call holds a thread.
                released.recv_timeout(2 * PATIENCE).unwrap();
            });
            producing.await.unwrap();
            consuming.await.unwrap();
            client.join().unwrap().unwrap();
        });
    }

    #[test]
    fn the_watchman_wakes_for_the_first_append_after_a_pause() {
        on_workers(2, async |watch| {
            let stalling = disk(&watch);
            while !watch.asleep.load(Ordering::Acquire) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let _stalled = stalling.append_here().unwrap();
            while stalling.apart_until_ms.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
}
