//! Before the load: the topic exists, the broker leads it, and its offsets are known.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::api::Request;
use protocol::messages::create_topics::CreateTopicsRequest;
use protocol::messages::create_topics::request::CreatableTopic;
use protocol::messages::list_offsets::ListOffsetsRequest;
use protocol::messages::list_offsets::request::{ListOffsetsPartition, ListOffsetsTopic};
use protocol::messages::metadata::request::MetadataRequestTopic;
use protocol::messages::metadata::{MetadataRequest, MetadataResponse};
use protocol::{ErrorCode, Offset};

use crate::skim::refused;
use crate::{BenchError, Target};

/// The name by which brokers know the generators.
pub(crate) const CLIENT_ID: &str = "crossdock-bench";

/// How long a broker may take for anything before the run is given up.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// The versions spoken here, which every broker from Kafka 2.4 on serves.
const METADATA_VERSION: i16 = 8;
const CREATE_TOPICS_VERSION: i16 = 4;
const LIST_OFFSETS_VERSION: i16 = 5;

/// A larger answer to one of these requests is not believed: Metadata of a million partitions is smaller.
const MAX_ANSWER_BYTES: usize = 100 << 20;

const CREATE_TIMEOUT_MS: i32 = 30_000;
const LEADER_POLL: Duration = Duration::from_millis(20);

/// The offsets that a partition had when the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartitionOffsets {
    pub(crate) start: Offset,
    pub(crate) end: Offset,
}

/// Creates the topic if it does not exist, waits until it has leaders, and reads each partition's offsets.
pub(crate) fn prepare(target: &Target) -> Result<Vec<PartitionOffsets>, BenchError> {
    let mut broker = Broker::connect(&target.address)?;
    let partitions = broker.partitions_of(target)?;
    let starts = broker.offsets(&target.topic, partitions, Timestamp::Earliest)?;
    let ends = broker.offsets(&target.topic, partitions, Timestamp::Latest)?;
    Ok(starts.into_iter().zip(ends).map(|(start, end)| PartitionOffsets { start, end }).collect())
}

/// Opens one of the connections that carry load.
pub(crate) fn connect(address: &str) -> Result<TcpStream, BenchError> {
    let connect = || {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    connect().map_err(|source| BenchError::Connect { address: address.to_owned(), source })
}

/// The times that ListOffsets knows by numbers of their own.
#[derive(Clone, Copy)]
enum Timestamp {
    Latest = -1,
    Earliest = -2,
}

/// A connection for one request at a time.
struct Broker {
    stream: TcpStream,
}

impl Broker {
    fn connect(address: &str) -> Result<Self, BenchError> {
        let stream = connect(address)?;
        stream.set_read_timeout(Some(SILENCE))?;
        Ok(Self { stream })
    }

    fn call<M: Request>(&mut self, request: &M, version: i16) -> Result<M::Response, BenchError> {
        let frame = protocol::api::encode_request::<Bytes, M>(request, version, 0, Some(CLIENT_ID));
        self.stream.write_all(&frame.into_bytes())?;
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
        if size > MAX_ANSWER_BYTES {
            return Err(BenchError::Malformed("an answer of more than 100 MiB"));
        }
        let mut answer = vec![0; size];
        self.stream.read_exact(&mut answer)?;
        Ok(protocol::api::decode_response::<M>(answer.into(), version)?)
    }

    /// How many partitions the topic has, all of them led by this broker.
    fn partitions_of(&mut self, target: &Target) -> Result<usize, BenchError> {
        let give_up = Instant::now() + SILENCE;
        let mut created = false;
        loop {
            let metadata = self.metadata(&target.topic)?;
            let topic = metadata.topics.first().ok_or(BenchError::Malformed("Metadata without the topic"))?;
            let leaderless = topic.partitions.iter().any(|partition| partition.leader_id < 0);
            match ErrorCode::from_code(topic.error_code) {
                Some(ErrorCode::UnknownTopicOrPartition) if !created => {
                    self.create(target)?;
                    created = true;
                }
                // A topic that has just been created takes a moment to show.
                Some(ErrorCode::UnknownTopicOrPartition | ErrorCode::LeaderNotAvailable) => {}
                Some(ErrorCode::None) if leaderless => {}
                Some(ErrorCode::None) if metadata.brokers.len() == 1 => return Ok(topic.partitions.len()),
                Some(ErrorCode::None) => {
                    return Err(BenchError::Options(
                        "load goes to one broker, and this is a cluster of several".into(),
                    ));
                }
                _ => return Err(refused("Metadata", target.topic.clone(), topic.error_code)),
            }
            if Instant::now() > give_up {
                return Err(BenchError::Silent(SILENCE.as_secs()));
            }
            std::thread::sleep(LEADER_POLL);
        }
    }

    fn metadata(&mut self, topic: &str) -> Result<MetadataResponse, BenchError> {
        let topic = MetadataRequestTopic { name: Some(topic.to_owned()), ..Default::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        self.call(&request, METADATA_VERSION)
    }

    fn create(&mut self, target: &Target) -> Result<(), BenchError> {
        let topic = CreatableTopic {
            name: target.topic.clone(),
            num_partitions: target.partitions,
            replication_factor: 1,
            ..Default::default()
        };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: CREATE_TIMEOUT_MS, ..Default::default() };
        let response = self.call(&request, CREATE_TOPICS_VERSION)?;
        match response.topics.first().map(|topic| topic.error_code) {
            Some(0) => Ok(()),
            Some(code) => Err(refused("CreateTopics", target.topic.clone(), code)),
            None => Err(BenchError::Malformed("CreateTopics without the topic")),
        }
    }

    fn offsets(&mut self, topic: &str, count: usize, at: Timestamp) -> Result<Vec<Offset>, BenchError> {
        let indexes = 0..i32::try_from(count).unwrap_or(i32::MAX);
        let partitions = indexes
            .map(|partition_index| ListOffsetsPartition {
                partition_index,
                timestamp: at as i64,
                ..Default::default()
            })
            .collect();
        let topics = vec![ListOffsetsTopic { name: topic.to_owned(), partitions }];
        let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
        let response = self.call(&request, LIST_OFFSETS_VERSION)?;
        let mut offsets = vec![None; count];
        for partition in response.topics.into_iter().flat_map(|topic| topic.partitions) {
            let index = partition.partition_index;
            if partition.error_code != 0 {
                return Err(refused("ListOffsets", format!("partition {index}"), partition.error_code));
            }
            if let Some(slot) = usize::try_from(index).ok().and_then(|index| offsets.get_mut(index)) {
                *slot = Some(Offset(partition.offset));
            }
        }
        offsets
            .into_iter()
            .collect::<Option<_>>()
            .ok_or(BenchError::Malformed("ListOffsets without a partition"))
    }
}
