//! What passed and what failed.

use std::process::ExitCode;
use std::time::Instant;

/// A table that is printed row by row.
#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: usize,
    skipped: usize,
    failures: Vec<String>,
}

impl Report {
    /// Runs `check` and notes whether `client` does what `promise` says; the check may add something worth knowing.
    pub(crate) fn check(
        &mut self,
        client: &str,
        promise: &str,
        check: impl FnOnce() -> anyhow::Result<String>,
    ) {
        let begun = Instant::now();
        let result = check();
        let seconds = begun.elapsed().as_secs_f64();
        let (word, remark) = match &result {
            Ok(remark) => ("pass", remark.clone()),
            Err(_) => ("FAIL", String::new()),
        };
        println!("{word} {seconds:7.1} s  {client:16} {promise}  {remark}");
        match result {
            Ok(_) => self.passed += 1,
            Err(error) => {
                println!("{}", indented(&format!("{error:#}")));
                self.failures.push(format!("{client}: {promise}"));
            }
        }
    }

    /// Notes a check that does not apply, and why.
    pub(crate) fn skip(&mut self, client: &str, promise: &str, why: &str) {
        println!("skip            {client:16} {promise}  {why}");
        self.skipped += 1;
    }

    pub(crate) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Prints the sum; the exit status says whether everything passed.
    pub(crate) fn conclude(self) -> ExitCode {
        if !self.failures.is_empty() {
            println!("\nfailed:\n{}", indented(&self.failures.join("\n")));
        }
        let skipped = if self.skipped == 0 { String::new() } else { format!(", {} skipped", self.skipped) };
        println!("\n{} passed, {} failed{skipped}", self.passed, self.failures.len());
        if self.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
