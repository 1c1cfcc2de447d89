//! What are the ways a payload byte can take, on whose behalf, and why that way?

use std::fmt;
use std::str::FromStr;

/// A way from a file or a socket to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// `sendfile(2)`: the socket refers to the pages of the page cache. No copy, one call per chunk.
    Sendfile,
    /// `splice(2)` through a pipe: no copy, two calls per pipe of bytes. From a socket, too.
    Splice,
    /// `mmap(2)` and `send(2)` from the mapping: one copy, and page faults.
    Mmap,
    /// `pread(2)` or `recv(2)`, and `send(2)`: two copies.
    ReadWrite,
}

impl Mechanism {
    /// All of them, cheapest first for long regions.
    pub const ALL: [Self; 4] = [Self::Sendfile, Self::Splice, Self::Mmap, Self::ReadWrite];

    /// Whether the CPU copies the payload between page cache, or socket, and socket.
    pub fn copies(self) -> bool {
        match self {
            Self::Sendfile | Self::Splice => false,
            Self::Mmap | Self::ReadWrite => true,
        }
    }

    /// The name in settings, metrics and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sendfile => "sendfile",
            Self::Splice => "splice",
            Self::Mmap => "mmap",
            Self::ReadWrite => "read-write",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A setting names a mechanism that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no mechanism: expected sendfile, splice, mmap or read-write")]
pub struct UnknownMechanism {
    name: String,
}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.as_str() == name)
            .ok_or_else(|| UnknownMechanism { name: name.to_owned() })
    }
}

/// On whose behalf payload leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// Fetch answers to consumers.
    Consumer,
    /// Fetch answers to followers.
    Replica,
    /// Static files over HTTP.
    Http,
    /// Shuffle blocks.
    Shuffle,
    /// What is copied to files: counted by [`copy::Method`](crate::copy::Method), as no socket takes them.
    Copy,
    /// Connections that are passed on, both ways.
    Proxy,
    /// Callers of [`send_file`](crate::send_file).
    Direct,
}

impl Path {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Consumer, Self::Replica, Self::Http, Self::Shuffle, Self::Copy, Self::Proxy, Self::Direct];

    /// The name in metrics and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Replica => "replica",
            Self::Http => "http",
            Self::Shuffle => "shuffle",
            Self::Copy => "copy",
            Self::Proxy => "proxy",
            Self::Direct => "direct",
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a payload byte took the mechanism it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// What automatic policy prefers: `sendfile` from a file, `splice` from a socket, a clone between files. A byte that was
    /// copied never has this reason, unless it came from a socket into a file, where no way is without a copy.
    FirstChoice,
    /// The region is shorter than [`COPY_BELOW_BYTES`](crate::COPY_BELOW_BYTES), or little at a time comes out of a socket:
    /// copying it costs less CPU.
    Small,
    /// The policy was told to use this mechanism, or the copier this method.
    Forced,
    /// The kernel, or a filter on its system calls, does not offer what would have come first.
    KernelLacks,
    /// What would have come first was refused for this file or at this moment, for example by its file system, or for
    /// want of a pipe.
    Refused,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::FirstChoice, Self::Small, Self::Forced, Self::KernelLacks, Self::Refused];

    /// The name in metrics and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstChoice => "first_choice",
            Self::Small => "small",
            Self::Forced => "forced",
            Self::KernelLacks => "kernel_lacks",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_read_by_the_names_they_print() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.to_string().parse(), Ok(mechanism));
        }
        let error = "teleport".parse::<Mechanism>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"teleport\" is no mechanism: expected sendfile, splice, mmap or read-write"
        );
    }
}
