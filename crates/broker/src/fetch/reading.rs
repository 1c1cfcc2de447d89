//! One look at all partitions of a fetch, and the response that follows from it.

use std::sync::{Arc, Weak};

use log::{AbortedTransaction as Aborted, LogError, Patience, ReadInfo, ReadUntil};
use protocol::messages::fetch::response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use protocol::messages::fetch::{FetchRequest, FetchResponse};
use protocol::{ErrorCode, LeaderEpoch, Offset};
use transfer::Region;

use super::entry::{Entry, Told};
use super::session::Session;
use crate::Broker;
use crate::dispatch::RequestContext;
use crate::partitions::Partition;

/// Records that lie in a file, or none. Kafka never answers a fetch with null, and librdkafka does not take it.
#[derive(Clone, Debug)]
pub(crate) struct FileRecords(pub(crate) Option<Region>);

/// How much one response may carry, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    max_bytes: usize,
    min_bytes: usize,
    until: ReadUntil,
    /// Whether the reader is a follower replica by its own word.
    follower: bool,
    read_committed: bool,
}

/// What one look found.
#[derive(Debug)]
pub(crate) struct Reading {
    found: Vec<Found>,
    bytes: usize,
    /// Something that the client must know at once.
    urgent: bool,
}

#[derive(Debug)]
struct Found {
    place: u64,
    told: Told,
    last_stable: Offset,
    diverging: Option<(LeaderEpoch, Offset)>,
    leader_epoch: Option<LeaderEpoch>,
    /// Whose records of this answer do not count; only told to readers of committed records.
    aborted: Option<Vec<Aborted>>,
    records: Option<Region>,
}

/// What an offset is where there is none to tell.
const NO_OFFSET: Offset = Offset(-1);

/// What to look for in a partition.
#[derive(Clone, Copy, Debug)]
struct Look {
    from: Offset,
    most: u32,
    at_least_one: bool,
    until: ReadUntil,
    read_committed: bool,
}

impl Look {
    fn at(
        &self,
        partition: &Partition,
        patience: Patience,
    ) -> Result<(Option<Vec<Aborted>>, ReadInfo), LogError> {
        let log = &partition.log;
        let read = log.read_with_patience(self.from, self.most, self.until, self.at_least_one, patience)?;
        let aborted =
            self.read_committed.then(|| log.aborted_transactions(self.from, read.next_offset, patience));
        Ok((aborted.transpose()?, read))
    }
}

impl Limits {
    pub(crate) fn of(request: &FetchRequest, version: i16, most: usize) -> Self {
        const FIRST_VERSION_WITH_REPLICA_STATE: i16 = 15;
        let reader = if version >= FIRST_VERSION_WITH_REPLICA_STATE {
            request.replica_state.replica_id
        } else {
            request.replica_id
        };
        let bytes = |asked: i32| usize::try_from(asked).unwrap_or(0);
        Self {
            max_bytes: bytes(request.max_bytes).min(most),
            min_bytes: bytes(request.min_bytes).min(most),
            until: super::visible_to(reader, request.isolation_level),
            follower: reader >= 0,
            read_committed: request.isolation_level == super::READ_COMMITTED,
        }
    }
}

impl Reading {
    /// Looks at every partition once. `whole` also keeps those of which there is nothing new to say.
    ///
    /// Where the place of records has to be looked up on the disk, what is in memory goes out first, and the disk is
    /// waited for only if there is nothing else.
    pub(crate) async fn of(broker: &Broker, session: &mut Session, limits: &Limits, whole: bool) -> Self {
        let mut reading = Self { found: Vec::new(), bytes: 0, urgent: false };
        let mut readable = false;
        let by_id = session.by_id;
        for (place, entry) in session.entries() {
            let partition = match entry.partition(broker, by_id) {
                Ok(partition) if !limits.follower => partition,
                Ok(_) => {
                    reading.add_error(place, entry, ErrorCode::NotLeaderOrFollower, None, whole);
                    continue;
                }
                Err(code) => {
                    reading.add_error(place, entry, code, None, whole);
                    continue;
                }
            };
            readable = true;
            reading.add(place, entry, &partition, limits, whole).await;
        }
        reading.urgent |= !readable;
        reading
    }

    /// Whether a response should go out now rather than when more has arrived.
    pub(crate) fn is_enough(&self, limits: &Limits) -> bool {
        self.urgent || self.bytes >= limits.min_bytes
    }

    async fn add(
        &mut self,
        place: u64,
        entry: &mut Entry,
        partition: &Arc<Partition>,
        limits: &Limits,
        whole: bool,
    ) {
        if let Err(code) = partition.check_leader_epoch(entry.leader_epoch) {
            self.urgent = true;
            let epoch = Some(partition.leader_epoch());
            return self.add_error(place, entry, code, epoch, whole);
        }
        if let Some(diverging) = partition.divergence(entry.fetch_offset, entry.last_fetched_epoch) {
            self.urgent = true;
            let mut found = Found::of(place, partition, ErrorCode::None);
            found.diverging = Some(diverging);
            return self.keep(entry, found, whole);
        }
        let most = entry.max_bytes.min(limits.max_bytes.saturating_sub(self.bytes));
        let look = Look {
            from: entry.fetch_offset,
            most: u32::try_from(most).unwrap_or(u32::MAX),
            at_least_one: self.bytes == 0,
            until: limits.until,
            read_committed: limits.read_committed,
        };
        let mut looked = look.at(partition, Patience::Hurries);
        if matches!(looked, Err(LogError::WouldWait)) {
            if self.bytes > 0 && self.bytes >= limits.min_bytes {
                let nothing_yet = Found::of(place, partition, ErrorCode::None);
                return self.keep(entry, nothing_yet, whole);
            }
            let waiting = Arc::clone(partition);
            let waited = partition.disk.look_up(move || look.at(&waiting, Patience::Waits)).await;
            looked = waited.unwrap_or(Err(LogError::WouldWait));
        }
        match looked {
            Ok((aborted, read)) => {
                let mut found = Found::of(place, partition, ErrorCode::None);
                found.aborted = aborted;
                found.records = read.region;
                self.bytes += found.len();
                self.keep(entry, found, whole);
            }
            Err(error) => {
                self.urgent = true;
                self.add_error(place, entry, crate::errors::of_log(&error), None, whole);
            }
        }
    }

