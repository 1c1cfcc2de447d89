//! What can go wrong between us and a broker, by who is at fault.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use protocol::codec::DecodeError;
use protocol::records::RecordsError;
use protocol::{ApiKey, ErrorCode, Offset};

use crate::advice::advice;
use crate::{Address, TopicPartition};

/// Why a request has no answer, or which answer it has instead. What lies beneath is part of the text, and not a source
/// that would be printed once more.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The caller's fault: no address.
    #[error("{0:?} is no address: give HOST:PORT, several of them separated by commas")]
    Address(String),
    /// The caller's fault: a record that no batch can hold.
    #[error("a record of {bytes} bytes does not fit into a batch of at most {limit_bytes} bytes")]
    RecordTooLarge {
        /// What the record takes in a batch.
        bytes: usize,
        /// The most a batch may take.
        limit_bytes: usize,
    },
    /// The caller's fault: a partition that the topic does not have.
    #[error("{partition}: the topic has {count} partitions, numbered from 0")]
    NoSuchPartition {
        /// What was asked for.
        partition: TopicPartition,
        /// How many there are.
        count: usize,
    },
    /// The caller's fault: the producer was closed before.
    #[error("the producer is closed")]
    ProducerClosed,
    /// Nobody listens, or nobody is let through.
    #[error("cannot connect to {address}: {reason}; is a broker running there?")]
    Unreachable {
        /// Where we tried.
        address: Address,
        /// What the operating system says.
        reason: Arc<io::Error>,
    },
    /// The broker, or the network, ended the connection.
    #[error("{broker} closed the connection: {reason}; its log may say why")]
    Disconnected {
        /// Which broker.
        broker: Address,
        /// What the operating system says.
        reason: Arc<io::Error>,
    },
    /// No answer in time.
    #[error("{broker} did not answer {api} within {} s; it may be overloaded or cut off", .after.as_secs_f64())]
    Timeout {
        /// Which broker.
        broker: Address,
        /// What we asked.
        api: ApiKey,
        /// How long we waited.
        after: Duration,
    },
    /// The broker does not have the API, or only in versions that we do not know.
    #[error("{broker} does not serve {api} in a version known here; it may be too old or too new")]
    Unsupported {
        /// Which broker.
        broker: Address,
        /// What we wanted to ask.
        api: ApiKey,
    },
    /// The broker sent something that is no answer.
    #[error("{broker} answered {api} with bytes that are no response: {reason}; is it a Kafka broker?")]
    Malformed {
        /// Which broker.
        broker: Address,
        /// What we asked.
        api: ApiKey,
        /// What is wrong with the bytes.
        reason: DecodeError,
    },
    /// The broker understood and refuses.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A partition has no leader now.
    #[error("{0} has no leader: the brokers that hold it are down, or it was just created")]
    NoLeader(TopicPartition),
    /// Records came that cannot be read.
    #[error("{partition} at offset {offset}: {reason}; the broker's `crossdock log verify` tells more")]
    BadRecords {
        /// Where they lie.
        partition: TopicPartition,
        /// The offset that was asked for.
        offset: Offset,
        /// What is wrong with them.
        reason: RecordsError,
    },
}

/// An answer that is an error code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who refuses.
    pub broker: Address,
    /// What we asked.
    pub api: ApiKey,
    /// What it was about: a topic, `topic-partition`, a group.
    pub subject: String,
    /// Kafka's code; a code that no Kafka knows counts as [`ErrorCode::UnknownServerError`].
    pub code: ErrorCode,
    /// What the broker says about it.
    pub message: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, api, subject, code, message } = self;
        write!(f, "{broker} refused {api} for {subject}: {code}")?;
        if let Some(message) = message.as_deref().filter(|message| !message.is_empty()) {
            write!(f, " ({})", message.trim_end_matches('.'))?;
        }
        write!(f, "; {}", advice(*code))
    }
}

impl std::error::Error for Refusal {}

impl ClientError {
    /// The error code, where a broker sent one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }

    /// Whether the same request may succeed later, perhaps at another broker.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.code.is_retriable(),
            Self::Unreachable { .. }
            | Self::Disconnected { .. }
            | Self::Timeout { .. }
            | Self::NoLeader(_) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_broker_api_subject_and_code_and_says_what_to_do() {
        let refusal = Refusal {
            broker: "localhost:9092".parse().unwrap(),
            api: ApiKey::Produce,
            subject: "orders-3".to_owned(),
            code: ErrorCode::MessageTooLarge,
            message: Some("The request is too large.".to_owned()),
        };
        let text = ClientError::Refused(Box::new(refusal)).to_string();
        assert!(
            text.starts_with(
                "localhost:9092 refused Produce for orders-3: MESSAGE_TOO_LARGE (The request is too large); "
            ),
            "{text}"
        );
        assert!(text.contains("max.message.bytes"), "{text}");
    }
}
