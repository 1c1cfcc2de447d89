//! Snapshots beside the metadata log, as files: `<end offset>-<epoch>.checkpoint`, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use protocol::messages::metadata_records::MetadataRecord;
use protocol::records::{Batches, Codec, ControlType, RecordBatch, RecordBatchBuilder};
use protocol::{LeaderEpoch, Offset};

use crate::quorum_records::{self, Voters};
use crate::{ClusterError, metadata_log};

const SUFFIX: &str = ".checkpoint";

/// What stands behind the name of a snapshot until it is whole. Kafka removes such files when it starts, too.
const UNFINISHED_SUFFIX: &str = ".checkpoint.part";

/// Bytes of records after which a batch of a snapshot ends: Kafka reads batches of up to 8 MiB.
const BATCH_BYTES: usize = 1 << 20;

/// What is read of a snapshot to find its header: more than the largest batch of one control record.
const HEADER_READ_BYTES: u64 = 4096;

/// Up to where a snapshot goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SnapshotId {
    /// The offset after the last record that it stands for.
    pub(crate) end_offset: Offset,
    /// The leader's epoch of that record.
    pub(crate) epoch: LeaderEpoch,
}

/// A snapshot on disk.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotFile {
    pub(crate) id: SnapshotId,
    pub(crate) path: PathBuf,
    pub(crate) size_bytes: u64,
}

impl SnapshotId {
    fn file_name(self) -> String {
        format!("{:020}-{:010}{SUFFIX}", self.end_offset.0, self.epoch.0)
    }

    fn from_file_name(name: &str) -> Option<Self> {
        let (end, epoch) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        Some(Self { end_offset: Offset(end.parse().ok()?), epoch: LeaderEpoch(epoch.parse().ok()?) })
    }
}

impl SnapshotFile {
    /// When the last record that the snapshot stands for was written, in ms, if its header can be read.
    pub(crate) fn last_contained_ms(&self) -> Option<i64> {
        let mut start = Vec::new();
        File::open(&self.path).ok()?.take(HEADER_READ_BYTES).read_to_end(&mut start).ok()?;
        let header: RecordBatch = Batches::new(start.into()).next()?.ok()?;
        let body = header.body(HEADER_READ_BYTES as usize).ok()?;
        let record = body.records().next()?.ok()?;
        match ControlType::from_key(record.key?)? {
            ControlType::SnapshotHeader => {
                quorum_records::last_contained_ms(body.bytes().slice_ref(record.value?))
            }
            _ => None,
        }
    }
}

/// The snapshots in the log's directory, oldest first.
pub(crate) fn list(dir: &Path) -> Result<Vec<SnapshotFile>, ClusterError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let entry = entry.map_err(io(dir))?;
        let Some(id) = entry.file_name().to_str().and_then(SnapshotId::from_file_name) else { continue };
        let path = entry.path();
        let size_bytes = entry.metadata().map_err(io(&path))?.len();
        found.push(SnapshotFile { id, path, size_bytes });
    }
    found.sort_by_key(|snapshot| snapshot.id);
    Ok(found)
}

/// Removes what a crash has left of snapshots that were being written.
pub(crate) fn remove_unfinished(dir: &Path) -> Result<(), ClusterError> {
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        if path.to_str().is_some_and(|path| path.ends_with(UNFINISHED_SUFFIX)) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a snapshot.
pub(crate) fn remove(path: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(io(path)),
    }
}

/// Writes a snapshot of `records`. After a crash at any point it is there whole, or only under a name that is removed at
/// the next start.
pub(crate) fn write(
    dir: &Path,
    id: SnapshotId,
    voters: &Voters,
    records: impl Iterator<Item = MetadataRecord>,
    last_contained_ms: i64,
    now_ms: i64,
) -> Result<u64, ClusterError> {
    let path = dir.join(id.file_name());
    let unfinished = path.with_extension(UNFINISHED_SUFFIX.trim_start_matches('.'));
    let file = File::create(&unfinished).map_err(io(&unfinished))?;
    let mut content =
        Content { out: BufWriter::new(file), id, now_ms, next_offset: Offset::ZERO, size_bytes: 0 };
    content.write(voters, records, last_contained_ms).map_err(io(&unfinished))?;
    let size_bytes = content.size_bytes;
    let synced =
        content.out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    synced.map_err(io(&unfinished))?;
    fs::rename(&unfinished, &path).map_err(io(&path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io(dir))?;
    Ok(size_bytes)
}

/// The batches of a snapshot: a header, who may vote, the records, a footer. Offsets count from 0 and mean nothing.
struct Content<W: Write> {
    out: W,
    id: SnapshotId,
    now_ms: i64,
    next_offset: Offset,
    size_bytes: u64,
}

impl<W: Write> Content<W> {
    fn write(
        &mut self,
        voters: &Voters,
        records: impl Iterator<Item = MetadataRecord>,
        last_contained_ms: i64,
    ) -> io::Result<()> {
        self.control(ControlType::SnapshotHeader, &quorum_records::snapshot_header(last_contained_ms))?;
        for (control, value) in voters.records() {
            self.control(control, value)?;
        }
        let mut batch = RecordBatchBuilder::new(Codec::default());
        for record in records {
            batch.append(self.now_ms, None, Some(&metadata_log::value(&record)), &[]);
            if batch.size_bytes() >= BATCH_BYTES {
                self.batch(std::mem::take(&mut batch))?;
            }
        }
        if batch.record_count() > 0 {
            self.batch(batch)?;
        }
        self.control(ControlType::SnapshotFooter, &quorum_records::snapshot_footer())
    }

    fn control(&mut self, control: ControlType, value: &Bytes) -> io::Result<()> {
        self.batch(RecordBatchBuilder::default().control(self.now_ms, control, value))
    }

    fn batch(&mut self, batch: RecordBatchBuilder) -> io::Result<()> {
        let count = batch.record_count();
        let batch = batch.base_offset(self.next_offset).leader_epoch(self.id.epoch);
        let bytes = batch.build().map_err(io::Error::other)?;
        self.next_offset = self.next_offset.plus(i64::from(count));
        self.size_bytes += bytes.len() as u64;
        self.out.write_all(&bytes)
    }
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::Io { path, source }
}