    fn add_error(
        &mut self,
        place: u64,
        entry: &mut Entry,
        error: ErrorCode,
        leader_epoch: Option<LeaderEpoch>,
        whole: bool,
    ) {
        let told = Told { error, high_watermark: NO_OFFSET, log_start: NO_OFFSET };
        let found = Found {
            place,
            told,
            last_stable: NO_OFFSET,
            diverging: None,
            leader_epoch,
            aborted: None,
            records: None,
        };
        self.keep(entry, found, whole);
    }

    /// A partition is worth naming if there are records, an error, or news of its offsets.
    fn keep(&mut self, entry: &Entry, found: Found, whole: bool) {
        let error = found.told.error != ErrorCode::None;
        if whole
            || error
            || found.records.is_some()
            || found.diverging.is_some()
            || entry.told != Some(found.told)
        {
            self.found.push(found);
        }
    }

    /// The response; the session remembers what it tells the client.
    pub(crate) fn into_response(
        self,
        broker: &Broker,
        context: &RequestContext,
        session: &mut Session,
    ) -> FetchResponse<FileRecords> {
        let mut response = FetchResponse::default();
        let served: Vec<u64> =
            self.found.iter().filter(|found| found.records.is_some()).map(|found| found.place).collect();
        let mut moved = false;
        for found in self.found {
            let Some(entry) = session.entry(found.place) else { continue };
            entry.told = Some(found.told);
            moved |= found.leader_epoch.is_some();
            let index = entry.key.index.0;
            match response.responses.last_mut() {
                Some(topic) if topic.topic_id == entry.key.topic_id && *topic.topic == *entry.key.topic => {
                    topic.partitions.push(found.into_data(index, broker))
                }
                _ => response.responses.push(FetchableTopicResponse {
                    topic: entry.key.topic.to_string(),
                    topic_id: entry.key.topic_id,
                    partitions: vec![found.into_data(index, broker)],
                }),
            }
        }
        session.served(&served);
        if moved {
            response.node_endpoints = own_endpoint(broker, context).into_iter().collect();
        }
        response
    }
}

impl Found {
    fn of(place: u64, partition: &Partition, error: ErrorCode) -> Self {
        let told = Told {
            error,
            high_watermark: partition.log.high_watermark(),
            log_start: partition.log.start_offset(),
        };
        let last_stable = partition.log.last_stable_offset();
        Self { place, told, last_stable, diverging: None, leader_epoch: None, aborted: None, records: None }
    }

    fn len(&self) -> usize {
        self.records.as_ref().map_or(0, |region| usize::try_from(region.len()).unwrap_or(usize::MAX))
    }

    fn into_data(self, index: i32, broker: &Broker) -> PartitionData<FileRecords> {
        PartitionData {
            partition_index: index,
            error_code: self.told.error.code(),
            high_watermark: self.told.high_watermark.0,
            last_stable_offset: self.last_stable.0,
            log_start_offset: self.told.log_start.0,
            diverging_epoch: self.diverging.map_or_else(EpochEndOffset::default, |(epoch, end)| {
                EpochEndOffset { epoch: epoch.0, end_offset: end.0 }
            }),
            current_leader: self.leader_epoch.map_or_else(LeaderIdAndEpoch::default, |epoch| {
                LeaderIdAndEpoch { leader_id: broker.node_id.0, leader_epoch: epoch.0 }
            }),
            aborted_transactions: self.aborted.map(|aborted| aborted.into_iter().map(to_wire).collect()),
            records: Some(FileRecords(self.records)),
            ..PartitionData::default()
        }
    }
}

fn to_wire(aborted: Aborted) -> AbortedTransaction {
    AbortedTransaction { producer_id: aborted.producer_id.0, first_offset: aborted.first_offset.0 }
}

fn own_endpoint(broker: &Broker, context: &RequestContext) -> Option<NodeEndpoint> {
    let (endpoint, rack) = broker.own_endpoint(&context.listener)?;
    Some(NodeEndpoint { node_id: broker.node_id.0, host: endpoint.host, port: endpoint.port.into(), rack })
}

impl Entry {
    /// The partition, looked up again when the one known has gone.
    fn partition(&mut self, broker: &Broker, by_id: bool) -> Result<Arc<Partition>, ErrorCode> {
        if let Some(known) = self.partition.upgrade().filter(|known| !known.is_gone()) {
            return Ok(known);
        }
        let index = self.key.index.0;
        let found = if by_id {
            broker.partitions.by_id(self.key.topic_id, index)
        } else {
            broker.partitions.by_name(&self.key.topic, index)
        };
        self.partition = found.as_ref().map_or_else(|_| Weak::new(), Arc::downgrade);
        self.awaited = false;
        found
    }
}
