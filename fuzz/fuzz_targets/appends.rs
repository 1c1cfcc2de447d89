//! Record sets on their way into a log. The input is two bytes of options and parts; each part is a batch, whose length and
//! CRC are put right. What the log takes, it must give back, also after a crash and after a clean stop.

#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use fuzz::parts::{self, Parts};
use fuzz::{batches, corpus, folder, logs};
use libfuzzer_sys::fuzz_target;
use log::{AppendOrigin, Log, LogConfig};
use protocol::records::{Codec, Compression, RecordBatch, TimestampType};
use protocol::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// Bits of the first byte of options.
const COMPACTED: u8 = 1;
const VALIDATE_COMPRESSED: u8 = 2;
const APPEND_TIME: u8 = 4;
/// All parts are one record set, not one each.
const AT_ONCE: u8 = 8;
/// The bits from this one on say who appends; those of the second byte how the topic compresses.
const ORIGIN_SHIFT: u32 = 4;

const ORIGINS: [AppendOrigin; 3] = [AppendOrigin::Client, AppendOrigin::Coordinator, AppendOrigin::Replica];

fuzz_target!(init: corpus::seed("appends", seeds()), |input: &[u8]| {
    let [options, compression, batches @ ..] = input else { return };
    let origin = ORIGINS[usize::from(options >> ORIGIN_SHIFT) % ORIGINS.len()];
    let mut record_sets: Vec<Bytes> = Parts::of(batches).map(batches::repaired).collect();
    if options & AT_ONCE != 0 {
        record_sets = vec![record_sets.concat().into()];
    }

    let folder = folder::new();
    let (log, _) = logs::open(folder.path(), false).expect("an empty folder");
    log.set_config(config(*options, *compression));
    for (record_set, epoch) in record_sets.iter().zip(0..) {
        let before = log.end_offset();
        match log.append(record_set, origin, LeaderEpoch(epoch), logs::NOW_MS) {
            Ok(info) if info.duplicate => assert_eq!(log.end_offset(), before),
            Ok(info) => assert_eq!(log.end_offset(), info.last_offset.plus(1)),
            Err(_) => assert_eq!(log.end_offset(), before),
        }
    }
    let log = Arc::new(log);
    logs::search(&log);
    let appended = Kept::of(&log);
    drop(log);

    let (recovered, report) = logs::open(folder.path(), false).expect("a log after a crash");
    assert_eq!(report.cut, None);
    let recovered = Arc::new(recovered);
    assert_eq!(Kept::of(&recovered), appended);
    recovered.close(logs::NOW_MS).expect("a log that can be closed");
    drop(recovered);

    let (reopened, report) = logs::open(folder.path(), true).expect("a log after a clean stop");
    assert_eq!((report.segments_checked, report.cut), (0, None));
    assert_eq!(Kept::of(&Arc::new(reopened)), appended);
});

fn config(options: u8, compression: u8) -> LogConfig {
    let compression = Compression::ALL.get(usize::from(compression));
    LogConfig {
        cleanup_compact: options & COMPACTED != 0,
        validate_compressed: options & VALIDATE_COMPRESSED != 0,
        timestamp_type: match options & APPEND_TIME {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        },
        compression: compression.map(|(compression, _)| Codec::new(*compression)),
        ..logs::config()
    }
}

/// What a log has to keep over a restart.
#[derive(Debug, PartialEq)]
struct Kept {
    batches: Vec<Bytes>,
    /// Of each producer's batches a snapshot has the last.
    producers: Vec<(ProducerId, ProducerEpoch, Option<log::ProducedBatch>, Option<Offset>)>,
    aborted: Vec<log::AbortedTransaction>,
    epochs: Vec<log::EpochStart>,
}

impl Kept {
    fn of(log: &Arc<Log>) -> Self {
        let batches = logs::read_all(log).expect("a log that can be read");
        for batch in &batches {
            assert_eq!(batch.verify_crc(), Ok(()));
        }
        let rise = |pair: &[RecordBatch]| pair[0].header().next_offset() <= pair[1].header().base_offset;
        assert!(batches.windows(2).all(rise), "offsets that do not rise");
        // A snapshot has one timestamp of a producer: that of its last batch, or of the marker behind it.
        let timeless = |batch: &log::ProducedBatch| log::ProducedBatch { timestamp_ms: 0, ..*batch };
        let producer = |(id, state): (ProducerId, log::ProducerState)| {
            (id, state.epoch, state.last_batch().map(timeless), state.transaction_start)
        };
        let mut producers: Vec<_> = log.producers().into_iter().map(producer).collect();
        producers.sort_by_key(|(id, ..)| *id);
        Self {
            batches: batches.into_iter().map(|batch| batch.bytes().clone()).collect(),
            producers,
            aborted: log.aborted_transactions(log.start_offset(), log.end_offset(), log::Patience::Waits).expect("an index"),
            epochs: log.leader_epochs(),
        }
    }
}

fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let all: Vec<Vec<u8>> = batches::of_each_kind().into_iter().map(|(_, batch)| batch.to_vec()).collect();
    let none = Compression::ALL.len() as u8;
    let options = [
        ("client", [0, none]),
        ("client-strict", [COMPACTED | VALIDATE_COMPRESSED, none]),
        ("client-recompressed", [APPEND_TIME, Compression::Zstd.code()]),
        ("coordinator", [1 << ORIGIN_SHIFT | AT_ONCE, none]),
        ("replica", [2 << ORIGIN_SHIFT, none]),
    ];
    options.into_iter().map(move |(name, options)| (name.to_owned(), parts::join(&options, &all)))
}
