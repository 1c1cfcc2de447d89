//! A broker in memory: enough of one for load to be put on it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use protocol::api::{RequestFrame, encode_response};
use protocol::codec::{Encode, Message};
use protocol::messages::api_versions::response::ApiVersion;
use protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::messages::create_topics::response::CreatableTopicResult;
use protocol::messages::create_topics::{CreateTopicsRequest, CreateTopicsResponse};
use protocol::messages::fetch::response::{FetchableTopicResponse, PartitionData};
use protocol::messages::fetch::{FetchRequest, FetchResponse};
use protocol::messages::list_offsets::response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use protocol::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
use protocol::messages::metadata::response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use protocol::messages::metadata::{MetadataRequest, MetadataResponse};
use protocol::messages::produce::response::{PartitionProduceResponse, TopicProduceResponse};
use protocol::messages::produce::{ProduceRequest, ProduceResponse};
use protocol::records::{BatchHeader, Batches};
use protocol::{ApiKey, ErrorCode, Offset};

const NODE: i32 = 7;
const EARLIEST: i64 = -2;

/// A broker with one topic at a time; it serves until the test ends.
pub(crate) struct InMemoryBroker {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    port: i32,
    topic: String,
    partitions: Vec<Vec<Bytes>>,
    refuse_produce: Option<ErrorCode>,
}

impl InMemoryBroker {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { port: i32::from(address.port()), ..State::default() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address: address.to_string(), state }
    }

    /// From now on each batch is refused.
    pub(crate) fn refuse_produce(&self, code: ErrorCode) {
        self.state.lock().unwrap().refuse_produce = Some(code);
    }

    /// The batches of each partition, checked.
    pub(crate) fn batches(&self) -> Vec<Vec<BatchHeader>> {
        let state = self.state.lock().unwrap();
        let checked = |batch: &Bytes| {
            let batch = Batches::new(batch.clone()).next().unwrap().unwrap();
            batch.verify_crc().unwrap();
            *batch.header()
        };
        state.partitions.iter().map(|partition| partition.iter().map(checked).collect()).collect()
    }
}

/// Answers one connection until it is closed.
fn serve(mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut session = HashMap::new();
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size)?;
        let mut frame = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut frame)?;
        let request = RequestFrame::parse(frame.into()).unwrap();
        let answer = state.lock().unwrap().answer(&request, &mut session);
        stream.write_all(&answer)?;
    }
}

impl State {
    fn answer(&mut self, request: &RequestFrame, session: &mut HashMap<i32, i64>) -> Bytes {
        match request.api {
            ApiKey::ApiVersions => {
                let _: ApiVersionsRequest = request.read().unwrap();
                encode(request, &versions())
            }
            ApiKey::Metadata => encode(request, &self.metadata(&request.read().unwrap())),
            ApiKey::CreateTopics => encode(request, &self.create(request.read().unwrap())),
            ApiKey::ListOffsets => encode(request, &self.offsets(&request.read().unwrap())),
            ApiKey::Produce => encode(request, &self.produce(request.read().unwrap())),
            ApiKey::Fetch => encode(request, &self.fetch(&request.read().unwrap(), session)),
            other => panic!("nobody expects {}", other.name()),
        }
    }

    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        let partition = |partition_index: usize| MetadataResponsePartition {
            partition_index: partition_index as i32,
            leader_id: NODE,
            ..Default::default()
        };
        let topic = |name: &str| MetadataResponseTopic {
            name: Some(name.to_owned()),
            error_code: if name == self.topic { 0 } else { ErrorCode::UnknownTopicOrPartition as i16 },
            partitions: (0..self.partitions.len()).map(partition).collect(),
            ..Default::default()
        };
        let asked = request.topics.iter().flatten().filter_map(|topic| topic.name.as_deref());
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: NODE,
                host: "127.0.0.1".to_owned(),
                port: self.port,
                ..Default::default()
            }],
            controller_id: NODE,
            topics: asked.map(topic).collect(),
            ..Default::default()
        }
    }

    fn create(&mut self, request: CreateTopicsRequest) -> CreateTopicsResponse {
        let topic = request.topics.into_iter().next().unwrap();
        self.topic.clone_from(&topic.name);
        self.partitions = vec![Vec::new(); topic.num_partitions as usize];
        CreateTopicsResponse {
            topics: vec![CreatableTopicResult { name: topic.name, ..Default::default() }],
            ..Default::default()
        }
    }

    fn offsets(&self, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let partitions = request.topics[0].partitions.iter().map(|asked| ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            offset: if asked.timestamp == EARLIEST { 0 } else { self.end(asked.partition_index as usize).0 },
            ..Default::default()
        });
        let topic = ListOffsetsTopicResponse { name: self.topic.clone(), partitions: partitions.collect() };
        ListOffsetsResponse { topics: vec![topic], ..Default::default() }
    }

    fn produce(&mut self, request: ProduceRequest) -> ProduceResponse {
        let mut responses = Vec::new();
        for partition in request.topic_data.into_iter().flat_map(|topic| topic.partition_data) {
            let index = partition.index as usize;
            let base_offset = self.end(index);
            let error_code = self.refuse_produce.map_or(0, |code| code as i16);
            if error_code == 0 {
                let mut batch = BytesMut::from(&partition.records.unwrap()[..]);
                batch[..8].copy_from_slice(&base_offset.0.to_be_bytes());
                self.partitions[index].push(batch.freeze());
            }
            let base_offset = base_offset.0;
            responses.push(PartitionProduceResponse {
                index: partition.index,
                error_code,
                base_offset,
                ..Default::default()
            });
        }
        let topic = TopicProduceResponse {
            name: self.topic.clone(),
            partition_responses: responses,
            ..Default::default()
        };
        ProduceResponse { responses: vec![topic], ..Default::default() }
    }

    /// One batch of each partition of the session that has one.
    fn fetch(&self, request: &FetchRequest, session: &mut HashMap<i32, i64>) -> FetchResponse<Bytes> {
        if request.session_epoch == 0 {
            session.clear();
        }
        for asked in request.topics.iter().flat_map(|topic| &topic.partitions) {
            session.insert(asked.partition, asked.fetch_offset);
        }
        let found = session.iter().filter_map(|(&partition_index, &offset)| {
            let holds = |batch: &&Bytes| BatchHeader::parse(batch).unwrap().last_offset().0 >= offset;
            let batch = self.partitions[partition_index as usize].iter().find(holds)?.clone();
            Some(PartitionData { partition_index, records: Some(batch), ..Default::default() })
        });
        let partitions: Vec<_> = found.collect();
        if partitions.is_empty() {
            // As a long poll would: others get their turn.
            std::thread::yield_now();
        }
        let topic = FetchableTopicResponse { topic: self.topic.clone(), partitions, ..Default::default() };
        FetchResponse { session_id: 1, responses: vec![topic], ..Default::default() }
    }

    fn end(&self, partition: usize) -> Offset {
        let last = self.partitions[partition].last();
        last.map_or(Offset::ZERO, |batch| BatchHeader::parse(batch).unwrap().next_offset())
    }
}

fn versions() -> ApiVersionsResponse {
    let versions = |&api: &ApiKey| {
        let versions = api.request_spec().versions;
        ApiVersion { api_key: api as i16, min_version: versions.first, max_version: versions.last }
    };
    ApiVersionsResponse { api_keys: ApiKey::ALL.iter().map(versions).collect(), ..Default::default() }
}

fn encode<M: Message + Encode<Bytes>>(request: &RequestFrame, response: &M) -> Bytes {
    encode_response(response, request.version, request.correlation_id).into_bytes()
}
