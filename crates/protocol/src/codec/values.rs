//! What a schema's types are in Rust, and how each of them is written.
//!
//! | schema | Rust | on the wire |
//! |---|---|---|
//! | `bool`, `int8` … `int64`, `uint16`, `uint32`, `float64` | `bool`, `i8` … `f64` | fixed size, highest byte first |
//! | `uuid` | [`Uuid`] | 16 bytes |
//! | `string` | `String` | length, UTF-8 |
//! | `bytes` | [`Bytes`] | length, bytes |
//! | `records` | the message's `R` | as `bytes` |
//! | `[]T` | `Vec<T>` | element count, elements |
//! | a struct | a struct | its fields, then in flexible versions the tagged fields |
//! | nullable | `Option` | length −1 (flexible: 0); for structs [`NullStruct`] or a byte of 1 |

use bytes::Bytes;
use uuid::Uuid;

use super::decoder::Decoder;
use super::encoder::{Encoder, Records};
use super::error::{DecodeError, Fault, InField, Step};
use super::spec::MessageSpec;

/// What decides how a value is written: the message's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The version of the message.
    pub version: i16,
    /// Whether this version has compact lengths and tagged fields (KIP-482).
    pub flexible: bool,
}

impl Context {
    /// How `spec`'s message is written in `version`, if it has this version.
    pub fn new(spec: &'static MessageSpec, version: i16) -> Result<Self, DecodeError> {
        if !spec.versions.contains(version) {
            return Err(Fault::UnsupportedVersion(i64::from(version)).into());
        }
        Ok(Self { version, flexible: spec.flexible.contains(version) })
    }
}

/// The byte that stands for a struct that is null; before one that is not stands a 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NullStruct(i8);

impl NullStruct {
    /// Among the fields of a struct.
    pub const PLAIN: Self = Self(-1);
    /// As a tagged field, where Kafka writes a varint: `ConsumerGroupMemberMetadataValue` has the only one.
    pub const TAGGED: Self = Self(0);
}

/// A value that can be read.
pub trait Decode: Sized {
    /// Reads the value in a version where it cannot be null.
    fn decode(decoder: &mut Decoder, context: Context) -> Result<Self, DecodeError>;

    /// Reads the value where it can be null; as it is here, it is right for structs.
    fn decode_nullable(
        decoder: &mut Decoder,
        context: Context,
        null: NullStruct,
    ) -> Result<Option<Self>, DecodeError> {
        if decoder.i8()? <= null.0 {
            return Ok(None);
        }
        Self::decode(decoder, context).map(Some)
    }
}

/// A value that can be written into messages whose records lie in an `R`. Writing cannot fail: what a version has no
/// field for is left out, and a null where a version has none is written as the type's empty value.
pub trait Encode<R: Records>: Sized {
    /// Writes the value in a version where it cannot be null.
    fn encode(&self, encoder: &mut Encoder<R>, context: Context);

    /// Writes the value where it can be null; as it is here, it is right for structs.
    fn encode_nullable(value: Option<&Self>, encoder: &mut Encoder<R>, context: Context, null: NullStruct) {
        match value {
            None => encoder.i8(null.0),
            Some(value) => {
                encoder.i8(1);
                value.encode(encoder, context);
            }
        }
    }
}

/// A whole message, as opposed to a struct inside one.
pub trait Message {
    /// What Kafka's schema says about it.
    const SPEC: &'static MessageSpec;

    /// Reads the message in a version it has. Bytes behind it are ignored, as Kafka does.
    fn read(bytes: Bytes, version: i16) -> Result<Self, DecodeError>
    where
        Self: Decode,
    {
        Self::read_from(&mut Decoder::new(bytes), version)
    }

    /// Reads the message from the front of what `decoder` has left.
    fn read_from(decoder: &mut Decoder, version: i16) -> Result<Self, DecodeError>
    where
        Self: Decode,
    {
        Context::new(Self::SPEC, version)
            .and_then(|context| Self::decode(decoder, context))
            .in_message(Self::SPEC.name)
    }

    /// The version of the message that is nearest to `version`.
    #[must_use]
    fn nearest_version(version: i16) -> i16 {
        version.clamp(Self::SPEC.versions.first, Self::SPEC.versions.last)
    }

    /// Writes the message. A version it does not have is written like the nearest one it has: callers take the
    /// version from what they negotiated.
    fn write<R: Records>(&self, encoder: &mut Encoder<R>, version: i16)
    where
        Self: Encode<R>,
    {
        let version = Self::nearest_version(version);
        self.encode(encoder, Context { version, flexible: Self::SPEC.flexible.contains(version) });
    }
}

/// Reads a field that can be null in some versions.
#[inline]
pub(crate) fn decode_option<T: Decode>(
    decoder: &mut Decoder,
    context: Context,
    nullable: bool,
    null: NullStruct,
) -> Result<Option<T>, DecodeError> {
    if nullable { T::decode_nullable(decoder, context, null) } else { T::decode(decoder, context).map(Some) }
}

/// Writes a field that can be null in some versions.
#[inline]
pub(crate) fn encode_option<T: Encode<R> + Default, R: Records>(
    value: Option<&T>,
    nullable: bool,
    null: NullStruct,
    encoder: &mut Encoder<R>,
    context: Context,
) {
    match value {
        _ if nullable => T::encode_nullable(value, encoder, context, null),
        Some(value) => value.encode(encoder, context),
        None => T::default().encode(encoder, context),
    }
}

