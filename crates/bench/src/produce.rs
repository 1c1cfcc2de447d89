//! One producing connection: sends prepared requests, ahead of their answers by a fixed number.

use std::cell::RefCell;
use std::io::IoSlice;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use protocol::codec::Part;
use protocol::messages::produce::ProduceRequest;
use protocol::messages::produce::request::{PartitionProduceData, TopicProduceData};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::BenchError;
use crate::batch::Batch;
use crate::budget::Budget;
use crate::due_times::DueTimes;
use crate::options::Acks;
use crate::pace::{Pace, Timer};
use crate::report::Tally;
use crate::skim::refused;
use crate::topic::{CLIENT_ID, SILENCE};
use crate::workers::Connection;

/// The last version of Produce with topic names.
const PRODUCE_VERSION: i16 = 12;

const PRODUCE_TIMEOUT_MS: i32 = 30_000;

/// Answers are small; one that is not is no answer to these requests.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// A connection and the work it has.
#[derive(Debug)]
pub(crate) struct Producer {
    pub(crate) stream: TcpStream,
    pub(crate) requests: Vec<PreparedRequest>,
    pub(crate) batch: Batch,
    pub(crate) in_flight: usize,
    pub(crate) pace: Option<Pace>,
    pub(crate) budget: Arc<Budget>,
    /// Where consumers look up when a batch was due, if somebody consumes in the same run.
    pub(crate) due_times: Option<Arc<DueTimes>>,
}

/// A Produce request of one batch to one partition, as it goes over the wire. It never changes: a broker answers a
/// connection's requests in order, so that all of them can have the same correlation id.
#[derive(Clone, Debug)]
pub(crate) struct PreparedRequest {
    pub(crate) partition: usize,
    parts: Vec<Bytes>,
}

impl PreparedRequest {
    pub(crate) fn new(topic: &str, partition: usize, acks: Acks, batch: &Batch) -> Self {
        let index = i32::try_from(partition).unwrap_or(i32::MAX);
        let partition_data = vec![PartitionProduceData { index, records: Some(batch.bytes.clone()) }];
        let topic_data =
            vec![TopicProduceData { name: topic.to_owned(), partition_data, ..Default::default() }];
        let request = ProduceRequest {
            acks: acks.code(),
            timeout_ms: PRODUCE_TIMEOUT_MS,
            topic_data,
            ..Default::default()
        };
        let frame = protocol::api::encode_request(&request, PRODUCE_VERSION, 0, Some(CLIENT_ID));
        let parts = frame.into_parts().map(|(Part::Bytes(bytes) | Part::Records(bytes))| bytes).collect();
        Self { partition, parts }
    }

    /// Sends the request.
    pub(crate) async fn send(&self, to: &mut WriteHalf<'_>) -> Result<(), BenchError> {
        let mut slices: Vec<IoSlice<'_>> = self.parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut slices = &mut slices[..];
        while !slices.is_empty() {
            let sent = to.write_vectored(slices).await?;
            IoSlice::advance_slices(&mut slices, sent);
        }
        Ok(())
    }
}

impl Connection for Producer {
    /// Produces until the budget is spent and everything is acknowledged.
    async fn run(self, tally: Rc<RefCell<Tally>>) -> Result<(), BenchError> {
        let Self { stream, requests, batch, in_flight, pace, budget, due_times } = self;
        stream.set_nonblocking(true)?;
        let mut stream = tokio::net::TcpStream::from_std(stream)?;
        let (reader, mut writer) = stream.split();
        let window = Semaphore::new(in_flight);
        let (sent, mut unanswered) = mpsc::unbounded_channel();
        let timer = Timer::new()?;

        let send = async {
            // Owned, so that the answers' side ends when this one has.
            let sent = sent;
            for (n, request) in (0..).zip(requests.iter().cycle()) {
                let mut due = pace.map(|pace| pace.due(n));
                if let Some(due) = due {
                    timer.until(due).await?;
                }
                let Ok(permit) = window.acquire().await else { break };
                permit.forget();
                if !budget.take(batch.bytes.len() as u64) {
                    break;
                }
                let due = *due.get_or_insert_with(Instant::now);
                if let Some(due_times) = &due_times {
                    due_times.sent(request.partition, due);
                }
                if sent.send((request.partition, due)).is_err() {
                    break;
                }
                request.send(&mut writer).await?;
            }
            Ok::<_, BenchError>(())
        };
        let receive = async {
            let mut reader = BufReader::new(reader);
            while let Some((partition, due)) = unanswered.recv().await {
                read_answer(&mut reader, partition).await?;
                window.add_permits(1);
                let mut tally = tally.borrow_mut();
                tally.requests += 1;
                tally.batch(batch.bytes.len() as u64, batch.records);
                tally.latency.record(due.elapsed());
            }
            Ok(())
        };
        tokio::try_join!(send, receive).map(|_| ())
    }
}

/// Reads one answer and sees that it is a success.
pub(crate) async fn read_answer(
    reader: &mut BufReader<ReadHalf<'_>>,
    partition: usize,
) -> Result<(), BenchError> {
    let size =
        timeout(SILENCE, reader.read_i32()).await.map_err(|_| BenchError::Silent(SILENCE.as_secs()))??;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > MAX_ANSWER_BYTES {
        return Err(BenchError::Malformed("a Produce answer of more than 64 KiB"));
    }
    let mut answer = vec![0; size];
    reader.read_exact(&mut answer).await?;
    let answer = protocol::api::decode_response::<ProduceRequest>(answer.into(), PRODUCE_VERSION)?;
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
    match partitions.map(|partition| partition.error_code).find(|&code| code != 0) {
        Some(code) => Err(refused("Produce", format!("partition {partition}"), code)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use protocol::messages::produce::ProduceResponse;

    use super::*;
    use crate::workers::drive;

    /// Answers each request with success.
    fn acknowledge_all(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().unwrap();
        let answer =
            protocol::api::encode_response::<Bytes, _>(&ProduceResponse::default(), PRODUCE_VERSION, 0);
        let answer = answer.into_bytes();
        let mut size = [0; 4];
        while stream.read_exact(&mut size).is_ok() {
            let mut request = vec![0; u32::from_be_bytes(size) as usize];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(&answer).unwrap();
        }
    }

    #[test]
    fn latency_counts_from_when_a_request_was_due_however_late_it_was_sent() {
        const LATE: Duration = Duration::from_secs(5);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        std::thread::spawn(move || acknowledge_all(&listener));
        let batch = Batch::build(100, 1_000, 0).unwrap();
        let budget = Arc::new(Budget::new(Some(10 * batch.bytes.len() as u64), None));
        let producer = Producer {
            stream,
            requests: vec![PreparedRequest::new("t", 0, Acks::Leader, &batch)],
            batch,
            in_flight: 1,
            // As after a stall: all ten were due within the first 100 ms of a schedule that began long ago.
            pace: Some(Pace::new(Instant::now() - LATE, 100.0, 0.0)),
            budget: Arc::clone(&budget),
            due_times: None,
        };
        let tally = drive(vec![producer], 1, &budget).unwrap();
        assert_eq!(tally.requests, 10);
        let fastest = tally.latency.percentile_ms(0.0);
        assert!(fastest >= 4_890.0, "a request that was due 4.9 s ago took {fastest} ms");
    }
}
