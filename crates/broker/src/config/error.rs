//! What can be wrong with a configuration, and what is worth a warning.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a setting was given its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a properties file, in the entry that begins on this line.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// By this option of the command line, such as `--set`.
    Option(&'static str),
    /// By a client, while the broker runs.
    Client,
    /// By nobody: it follows from other settings, or is what Crossdock starts with.
    Implied,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Option(option) => f.write_str(option),
            Self::Client => f.write_str("set by a client"),
            Self::Implied => f.write_str("not set"),
        }
    }
}

/// One thing that is wrong with the configuration. All of them are at the fault of who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting does not take this value.
    #[error("{origin}: {key}={value}: expected {expected}")]
    BadValue {
        /// Where it was set.
        origin: Origin,
        /// The setting.
        key: String,
        /// Its value; a secret is not shown.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// A name under `crossdock.` that does not exist.
    #[error("{origin}: {key} is not a setting of Crossdock{}", did_you_mean(*nearest))]
    UnknownOwn {
        /// Where it was set.
        origin: Origin,
        /// The name.
        key: String,
        /// The known name that is most like it.
        nearest: Option<&'static str>,
    },
    /// The properties file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// An entry of a properties file has a broken escape.
    #[error("{origin}: \\u is not followed by four hexadecimal digits")]
    BadEscape {
        /// The entry.
        origin: Origin,
    },
    /// An argument of `--set` has no `=`.
    #[error("--set {argument}: expected key=value")]
    NoValue {
        /// The argument.
        argument: String,
    },
}

impl ConfigError {
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }
}

/// Everything that is wrong with the configuration; where it is an error, at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    /// One error a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, &self.0)
    }
}

impl std::error::Error for ConfigErrors {}

/// A setting that was given and does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Kafka acts on it, Crossdock does not.
    NoEffect {
        /// Where it was set.
        origin: Origin,
        /// The setting.
        key: String,
    },
    /// Neither Kafka nor Crossdock knows it.
    Unknown {
        /// Where it was set.
        origin: Origin,
        /// The name.
        key: String,
        /// The known name that is most like it.
        nearest: Option<&'static str>,
    },
}

/// All settings that were given and do nothing, to be shown as one warning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings(pub Vec<Warning>);

impl Warnings {
    /// Whether there is nothing to warn of.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEffect { origin, key } => write!(f, "{key} ({origin}) has no effect in Crossdock"),
            Self::Unknown { origin, key, nearest } => {
                write!(f, "{key} ({origin}) is not a setting of Kafka{}", did_you_mean(*nearest))
            }
        }
    }
}

impl fmt::Display for Warnings {
    /// One warning a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, &self.0)
    }
}

fn did_you_mean(nearest: Option<&'static str>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

fn lines(f: &mut fmt::Formatter<'_>, all: &[impl fmt::Display]) -> fmt::Result {
    all.iter()
        .enumerate()
        .try_for_each(|(i, one)| if i == 0 { write!(f, "{one}") } else { write!(f, "\n{one}") })
}
