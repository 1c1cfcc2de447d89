//! What stands around a message when it is the value or the key of a record: which kind of record and which version.
//!
//! Metadata records (`__cluster_metadata` and the remote log's metadata): frame version 1, record id and version, all
//! unsigned varints, then the message. Coordinator records (`__consumer_offsets`, `__transaction_state`,
//! `__share_group_state`): the key begins with the record id and the value with its version, two bytes each.

use bytes::Bytes;

use super::decoder::Decoder;
use super::encoder::Encoder;
use super::error::{DecodeError, Fault};
use super::values::{Encode, Message};

/// The only version there is of what stands in front of a metadata record's message.
const METADATA_FRAME_VERSION: u32 = 1;

/// An enum of metadata records, one variant for each.
macro_rules! metadata_records {
    ($(#[$doc:meta])* $enum:ident { $($variant:ident($module:ident::$record:ident),)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $enum {
            $(#[allow(missing_docs, reason = "says what the type says")] $variant($module::$record),)*
        }

        impl $enum {
            /// What the declarations say, one for each kind.
            pub const SPECS: &[&$crate::codec::MessageSpec] =
                &[$(<$module::$record as $crate::codec::Message>::SPEC,)*];

            /// Kafka's description of this kind of record.
            #[must_use]
            pub fn spec(&self) -> &'static $crate::codec::MessageSpec {
                match self { $(Self::$variant(_) => <$module::$record as $crate::codec::Message>::SPEC,)* }
            }

            /// Reads the whole value of a record, and tells the version it was written in.
            pub fn decode(value: ::bytes::Bytes) -> Result<(Self, i16), $crate::codec::DecodeError> {
                let (id, version, mut rest) = $crate::codec::record_values::begin_metadata_value(value)?;
                let record = match id {
                    $(_ if Some(id) == <$module::$record as $crate::codec::Message>::SPEC.key => {
                        $crate::codec::Message::read_from(&mut rest, version).map(Self::$variant)
                    })*
                    _ => Err($crate::codec::Fault::UnknownRecord(i64::from(id)).into()),
                }?;
                $crate::codec::record_values::end(&rest)?;
                Ok((record, version))
            }

            /// The value of a record in a version that this kind has.
            #[must_use]
            pub fn encode(&self, version: i16) -> ::bytes::Bytes {
                match self {
                    $(Self::$variant(record) => $crate::codec::record_values::metadata_value(record, version),)*
                }
            }
        }

        $(impl From<$module::$record> for $enum {
            fn from(record: $module::$record) -> Self {
                Self::$variant(record)
            }
        })*
    };
}

