//! ProducerSnapshot.

use crate::codec::message;

message! {
    ProducerSnapshot: data, versions [1], flexible [none] {
        crc: u32 [1];
        producer_entries: Vec<ProducerEntry> [1];
    }
    ProducerEntry {
        producer_id: i64 [1];
        epoch: i16 [1];
        last_sequence: i32 [1];
        last_offset: i64 [1];
        offset_delta: i32 [1];
        timestamp: i64 [1];
        coordinator_epoch: i32 [1];
        current_txn_first_offset: i64 [1];
    }
}
