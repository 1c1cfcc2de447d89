//! Before the load: the topic exists, it is known who leads it and where it begins and ends.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use client::{Address, Client, ClientConfig, ClientError, NewTopic, OffsetSpec, TopicPartition};
use protocol::{ErrorCode, Offset, PartitionIndex};

use crate::{BenchError, Target};

/// The name by which brokers know the generators.
pub(crate) const CLIENT_ID: &str = "crossdock-bench";

/// How long a broker may take for anything before the run is given up.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// How often a topic is looked for that was just created.
const TOPIC_POLL: Duration = Duration::from_millis(50);

/// A topic that load can be put on.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Where the broker is that leads all partitions.
    pub(crate) leader: Address,
    /// By partition.
    pub(crate) offsets: Vec<PartitionOffsets>,
}

/// The offsets that a partition had when the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartitionOffsets {
    pub(crate) start: Offset,
    pub(crate) end: Offset,
}

/// Creates the topic if it does not exist, and waits until its partitions have leaders. Blocks.
pub(crate) fn prepare(target: &Target) -> Result<Topic, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = Client::connect(ClientConfig::new(target.bootstrap.clone())).await?;
        let partitions: Vec<_> = (0..partition_count(&client, target).await?)
            .map(|index| TopicPartition::new(target.topic.as_str(), PartitionIndex(index)))
            .collect();
        let starts = client.list_offsets(&partitions, OffsetSpec::Earliest).await?;
        let ends = client.list_offsets(&partitions, OffsetSpec::Latest).await?;
        let offsets = starts.into_values().zip(ends.into_values()).map(|(start, end)| PartitionOffsets {
            start: start.offset.unwrap_or(Offset::ZERO),
            end: end.offset.unwrap_or(Offset::ZERO),
        });
        Ok(Topic { leader: leader(&client, &partitions).await?, offsets: offsets.collect() })
    })
}

/// Opens one of the connections that carry load. Blocks.
pub(crate) fn connect(address: &Address) -> Result<TcpStream, BenchError> {
    let connect = || {
        let stream = TcpStream::connect((address.host.as_str(), address.port))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    connect().map_err(|source| BenchError::Connect { address: address.clone(), source })
}

/// How many partitions the topic has, once it exists.
async fn partition_count(client: &Client, target: &Target) -> Result<i32, ClientError> {
    let mut created = false;
    let give_up = Instant::now() + SILENCE;
    loop {
        match client.topic(&target.topic).await {
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                if !created {
                    create(client, target).await?;
                    created = true;
                } else if Instant::now() > give_up {
                    return Err(error);
                }
                // A broker may take a while to show what its controller has created.
                tokio::time::sleep(TOPIC_POLL).await;
            }
            topic => return Ok(topic?.partition_count()),
        }
    }
}

async fn create(client: &Client, target: &Target) -> Result<(), ClientError> {
    let (name, partitions) = (target.topic.clone(), Some(target.partitions));
    match client.create_topic(&NewTopic { name, partitions, ..NewTopic::default() }).await {
        Err(error) if error.code() != Some(ErrorCode::TopicAlreadyExists) => Err(error),
        _ => Ok(()),
    }
}

async fn leader(client: &Client, partitions: &[TopicPartition]) -> Result<Address, BenchError> {
    let mut leaders = Vec::with_capacity(partitions.len());
    for partition in partitions {
        leaders.push(client.leader(partition).await?);
    }
    leaders.dedup();
    let &[leader] = &leaders[..] else {
        return Err(BenchError::Options(
            "load goes to one broker, and several lead this topic's partitions".into(),
        ));
    };
    let mut brokers = client.describe(Some(&[])).await?.brokers;
    brokers.remove(&leader).ok_or(BenchError::Malformed("the leader is not among the brokers"))
}
