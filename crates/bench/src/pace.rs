//! When is a request due, in an open-loop run?

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Requests that are due within one tick are due together at its end. Waking up for each of 15,000 requests a second
/// would cost the generator more than sending them; a thousand times a second costs next to nothing.
const TICK: Duration = Duration::from_millis(1);

/// A schedule of requests at a constant rate: the n-th is due at a time that does not depend on those before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    start: Instant,
    interval_s: f64,
    tick_s: f64,
}

impl Pace {
    /// `per_s` requests a second from `start` on. Of several schedules each may take its `share` (0 to 1) of an
    /// interval as its phase, so that they do not all send at once.
    pub(crate) fn new(start: Instant, per_s: f64, share: f64) -> Self {
        let interval_s = 1.0 / per_s;
        let phase = Duration::from_secs_f64(interval_s * share);
        Self { start: start + phase, interval_s, tick_s: TICK.as_secs_f64() }
    }

    /// When the `n`-th request is due, from 0.
    pub(crate) fn due(&self, n: u64) -> Instant {
        let exact = n as f64 * self.interval_s;
        // A schedule slower than the tick keeps its own times.
        let at =
            if self.interval_s < self.tick_s { (exact / self.tick_s).ceil() * self.tick_s } else { exact };
        self.start + Duration::from_secs_f64(at)
    }
}

/// A timer with the kernel's resolution; the runtime's own counts whole milliseconds.
#[derive(Debug)]
pub(crate) struct Timer {
    fd: AsyncFd<OwnedFd>,
}

impl Timer {
    #[expect(
        deprecated,
        reason = "sound for a descriptor that it owns; its successor can only be called in unsafe code"
    )]
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { fd: AsyncFd::with_interest(fd, Interest::READABLE)? })
    }

    /// Returns at `due`, or at once if that has passed.
    pub(crate) async fn until(&self, due: Instant) -> io::Result<()> {
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let once = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec {
                tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(wait.subsec_nanos()),
            },
        };
        rustix::time::timerfd_settime(self.fd.as_fd(), TimerfdTimerFlags::empty(), &once)?;
        let mut expirations = [0; 8];
        self.fd
            .async_io(Interest::READABLE, |fd| Ok(rustix::io::read(fd, &mut expirations)?))
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_keep_the_rate_whatever_the_tick() {
        for per_s in [1.0, 10.0, 999.0, 15_625.0, 1e6] {
            let start = Instant::now();
            let pace = Pace::new(start, per_s, 0.0);
            let n = (per_s * 10.0) as u64;
            let took = pace.due(n).duration_since(start).as_secs_f64();
            assert!((took - 10.0).abs() < 0.002, "{n} requests at {per_s}/s take {took} s");
        }
    }

    #[test]
    fn due_times_never_come_before_the_exact_ones() {
        let start = Instant::now();
        let pace = Pace::new(start, 15_625.0, 0.0);
        for n in 0..1_000 {
            let exact = Duration::from_secs_f64(n as f64 / 15_625.0);
            assert!(pace.due(n) + Duration::from_nanos(1) >= start + exact);
            assert!(pace.due(n) <= start + exact + TICK);
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_timer_does_not_return_early() {
        let timer = Timer::new().unwrap();
        for micros in [0, 1, 300, 1_500] {
            let due = Instant::now() + Duration::from_micros(micros);
            timer.until(due).await.unwrap();
            assert!(Instant::now() >= due);
        }
    }
}
