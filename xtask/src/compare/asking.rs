//! What does it cost to ask whether a region is in the page cache before it is sent, and what does a wrong answer?

use anyhow::Context as _;

use super::results::Measured;
use crate::workspace;

pub(crate) const ADDED: &str = "% added by asking";

/// What a fetch has by default (`max.partition.fetch.bytes`).
pub(crate) const FETCHED: &str = "regions of 1 MiB";

/// Runs `crates/transfer/examples/asking.rs` for one round of so many turns.
pub(crate) fn run_round(turns: u64, measured: &mut Measured) -> anyhow::Result<()> {
    let turns = turns.to_string();
    let example =
        ["run", "--quiet", "--release", "--package", "transfer", "--example", "asking", "--", &turns];
    let lines = workspace::output_of("cargo", &example)?;
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [what, who, unit, value] = fields[..] else { anyhow::bail!("the example printed {line:?}") };
        measured.add(what, who, unit, value.parse().with_context(|| format!("in {line:?}"))?);
    }
    Ok(())
}
