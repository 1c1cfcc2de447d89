//! What is remembered of idempotent producers, so that no batch is stored twice or out of order.
//!
//! For each producer id: its epoch, its last five batches, and the transaction that is open. Kept in `.snapshot` files
//! (see [`crate::producer_snapshot`]) and rebuilt from the log after the last of them.

use std::collections::HashMap;

use protocol::records::{BatchHeader, NO_TIMESTAMP};
use protocol::{Offset, ProducerEpoch, ProducerId};

use crate::LogError;

/// Batches remembered per producer, by which a batch that is sent again is recognised: as many as a producer may have in
/// flight.
pub(crate) const BATCHES_KEPT: usize = 5;

/// Producers remembered per log. Beyond it those that were silent longest are forgotten, as if they had expired: memory
/// is bounded at some 50 MB even if a peer invents producer ids.
const MAX_PRODUCERS: usize = 200_000;

/// Who appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A producer: everything is checked, offsets are assigned, and it is exactly one batch.
    Client,
    /// The broker itself: offsets are assigned; control batches are allowed and sequences are not checked.
    Coordinator,
    /// The partition's leader: offsets and epochs stay as they are.
    Replica,
}

/// A batch as its producer's state remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProducedBatch {
    /// Sequence number of the last record.
    pub last_sequence: i32,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// Last offset − first offset.
    pub offset_delta: i32,
    /// The batch's latest timestamp, in ms.
    pub timestamp_ms: i64,
}

impl ProducedBatch {
    /// Sequence number of the first record.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        // Numbers wrap from 2³¹ − 1 to 0.
        (i64::from(self.last_sequence) - i64::from(self.offset_delta)).rem_euclid(1 << 31) as i32
    }

    /// Offset of the first record.
    #[must_use]
    pub fn first_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }
}

/// What is known of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerState {
    /// The latest epoch.
    pub epoch: ProducerEpoch,
    /// Epoch of the coordinator that last ended a transaction of it, or −1.
    pub coordinator_epoch: i32,
    /// The latest timestamp of its last batch or marker, in ms.
    pub last_timestamp_ms: i64,
    /// The first offset of its open transaction.
    pub transaction_start: Option<Offset>,
    batches: [ProducedBatch; BATCHES_KEPT],
    batch_count: usize,
}

impl ProducerState {
    /// A producer of which nothing but the epoch is known.
    pub(crate) fn new(epoch: ProducerEpoch) -> Self {
        Self {
            epoch,
            coordinator_epoch: -1,
            last_timestamp_ms: NO_TIMESTAMP,
            transaction_start: None,
            batches: Default::default(),
            batch_count: 0,
        }
    }

    /// The remembered batches, oldest first. Those of earlier epochs are forgotten.
    #[must_use]
    pub fn batches(&self) -> &[ProducedBatch] {
        &self.batches[..self.batch_count]
    }

    /// The last batch of this epoch.
    #[must_use]
    pub fn last_batch(&self) -> Option<&ProducedBatch> {
        self.batches().last()
    }

    pub(crate) fn add_batch(&mut self, batch: ProducedBatch) {
        if self.batch_count == BATCHES_KEPT {
            self.batches.rotate_left(1);
            self.batch_count -= 1;
        }
        self.batches[self.batch_count] = batch;
        self.batch_count += 1;
    }

    fn enter_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batch_count = 0;
        }
    }
}

/// What a producer's batch turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequenced {
    /// It follows what is there.
    New,
    /// It is there already, as this batch.
    Duplicate(ProducedBatch),
}

/// A transaction that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CompletedTransaction {
    pub(crate) producer_id: ProducerId,
    pub(crate) first_offset: Offset,
    /// The marker's offset.
    pub(crate) last_offset: Offset,
    pub(crate) aborted: bool,
}

/// The states of all producers of one log.
#[derive(Debug, Default)]
pub(crate) struct ProducerStates {
    states: HashMap<ProducerId, ProducerState>,
}

