//! The control records of the metadata quorum: about the quorum itself, not about topics or brokers.

use bytes::Bytes;
use protocol::BrokerId;
use protocol::codec::{Encode, Encoder, Message};
use protocol::messages::data::leader_change_message::Voter;
use protocol::messages::data::{LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord};
use protocol::records::ControlType;

/// The version in which Kafka writes the content of its control records.
const CONTROL_VERSION: i16 = 0;

/// Who may vote, as Kafka's tools wrote it (KIP-853). Crossdock votes for itself and carries this along for Kafka.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Voters {
    version: Option<Bytes>,
    voters: Option<Bytes>,
}

impl Voters {
    /// Keeps the content of a control record if it is about the voters.
    pub(crate) fn apply(&mut self, control: ControlType, value: Bytes) {
        match control {
            ControlType::KraftVersion => self.version = Some(value),
            ControlType::KraftVoters => self.voters = Some(value),
            _ => {}
        }
    }

    /// The control records that say the same again.
    pub(crate) fn records(&self) -> impl Iterator<Item = (ControlType, &Bytes)> {
        let version = self.version.iter().map(|value| (ControlType::KraftVersion, value));
        version.chain(self.voters.iter().map(|value| (ControlType::KraftVoters, value)))
    }
}

/// That `me` leads from here on, elected by itself.
pub(crate) fn leader_change(me: BrokerId) -> Bytes {
    let voter = Voter { voter_id: me.0, ..Voter::default() };
    content(&LeaderChangeMessage {
        leader_id: me.0,
        voters: vec![voter.clone()],
        granting_voters: vec![voter],
        ..LeaderChangeMessage::default()
    })
}

/// The first record of a snapshot.
pub(crate) fn snapshot_header(last_contained_ms: i64) -> Bytes {
    content(&SnapshotHeaderRecord { version: 0, last_contained_log_timestamp: last_contained_ms })
}

/// The last record of a snapshot.
pub(crate) fn snapshot_footer() -> Bytes {
    content(&SnapshotFooterRecord { version: 0 })
}

/// When the last record before a snapshot was written, in ms, as its header says.
pub(crate) fn last_contained_ms(header: Bytes) -> Option<i64> {
    let header = SnapshotHeaderRecord::read(header, CONTROL_VERSION).ok()?;
    Some(header.last_contained_log_timestamp)
}

fn content(message: &(impl Message + Encode<Bytes>)) -> Bytes {
    let mut encoder = Encoder::<Bytes>::default();
    message.write(&mut encoder, CONTROL_VERSION);
    encoder.finish().into_bytes()
}
