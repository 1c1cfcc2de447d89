//! What can go wrong, by who is at fault.

use protocol::ErrorCode;

/// An error of the metadata log or of a change to it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The client asked for something that cannot be; the code and a sentence go back to it.
    #[error("{message}")]
    Refused {
        /// Kafka's code.
        code: ErrorCode,
        /// What is wrong with the request.
        message: String,
    },
    /// The metadata log contradicts itself: a damaged file or a bug.
    #[error("the metadata log contradicts itself: {0}")]
    Inconsistent(String),
    /// A record in the metadata log cannot be read.
    #[error("record at offset {offset} of the metadata log: {message}")]
    BadRecord {
        /// Where it is.
        offset: i64,
        /// What is wrong with it.
        message: String,
    },
    /// The disk failed under the metadata log.
    #[error(transparent)]
    Log(#[from] log::LogError),
    /// The disk failed under a file beside the metadata log.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ClusterError {
    /// A refusal with a code and a sentence for the client.
    pub(crate) fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// Kafka's code for it.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Inconsistent(_) | Self::BadRecord { .. } => ErrorCode::UnknownServerError,
            Self::Log(_) | Self::Io { .. } => ErrorCode::KafkaStorageError,
        }
    }
}
