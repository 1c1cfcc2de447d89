//! Why a run has no result.

use std::io;

use client::{Address, ClientError};
use protocol::codec::DecodeError;
use protocol::records::RecordsError;

/// Why a run has no result, by who is at fault.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The caller's: options that contradict each other or the topic.
    #[error("{0}")]
    Options(String),
    /// The network's, or nobody listens there.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where the topic's leader is.
        address: Address,
        /// What the system says.
        source: io::Error,
    },
    /// A request before the load failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The connection broke, or the broker closed it.
    #[error("the connection broke")]
    Connection(#[from] io::Error),
    /// The broker did not answer in time.
    #[error("the broker has not answered for {0} s")]
    Silent(u64),
    /// The broker refused.
    #[error("the broker answered {api} of {what} with error {code}")]
    Refused {
        /// Which API.
        api: &'static str,
        /// Topic and partition, or the part of the request that the error is about.
        what: String,
        /// Kafka's error code.
        code: String,
    },
    /// The broker's answer is not what the protocol says.
    #[error("the broker's answer cannot be read")]
    Answer(#[from] DecodeError),
    /// The broker's records are not what the format says.
    #[error("the broker's records cannot be read")]
    Records(#[from] RecordsError),
    /// The broker's answer contradicts itself.
    #[error("the broker's answer cannot be read: {0}")]
    Malformed(&'static str),
    /// The proxy's: nothing of it has come to the target.
    #[error("the proxy has not connected to the target for {0} s")]
    NotReached(u64),
    /// The proxy's: one end of a connection has not got what the other sent.
    #[error("the proxy has passed on {received} bytes of {expected}")]
    NotPassedOn {
        /// What was received.
        received: u64,
        /// What was sent, or should have been.
        expected: u64,
    },
    /// `/proc` of the process to watch cannot be read.
    #[error("process {pid} cannot be watched")]
    Process {
        /// The process.
        pid: u32,
        /// What the system says.
        source: io::Error,
    },
    /// The broker's metrics cannot be read.
    #[error("metrics of {address} cannot be read")]
    Metrics {
        /// Host and port of the admin listener.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}
