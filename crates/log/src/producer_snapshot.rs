//! `.snapshot`: the producers' state before the offset in the file's name.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 2 | version, 1 |
//! | 2 | 4 | CRC-32C of everything after it |
//! | 6 | 4 | number of entries |
//! | 10 | 46 each | producer id 8, epoch 2, last sequence 4, last offset 8, offset delta 4, timestamp 8, coordinator epoch 4, first offset of the open transaction 8 (−1 if none) |
//!
//! Source: Kafka's message schema ProducerSnapshot.

use std::fs;
use std::path::Path;

use protocol::{Offset, ProducerEpoch, ProducerId};

use crate::disk::write_atomically;
use crate::producer_states::{ProducedBatch, ProducerState, ProducerStates};
use crate::{FileKind, LogError};

const VERSION: i16 = 1;
const ENTRIES_AT: usize = 10;
const CRC_COVERS_FROM: usize = 6;
const ENTRY_BYTES: usize = 46;

/// Writes the states as they are before `offset`.
pub(crate) fn write(dir: &Path, offset: Offset, states: &ProducerStates) -> Result<(), LogError> {
    let path = FileKind::ProducerSnapshot.path(dir, offset);
    write_atomically(&path, &encode(states))
}

/// Writes the states as they are before `offset`, without waiting for the disk: a torn snapshot is known by its CRC, and
/// the one before it and the log tell the same.
pub(crate) fn write_unflushed(dir: &Path, offset: Offset, states: &ProducerStates) -> Result<(), LogError> {
    let path = FileKind::ProducerSnapshot.path(dir, offset);
    fs::write(&path, encode(states)).map_err(LogError::io("write", &path))
}

/// Reads a snapshot.
pub(crate) fn read(dir: &Path, offset: Offset) -> Result<ProducerStates, LogError> {
    let path = FileKind::ProducerSnapshot.path(dir, offset);
    let bytes = fs::read(&path).map_err(LogError::io("read", &path))?;
    decode(&bytes).map_err(|(expected, found)| LogError::Damaged { path, position: None, expected, found })
}

fn encode(states: &ProducerStates) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENTRIES_AT + states.len() * ENTRY_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(states.len() as u32).to_be_bytes());
    for (producer_id, state) in states.iter() {
        let unknown = ProducedBatch { last_sequence: -1, last_offset: Offset(-1), ..Default::default() };
        let last = state.last_batch().copied().unwrap_or(unknown);
        bytes.extend_from_slice(&producer_id.0.to_be_bytes());
        bytes.extend_from_slice(&state.epoch.0.to_be_bytes());
        bytes.extend_from_slice(&last.last_sequence.to_be_bytes());
        bytes.extend_from_slice(&last.last_offset.0.to_be_bytes());
        bytes.extend_from_slice(&last.offset_delta.to_be_bytes());
        bytes.extend_from_slice(&state.last_timestamp_ms.to_be_bytes());
        bytes.extend_from_slice(&state.coordinator_epoch.to_be_bytes());
        bytes.extend_from_slice(&state.transaction_start.map_or(-1, |offset| offset.0).to_be_bytes());
    }
    let crc = crc32c::crc32c(&bytes[CRC_COVERS_FROM..]);
    bytes[2..6].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Result<ProducerStates, (&'static str, String)> {
    let Some((head, entries)) = bytes.split_at_checked(ENTRIES_AT) else {
        return Err(("a snapshot of at least 10 bytes", format!("{} bytes", bytes.len())));
    };
    let version = i16::from_be_bytes([head[0], head[1]]);
    if version != VERSION {
        return Err(("snapshot version 1", version.to_string()));
    }
    let stored = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
    let computed = crc32c::crc32c(&bytes[CRC_COVERS_FROM..]);
    if stored != computed {
        return Err(("the CRC of the entries", format!("{stored:#010x}, not {computed:#010x}")));
    }
    let count = u32::from_be_bytes([head[6], head[7], head[8], head[9]]) as usize;
    let (entries, rest) = entries.as_chunks::<ENTRY_BYTES>();
    if entries.len() != count || !rest.is_empty() {
        return Err(("as many entries as the count says", format!("{} of {count}", entries.len())));
    }
    let mut states = ProducerStates::default();
    for entry in entries {
        let (producer_id, state) = decode_entry(entry);
        states.restore(producer_id, state);
    }
    Ok(states)
}

fn decode_entry(entry: &[u8; ENTRY_BYTES]) -> (ProducerId, ProducerState) {
    let long = |at: usize| i64::from_be_bytes(std::array::from_fn(|i| entry[at + i]));
    let int = |at: usize| i32::from_be_bytes(std::array::from_fn(|i| entry[at + i]));
    let last = ProducedBatch {
        last_sequence: int(10),
        last_offset: Offset(long(14)),
        offset_delta: int(22),
        timestamp_ms: long(26),
    };
    let mut state = ProducerState::new(ProducerEpoch(i16::from_be_bytes([entry[8], entry[9]])));
    state.last_timestamp_ms = last.timestamp_ms;
    state.coordinator_epoch = int(34);
    state.transaction_start = (long(38) >= 0).then(|| Offset(long(38)));
    if last.last_offset.0 >= 0 {
        state.add_batch(last);
    }
    (ProducerId(long(0)), state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_damage_is_refused() {
        let mut states = ProducerStates::default();
        let mut state = ProducerState::new(ProducerEpoch(3));
        state.add_batch(ProducedBatch {
            last_sequence: 9,
            last_offset: Offset(100),
            offset_delta: 4,
            timestamp_ms: 77,
        });
        state.last_timestamp_ms = 77;
        state.transaction_start = Some(Offset(96));
        states.restore(ProducerId(5), state.clone());
        states.restore(ProducerId(6), ProducerState::new(ProducerEpoch(0)));

        let bytes = encode(&states);
        assert_eq!(bytes.len(), 10 + 2 * 46);
        let read = decode(&bytes).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read.iter().find(|(id, _)| *id == ProducerId(5)).unwrap().1, &state);

        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged).is_err(), "byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
