//! wget: resumes what was broken off, and mirrors what is listed.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::ensure;

use super::site::{LARGE, NAMES, NAMES_FOLDER};
use super::{Client, PATIENCE, Promise, Served};
use crate::clients::Report;
use crate::tool;

/// What wget can do.
pub(crate) fn check(served: &Served<'_>, report: &mut Report) {
    let promises: [Promise<Served<'_>>; 4] = [
        ("a download that was broken off is resumed", resumes),
        ("a download that is whole is not begun again", is_whole),
        ("what has not changed is not fetched again", timestamps),
        ("a listing leads to each file in it", mirrors),
    ];
    for (promise, check) in promises {
        report.check(Client::Wget.name(), promise, || check(served));
    }
}

fn resumes(served: &Served<'_>) -> anyhow::Result<String> {
    let (file, whole) = (served.folder.join(LARGE), served.site.bytes(LARGE)?);
    for part in [1, 4_096, whole.len() / 2 + 1, whole.len() - 1] {
        fs::write(&file, &whole[..part])?;
        let said = wget(served, &["--continue", "--server-response"], LARGE)?;
        ensure!(said.contains(" 206 "), "not resumed at {part}:\n{said}");
        ensure!(fs::read(&file)? == whole, "resumed at {part}, it is not as it was");
    }
    Ok(String::new())
}

fn is_whole(served: &Served<'_>) -> anyhow::Result<String> {
    fs::write(served.folder.join(LARGE), served.site.bytes(LARGE)?)?;
    let said = wget(served, &["--continue", "--server-response"], LARGE)?;
    ensure!(said.contains(" 416 "), "{said}");
    Ok(String::new())
}

fn timestamps(served: &Served<'_>) -> anyhow::Result<String> {
    wget(served, &["--timestamping"], "small.bin")?;
    let said = wget(served, &["--timestamping", "--server-response"], "small.bin")?;
    ensure!(said.contains(" 304 "), "{said}");
    Ok(String::new())
}

fn mirrors(served: &Served<'_>) -> anyhow::Result<String> {
    let options = ["--recursive", "--no-parent", "--no-host-directories", "--execute", "robots=off"];
    wget(
        served,
        &[&options[..], &["--restrict-file-names=nocontrol"]].concat(),
        &format!("{NAMES_FOLDER}/"),
    )?;
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(served.folder.join(NAMES_FOLDER))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // The listing itself, once for each order in which some servers offer it.
        if !name.starts_with("index.html") {
            ensure!(fs::read(entry.path())? == name.as_bytes(), "{name} has other bytes");
            found.insert(name);
        }
    }
    let wanted: BTreeSet<String> = NAMES.iter().map(|(name, _)| (*name).to_owned()).collect();
    ensure!(found == wanted, "found {found:?}, expected {wanted:?}");
    Ok(format!("{} files", found.len()))
}

/// Runs wget in the folder of this client and returns what it said of it, which it does on its standard error.
fn wget(served: &Served<'_>, options: &[&str], path: &str) -> anyhow::Result<String> {
    let log = served.folder.join("wget.log");
    let mut wget = Command::new("wget");
    wget.arg("--no-verbose").arg("--output-file").arg(&log).args(options);
    wget.arg(served.server.url(&format!("/{path}"))).current_dir(served.folder);
    tool::output(&mut wget, &[], PATIENCE)?;
    Ok(fs::read_to_string(log)?)
}
