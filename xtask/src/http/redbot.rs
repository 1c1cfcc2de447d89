//! REDbot: what does a checker of HTTP resources, which asks again in several ways, say of the answers?

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::site::{FOLDER, MEDIUM, TEXT};
use super::{Client, PATIENCE, Served};
use crate::clients::Report;
use crate::{python, tool};

/// What REDbot has to have tried and found to be right.
const VALIDATES: &[&str] = &["INM_304", "IMS_304"];
const VALIDATES_AND_RANGES: &[&str] = &["INM_304", "IMS_304", "RANGE_CORRECT"];
const NEGOTIATES: &[&str] = &["INM_304", "IMS_304", "RANGE_CORRECT", "CONNEG_GZIP_GOOD"];

/// How long a copy may be used without asking is for the owner of a site to say; a server that is told nothing says
/// nothing.
const NO_LIFETIME: &str = "FRESHNESS_HEURISTIC";

/// What REDbot says of each kind of resource.
pub(crate) fn check(served: &Served<'_>, report: &mut Report) {
    let name = Client::Redbot.name();
    let resources: [(&str, String, u16, &[&str]); 7] = [
        ("a page", "index.html".to_owned(), 200, VALIDATES_AND_RANGES),
        ("a file with a compressed sibling", TEXT.to_owned(), 200, NEGOTIATES),
        ("a file", MEDIUM.to_owned(), 200, VALIDATES_AND_RANGES),
        ("an empty file", "empty.bin".to_owned(), 200, VALIDATES),
        ("a folder's index", format!("{FOLDER}/"), 200, VALIDATES_AND_RANGES),
        ("a folder without its slash", FOLDER.to_owned(), 301, &[]),
        ("what is not there", "missing".to_owned(), 404, &[]),
    ];
    for (what, path, status, wanted) in resources {
        report.check(name, &format!("{what}: nothing to complain about"), || {
            let notes = ask(&served.server.url(&format!("/{path}")))?;
            notes.judge(status, wanted)
        });
    }
}

/// As `notes.py` prints it.
#[derive(Debug, Deserialize)]
struct Notes {
    status: Option<u16>,
    error: Option<String>,
    notes: Vec<Note>,
}

#[derive(Debug, Deserialize)]
struct Note {
    level: String,
    name: String,
    summary: String,
}

impl Notes {
    fn judge(&self, status: u16, wanted: &[&str]) -> anyhow::Result<String> {
        ensure!(self.error.is_none(), "{:?}", self.error);
        ensure!(self.status == Some(status), "status {:?}, expected {status}", self.status);
        let complaints: Vec<_> = self
            .notes
            .iter()
            .filter(|note| matches!(note.level.as_str(), "BAD" | "WARN") && note.name != NO_LIFETIME)
            .map(|note| format!("{}: {} ({})", note.level, note.summary, note.name))
            .collect();
        ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
        for name in wanted {
            let found = self.notes.iter().any(|note| note.level == "GOOD" && note.name == *name);
            ensure!(found, "{name} is missing in {:#?}", self.notes);
        }
        Ok(format!("{} notes", self.notes.len()))
    }
}

fn ask(address: &str) -> anyhow::Result<Notes> {
    let resources = Path::new(env!("CARGO_MANIFEST_DIR")).join("http");
    let python: PathBuf = python::environment("redbot", &resources.join("requirements.txt"))?;
    let mut notes = Command::new(python);
    // The checkout stays as it is.
    notes.arg("-B").arg(resources.join("notes.py")).arg(address);
    let said = tool::output(&mut notes, &[], PATIENCE)?;
    serde_json::from_str(&said).with_context(|| format!("REDbot said {said:?}"))
}
