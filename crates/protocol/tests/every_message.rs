//! What holds for every message in every version. The messages are written from the declarations' own descriptions,
//! which `cargo xtask schema` holds against Kafka's schemas.

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use protocol::codec::MessageSpec;
use protocol::messages;

use support::Arbitrary;

/// Memory that reading a message and writing it again may hold at its peak, per byte of input: what values may take, and
/// the bytes they are written to, in a buffer that doubles.
const PEAK_BYTES_PER_BYTE: u64 = 16 + 4;

/// What it may hold apart from that: what values of short messages may take, the message's own fields, and an error with
/// its path.
const PEAK_BYTES_BASE: u64 = 16 * 1024 + 4096;

fn every_version() -> impl Iterator<Item = (&'static MessageSpec, i16)> {
    messages::all().flat_map(|spec| spec.versions.iter().map(move |version| (spec, version)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_message_that_is_read_and_written_again_has_the_same_bytes(seed: u64) {
        for (spec, version) in every_version() {
            let bytes = support::message(spec, version, seed);
            let again = (spec.reencode)(bytes.clone(), version);
            prop_assert_eq!(again.as_ref(), Ok(&bytes), "{} version {}", spec.name, version);
        }
    }

    #[test]
    fn tagged_fields_that_nobody_knows_are_skipped(seed: u64) {
        for (spec, version) in every_version() {
            let known = support::message(spec, version, seed);
            let more = support::message_with_unknown_tags(spec, version, seed);
            prop_assert_eq!((spec.reencode)(more, version), Ok(known), "{} version {}", spec.name, version);
        }
    }

    #[test]
    fn no_beginning_of_a_message_is_a_message(seed: u64) {
        for (spec, version) in every_version() {
            let bytes = support::message(spec, version, seed);
            let cut = Arbitrary(seed).below(bytes.len().max(1) as u64) as usize;
            if cut < bytes.len() {
                let error = (spec.reencode)(bytes.slice(..cut), version);
                prop_assert!(error.is_err(), "{} version {} cut to {} bytes", spec.name, version, cut);
            }
        }
    }

    #[test]
    fn damaged_messages_neither_panic_nor_take_much_memory(seed: u64) {
        for (spec, version) in every_version() {
            let mut bytes = support::message(spec, version, seed).to_vec();
            damage(&mut bytes, seed);
            read_within_bounds(spec, version, bytes.into());
        }
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_take_much_memory(bytes in prop::collection::vec(hostile_byte(), 0..600)) {
        let bytes = Bytes::from(bytes);
        for (spec, version) in every_version() {
            read_within_bounds(spec, version, bytes.clone());
        }
    }
}

#[test]
fn counts_that_claim_more_than_there_is_reserve_nothing() {
    // In flexible versions the first is a count of 268 million, in others 0x7f… is one of two billion.
    for start in [&[0xff, 0xff, 0xff, 0x7f][..], &[0x7f, 0xff, 0xff, 0xff][..]] {
        for padding in [0, 1, 2, 4, 8, 16] {
            let mut bytes = vec![1; padding];
            bytes.extend_from_slice(start);
            bytes.resize(200, 1);
            let bytes = Bytes::from(bytes);
            for (spec, version) in every_version() {
                read_within_bounds(spec, version, bytes.clone());
            }
        }
    }
}

#[test]
fn arrays_of_the_smallest_elements_take_memory_in_proportion() {
    // A compact count of 3967, and then as many of what is shortest: empty strings and arrays, zeros.
    for (padding, filler) in (0..20).flat_map(|padding| [(padding, 0), (padding, 1)]) {
        let mut bytes = vec![filler; padding];
        bytes.extend_from_slice(&[0x80, 0x1f]);
        bytes.resize(4000, filler);
        let bytes = Bytes::from(bytes);
        for (spec, version) in every_version() {
            read_within_bounds(spec, version, bytes.clone());
        }
    }
}

/// Bytes that lengths and counts are made of come up often.
fn hostile_byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), Just(0), Just(1), Just(2), Just(0x7f), Just(0x80), Just(0xff)]
}

/// Changes a few bytes anywhere.
fn damage(bytes: &mut [u8], seed: u64) {
    let mut arbitrary = Arbitrary(seed);
    for _ in 0..=arbitrary.below(3) {
        let at = arbitrary.below(bytes.len().max(1) as u64) as usize;
        if let Some(byte) = bytes.get_mut(at) {
            *byte = [0, 1, 0x7f, 0x80, 0xff, arbitrary.next() as u8][arbitrary.below(6) as usize];
        }
    }
}

fn read_within_bounds(spec: &MessageSpec, version: i16, bytes: Bytes) {
    let size = bytes.len() as u64;
    let memory = allocation_counter::measure(|| {
        // Damage may leave a message that is one: whether it is does not matter here.
        let _ = (spec.reencode)(bytes, version);
    });
    let bound = PEAK_BYTES_BASE + PEAK_BYTES_PER_BYTE * size;
    assert!(
        memory.bytes_max <= bound,
        "{} version {version}: {} bytes for {size}",
        spec.name,
        memory.bytes_max
    );
}
