//! `crossdock doctor`: what on this machine helps or hinders a broker.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::doctor::{Area, Finding, Verdict, examine};
use crate::output;

/// Say what on this machine helps or hinders a broker.
///
/// Looks at what the kernel can do, at limits, settings and file systems, and says of each its value, what it should be and
/// why, and the command that sets it. Changes nothing.
///
/// Exit status 0: nothing stands in the way (there may be advice). 1: something matters.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// A data directory whose file system to look at; it need not exist yet.
    #[arg(long, value_name = "DIR", default_value = super::DEFAULT_DATA_DIR)]
    data_dir: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  crossdock doctor
  crossdock doctor --data-dir /var/lib/crossdock
  crossdock doctor --json | jq -r '.findings[] | select(.command) | .command'

JSON: {\"verdict\": \"ok\"|\"matters\", \"findings\": [{\"area\", \"name\", \"value\", \"wanted\",
\"verdict\": \"ok\"|\"unknown\"|\"advice\"|\"matters\", \"command\": text or null}]}";

impl Doctor {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let data_dirs: Vec<&Path> = self.data_dir.iter().map(PathBuf::as_path).collect();
        let findings = examine(&data_dirs);
        let matters = findings.iter().any(|finding| finding.verdict == Verdict::Matters);
        let mut out = output::stdout();
        if self.json {
            writeln!(out, "{:#}", to_json(&findings, matters))?;
        } else {
            print(&findings, &mut out)?;
        }
        out.flush()?;
        Ok(if matters { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn print(findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    let width = |of: fn(&Finding) -> &str| findings.iter().map(|f| of(f).chars().count()).max().unwrap_or(0);
    let (name_width, value_width) = (width(|f| &f.name), width(|f| &f.value));
    let mut area: Option<Area> = None;
    for finding in findings {
        if area != Some(finding.area) {
            writeln!(out, "{}{}", if area.is_some() { "\n" } else { "" }, finding.area.name())?;
            area = Some(finding.area);
        }
        let Finding { name, value, wanted, .. } = finding;
        let verdict = finding.verdict.name();
        writeln!(out, "  {verdict:<8} {name:<name_width$}  {value:<value_width$}  {wanted}")?;
        if let Some(command) = &finding.command {
            writeln!(out, "  {:<8} $ {command}", "")?;
        }
    }
    let with = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    match (with(Verdict::Matters), with(Verdict::Advice)) {
        (0, 0) => writeln!(out, "\nAll is as it should be."),
        (0, advice) => writeln!(out, "\nNothing stands in the way; {advice} could be better under load."),
        (matters, advice) => writeln!(out, "\n{matters} matter, {advice} could be better under load."),
    }
}

fn to_json(findings: &[Finding], matters: bool) -> Value {
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "area": finding.area.name(),
                "name": finding.name,
                "value": finding.value,
                "wanted": finding.wanted,
                "verdict": finding.verdict.name(),
                "command": finding.command,
            })
        })
        .collect();
    json!({ "verdict": if matters { "matters" } else { "ok" }, "findings": findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(verdict: Verdict, command: Option<&str>) -> Finding {
        Finding {
            area: Area::Memory,
            name: "vm.swappiness".to_owned(),
            value: "60".to_owned(),
            wanted: "1 to 10".to_owned(),
            verdict,
            command: command.map(str::to_owned),
        }
    }

    #[test]
    fn a_finding_is_a_line_and_its_command_the_next() {
        let mut text = Vec::new();
        print(&[finding(Verdict::Advice, Some("sudo sysctl -w vm.swappiness=1"))], &mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "memory\n  advice   vm.swappiness  60  1 to 10\n           $ sudo sysctl -w vm.swappiness=1\n\n\
             Nothing stands in the way; 1 could be better under load.\n"
        );
    }

    #[test]
    fn the_json_names_every_part_of_a_finding() {
        let json = to_json(&[finding(Verdict::Matters, None)], true);
        assert_eq!(json["verdict"], "matters");
        assert_eq!(
            json["findings"][0],
            json!({"area": "memory", "name": "vm.swappiness", "value": "60", "wanted": "1 to 10",
                   "verdict": "matters", "command": null})
        );
    }
}
