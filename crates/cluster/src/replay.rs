//! Reading the metadata log and its snapshots back.

use bytes::Bytes;
use protocol::Offset;
use protocol::messages::metadata_records::MetadataRecord;
use protocol::records::{Batches, ControlType, RecordBatch};

use crate::ClusterError;
use crate::image::Image;
use crate::quorum_records::Voters;

/// What a compressed batch of metadata may inflate to. Controllers write batches of at most 8 MiB uncompressed.
const INFLATE_LIMIT_BYTES: usize = 64 << 20;

/// What the records so far make.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    image: Image,
    /// Who may vote in the quorum.
    pub(crate) voters: Voters,
    /// When the last batch was written, in ms.
    pub(crate) last_append_ms: i64,
    /// The image before the transaction that has begun and not ended (KIP-868).
    before_transaction: Option<Box<Image>>,
}

impl Replay {
    /// Applies all records from the offset `from` on.
    pub(crate) fn apply(&mut self, bytes: Bytes, from: Offset) -> Result<(), ClusterError> {
        for batch in Batches::new(bytes) {
            let batch = batch.map_err(|error| bad_record(from, &error))?;
            self.apply_batch(&batch, from)?;
            self.last_append_ms = self.last_append_ms.max(batch.header().max_timestamp_ms);
        }
        Ok(())
    }

    /// The image of all that counts, and whether a transaction was left open, which does not.
    pub(crate) fn finish(self) -> (Image, bool) {
        match self.before_transaction {
            Some(image) => (*image, true),
            None => (self.image, false),
        }
    }

    fn apply_batch(&mut self, batch: &RecordBatch, from: Offset) -> Result<(), ClusterError> {
        let base = batch.header().base_offset;
        let is_control = batch.header().attributes.is_control();
        let body = batch.body(INFLATE_LIMIT_BYTES).map_err(|error| bad_record(base, &error))?;
        for record in body.records() {
            let record = record.map_err(|error| bad_record(base, &error))?;
            let offset = base.plus(i64::from(record.offset_delta));
            if offset < from {
                continue;
            }
            let value = record.value.ok_or_else(|| bad_record(offset, &"a record without a value"))?;
            let value = body.bytes().slice_ref(value);
            if is_control {
                if let Some(control) = record.key.and_then(ControlType::from_key) {
                    self.voters.apply(control, value);
                }
                continue;
            }
            let (record, _) = MetadataRecord::decode(value).map_err(|error| bad_record(offset, &error))?;
            self.apply_record(record)?;
        }
        Ok(())
    }

    fn apply_record(&mut self, record: MetadataRecord) -> Result<(), ClusterError> {
        match record {
            MetadataRecord::BeginTransaction(_) => {
                self.before_transaction = Some(Box::new(self.image.clone()));
            }
            MetadataRecord::EndTransaction(_) => self.before_transaction = None,
            MetadataRecord::AbortTransaction(_) => {
                if let Some(image) = self.before_transaction.take() {
                    self.image = *image;
                }
            }
            other => self.image.apply(other)?,
        }
        Ok(())
    }
}

fn bad_record(offset: Offset, error: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::BadRecord { offset: offset.0, message: error.to_string() }
}
