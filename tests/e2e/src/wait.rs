//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long a test waits before it calls a promise broken. Far above what anything here takes on a slow machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks at a condition: short beside what a test takes, long beside what a look costs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks until `condition` holds.
///
/// # Panics
///
/// When it does not hold within [`DEADLINE`]; the message names `what`.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// Looks until `look` finds something.
///
/// # Panics
///
/// When it finds nothing within [`DEADLINE`]; the message names `what`.
#[track_caller]
pub fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "not within {} s: {what}", DEADLINE.as_secs());
        std::thread::park_timeout(BETWEEN_LOOKS);
    }
}
