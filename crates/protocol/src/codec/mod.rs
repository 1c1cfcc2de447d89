//! How values become bytes and bytes values.
//!
//! `decoder` and `encoder` know Kafka's primitive encodings, `values` says how each type of a schema uses them,
//! `declare` turns one declaration into a struct with both directions, and `spec` is what a declaration says about
//! itself at run time.

mod declare;
mod decoder;
mod encoder;
mod error;
pub(crate) mod record_values;
mod spec;
mod values;

pub(crate) use declare::{
    decode_field, decode_tagged_field, decode_value, default_value, encode_field, encode_tagged_field,
    encode_value, field_context, message, optional, records_in_frame, structs, versions,
};
pub use decoder::Decoder;
pub use encoder::{Encoder, Frame, Part, Records};
pub use error::{DecodeError, Fault, Step};
pub use spec::{FieldSpec, Kind, MessageSpec, StructSpec, Versions};
pub use values::{Context, Decode, Encode, Message, NullStruct};

pub(crate) use error::InField;
pub(crate) use values::{decode_option, differs, encode_option, reencode};