/// Whether a tagged field has to be written.
#[inline]
pub(crate) fn differs<T: PartialEq>(value: &T, default: T) -> bool {
    *value != default
}

/// Reads a message and writes it again, for the message's spec.
pub(crate) fn reencode<M: Message + Decode + Encode<Bytes>>(
    bytes: Bytes,
    version: i16,
) -> Result<Bytes, DecodeError> {
    let message = M::read(bytes, version)?;
    let mut encoder = Encoder::default();
    message.write(&mut encoder, version);
    Ok(encoder.finish().into_bytes())
}

macro_rules! fixed_size {
    ($($ty:ty),*) => {$(
        impl Decode for $ty {
            #[inline]
            fn decode(decoder: &mut Decoder, _: Context) -> Result<Self, DecodeError> {
                decoder.array().map(Self::from_be_bytes)
            }
        }

        impl<R: Records> Encode<R> for $ty {
            #[inline]
            fn encode(&self, encoder: &mut Encoder<R>, _: Context) {
                encoder.slice(&self.to_be_bytes());
            }
        }
    )*};
}

fixed_size!(i8, i16, u16, i32, u32, i64, f64);

impl Decode for bool {
    #[inline]
    fn decode(decoder: &mut Decoder, _: Context) -> Result<Self, DecodeError> {
        decoder.i8().map(|byte| byte != 0)
    }
}

impl<R: Records> Encode<R> for bool {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<R>, _: Context) {
        encoder.i8(i8::from(*self));
    }
}

impl Decode for Uuid {
    #[inline]
    fn decode(decoder: &mut Decoder, _: Context) -> Result<Self, DecodeError> {
        decoder.uuid()
    }
}

impl<R: Records> Encode<R> for Uuid {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<R>, _: Context) {
        encoder.uuid(self);
    }
}

impl Decode for String {
    #[inline]
    fn decode(decoder: &mut Decoder, context: Context) -> Result<Self, DecodeError> {
        not_null(Self::decode_nullable(decoder, context, NullStruct::PLAIN)?)
    }

    #[inline]
    fn decode_nullable(
        decoder: &mut Decoder,
        context: Context,
        _: NullStruct,
    ) -> Result<Option<Self>, DecodeError> {
        let Some(length) = decoder.string_length(context.flexible)? else { return Ok(None) };
        decoder.text(length).map(Some)
    }
}

impl<R: Records> Encode<R> for String {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<R>, context: Context) {
        Self::encode_nullable(Some(self), encoder, context, NullStruct::PLAIN);
    }

    /// A string longer than the two bytes of its length can say, in versions where there are only two, is cut.
    #[inline]
    fn encode_nullable(value: Option<&Self>, encoder: &mut Encoder<R>, context: Context, _: NullStruct) {
        let text = value.map(|text| match context.flexible {
            true => text.as_str(),
            false => &text[..text.floor_char_boundary(i16::MAX as usize)],
        });
        encoder.string_length(text.map(str::len), context.flexible);
        encoder.slice(text.unwrap_or_default().as_bytes());
    }
}

impl Decode for Bytes {
    #[inline]
    fn decode(decoder: &mut Decoder, context: Context) -> Result<Self, DecodeError> {
        not_null(Self::decode_nullable(decoder, context, NullStruct::PLAIN)?)
    }

    #[inline]
    fn decode_nullable(
        decoder: &mut Decoder,
        context: Context,
        _: NullStruct,
    ) -> Result<Option<Self>, DecodeError> {
        match decoder.length(context.flexible)? {
            None => Ok(None),
            Some(length) => decoder.slice(length).map(Some),
        }
    }
}

impl<R: Records> Encode<R> for Bytes {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<R>, context: Context) {
        Self::encode_nullable(Some(self), encoder, context, NullStruct::PLAIN);
    }

    #[inline]
    fn encode_nullable(value: Option<&Self>, encoder: &mut Encoder<R>, context: Context, _: NullStruct) {
        encoder.length(value.map(Bytes::len), context.flexible);
        encoder.slice(value.map_or(&[], |bytes| bytes));
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(decoder: &mut Decoder, context: Context) -> Result<Self, DecodeError> {
        not_null(Self::decode_nullable(decoder, context, NullStruct::PLAIN)?)
    }

    fn decode_nullable(
        decoder: &mut Decoder,
        context: Context,
        _: NullStruct,
    ) -> Result<Option<Self>, DecodeError> {
        let Some(count) = decoder.length(context.flexible)? else { return Ok(None) };
        let mut elements = decoder.room_for(count)?;
        for index in 0..count {
            elements.push(T::decode(decoder, context).at(Step::Element(index))?);
        }
        Ok(Some(elements))
    }
}

impl<T: Encode<R>, R: Records> Encode<R> for Vec<T> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder<R>, context: Context) {
        Self::encode_nullable(Some(self), encoder, context, NullStruct::PLAIN);
    }

    #[inline]
    fn encode_nullable(value: Option<&Self>, encoder: &mut Encoder<R>, context: Context, _: NullStruct) {
        encoder.length(value.map(Vec::len), context.flexible);
        for element in value.into_iter().flatten() {
            element.encode(encoder, context);
        }
    }
}

#[inline]
fn not_null<T>(value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or_else(|| Fault::Null.into())
}