/// Two enums of a coordinator's records, keys and values, one variant for each kind.
macro_rules! coordinator_records {
    (
        $(#[$key_doc:meta])* $keys:ident,
        $(#[$value_doc:meta])* $values:ident,
        { $($variant:ident($module:ident::{$key:ident, $value:ident}),)* }
    ) => {
        $(#[$key_doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $keys {
            $(#[allow(missing_docs, reason = "says what the type says")] $variant($module::$key),)*
        }

        $(#[$value_doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $values {
            $(#[allow(missing_docs, reason = "says what the type says")] $variant($module::$value),)*
        }

        impl $keys {
            /// What the declarations say, one for each kind.
            pub const SPECS: &[&$crate::codec::MessageSpec] =
                &[$(<$module::$key as $crate::codec::Message>::SPEC,)*];

            /// Reads the whole key of a record.
            pub fn decode(key: ::bytes::Bytes) -> Result<Self, $crate::codec::DecodeError> {
                let mut rest = $crate::codec::Decoder::new(key);
                let id = rest.i16()?;
                let key = match id {
                    $(_ if Some(id) == <$module::$key as $crate::codec::Message>::SPEC.key => {
                        $crate::codec::Message::read_from(&mut rest, 0).map(Self::$variant)
                    })*
                    _ => Err($crate::codec::Fault::UnknownRecord(i64::from(id)).into()),
                }?;
                $crate::codec::record_values::end(&rest)?;
                Ok(key)
            }

            /// The key of a record.
            #[must_use]
            pub fn encode(&self) -> ::bytes::Bytes {
                match self { $(Self::$variant(key) => $crate::codec::record_values::coordinator_key(key),)* }
            }

            /// Reads the whole value of the record with this key, and tells the version it was written in.
            pub fn decode_value(
                &self,
                value: ::bytes::Bytes,
            ) -> Result<($values, i16), $crate::codec::DecodeError> {
                let mut rest = $crate::codec::Decoder::new(value);
                let version = rest.i16()?;
                let value = match self {
                    $(Self::$variant(_) => {
                        $crate::codec::Message::read_from(&mut rest, version).map($values::$variant)
                    })*
                }?;
                $crate::codec::record_values::end(&rest)?;
                Ok((value, version))
            }
        }

        impl $values {
            /// What the declarations say, one for each kind.
            pub const SPECS: &[&$crate::codec::MessageSpec] =
                &[$(<$module::$value as $crate::codec::Message>::SPEC,)*];

            /// The value of a record in a version that this kind has.
            #[must_use]
            pub fn encode(&self, version: i16) -> ::bytes::Bytes {
                match self {
                    $(Self::$variant(value) => $crate::codec::record_values::coordinator_value(value, version),)*
                }
            }
        }

        $(
            impl From<$module::$key> for $keys {
                fn from(key: $module::$key) -> Self {
                    Self::$variant(key)
                }
            }

            impl From<$module::$value> for $values {
                fn from(value: $module::$value) -> Self {
                    Self::$variant(value)
                }
            }
        )*
    };
}

pub(crate) use {coordinator_records, metadata_records};

/// The record id, the version, and what is behind them.
pub(crate) fn begin_metadata_value(value: Bytes) -> Result<(i16, i16, Decoder), DecodeError> {
    let mut decoder = Decoder::new(value);
    let frame_version = decoder.uvarint()?;
    if frame_version != METADATA_FRAME_VERSION {
        return Err(Fault::UnknownFrameVersion(frame_version).into());
    }
    let id = decoder.uvarint()?;
    let version = decoder.uvarint()?;
    let id = i16::try_from(id).map_err(|_| Fault::UnknownRecord(i64::from(id)))?;
    let version = i16::try_from(version).map_err(|_| Fault::UnsupportedVersion(i64::from(version)))?;
    Ok((id, version, decoder))
}

pub(crate) fn metadata_value<M: Message + Encode<Bytes>>(record: &M, version: i16) -> Bytes {
    let version = M::nearest_version(version);
    let mut encoder = Encoder::<Bytes>::default();
    encoder.uvarint(METADATA_FRAME_VERSION);
    encoder.uvarint(u32::from(M::SPEC.key.unwrap_or_default().unsigned_abs()));
    encoder.uvarint(u32::from(version.unsigned_abs()));
    record.write(&mut encoder, version);
    encoder.finish().into_bytes()
}

pub(crate) fn coordinator_key<M: Message + Encode<Bytes>>(key: &M) -> Bytes {
    let mut encoder = Encoder::<Bytes>::default();
    encoder.i16(M::SPEC.key.unwrap_or_default());
    key.write(&mut encoder, M::SPEC.versions.first);
    encoder.finish().into_bytes()
}

pub(crate) fn coordinator_value<M: Message + Encode<Bytes>>(value: &M, version: i16) -> Bytes {
    let version = M::nearest_version(version);
    let mut encoder = Encoder::<Bytes>::default();
    encoder.i16(version);
    value.write(&mut encoder, version);
    encoder.finish().into_bytes()
}

/// A record's key or value ends where its message does.
pub(crate) fn end(decoder: &Decoder) -> Result<(), DecodeError> {
    match decoder.remaining() {
        0 => Ok(()),
        left => Err(Fault::BytesLeftOver(left).into()),
    }
}
