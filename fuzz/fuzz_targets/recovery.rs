//! A partition's directory as a crash, a bad disk or another program may leave it. The input is two bytes of options and
//! parts; each part is a byte that chooses what it is, a byte that chooses an offset, and bytes that go behind those that
//! the file of that kind and offset has.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fuzz::parts::{self, Parts};
use fuzz::{batches, corpus, folder, logs};
use libfuzzer_sys::fuzz_target;
use log::{AppendOrigin, FileKind, Log, LogOptions, OpenFiles};
use protocol::records::RecordBatch;
use protocol::{LeaderEpoch, Offset};

/// What a part is. Batches and snapshots come as they are, or with the lengths and CRCs put right.
const KINDS: [fn(&Path, Offset, &[u8]); 8] = [
    |folder, base, bytes| append(&FileKind::Log.path(folder, base), bytes),
    |folder, base, bytes| append(&FileKind::Log.path(folder, base), &batches::repaired(bytes)),
    |folder, base, bytes| append(&FileKind::OffsetIndex.path(folder, base), bytes),
    |folder, base, bytes| append(&FileKind::TimeIndex.path(folder, base), bytes),
    |folder, base, bytes| append(&FileKind::TransactionIndex.path(folder, base), bytes),
    |folder, base, bytes| append(&FileKind::ProducerSnapshot.path(folder, base), bytes),
    |folder, base, bytes| {
        append(&FileKind::ProducerSnapshot.path(folder, base), &batches::repaired_snapshot(bytes))
    },
    |folder, _, bytes| append(&folder.join("leader-epoch-checkpoint"), bytes),
];

/// The offsets that a part can choose from: near, far and farthest.
const OFFSETS: [i64; 8] = [0, 1, 2, 5, 9, 1_000, i64::MAX - 4, i64::MAX];

fuzz_target!(init: corpus::seed("recovery", seeds()), |input: &[u8]| {
    let [recovery_point, start_offset, files @ ..] = input else { return };
    let folder = folder::new();
    lay_down(folder.path(), files);
    recovers(folder.path());

    // Where a clean stop is claimed, or only a part is checked, nothing is promised but that nobody panics.
    for clean in [true, false] {
        let folder = folder::new();
        lay_down(folder.path(), files);
        let options = LogOptions {
            config: logs::config(),
            clean,
            recovery_point: offset(*recovery_point),
            start_offset: offset(*start_offset),
            now_ms: logs::NOW_MS,
        };
        if let Ok((log, _)) = Log::open(folder.path(), options, &OpenFiles::new(logs::OPEN_FILES)) {
            use_up(&log);
        }
    }
});

/// A crash costs what is not intact and what is behind it, and nothing else; the log goes on from there.
fn recovers(folder: &Path) {
    let intact = intact_batches(folder);
    let (log, _) = logs::open(folder, false).expect("a log after a crash");
    let log = Arc::new(log);
    let found = logs::read_all(&log).expect("a log that was just checked");
    assert!(found.len() >= intact.len(), "an intact batch was cut off");
    for (found, intact) in found.iter().zip(&intact) {
        assert_eq!(found.bytes(), intact.bytes());
    }
    assert!(found.iter().all(|batch| batch.verify_crc().is_ok()));
    logs::search(&log);
    let end_offset = log.end_offset();
    drop(log);

    let (again, report) = logs::open(folder, false).expect("a log after a second crash");
    assert_eq!((again.end_offset(), report.cut), (end_offset, None));
    use_up(&again);
}

/// Everything that a broker does with a log, ending with a clean stop.
fn use_up(log: &Log) {
    logs::search(log);
    let batch = batches::of_value(b"value");
    let _ = log.append(&batch, AppendOrigin::Client, LeaderEpoch(9), logs::NOW_MS);
    let _ = log.roll(logs::NOW_MS);
    log.advance_high_watermark(log.end_offset());
    let _ = log.delete_records_before(Offset(log.start_offset().0 / 2 + log.end_offset().0 / 2));
    let _ = log.delete_old_segments(logs::NOW_MS);
    logs::search(log);
    let _ = log.truncate_to(Offset(log.end_offset().0 / 2), logs::NOW_MS);
    let _ = log.append(&batch, AppendOrigin::Client, LeaderEpoch(9), logs::NOW_MS);
    let _ = log.flush(log.end_offset(), logs::NOW_MS);
    let _ = log.delete_due_files(i64::MAX);
    let _ = log.close(logs::NOW_MS);
}

