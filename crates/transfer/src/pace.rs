//! How much is read from a disk that is held to a rate, so that others still find it free?
//!
//! A cgroup or a cloud's volume gives out a budget, ten times a second or so. Whoever has used it up waits for the next one,
//! and with them everybody else who needs this disk, if only for one page. Cold reads take whatever they can get: an append
//! to a file whose last page has left the cache then waits for a budget each time it reads. So where reads are found to
//! wait like that, the rate is measured, and kept to a little less.
//!
//! A disk that is not held to a rate has no such waits: its reads all take about as long as each other, or few are slow.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A read that takes this long, and [`SLOW_TIMES`] as long as the fastest, has waited for something else than its bytes.
const SLOW: Duration = Duration::from_millis(5);

const SLOW_TIMES: u32 = 8;

/// The rate is measured over this at least: some budgets.
const MEASURED: Duration = Duration::from_millis(500);

/// And over no more than this: otherwise the readers wait for something else.
const MEASURED_MAX: Duration = Duration::from_secs(2);

/// For as long as this the rate is kept to, before it is measured again;
const HELD: Duration = Duration::from_secs(10);

/// the first time it is measured, for a shorter time: others may just have needed the disk or the processor much.
const HELD_FIRST: Duration = Duration::from_secs(4);

/// What was measured before counts as so much of it, until there are waits.
const REMEMBERED: f64 = 0.98;

/// The part of the rate that cold reads take.
const SHARE: f64 = 0.97;

/// If they still have to wait, they take less by this part, and if not, more again,
const LESS: f64 = 0.98;

const MORE: f64 = 1.01;

/// each time so much has passed,
const CHANGES_AFTER: Duration = Duration::from_millis(100);

/// but not less than this part of the last measurement: others may be what they wait for.
const SHARE_MIN: f64 = 0.96;

/// A thread that comes so late makes up for it.
const MADE_UP: Duration = Duration::from_millis(20);

/// The pace of the reads from one disk.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    state: Mutex<State>,
    /// Held by whoever asks for a read: what two want is asked for and counted once.
    asking: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// Bytes per second, as measured before.
    remembered: Option<f64>,
}

#[derive(Debug)]
enum Phase {
    /// As fast as the disk goes, while it is found out whether it is held to a rate.
    Free { fastest: Duration, run: Option<Run> },
    /// At a rate.
    Held(Held),
}

/// What has been read since a budget began: since a slow read came to its end.
#[derive(Debug)]
struct Run {
    began: Instant,
    bytes: u64,
    /// While at least one slow read was under way.
    waited: Duration,
    waited_until: Instant,
}

#[derive(Debug)]
struct Held {
    until: Instant,
    fastest: Duration,
    bytes_per_second: f64,
    least: f64,
    most: f64,
    /// When the next read may begin.
    next: Instant,
    has_waited: bool,
    changes_from: Instant,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Free { fastest: Duration::MAX, run: None }
    }
}

impl Pace {
    /// Makes a read: asks the disk for it when it is time, unless nothing is `missing`, and waits for it.
    pub(crate) fn read(&self, missing_bytes: impl Fn() -> u64, ask: impl FnOnce(), wait: impl FnOnce()) {
        let mut begun = Instant::now();
        let mut asked_bytes = 0;
        if missing_bytes() > 0 {
            let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            // Another may have had it for a while.
            let now = Instant::now();
            thread::sleep(self.turn(now).saturating_duration_since(now));
            begun = Instant::now();
            asked_bytes = missing_bytes();
            ask();
            self.has_asked(asked_bytes, begun);
        }
        wait();
        self.has_read(asked_bytes, begun, Instant::now());
    }

    /// Lets a read be asked for that nobody waits for yet, if it is time for one. `ask` says how much it takes.
    pub(crate) fn read_ahead(&self, ask: impl FnOnce() -> u64) {
        let now = Instant::now();
        if let Ok(_asking) = self.asking.try_lock()
            && self.turn(now) <= now
        {
            self.has_asked(ask(), now);
        }
    }

    /// When the next read may be asked for.
    fn turn(&self, now: Instant) -> Instant {
        let state = &mut *self.lock();
        match &state.phase {
            Phase::Held(held) if now < held.until => held.next,
            Phase::Held(_) => {
                state.phase = Phase::default();
                now
            }
            Phase::Free { .. } => now,
        }
    }

    /// Notes a read that the disk has been asked for.
    fn has_asked(&self, bytes: u64, now: Instant) {
        match &mut self.lock().phase {
            Phase::Held(held) => held.has_asked(bytes, now),
            Phase::Free { run: Some(run), .. } => run.bytes += bytes,
            Phase::Free { run: None, .. } => {}
        }
    }