impl ProducerStates {
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (ProducerId, &ProducerState)> {
        self.states.iter().map(|(id, state)| (*id, state))
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    /// Puts back what a snapshot says of a producer.
    pub(crate) fn restore(&mut self, producer_id: ProducerId, state: ProducerState) {
        self.states.insert(producer_id, state);
    }

    /// Whether a batch of an idempotent producer follows its last one, or was stored before.
    ///
    /// A producer that is not known may begin with any sequence: its state may have expired or been deleted with its
    /// records, and refusing it would lose data that has not been sent twice.
    pub(crate) fn check(&self, header: &BatchHeader, origin: AppendOrigin) -> Result<Sequenced, LogError> {
        let Some(state) = self.states.get(&header.producer_id) else { return Ok(Sequenced::New) };
        if origin == AppendOrigin::Client
            && header.producer_epoch == state.epoch
            && let Some(duplicate) = state.batches().iter().find(|batch| {
                batch.last_sequence == header.last_sequence()
                    && batch.first_sequence() == header.base_sequence
            })
        {
            return Ok(Sequenced::Duplicate(*duplicate));
        }
        if origin == AppendOrigin::Replica {
            return Ok(Sequenced::New);
        }
        if header.producer_epoch < state.epoch {
            return Err(LogError::InvalidProducerEpoch {
                producer_id: header.producer_id,
                epoch: header.producer_epoch,
                current: state.epoch,
            });
        }
        if state.transaction_start.is_some()
            && !header.attributes.is_transactional()
            && !header.attributes.is_control()
        {
            return Err(LogError::InvalidRecord("a batch outside its producer's open transaction"));
        }
        if origin == AppendOrigin::Client {
            let (last_sequence, expected) = match state.last_batch() {
                Some(last) if state.epoch == header.producer_epoch => {
                    (last.last_sequence, next_sequence(last.last_sequence))
                }
                // A new epoch begins at 0, and so does one that has only seen a marker.
                _ => (-1, 0),
            };
            if header.base_sequence != expected {
                return Err(LogError::OutOfOrderSequence {
                    producer_id: header.producer_id,
                    sequence: header.base_sequence,
                    last_sequence,
                });
            }
        }
        Ok(Sequenced::New)
    }

    /// Remembers a batch of records that has been written. Gives the offset at which it opened a transaction.
    pub(crate) fn wrote(&mut self, header: &BatchHeader) -> Option<Offset> {
        self.make_room();
        let state = self
            .states
            .entry(header.producer_id)
            .or_insert_with(|| ProducerState::new(header.producer_epoch));
        state.enter_epoch(header.producer_epoch);
        state.add_batch(ProducedBatch {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp_ms: header.max_timestamp_ms,
        });
        state.last_timestamp_ms = header.max_timestamp_ms;
        if header.attributes.is_transactional() && state.transaction_start.is_none() {
            state.transaction_start = Some(header.base_offset);
            return state.transaction_start;
        }
        None
    }

    /// Whether a marker comes from a coordinator that is still in office.
    pub(crate) fn check_marker(
        &self,
        producer_id: ProducerId,
        coordinator_epoch: i32,
    ) -> Result<(), LogError> {
        match self.states.get(&producer_id) {
            Some(state) if state.coordinator_epoch > coordinator_epoch => Err(LogError::CoordinatorFenced {
                epoch: coordinator_epoch,
                current: state.coordinator_epoch,
            }),
            _ => Ok(()),
        }
    }

    /// Remembers a marker that has been written, and gives the transaction that it ended.
    pub(crate) fn wrote_marker(
        &mut self,
        header: &BatchHeader,
        coordinator_epoch: i32,
        aborted: bool,
    ) -> Option<CompletedTransaction> {
        self.make_room();
        let state = self
            .states
            .entry(header.producer_id)
            .or_insert_with(|| ProducerState::new(header.producer_epoch));
        state.enter_epoch(header.producer_epoch);
        state.coordinator_epoch = coordinator_epoch;
        state.last_timestamp_ms = header.max_timestamp_ms;
        let first_offset = state.transaction_start.take()?;
        let (producer_id, last_offset) = (header.producer_id, header.last_offset());
        Some(CompletedTransaction { producer_id, first_offset, last_offset, aborted })
    }

    /// Forgets producers that have been silent for `expiration_ms` and have no open transaction.
    pub(crate) fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        self.states.retain(|_, state| {
            state.transaction_start.is_some()
                || now_ms.saturating_sub(state.last_timestamp_ms) < expiration_ms
        });
    }

    /// Where open transactions begin.
    pub(crate) fn open_transactions(&self) -> impl Iterator<Item = Offset> {
        self.states.values().filter_map(|state| state.transaction_start)
    }

    /// Forgets the tenth of the producers that were silent longest, when there are too many.
    fn make_room(&mut self) {
        if self.states.len() < MAX_PRODUCERS {
            return;
        }
        let mut timestamps: Vec<i64> = self.states.values().map(|state| state.last_timestamp_ms).collect();
        let (_, oldest_kept_ms, _) = timestamps.select_nth_unstable(MAX_PRODUCERS / 10);
        let oldest_kept_ms = *oldest_kept_ms;
        let mut surplus = MAX_PRODUCERS / 10;
        self.states.retain(|_, state| {
            let forget =
                surplus > 0 && state.last_timestamp_ms <= oldest_kept_ms && state.transaction_start.is_none();
            surplus -= usize::from(forget);
            !forget
        });
    }
}

/// Sequence numbers wrap from 2³¹ − 1 to 0.
fn next_sequence(last: i32) -> i32 {
    last.checked_add(1).unwrap_or(0)
}
