//! One consuming connection: asks for more as soon as it has what it asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use protocol::ErrorCode;
use protocol::Offset;
use protocol::messages::fetch::FetchRequest;
use protocol::messages::fetch::request::{FetchPartition, FetchTopic};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::time::timeout;

use crate::BenchError;
use crate::budget::Budget;
use crate::due_times::DueTimes;
use crate::options::ConsumeLoad;
use crate::report::Tally;
use crate::skim::{Answer, BUFFER_BYTES, FETCH_VERSION, read_answer, refused};
use crate::topic::{CLIENT_ID, SILENCE};
use crate::workers::Connection;

/// A connection and the offsets it is to read.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) stream: TcpStream,
    pub(crate) fetches: Fetches,
    pub(crate) budget: Arc<Budget>,
    /// When the batches were due that arrive, if they are produced in the same run.
    pub(crate) due_times: Option<Arc<DueTimes>>,
}

/// A part of a partition: from an offset on, up to another one or for as long as the run lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) partition: i32,
    pub(crate) next: Offset,
    pub(crate) until: Option<Offset>,
}

impl Share {
    fn is_done(&self) -> bool {
        self.until.is_some_and(|until| self.next >= until)
    }
}

/// What to ask next. Keeps a fetch session (KIP-227) as real consumers do: after the first request, one names only the
/// partitions whose offset has moved.
#[derive(Debug)]
pub(crate) struct Fetches {
    topic: String,
    load: ConsumeLoad,
    shares: Vec<Share>,
    by_partition: HashMap<i32, usize>,
    /// Indexes of shares that the next request has to name.
    moved: Vec<usize>,
    session_id: i32,
    session_epoch: i32,
}

impl Fetches {
    pub(crate) fn new(topic: String, load: ConsumeLoad, shares: Vec<Share>) -> Self {
        let by_partition = shares.iter().enumerate().map(|(at, share)| (share.partition, at)).collect();
        let moved = (0..shares.len()).collect();
        Self { topic, load, shares, by_partition, moved, session_id: 0, session_epoch: 0 }
    }

    /// The next request as it goes over the wire.
    pub(crate) fn next_request(&mut self) -> Bytes {
        if self.session_id == 0 {
            self.moved = (0..self.shares.len()).collect();
        }
        let partitions: Vec<_> = self
            .moved
            .drain(..)
            .filter_map(|at| self.shares.get(at))
            .map(|share| FetchPartition {
                partition: share.partition,
                fetch_offset: share.next.0,
                partition_max_bytes: self.load.partition_max_bytes,
                ..Default::default()
            })
            .collect();
        let topic = FetchTopic { topic: self.topic.clone(), partitions, ..Default::default() };
        let request = FetchRequest {
            max_wait_ms: self.load.max_wait_ms,
            min_bytes: self.load.min_bytes,
            max_bytes: self.load.fetch_max_bytes,
            session_id: self.session_id,
            session_epoch: self.session_epoch,
            topics: if topic.partitions.is_empty() { Vec::new() } else { vec![topic] },
            ..Default::default()
        };
        protocol::api::encode_request::<Bytes, _>(&request, FETCH_VERSION, 0, Some(CLIENT_ID)).into_bytes()
    }

    /// A batch has arrived.
    pub(crate) fn received(&mut self, partition: i32, next: Offset) {
        let Some(&at) = self.by_partition.get(&partition) else { return };
        let Some(share) = self.shares.get_mut(at) else { return };
        share.next = next;
        if self.moved.last() != Some(&at) {
            self.moved.push(at);
        }
    }

    /// An answer has been read to its end.
    pub(crate) fn answered(&mut self, answer: Answer) -> Result<(), BenchError> {
        match answer.error.map(ErrorCode::from_code) {
            None => {
                let begun = self.session_id == 0;
                self.session_id = answer.session_id;
                self.session_epoch = match answer.session_id {
                    0 => 0,
                    _ if begun => 1,
                    // Epochs wrap to 1: 0 would begin a session.
                    _ => self.session_epoch.checked_add(1).unwrap_or(1),
                };
                Ok(())
            }
            // The broker has forgotten the session to make room for another: begin a new one.
            Some(Some(ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch)) => {
                self.session_id = 0;
                self.session_epoch = 0;
                Ok(())
            }
            Some(_) => Err(refused("Fetch", self.topic.clone(), answer.error.unwrap_or_default())),
        }
    }

    fn is_done(&self) -> bool {
        self.shares.iter().all(Share::is_done)
    }

    fn partitions(&self) -> impl Iterator<Item = usize> + '_ {
        self.shares.iter().filter_map(|share| usize::try_from(share.partition).ok())
    }
}

impl Connection for Consumer {
    /// Consumes until its share or the budget is through; in a run that also produces, until everything that was sent
    /// has arrived.
    async fn run(self, tally: Rc<RefCell<Tally>>) -> Result<(), BenchError> {
        let Self { stream, mut fetches, budget, due_times } = self;
        stream.set_nonblocking(true)?;
        let mut stream = tokio::net::TcpStream::from_std(stream)?;
        let (reader, mut writer) = stream.split();
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let everything_arrived =
            |fetches: &Fetches| due_times.as_ref().is_none_or(|due| due.all_arrived(fetches.partitions()));
        while !(fetches.is_done() || budget.is_spent() && everything_arrived(&fetches)) {
            writer.write_all(&fetches.next_request()).await?;
            let mut bytes = 0;
            let answer = read_answer(&mut reader, |partition, header| {
                bytes += header.size_bytes() as u64;
                fetches.received(partition, header.next_offset());
                let mut tally = tally.borrow_mut();
                tally.batch_of(header);
                if let Some(due_times) = &due_times
                    && let Some(due) = usize::try_from(partition).ok().and_then(|p| due_times.arrived(p))
                {
                    tally.latency.record(due.elapsed());
                }
            });
            let answer =
                timeout(SILENCE, answer).await.map_err(|_| BenchError::Silent(SILENCE.as_secs()))??;
            fetches.answered(answer)?;
            tally.borrow_mut().requests += 1;
            if bytes > 0 {
                budget.take(bytes);
            }
        }
        Ok(())
    }
}
