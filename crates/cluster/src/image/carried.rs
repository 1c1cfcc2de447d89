//! Records that nothing here makes use of. They are carried along, because a snapshot stands for the whole log, and the
//! next to read it may be Apache Kafka.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::messages::metadata_records::{ClientQuotaRecord, MetadataRecord};
use uuid::Uuid;

/// The last record about each thing that nothing here makes use of. Cloning shares everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried(Arc<BTreeMap<Subject, MetadataRecord>>);

/// What a record is about: a later one about the same thing takes its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Controller(i32),
    ClientQuota { entity: Vec<(String, Option<String>)>, key: String },
    AccessControlEntry(Uuid),
    UserScramCredential { user: String, mechanism: i8 },
    DelegationToken(String),
}

impl Carried {
    /// Keeps the record, or forgets the one that it removes. Records about nothing that lasts change nothing.
    pub(crate) fn apply(&mut self, record: MetadataRecord) {
        let Some((subject, lasts)) = Subject::of(&record) else { return };
        let carried = Arc::make_mut(&mut self.0);
        if lasts {
            carried.insert(subject, record);
        } else {
            carried.remove(&subject);
        }
    }

    /// The records, each of which stands for itself.
    pub(crate) fn records(&self) -> impl Iterator<Item = &MetadataRecord> {
        self.0.values()
    }
}

impl Subject {
    /// What the record is about, and whether it says that the thing is there.
    fn of(record: &MetadataRecord) -> Option<(Self, bool)> {
        let credential =
            |user: &str, mechanism| Self::UserScramCredential { user: user.to_owned(), mechanism };
        Some(match record {
            MetadataRecord::RegisterController(record) => (Self::Controller(record.controller_id), true),
            MetadataRecord::ClientQuota(record) => (Self::of_quota(record), !record.remove),
            MetadataRecord::AccessControlEntry(record) => (Self::AccessControlEntry(record.id), true),
            MetadataRecord::RemoveAccessControlEntry(record) => (Self::AccessControlEntry(record.id), false),
            MetadataRecord::UserScramCredential(record) => (credential(&record.name, record.mechanism), true),
            MetadataRecord::RemoveUserScramCredential(record) => {
                (credential(&record.name, record.mechanism), false)
            }
            MetadataRecord::DelegationToken(record) => (Self::DelegationToken(record.token_id.clone()), true),
            MetadataRecord::RemoveDelegationToken(record) => {
                (Self::DelegationToken(record.token_id.clone()), false)
            }
            _ => return None,
        })
    }

    fn of_quota(record: &ClientQuotaRecord) -> Self {
        let parts = record.entity.iter().map(|part| (part.entity_type.clone(), part.entity_name.clone()));
        let mut entity: Vec<_> = parts.collect();
        entity.sort();
        Self::ClientQuota { entity, key: record.key.clone() }
    }
}
