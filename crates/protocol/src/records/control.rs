//! Control records: what brokers and controllers write among the records for each other.

/// What a control record says; the second half of its key.
///
/// The key is a version (16 bits, 0) and this type (16 bits). Source: Kafka's protocol guide, "Control Batches".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    /// The producer's transaction ended and its records are to be skipped.
    Abort,
    /// The producer's transaction ended and its records count.
    Commit,
    /// A quorum has a new leader.
    LeaderChange,
    /// A snapshot begins.
    SnapshotHeader,
    /// A snapshot ends.
    SnapshotFooter,
    /// The version of the quorum's own protocol.
    KraftVersion,
    /// Who votes in the quorum.
    KraftVoters,
    /// A type of a later Kafka.
    Unknown(i16),
}

impl ControlType {
    /// Reads the type from a control record's key; `None` if the key is too short for one.
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let &[_, _, high, low] = key.first_chunk::<4>()?;
        Some(match i16::from_be_bytes([high, low]) {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KraftVersion,
            6 => Self::KraftVoters,
            other => Self::Unknown(other),
        })
    }

    /// The key of a control record of this type.
    #[must_use]
    pub fn to_key(self) -> [u8; 4] {
        let [high, low] = self.code().to_be_bytes();
        [0, 0, high, low]
    }

    fn code(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KraftVersion => 5,
            Self::KraftVoters => 6,
            Self::Unknown(other) => other,
        }
    }
}

/// The value of an [`ControlType::Abort`] or [`ControlType::Commit`] record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// The epoch of the transaction coordinator that ended the transaction.
    pub coordinator_epoch: i32,
}

impl EndTransactionMarker {
    /// Reads the marker; `None` if the value is too short for one. Later versions only add fields.
    #[must_use]
    pub fn from_value(value: &[u8]) -> Option<Self> {
        let coordinator_epoch = i32::from_be_bytes(*value.get(2..)?.first_chunk()?);
        Some(Self { coordinator_epoch })
    }

    /// The value of a marker record, version 0.
    #[must_use]
    pub fn to_value(self) -> [u8; 6] {
        let [a, b, c, d] = self.coordinator_epoch.to_be_bytes();
        [0, 0, a, b, c, d]
    }
}
