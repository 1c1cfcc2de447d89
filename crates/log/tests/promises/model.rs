//! A log behaves as a list of records, whatever is done to it in whatever order.

use std::path::Path;

use proptest::prelude::*;

use crate::common::*;
use log::{Log, LogConfig, LogError, ReadUntil};
use protocol::Offset;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u16>),
    Read { from: u16, max_bytes: u16 },
    Roll,
    DeleteBefore(u16),
    DeleteOld,
    Truncate(u16),
    Flush,
    Restart,
    Crash,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec(0u16..400, 1..4).prop_map(Step::Append),
        4 => (any::<u16>(), 0u16..3000).prop_map(|(from, max_bytes)| Step::Read { from, max_bytes }),
        1 => Just(Step::Roll),
        1 => any::<u16>().prop_map(Step::DeleteBefore),
        1 => Just(Step::DeleteOld),
        1 => any::<u16>().prop_map(Step::Truncate),
        1 => Just(Step::Flush),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

/// What the log should hold: each batch's first offset and the sizes of its values.
#[derive(Debug, Default)]
struct Model {
    batches: Vec<(i64, Vec<u16>)>,
    start: i64,
    end: i64,
    flushed: i64,
}

impl Model {
    /// The place that a random number means: now and then one outside the log.
    fn pick(&self, number: u16) -> i64 {
        i64::from(number) % (self.end + 3) - 1
    }

    fn records_from(&self, from: i64) -> Vec<(i64, Vec<u8>)> {
        let whole = self.batches.iter().filter(|(base, sizes)| base + sizes.len() as i64 > from);
        whole.flat_map(|(base, sizes)| (*base..).zip(sizes.iter().map(|size| value(*size)))).collect()
    }
}

fn value(size: u16) -> Vec<u8> {
    vec![size as u8; usize::from(size)]
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 2500,
        index_interval_bytes: 200,
        retention_ms: -1,
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    }
}

fn open(dir: &Path, model: &Model, clean: bool) -> Log {
    let options = log::LogOptions {
        config: config(),
        clean,
        recovery_point: Offset(model.flushed),
        start_offset: Offset(model.start),
        now_ms: NOW_MS,
    };
    let (log, report) = Log::open(dir, options, &files()).unwrap();
    assert_eq!(report.cut, None);
    log.advance_high_watermark(log.end_offset());
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_log_is_a_list_of_records(steps in proptest::collection::vec(any_step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::default();
        let mut log = open(dir.path(), &model, true);
        for step in steps {
            apply(&step, &mut log, &mut model, dir.path());
            assert_eq!((log.start_offset().0, log.end_offset().0), (model.start, model.end), "{step:?}");
            assert_eq!(log.high_watermark().0, model.end);
            let all = records(&read_all(&log, log.start_offset(), 1 << 20));
            assert_eq!(all, model.records_from(model.start), "{step:?}");
        }
        log.close(NOW_MS).unwrap();
        let problems = log::inspect::verify(dir.path(), &mut |problem| panic!("{problem}")).unwrap().problems;
        prop_assert_eq!(problems, 0);
    }
}

fn apply(step: &Step, log: &mut Log, model: &mut Model, dir: &Path) {
    match step {
        Step::Append(sizes) => {
            let values: Vec<_> = sizes.iter().map(|size| value(*size)).collect();
            let values: Vec<_> = values.iter().map(Vec::as_slice).collect();
            let info = append(log, &batch(&values)).unwrap();
            assert_eq!(info.base_offset.0, model.end);
            model.batches.push((model.end, sizes.clone()));
            model.end += sizes.len() as i64;
        }
        Step::Read { from, max_bytes } => read(log, model, model.pick(*from), u32::from(*max_bytes)),
        Step::Roll => {
            log.roll(NOW_MS).unwrap();
        }
        Step::DeleteBefore(number) => {
            let before = model.pick(*number);
            if before <= model.end {
                log.delete_records_before(Offset(before)).unwrap();
                model.start = model.start.max(before);
            } else {
                assert!(log.delete_records_before(Offset(before)).is_err());
            }
        }
        Step::DeleteOld => {
            log.delete_old_segments(NOW_MS).unwrap();
            log.delete_due_files(NOW_MS).unwrap();
        }
        Step::Truncate(number) => {
            let to = model.pick(*number).max(0);
            log.truncate_to(Offset(to), NOW_MS).unwrap();
            truncated(model, to);
        }
        Step::Flush => {
            log.flush(log.end_offset(), NOW_MS).unwrap();
            model.flushed = model.end;
        }
        Step::Restart => {
            log.close(NOW_MS).unwrap();
            model.flushed = model.end;
            *log = open(dir, model, true);
        }
        Step::Crash => *log = open(dir, model, false),
    }
}

fn read(log: &Log, model: &Model, from: i64, max_bytes: u32) {
    let read = log.read(Offset(from), max_bytes, ReadUntil::HighWatermark, true);
    if from < model.start || from > model.end {
        assert!(matches!(read, Err(LogError::OffsetOutOfRange { .. })));
        return;
    }
    let info = read.unwrap();
    let Some(region) = info.region else {
        assert_eq!(from, model.end);
        return;
    };
    let bytes = region.read().unwrap();
    let batches: Vec<_> = protocol::records::Batches::new(bytes.into()).map(Result::unwrap).collect();
    assert!(region.len() <= u64::from(max_bytes) || batches.len() == 1);
    let read = records(&batches);
    assert_eq!(read, model.records_from(from)[..read.len()]);
    assert_eq!(info.next_offset.0, read.last().unwrap().0 + 1);
}

fn truncated(model: &mut Model, to: i64) {
    if to >= model.end {
        return;
    }
    if to <= model.start {
        // Nothing that can be read is left: the log starts anew there.
        (model.start, model.end) = (to, to);
        model.batches.clear();
    } else {
        let kept = model.batches.partition_point(|(base, sizes)| base + sizes.len() as i64 <= to);
        model.end = model.batches[kept].0;
        model.batches.truncate(kept);
        model.start = model.start.min(model.end);
    }
    model.flushed = model.flushed.min(model.end);
}
