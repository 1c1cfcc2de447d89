//! A setting of the kernel that has another value for a while.

use std::fs;

use anyhow::Context as _;

/// Holds a file of `/proc/sys` at a value until this is dropped, for the whole machine or network namespace.
#[derive(Debug)]
pub(crate) struct Held {
    path: &'static str,
    before: String,
}

impl Held {
    /// Needs root.
    pub(crate) fn at(path: &'static str, value: &str) -> anyhow::Result<Self> {
        let before = read(path)?;
        fs::write(path, value).with_context(|| format!("writing {path}: are you root?"))?;
        Ok(Self { path, before })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = fs::write(self.path, &self.before) {
            eprintln!("{} was {} and could not be set back: {error}", self.path, self.before);
        }
    }
}

/// What the setting is now.
pub(crate) fn read(path: &str) -> anyhow::Result<String> {
    Ok(fs::read_to_string(path).with_context(|| format!("reading {path}"))?.trim().to_owned())
}
