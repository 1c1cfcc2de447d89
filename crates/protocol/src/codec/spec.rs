//! What a declaration says about itself, to be held against Kafka's schemas and to drive generic tests.

use bytes::Bytes;

use super::error::DecodeError;

/// Everything a declaration says.
#[derive(Debug)]
pub struct MessageSpec {
    /// Kafka's name of the message.
    pub name: &'static str,
    /// What the message is for.
    pub kind: Kind,
    /// The API key of requests and responses, the record id of metadata and coordinator records.
    pub key: Option<i16>,
    /// The versions there are.
    pub versions: Versions,
    /// The versions with compact lengths and tagged fields.
    pub flexible: Versions,
    /// Whether the last version is still subject to change, and therefore not offered to peers.
    pub latest_unstable: bool,
    /// The message's own fields first, then the structs inside it.
    pub structs: &'static [StructSpec],
    /// Decodes a message and encodes it again in the same version.
    pub reencode: fn(body: Bytes, version: i16) -> Result<Bytes, DecodeError>,
}

impl MessageSpec {
    /// The versions that peers may rely on.
    #[must_use]
    pub const fn stable_versions(&self) -> Versions {
        let unstable = if self.latest_unstable { 1 } else { 0 };
        Versions { first: self.versions.first, last: self.versions.last - unstable }
    }
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Asked of a server.
    Request,
    /// The answer.
    Response,
    /// In front of every request or response.
    Header,
    /// A record of `__cluster_metadata`, or one of the remote log's metadata.
    Metadata,
    /// The key of a record of a coordinator.
    Key,
    /// The value of a record of a coordinator.
    Value,
    /// Anything else, say the content of a control record.
    Data,
}

impl Kind {
    pub(crate) const fn of(word: &str) -> Self {
        match word.as_bytes() {
            b"request" => Self::Request,
            b"response" => Self::Response,
            b"header" => Self::Header,
            b"metadata" => Self::Metadata,
            b"key" => Self::Key,
            b"value" => Self::Value,
            b"data" => Self::Data,
            _ => panic!("a declaration of an unknown kind"),
        }
    }
}

/// The fields of a message or of a struct inside it.
#[derive(Debug)]
pub struct StructSpec {
    /// Kafka's name.
    pub name: &'static str,
    /// In the order of the wire.
    pub fields: &'static [FieldSpec],
}

/// One field.
#[derive(Debug)]
pub struct FieldSpec {
    /// Kafka's name in snake case.
    pub name: &'static str,
    /// The type in Rust; `Option` where any version can be null, `R` for records.
    pub ty: &'static str,
    /// The versions of the message that have the field.
    pub versions: Versions,
    /// The number under which the field travels among the tagged fields.
    pub tag: Option<u32>,
    /// The versions in which the field can be null.
    pub nullable: Versions,
    /// The versions in which the field has a compact length, if not the message's own.
    pub flexible: Option<Versions>,
    /// The value in versions without the field, as an expression, if not the type's own default.
    pub default: Option<&'static str>,
}

/// A range of versions; empty where `first` is above `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first version in the range.
    pub first: i16,
    /// The last version in the range, [`i16::MAX`] where it is open.
    pub last: i16,
}

impl Versions {
    /// No version at all.
    pub const NONE: Self = Self { first: 0, last: -1 };

    /// Whether `version` is in the range.
    #[inline]
    #[must_use]
    pub const fn contains(self, version: i16) -> bool {
        self.first <= version && version <= self.last
    }

    /// Whether no version is in the range.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// All versions of a range that has an end.
    pub fn iter(self) -> impl Iterator<Item = i16> {
        self.first..=self.last
    }
}
