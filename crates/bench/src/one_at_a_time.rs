//! One record at a time: how long does it take from a producer to a consumer that waits for it?

use std::time::Instant;

use client::Address;
use protocol::Offset;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::batch::Batch;
use crate::consume::{Fetches, Share};
use crate::options::{Acks, ConsumeLoad, Target};
use crate::produce::{self, PreparedRequest};
use crate::report::Latency;
use crate::skim::{self, BUFFER_BYTES};
use crate::topic::{SILENCE, connect, prepare};
use crate::{BenchError, Usage};

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct OneAtATime {
    /// Records that are measured.
    pub records: u32,
    /// Records sent before, which are not.
    pub warm_up_records: u32,
    /// Bytes of each record's value.
    pub record_bytes: usize,
    /// Which acknowledgement to wait for.
    pub acks: Acks,
}

impl Default for OneAtATime {
    fn default() -> Self {
        Self { records: 10_000, warm_up_records: 1_000, record_bytes: 100, acks: Acks::Leader }
    }
}

/// Sends a record, waits until it is acknowledged and until the consumer has it, and only then sends the next; returns
/// the times from sending to receiving, and what the broker `pid` cost meanwhile. Blocks.
///
/// The consumer's Fetch already waits at the broker when a record is sent. One thread does both, so that no time is
/// lost between threads.
///
/// # Errors
/// Anything but success in any answer.
pub fn run_latency(
    target: &Target,
    options: &OneAtATime,
    pid: Option<u32>,
) -> Result<(Latency, Option<Usage>), BenchError> {
    let topic = prepare(target)?;
    let end = topic.offsets.first().ok_or(BenchError::Malformed("a topic without partitions"))?.end;
    let before = pid.map(Usage::of).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let latency = runtime.block_on(measure(target, options, &topic.leader, end))?;
    let usage = match (pid, before) {
        (Some(pid), Some(before)) => Some(Usage::of(pid)?.since(&before)),
        _ => None,
    };
    Ok((latency, usage))
}

async fn measure(
    target: &Target,
    options: &OneAtATime,
    leader: &Address,
    end: Offset,
) -> Result<Latency, BenchError> {
    const PARTITION: usize = 0;
    let batch = Batch::build(options.record_bytes, 0, 0)?;
    let request = PreparedRequest::new(&target.topic, PARTITION, options.acks, &batch);
    let share = Share { partition: PARTITION as i32, next: end, until: None };
    let mut fetches = Fetches::new(target.topic.clone(), ConsumeLoad::default(), vec![share]);

    let mut producer = open(leader)?;
    let (acknowledgements, mut producer) = producer.split();
    let mut acknowledgements = BufReader::new(acknowledgements);
    let mut consumer = open(leader)?;
    let (answers, mut consumer) = consumer.split();
    let mut answers = BufReader::with_capacity(BUFFER_BYTES, answers);

    let mut latency = Latency::default();
    consumer.write_all(&fetches.next_request()).await?;
    for n in 0..options.warm_up_records + options.records {
        let sent = Instant::now();
        request.send(&mut producer).await?;
        let mut arrived = false;
        while !arrived {
            // A Fetch that waited in vain, or that began a session, comes back empty.
            let answer = skim::read_answer(&mut answers, |partition, header| {
                fetches.received(partition, header.next_offset());
                arrived = true;
            });
            let answer =
                timeout(SILENCE, answer).await.map_err(|_| BenchError::Silent(SILENCE.as_secs()))??;
            if arrived && n >= options.warm_up_records {
                latency.record(sent.elapsed());
            }
            fetches.answered(answer)?;
            consumer.write_all(&fetches.next_request()).await?;
        }
        produce::read_answer(&mut acknowledgements, PARTITION).await?;
    }
    Ok(latency)
}

fn open(leader: &Address) -> Result<TcpStream, BenchError> {
    let stream = connect(leader)?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream)?)
}
