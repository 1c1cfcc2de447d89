//! Why there is no result.

use std::io;
use std::path::PathBuf;

use transfer::SendError;
use transfer::bare::Method;
use transfer::copy::CopyError;

/// Why there is no result, by who is at fault.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The caller's: options that nothing can be measured with.
    #[error("{0}")]
    Options(String),
    /// The directory is full, or about to be.
    #[error(
        "{dir} has {free_bytes} bytes free, and the lab needs {needed_bytes}: name another directory with --dir, or \
         measure less"
    )]
    Space {
        /// Where the data would lie.
        dir: PathBuf,
        /// What is free there.
        free_bytes: u64,
        /// What is needed.
        needed_bytes: u64,
    },
    /// The file with the data cannot be made, read or written.
    #[error("the data in {dir} cannot be used")]
    Data {
        /// Where the data lies.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Connections on loopback cannot be made.
    #[error("{connections} connections to this host cannot be made (ulimit -n bounds them)")]
    Connect {
        /// How many were wanted.
        connections: usize,
        /// What the system says.
        source: io::Error,
    },
    /// A sample broke off.
    #[error("{method} broke off")]
    Send {
        /// The loop that was measured.
        method: Method,
        /// What the system says.
        source: SendError,
    },
    /// The receiver did not get what was sent.
    #[error("{method} sent {sent_bytes} bytes, and {received_bytes} arrived")]
    Lost {
        /// The loop that was measured.
        method: Method,
        /// Bytes that the sender says it has sent.
        sent_bytes: u64,
        /// Bytes that arrived.
        received_bytes: u64,
    },
    /// A copy was not made.
    #[error("copying in {dir} broke off")]
    Copy {
        /// Where.
        dir: PathBuf,
        /// Why.
        source: CopyError,
    },
    /// A copy is not what its source is.
    #[error("a copy in {dir} differs from its source at byte {position}")]
    Differs {
        /// Where.
        dir: PathBuf,
        /// The first byte that differs.
        position: u64,
    },
    /// The system refused something it ought to do.
    #[error("{what}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// What it says.
        source: io::Error,
    },
}