fn lay_down(folder: &Path, files: &[u8]) {
    for part in Parts::of(files) {
        let [kind, base, bytes @ ..] = part else { continue };
        KINDS[usize::from(*kind) % KINDS.len()](folder, offset(*base), bytes);
    }
}

fn offset(choice: u8) -> Offset {
    Offset(OFFSETS[usize::from(choice) % OFFSETS.len()])
}

fn append(path: &Path, bytes: &[u8]) {
    let mut whole = fs::read(path).unwrap_or_default();
    whole.extend(bytes);
    fs::write(path, whole).expect("a file in memory");
}

/// The batches of the first segments, up to the first byte that is not part of an intact batch.
fn intact_batches(folder: &Path) -> Vec<RecordBatch> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let segments: BTreeMap<Offset, Bytes> = names
        .filter_map(|name| match FileKind::parse(name.to_str()?)? {
            (base, FileKind::Log) => Some((base, fs::read(folder.join(name)).ok()?.into())),
            _ => None,
        })
        .collect();
    let mut intact = Vec::new();
    for (base, mut bytes) in segments.clone() {
        let next_base = segments
            .range(base.plus(i64::from(base.0 < i64::MAX))..)
            .map(|(base, _)| *base)
            .find(|b| *b > base);
        let mut next_offset = base;
        while !bytes.is_empty() {
            let Ok(batch) = RecordBatch::take_from(&mut bytes) else { return intact };
            let header = *batch.header();
            let in_place = header.base_offset >= next_offset
                && header.last_offset().0 - base.0 <= i64::from(i32::MAX)
                && next_base.is_none_or(|next| header.last_offset() < next);
            if !in_place || batch.verify_crc().is_err() {
                return intact;
            }
            next_offset = header.next_offset();
            intact.push(batch);
        }
    }
    intact
}

/// The files of a log with a transaction and several segments, as they are and each on its own.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let folder = folder::new();
    let (log, _) = logs::open(folder.path(), false).expect("an empty folder");
    for (index, (_, batch)) in batches::of_each_kind().iter().enumerate() {
        let _ = log.append(batch, AppendOrigin::Coordinator, LeaderEpoch(index as i32 / 3), logs::NOW_MS);
        if index % 4 == 1 {
            log.roll(logs::NOW_MS).expect("a folder in memory");
        }
    }
    log.close(logs::NOW_MS).expect("a folder in memory");
    let parts = parts_of(folder.path());
    let each = parts.clone().into_iter().enumerate();
    let each = each.map(|(index, part)| (format!("file-{index}"), parts::join(&[0, 0], &[part])));
    each.chain([("log".to_owned(), parts::join(&[0, 0], &parts))])
}

/// What [`lay_down`] makes these files of.
fn parts_of(folder: &Path) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    for name in names {
        let bytes = fs::read(folder.join(&name)).expect("a file");
        let (base, kind) = match name.to_str().and_then(FileKind::parse) {
            Some((base, FileKind::Log)) => {
                let mut rest = Bytes::from(bytes);
                while let Ok(batch) = RecordBatch::take_from(&mut rest) {
                    parts.push([&[1, choice(base)], &batch.bytes()[..]].concat());
                }
                continue;
            }
            Some((base, FileKind::OffsetIndex)) => (base, 2),
            Some((base, FileKind::TimeIndex)) => (base, 3),
            Some((base, FileKind::TransactionIndex)) => (base, 4),
            Some((base, FileKind::ProducerSnapshot)) => (base, 6),
            None => (Offset(0), 7),
        };
        parts.push([&[kind, choice(base)], &bytes[..]].concat());
    }
    parts
}

/// The choice that comes nearest to an offset.
fn choice(offset: Offset) -> u8 {
    OFFSETS.iter().rposition(|known| *known <= offset.0).unwrap_or(0) as u8
}
