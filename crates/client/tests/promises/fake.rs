//! A broker that answers as a test tells it to, on a real socket.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use client::{Address, Client, ClientConfig};
use protocol::ApiKey;
use protocol::api::{RequestFrame, encode_response};
use protocol::codec::{Encode, Message};
use protocol::messages::api_versions::ApiVersionsResponse;
use protocol::messages::api_versions::response::ApiVersion;
use protocol::messages::metadata::MetadataResponse;
use protocol::messages::metadata::response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// What the broker does about a request.
pub(crate) enum Reply {
    /// Sends this frame.
    Answer(Bytes),
    /// Says nothing.
    Nothing,
    /// Closes the connection.
    Close,
}

/// A broker that listens until the test ends.
pub(crate) struct FakeBroker {
    /// Where it listens.
    pub(crate) address: Address,
    /// Every request that came, in order.
    pub(crate) requests: Arc<Mutex<Vec<RequestFrame>>>,
}

impl FakeBroker {
    /// Listens and does about each request what `behaviour` says.
    pub(crate) async fn start(
        behaviour: impl FnMut(&Address, &RequestFrame) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let requests = Arc::<Mutex<Vec<RequestFrame>>>::default();
        let (seen, own) = (Arc::clone(&requests), address.clone());
        let behaviour = Arc::new(Mutex::new(behaviour));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, own, behaviour) = (Arc::clone(&seen), own.clone(), Arc::clone(&behaviour));
                tokio::spawn(serve(stream, move |request| {
                    seen.lock().unwrap().push(request.clone());
                    (behaviour.lock().unwrap())(&own, request)
                }));
            }
        });
        Self { address, requests }
    }

    /// A client of this broker.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(ClientConfig::new(vec![self.address.clone()])).await.unwrap()
    }

    /// The requests to one API.
    pub(crate) fn requests_to(&self, api: ApiKey) -> Vec<RequestFrame> {
        self.requests.lock().unwrap().iter().filter(|request| request.api == api).cloned().collect()
    }
}

/// The answer to a request.
pub(crate) fn answer<M: Message + Encode<Bytes>>(request: &RequestFrame, response: &M) -> Reply {
    Reply::Answer(encode_response(response, request.version, request.correlation_id).into_bytes())
}

/// Every API in every version that this project knows.
pub(crate) fn all_versions() -> ApiVersionsResponse {
    let api_keys = ApiKey::ALL.iter().map(|api| {
        let versions = api.request_spec().stable_versions();
        ApiVersion { api_key: *api as i16, min_version: versions.first, max_version: versions.last }
    });
    ApiVersionsResponse { api_keys: api_keys.collect(), ..ApiVersionsResponse::default() }
}

/// One broker and the topic `t` with `partitions` partitions.
pub(crate) fn metadata(address: &Address, partitions: i32) -> MetadataResponse {
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: 1,
        leader_epoch: 0,
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        ..MetadataResponsePartition::default()
    };
    MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: 1,
            host: address.host.clone(),
            port: i32::from(address.port),
            rack: None,
        }],
        controller_id: 1,
        topics: vec![MetadataResponseTopic {
            name: Some("t".to_owned()),
            topic_id: TOPIC_ID,
            partitions: (0..partitions).map(partition).collect(),
            ..MetadataResponseTopic::default()
        }],
        ..MetadataResponse::default()
    }
}

/// The id of the topic `t`.
pub(crate) const TOPIC_ID: Uuid = Uuid::from_u128(7);

async fn serve(mut stream: TcpStream, mut behaviour: impl FnMut(&RequestFrame) -> Reply) {
    while let Ok(size) = stream.read_u32().await {
        let mut frame = BytesMut::zeroed(size as usize);
        stream.read_exact(&mut frame).await.unwrap();
        match behaviour(&RequestFrame::parse(frame.freeze()).unwrap()) {
            Reply::Answer(frame) => stream.write_all(&frame).await.unwrap(),
            Reply::Nothing => {}
            Reply::Close => return,
        }
    }
}
