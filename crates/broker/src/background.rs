//! What happens without being asked: old segments go, logs reach the disk, checkpoints are written.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::{Broker, clock};

/// How often producers that have been silent for `producer.id.expiration.ms` are looked for
/// (Kafka: `producer.id.expiration.check.interval.ms`).
const PRODUCER_EXPIRY: Duration = Duration::from_secs(600);

/// How often the high watermarks are written down (Kafka: `replica.high.watermark.checkpoint.interval.ms`).
const HIGH_WATERMARK_CHECKPOINT: Duration = Duration::from_secs(5);

/// How often files of deleted segments and partitions are looked at whose `file.delete.delay.ms` may have passed.
const DELETED_FILES: Duration = Duration::from_secs(5);

/// How often it is looked whether a snapshot of the metadata is due, or old ones are.
const METADATA_SNAPSHOT: Duration = Duration::from_secs(10);

/// Starts all of it; it ends when the broker stops.
pub(crate) fn start(broker: &Arc<Broker>) {
    let config = broker.config();
    every(broker, config.log_retention_check_interval, Broker::delete_old_segments);
    every(broker, DELETED_FILES, Broker::delete_due_files);
    every(broker, config.log_flush_scheduler_interval, Broker::flush_what_is_due);
    every(broker, config.log_flush_offset_checkpoint_interval, Broker::write_recovery_points);
    every(broker, config.log_flush_start_offset_checkpoint_interval, Broker::write_start_offsets);
    every(broker, HIGH_WATERMARK_CHECKPOINT, Broker::write_high_watermarks);
    every(broker, PRODUCER_EXPIRY, Broker::expire_producers);
    every(broker, METADATA_SNAPSHOT, Broker::write_metadata_snapshot);
}

/// Runs `work` on a thread that may wait for the disk, again and again with a pause between two runs.
fn every(broker: &Arc<Broker>, pause: Duration, work: fn(&Broker)) {
    let broker = Arc::clone(broker);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = broker.stopping() => return,
            }
            let worker = Arc::clone(&broker);
            if let Err(died) = tokio::task::spawn_blocking(move || work(&worker)).await {
                warn!("background work failed: {died}");
            }
        }
    });
}

impl Broker {
    fn delete_old_segments(&self) {
        for partition in self.partitions.all() {
            match partition.log.delete_old_segments(clock::now_ms()) {
                Ok(deleted) if deleted.segments_deleted > 0 => info!(
                    topic = %partition.topic,
                    partition = partition.index.0,
                    segments = deleted.segments_deleted,
                    bytes = deleted.bytes_deleted,
                    "deleted old segments"
                ),
                Ok(_) => {}
                Err(error) => {
                    warn!(topic = %partition.topic, partition = partition.index.0, "retention: {error}")
                }
            }
        }
    }

    fn delete_due_files(&self) {
        self.data_dirs.remove_deleted();
        for partition in self.partitions.all() {
            if let Err(error) = partition.log.delete_due_files(clock::now_ms()) {
                warn!(topic = %partition.topic, partition = partition.index.0, "deleted segments: {error}");
            }
        }
    }

    fn flush_what_is_due(&self) {
        for partition in self.partitions.all() {
            if !partition.log.is_flush_due(clock::now_ms()) {
                continue;
            }
            if let Err(error) = partition.log.flush(partition.log.end_offset(), clock::now_ms()) {
                warn!(topic = %partition.topic, partition = partition.index.0, "flush: {error}");
            }
        }
    }

    fn write_recovery_points(&self) {
        if let Err(error) = self.data_dirs.write_recovery_points(&self.partitions.all()) {
            warn!("recovery points: {error}");
        }
    }

    fn write_start_offsets(&self) {
        if let Err(error) = self.data_dirs.write_start_offsets(&self.partitions.all()) {
            warn!("start offsets: {error}");
        }
    }

    fn write_high_watermarks(&self) {
        if let Err(error) = self.data_dirs.write_high_watermarks(&self.partitions.all()) {
            warn!("high watermarks: {error}");
        }
    }

    fn expire_producers(&self) {
        for partition in self.partitions.all() {
            partition.log.expire_producers(clock::now_ms(), self.config().producer_id_expiration_ms);
        }
    }

    fn write_metadata_snapshot(&self) {
        match self.controller.write_snapshot_if_due(clock::now_ms()) {
            Ok(Some((end_offset, bytes))) => info!(%end_offset, bytes, "wrote a snapshot of the metadata"),
            Ok(None) => {}
            Err(error) => warn!("snapshot of the metadata: {error}"),
        }
    }
}
