//! Messages as seeds, written from the declarations' own descriptions by what the tests of `protocol` use.

use bytes::Bytes;
use protocol::codec::MessageSpec;

#[path = "../../crates/protocol/tests/support/mod.rs"]
mod support;

/// Any number will do: the fuzzer changes the messages anyway.
const SEED: u64 = 7;

/// A message in `version`, with something in nearly every field.
#[must_use]
pub fn arbitrary(spec: &'static MessageSpec, version: i16) -> Bytes {
    support::message(spec, version, SEED)
}

/// Reads a message, and again what it is written as: the second time nothing may change.
///
/// # Panics
/// It changes, or cannot be read the second time.
pub fn read_twice(spec: &MessageSpec, bytes: Bytes, version: i16) {
    let limit_bytes = crate::memory::of_decoding(bytes.len());
    let read = crate::memory::within(limit_bytes, || (spec.reencode)(bytes, version));
    if let Ok(written) = read {
        let again = (spec.reencode)(written.clone(), version);
        assert_eq!(again, Ok(written), "{} version {version}", spec.name);
    }
}
