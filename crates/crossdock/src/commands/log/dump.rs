//! What is in a log's files, as text and as JSON.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};
use client::ConsumedRecord;
use log::inspect::{self, PlacedRecords};
use log::{FileKind, PartitionDir, ProducerState};
use protocol::records::{BatchHeader, ControlType, RecordBatch, TimestampType};
use protocol::{Offset, ProducerId};
use serde_json::{Value, json};

use crate::records_out::{Format, to_json};
use crate::times::iso;
use crate::units::bytes;

/// How files are printed.
pub(super) struct Dump {
    /// How records are printed, if they are.
    pub(super) records: Option<Format>,
    pub(super) json: bool,
}

impl Dump {
    /// Prints one file.
    pub(super) fn file(&self, path: &Path, out: &mut impl Write) -> anyhow::Result<()> {
        let Some(kind) = super::kind(path) else {
            bail!(
                "{} is no file of a log: these are named by 20 digits and .log, .index, .timeindex, .txnindex or \\
                   .snapshot",
                path.display()
            );
        };
        if self.records.is_some() && kind != FileKind::Log {
            return Ok(());
        }
        if !self.json {
            writeln!(out, "{}", path.display())?;
        }
        match kind {
            FileKind::Log => {
                for placed in inspect::segment(path)? {
                    self.batch(path, &placed?, out)?;
                }
            }
            FileKind::OffsetIndex => {
                for entry in inspect::offset_index(path)? {
                    let entry = entry?;
                    let (offset, position) = (entry.offset.0, entry.position.0);
                    let json = json!({"offset": offset, "position": position});
                    self.entry(path, json, &format!("offset {offset} at byte {position}"), out)?;
                }
            }
            FileKind::TimeIndex => {
                for entry in inspect::time_index(path)? {
                    let entry = entry?;
                    let json = json!({"timestamp": entry.timestamp_ms, "offset": entry.offset.0});
                    let text = format!("{} up to offset {}", iso(entry.timestamp_ms), entry.offset);
                    self.entry(path, json, &text, out)?;
                }
            }
            FileKind::TransactionIndex => {
                for entry in inspect::transaction_index(path)? {
                    let json = json!({
                        "producer_id": entry.producer_id.0,
                        "first_offset": entry.first_offset.0,
                        "last_offset": entry.last_offset.0,
                        "last_stable_offset": entry.last_stable_offset.0,
                    });
                    let text = format!(
                        "producer {} aborted offsets {} to {}, last stable offset {}",
                        entry.producer_id, entry.first_offset, entry.last_offset, entry.last_stable_offset
                    );
                    self.entry(path, json, &text, out)?;
                }
            }
            FileKind::ProducerSnapshot => {
                for (id, state) in inspect::producer_snapshot(path)? {
                    self.producer(path, id, &state, out)?;
                }
            }
        }
        Ok(())
    }

    fn entry(&self, path: &Path, mut json: Value, text: &str, out: &mut impl Write) -> io::Result<()> {
        if !self.json {
            return writeln!(out, "  {text}");
        }
        if let Some(object) = json.as_object_mut() {
            object.shift_insert(0, "file".to_owned(), json!(path.display().to_string()));
        }
        writeln!(out, "{json}")
    }

    fn batch(&self, path: &Path, placed: &PlacedRecords, out: &mut impl Write) -> anyhow::Result<()> {
        let header = placed.batch.header();
        if let Some(format) = &self.records {
            return self
                .records(path, &placed.batch, format, out)
                .with_context(|| format!("{} at byte {}", path.display(), placed.position));
        }
        let attributes = header.attributes;
        let json = json!({
            "position": placed.position,
            "base_offset": header.base_offset.0,
            "last_offset": header.last_offset().0,
            "records": header.record_count,
            "bytes": header.size_bytes(),
            "compression": attributes.compression()?.name(),
            "timestamp_type": match attributes.timestamp_type() {
                TimestampType::CreateTime => "CreateTime",
                TimestampType::LogAppendTime => "LogAppendTime",
            },
            "base_timestamp": header.base_timestamp_ms,
            "max_timestamp": header.max_timestamp_ms,
            "leader_epoch": header.leader_epoch.0,
            "producer_id": header.producer_id.0,
            "producer_epoch": header.producer_epoch.0,
            "base_sequence": header.base_sequence,
            "transactional": attributes.is_transactional(),
            "control": attributes.is_control(),
        });
        let text = describe(&placed.batch, placed.position)?;
        Ok(self.entry(path, json, &text, out)?)
    }

    /// Prints the records of a batch, but for control records, which are nobody's data.
    fn records(
        &self,
        path: &Path,
        batch: &RecordBatch,
        format: &Format,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        if batch.header().attributes.is_control() {
            return Ok(());
        }
        batch.verify_crc()?;
        let mut records = Vec::new();
        ConsumedRecord::decode_from(batch, Offset::ZERO, &mut records)?;
        let (topic, partition) = topic_and_partition(path);
        for record in &records {
            if self.json {
                writeln!(out, "{}", to_json(&topic, partition, record))?;
            } else {
                format.write(out, &topic, partition, record)?;
            }
        }
        Ok(())
    }

    fn producer(
        &self,
        path: &Path,
        id: ProducerId,
        state: &ProducerState,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let last = state.last_batch();
        let json = json!({
            "producer_id": id.0,
            "producer_epoch": state.epoch.0,
            "last_sequence": last.map(|batch| batch.last_sequence),
            "last_offset": last.map(|batch| batch.last_offset.0),
            "last_timestamp": state.last_timestamp_ms,
            "transaction_start": state.transaction_start.map(|offset| offset.0),
        });
        let mut text = format!("producer {id} epoch {} at {}", state.epoch, iso(state.last_timestamp_ms));
        if let Some(batch) = last {
            text += &format!(", sequence {} is offset {}", batch.last_sequence, batch.last_offset);
        }
        if let Some(start) = state.transaction_start {
            text += &format!(", transaction open from offset {start}");
        }
        self.entry(path, json, &text, out)
    }
}

/// A batch in one line.
fn describe(batch: &RecordBatch, position: u64) -> anyhow::Result<String> {
    let header = batch.header();
    let BatchHeader { base_offset, record_count, leader_epoch, .. } = header;
    let attributes = header.attributes;
    let mut text = format!(
        "at {position:<10} offsets {base_offset} to {} ({record_count})  {}  {}  {}  epoch {leader_epoch}",
        header.last_offset(),
        bytes(header.size_bytes() as u64),
        attributes.compression()?,
        iso(header.max_timestamp_ms),
    );
    if header.has_producer() {
        text += &format!(
            "  producer {} epoch {} sequence {}",
            header.producer_id, header.producer_epoch, header.base_sequence
        );
    }
    if attributes.is_transactional() {
        text += "  transactional";
    }
    if attributes.is_control() {
        text += "  control:";
        let body = batch.body(batch.bytes().len())?;
        for record in body.records() {
            match record?.key.and_then(ControlType::from_key) {
                Some(control) => text += &format!(" {control:?}"),
                None => text += " unknown",
            }
        }
    }
    if let Err(error) = batch.verify_crc() {
        text += &format!("  DAMAGED: {error}");
    }
    Ok(text)
}

/// What the directory says that a segment lies in.
fn topic_and_partition(path: &Path) -> (String, i32) {
    let absolute = std::path::absolute(path).unwrap_or_default();
    let dir = absolute.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    match PartitionDir::parse(dir) {
        Some(PartitionDir::Log { topic, partition }) => (topic, partition.0),
        _ => (dir.to_owned(), -1),
    }
}