    /// Notes a read that came to its end.
    fn has_read(&self, bytes: u64, begun: Instant, ended: Instant) {
        let took = ended - begun;
        let state = &mut *self.lock();
        match &mut state.phase {
            Phase::Held(held) => {
                let has_waited = is_slow(took, held.fastest);
                held.has_read(has_waited, ended);
            }
            Phase::Free { fastest, run } => {
                if bytes > 0 {
                    *fastest = took.min(*fastest);
                }
                if !is_slow(took, *fastest) {
                    return;
                }
                match run {
                    Some(run) => run.add_wait(begun, ended),
                    None => *run = Some(Run::new(ended)),
                }
                let Some(measured) = run.take_if(|run| ended - run.began >= MEASURED) else { return };
                match measured.rate(ended) {
                    Some(rate) => {
                        let best = at_best(rate, state.remembered);
                        let held_for = if state.remembered.is_some() { HELD } else { HELD_FIRST };
                        state.phase = Phase::Held(Held::new(rate, best, *fastest, ended, held_for));
                        state.remembered = Some(best);
                    }
                    None => *run = Some(Run::new(ended)),
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_slow(took: Duration, fastest: Duration) -> bool {
    took >= SLOW && took >= fastest.saturating_mul(SLOW_TIMES)
}

/// A measurement is too low where something else than the disk's rate was in the way for a while.
fn at_best(measured: f64, remembered: Option<f64>) -> f64 {
    remembered.map_or(measured, |remembered| measured.max(remembered * REMEMBERED))
}

impl Run {
    fn new(began: Instant) -> Self {
        Self { began, bytes: 0, waited: Duration::ZERO, waited_until: began }
    }

    fn add_wait(&mut self, begun: Instant, ended: Instant) {
        self.waited += ended.saturating_duration_since(begun.max(self.waited_until));
        self.waited_until = ended;
    }

    /// Bytes per second, if it was the disk that held up the readers half of the time.
    fn rate(&self, ended: Instant) -> Option<f64> {
        let elapsed = ended - self.began;
        let is_held = elapsed <= MEASURED_MAX && self.waited >= elapsed / 2 && self.bytes > 0;
        is_held.then(|| self.bytes as f64 / elapsed.as_secs_f64())
    }
}

impl Held {
    fn new(rate: f64, best: f64, fastest: Duration, now: Instant, held_for: Duration) -> Self {
        tracing::debug!(
            bytes_per_second = rate,
            "a disk is held to a rate: cold reads leave a part of it to others"
        );
        let most = best * SHARE;
        Self {
            until: now + held_for,
            fastest,
            bytes_per_second: most,
            least: rate * SHARE_MIN,
            most,
            next: now,
            has_waited: false,
            changes_from: now + CHANGES_AFTER,
        }
    }

    fn has_asked(&mut self, bytes: u64, now: Instant) {
        let turn = self.next.max(now.checked_sub(MADE_UP).unwrap_or(now));
        // No longer than it holds, whatever is asked for.
        let takes = (bytes as f64 / self.bytes_per_second).min(HELD.as_secs_f64());
        self.next = turn + Duration::from_secs_f64(takes);
    }

    fn has_read(&mut self, has_waited: bool, now: Instant) {
        self.has_waited |= has_waited;
        if now < self.changes_from {
            return;
        }
        let factor = if self.has_waited { LESS } else { MORE };
        self.bytes_per_second = (self.bytes_per_second * factor).max(self.least).min(self.most);
        self.has_waited = false;
        self.changes_from = now + CHANGES_AFTER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB_BYTES: u64 = 512 * 1024;
    const THREADS: usize = 2;

    /// What a disk does with a read that is asked for: when is it done?
    trait Disk {
        fn read(&mut self, asked: Instant) -> Instant;
    }

    /// Gives out a budget ten times a second, as cgroups do.
    struct Budgets {
        start: Instant,
        bytes: u64,
        took: Duration,
        /// Which budget is being used, and what of it is.
        current: u64,
        used: u64,
    }

    impl Budgets {
        const EVERY: Duration = Duration::from_millis(100);

        fn new(start: Instant, bytes_per_second: u64, took: Duration) -> Self {
            Self { start, bytes: bytes_per_second / 10, took, current: 0, used: 0 }
        }

        fn is_used_up(&self, now: Instant) -> bool {
            let number = ((now - self.start).as_micros() / Self::EVERY.as_micros()) as u64;
            self.current > number || (self.current == number && self.used >= self.bytes)
        }
    }

    impl Disk for Budgets {
        fn read(&mut self, asked: Instant) -> Instant {
            let number = ((asked - self.start).as_micros() / Self::EVERY.as_micros()) as u64;
            if number > self.current {
                (self.current, self.used) = (number, 0);
            }
            if self.used >= self.bytes {
                (self.current, self.used) = (self.current + 1, 0);
            }
            self.used += JOB_BYTES;
            asked.max(self.start + Self::EVERY * self.current as u32) + self.took
        }
    }

    /// Takes each time as long as told.
    struct Steady<F>(F);

    impl<F: FnMut() -> Duration> Disk for Steady<F> {
        fn read(&mut self, asked: Instant) -> Instant {
            asked + (self.0)()
        }
    }

    /// Reads without a pause and returns the bytes per second; tells `watch` each moment a read is asked for.
    fn read_for<D: Disk>(
        seconds: u64,
        start: Instant,
        disk: &mut D,
        mut watch: impl FnMut(&D, Instant),
    ) -> f64 {
        let pace = Pace::default();
        let end = start + Duration::from_secs(seconds);
        let mut threads = [(start, start); THREADS];
        let mut bytes = 0;
        loop {
            // Whichever is done first.
            let (begun, done) = *threads.iter().min_by_key(|(_, done)| *done).unwrap();
            if done >= end {
                return bytes as f64 / seconds as f64;
            }
            if done > start {
                pace.has_read(JOB_BYTES, begun, done);
                bytes += JOB_BYTES;
            }
            let turn = pace.turn(done).max(done);
            pace.has_asked(JOB_BYTES, turn);
            let done = disk.read(turn);
            *threads.iter_mut().min_by_key(|(_, done)| *done).unwrap() = (turn, done);
            watch(disk, turn);
        }
    }

    #[test]
    fn what_is_left_of_a_rate_is_enough_for_others_and_little() {
        for bytes_per_second in [100_000_000, 300_000_000, 1_000_000_000] {
            let start = Instant::now();
            let mut disk = Budgets::new(start, bytes_per_second, Duration::from_micros(300));
            let (mut moments, mut used_up) = (0_u32, 0_u32);
            let rate = read_for(30, start, &mut disk, |disk, now| {
                moments += 1;
                used_up += u32::from(disk.is_used_up(now));
            });
            let share = rate / bytes_per_second as f64;
            assert!((0.95..1.06).contains(&share), "{share} of {bytes_per_second}");
            assert!(used_up * 25 < moments, "{used_up} of {moments} at {bytes_per_second}");
        }
    }

    #[test]
    fn a_disk_that_is_as_fast_as_it_is_is_not_held_back() {
        // A disk that seeks; one with a cache, which cannot be told from one that is held to a rate; one that pauses.
        let seeking = |number: u64| Duration::from_millis(6 + number * 7 % 23);
        let caching =
            |number: u64| Duration::from_micros(if number.is_multiple_of(4) { 12_000 } else { 1_500 });
        let pausing =
            |number: u64| Duration::from_micros(if number.is_multiple_of(400) { 20_000 } else { 300 });
        let disks = [(seeking as fn(u64) -> Duration, 0.99), (caching, 0.94), (pausing, 0.99)];
        for (took, share) in disks {
            let start = Instant::now();
            let mut number = 0;
            let mut total = Duration::ZERO;
            let mut disk = Steady(|| {
                number += 1;
                total += took(number);
                took(number)
            });
            let rate = read_for(30, start, &mut disk, |_, _| {});
            let free = JOB_BYTES as f64 * number as f64 * THREADS as f64 / total.as_secs_f64();
            assert!(rate > free * share, "{rate} of {free}");
        }
    }

    #[test]
    fn a_rate_is_measured_again_when_it_may_have_changed() {
        let start = Instant::now();
        let mut disk = Changing {
            disk: Budgets::new(start, 50_000_000, Duration::from_micros(300)),
            change: start + Duration::from_secs(15),
            then: 200_000_000,
        };
        let mut late = 0;
        let late_from = start + Duration::from_secs(35);
        read_for(45, start, &mut disk, |_, now| late += u64::from(now > late_from));
        let rate = (late * JOB_BYTES) as f64 / 10.0;
        assert!(rate > 190_000_000.0, "{rate}");
    }

    #[test]
    fn a_measurement_in_a_bad_moment_does_not_hold_reads_back_for_long() {
        let start = Instant::now();
        let moment = start + Duration::from_secs(5)..start + Duration::from_secs(8);
        let mut disk = Disturbed {
            disk: Budgets::new(start, 100_000_000, Duration::from_micros(300)),
            moment: moment.clone(),
        };
        let mut late = 0;
        read_for(15, start, &mut disk, |_, now| late += u64::from(now > moment.end));
        let rate = (late * JOB_BYTES) as f64 / 7.0;
        assert!(rate > 95_000_000.0, "{rate}");
    }

    /// Each read takes as long as other work of the machine has it take.
    struct Disturbed {
        disk: Budgets,
        moment: std::ops::Range<Instant>,
    }

    impl Disk for Disturbed {
        fn read(&mut self, asked: Instant) -> Instant {
            let late = if self.moment.contains(&asked) { Duration::from_millis(15) } else { Duration::ZERO };
            self.disk.read(asked) + late
        }
    }

    struct Changing {
        disk: Budgets,
        change: Instant,
        then: u64,
    }

    impl Disk for Changing {
        fn read(&mut self, asked: Instant) -> Instant {
            if asked > self.change {
                self.disk.bytes = self.then / 10;
            }
            self.disk.read(asked)
        }
    }
}
