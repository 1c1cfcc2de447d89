//! Records of `__consumer_offsets`, read back at start. The input is parts, two to a record: a byte that says what it is
//! and its key, and its value.

#![no_main]

use broker::groups::{Coordinator, Loader, Now, Settings};
use bytes::Bytes;
use fuzz::parts::{self, Parts};
use fuzz::{batches, corpus, memory, messages};
use libfuzzer_sys::fuzz_target;
use protocol::messages::group_records::{GroupRecordKey, GroupRecordValue};
use protocol::{Offset, ProducerId};

/// Bits of the byte in front of a key.
const TOMBSTONE: u8 = 1;
const IN_TRANSACTION: u8 = 2;
const ENDS_TRANSACTION: u8 = 4;
const COMMITS: u8 = 8;
/// The bits from this one on choose the producer of a transaction.
const PRODUCER_SHIFT: u32 = 4;

/// Deadlines that are waited for.
const MOST_DEADLINES: usize = 32;

/// Memory that a coordinator may hold per byte of records: a group without members takes a few hundred bytes, and the
/// shortest record of one some twenty.
const MEMORY_PER_BYTE: u64 = 512;

const START: Now = Now { timer_ms: 0, unix_ms: batches::TIME_MS };

fuzz_target!(init: corpus::seed("group_replay", seeds()), |input: &[u8]| {
    let limit_bytes = memory::of_decoding(0) * 4 + MEMORY_PER_BYTE * input.len() as u64;
    if let Some(coordinator) = memory::within(limit_bytes, || load(input)) {
        live(coordinator);
    }
});

/// The groups that the records say, unless one is malformed.
fn load(input: &[u8]) -> Option<Coordinator> {
    let mut loader = Loader::new(Settings { group_max_size: 2, ..Settings::default() });
    let mut parts = Parts::of(input);
    for offset in 0.. {
        let Some([what, key @ ..]) = parts.next() else { break };
        let value = parts.next().unwrap_or_default();
        let producer = ProducerId(i64::from(what >> PRODUCER_SHIFT));
        if what & ENDS_TRANSACTION != 0 {
            loader.end_transaction(producer, what & COMMITS != 0);
            continue;
        }
        let transaction = (what & IN_TRANSACTION != 0).then_some(producer);
        let value = (what & TOMBSTONE == 0).then(|| Bytes::copy_from_slice(value));
        loader.record(Offset(offset), transaction, Bytes::copy_from_slice(key), value).ok()?;
    }
    Some(loader.finish(START))
}

/// What becomes of groups that nobody speaks to.
fn live(mut coordinator: Coordinator) {
    for group in coordinator.list_groups(START, &[], &[]) {
        let _ = coordinator.describe_group(&group.group_id, 6);
    }
    let mut now = START;
    for _ in 0..MOST_DEADLINES {
        let Some(deadline_ms) = coordinator.next_deadline_ms() else { break };
        let waited_ms = deadline_ms.saturating_sub(now.timer_ms).max(0);
        now = Now {
            timer_ms: now.timer_ms.saturating_add(waited_ms),
            unix_ms: now.unix_ms.saturating_add(waited_ms),
        };
        coordinator.tick(now);
        let _ = coordinator.take_actions();
    }
    let _ = coordinator.unload(now);
}

/// A record of each kind, alone and all of them.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let records: Vec<(String, [Vec<u8>; 2])> = GroupRecordKey::SPECS
        .iter()
        .zip(GroupRecordValue::SPECS)
        .map(|(key, value)| {
            let version = value.stable_versions().last;
            let id = key.key.unwrap_or_default().to_be_bytes();
            let key_bytes = [&[0], &id[..], &messages::arbitrary(key, 0)].concat();
            let value = [&version.to_be_bytes()[..], &messages::arbitrary(value, version)].concat();
            (key.name.to_owned(), [key_bytes, value])
        })
        .collect();
    let all: Vec<Vec<u8>> = records.iter().flat_map(|(_, parts)| parts.clone()).collect();
    let each = records.into_iter().map(|(name, parts)| (name, parts::join(&[], &parts)));
    each.chain([("all".to_owned(), parts::join(&[], &all))])
}
