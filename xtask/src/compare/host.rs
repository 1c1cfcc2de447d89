//! What does the machine under this virtual one take away while something is measured?

use lab::StolenTime;

/// Of all cores' time. A quiet host takes a tenth of that; at several times as much, cores stand still for tens of
/// milliseconds, and a 99th percentile is the host's and nobody else's.
const STOLEN_SHARE_MAX: f64 = 0.01;

/// How often something is measured at most; the last result is taken, disturbed or not.
const TRIES: u32 = 4;

/// Measures again what the host has disturbed.
pub(crate) fn undisturbed<T>(mut measure: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut tries = 1;
    loop {
        let before = StolenTime::now();
        let measured = measure()?;
        let share = before.share_since();
        if share <= STOLEN_SHARE_MAX || tries == TRIES {
            return Ok(measured);
        }
        eprintln!("    the host took {:.1} % of the CPU time: measured again", 100.0 * share);
        tries += 1;
    }
}
