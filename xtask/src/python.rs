//! Python programs of other people, each set in an environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cache, packages};

/// The interpreter of the environment `name`, which has just these requirements; another list is installed afresh.
pub(crate) fn environment(name: &str, requirements: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read_to_string(requirements)?;
    let folder = cache::folder()?.join(name);
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        eprintln!("installing Python packages into {}", folder.display());
        fs::create_dir_all(&folder)?;
        packages::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        packages::run(
            Command::new(folder.join("bin/pip"))
                .args(["install", "--quiet", "--requirement"])
                .arg(requirements),
        )?;
        fs::write(&stamp, wanted)?;
    }
    Ok(folder.join("bin/python"))
}
