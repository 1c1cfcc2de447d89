//! Messages that are neither asked nor answered: the contents of control records and of small files, and what clients
//! say to each other through group metadata.

pub mod consumer_protocol_assignment;
pub mod consumer_protocol_subscription;
pub mod control_record_type_schema;
pub mod default_principal_data;
pub mod end_txn_marker;
pub mod kraft_version_record;
pub mod leader_change_message;
pub mod producer_snapshot;
pub mod quorum_state_data;
pub mod snapshot_footer_record;
pub mod snapshot_header_record;
pub mod voters_record;

pub use consumer_protocol_assignment::ConsumerProtocolAssignment;
pub use consumer_protocol_subscription::ConsumerProtocolSubscription;
pub use control_record_type_schema::ControlRecordTypeSchema;
pub use default_principal_data::DefaultPrincipalData;
pub use end_txn_marker::EndTxnMarker;
pub use kraft_version_record::KRaftVersionRecord;
pub use leader_change_message::LeaderChangeMessage;
pub use producer_snapshot::ProducerSnapshot;
pub use quorum_state_data::QuorumStateData;
pub use snapshot_footer_record::SnapshotFooterRecord;
pub use snapshot_header_record::SnapshotHeaderRecord;
pub use voters_record::VotersRecord;

use crate::codec::{Message, MessageSpec};

/// What the declarations in this module say.
pub const SPECS: &[&MessageSpec] = &[
    ConsumerProtocolAssignment::SPEC,
    ConsumerProtocolSubscription::SPEC,
    ControlRecordTypeSchema::SPEC,
    DefaultPrincipalData::SPEC,
    EndTxnMarker::SPEC,
    KRaftVersionRecord::SPEC,
    LeaderChangeMessage::SPEC,
    ProducerSnapshot::SPEC,
    QuorumStateData::SPEC,
    SnapshotFooterRecord::SPEC,
    SnapshotHeaderRecord::SPEC,
    VotersRecord::SPEC,
];
