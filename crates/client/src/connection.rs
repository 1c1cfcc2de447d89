//! One socket to one broker, with as many requests under way as the caller allows.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::api::{self, Request};
use protocol::codec::Versions;
use protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::{ApiKey, ErrorCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use self::parts::Parts;
use crate::{Address, ClientError, Refusal};

mod parts;

/// What a connection is allowed.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// The name under which the broker counts and logs this client.
    pub client_id: String,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long an answer may take. Longer than the longest wait that is asked of the broker.
    pub request_timeout: Duration,
    /// Requests under way at once; the next one waits.
    pub max_in_flight: usize,
    /// The largest answer that is taken.
    pub max_response_bytes: usize,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            client_id: "crossdock".to_owned(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            max_in_flight: 64,
            // Twice what a Fetch asks for by default, as one batch may always exceed what is asked for.
            max_response_bytes: 100 << 20,
        }
    }
}

/// A connection to one broker, with the versions agreed on. Clones are handles to the same socket, which closes with
/// the last of them.
///
/// Requests leave in the order in which they are sent, and the broker answers in that order.
#[derive(Clone, Debug)]
pub struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: Address,
    config: ConnectionConfig,
    /// What the broker serves; empty until it has said so.
    served: OnceLock<HashMap<ApiKey, Versions>>,
    next_correlation_id: AtomicI32,
    slots: Arc<Semaphore>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    ended: Arc<OnceLock<Arc<io::Error>>>,
}

/// A request on its way to the socket. How many there are is bounded by the slots.
#[derive(Debug)]
struct Outgoing {
    frame: protocol::codec::Frame,
    waiting: Waiting,
}

/// Whoever waits for an answer.
#[derive(Debug)]
struct Waiting {
    correlation_id: i32,
    answer: oneshot::Sender<Bytes>,
    _slot: OwnedSemaphorePermit,
}

/// A request that was sent. Dropping it gives up the answer, not the request.
#[derive(Debug)]
#[must_use = "the answer says whether the broker did what it was asked"]
pub struct InFlight<M> {
    connection: Connection,
    version: i16,
    answer: oneshot::Receiver<Bytes>,
    request: PhantomData<fn() -> M>,
}

impl Connection {
    /// Connects and learns which versions the broker serves.
    ///
    /// # Errors
    /// Nobody answers there, or who answers is no broker.
    pub async fn open(address: &Address, config: &ConnectionConfig) -> Result<Self, ClientError> {
        let connected = timeout(config.connect_timeout, connect(address))
            .await
            .unwrap_or(Err(io::ErrorKind::TimedOut.into()));
        let stream =
            connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)).map_err(|reason| {
                ClientError::Unreachable { address: address.clone(), reason: Arc::new(reason) }
            })?;
        let (outgoing, to_send) = mpsc::unbounded_channel();
        let ended = Arc::new(OnceLock::new());
        tokio::spawn(drive(stream, to_send, config.max_response_bytes, Arc::clone(&ended)));
        let connection = Self {
            shared: Arc::new(Shared {
                address: address.clone(),
                config: config.clone(),
                served: OnceLock::new(),
                next_correlation_id: AtomicI32::new(0),
                slots: Arc::new(Semaphore::new(config.max_in_flight.clamp(1, Semaphore::MAX_PERMITS))),
                outgoing,
                ended,
            }),
        };
        connection.learn_versions().await?;
        Ok(connection)
    }

    /// Where the broker is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// How long an answer may take.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        self.shared.config.request_timeout
    }

    /// Whether the socket has failed, so that nothing can be asked any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.outgoing.is_closed()
    }

    /// The highest version of an API that the broker and this crate both know.
    ///
    /// # Errors
    /// [`ClientError::Unsupported`] where there is none.
    pub fn version(&self, api: ApiKey) -> Result<i16, ClientError> {
        let known = api.request_spec().stable_versions();
        self.shared
            .served
            .get()
            .and_then(|served| served.get(&api))
            .map(|served| Versions {
                first: known.first.max(served.first),
                last: known.last.min(served.last),
            })
            .filter(|common| !common.is_empty())
            .map(|common| common.last)
            .ok_or_else(|| ClientError::Unsupported { broker: self.shared.address.clone(), api })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// See [`Self::send`] and [`InFlight::answer`].
    pub async fn call<M: Request>(&self, request: &M) -> Result<M::Response, ClientError> {
        self.send(request).await?.answer().await
    }

    /// Sends a request in the highest common version, as soon as fewer than the allowed number are under way.
    ///
    /// # Errors
    /// The broker does not know the API, or the connection has ended.
    pub async fn send<M: Request>(&self, request: &M) -> Result<InFlight<M>, ClientError> {
        self.send_in(request, self.version(M::API)?).await
    }

    /// Sends a request in a certain version, which is one of the message's.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn send_in<M: Request>(&self, request: &M, version: i16) -> Result<InFlight<M>, ClientError> {
        let Ok(slot) = Arc::clone(&self.shared.slots).acquire_owned().await else { return Err(self.ended()) };
        let correlation_id = self.shared.next_correlation_id.fetch_add(1, Ordering::Relaxed);
        let client_id = Some(self.shared.config.client_id.as_str());
        let frame = api::encode_request(request, version, correlation_id, client_id);
        let (sender, answer) = oneshot::channel();
        let waiting = Waiting { correlation_id, answer: sender, _slot: slot };
        self.shared.outgoing.send(Outgoing { frame, waiting }).map_err(|_| self.ended())?;
        Ok(InFlight { connection: self.clone(), version, answer, request: PhantomData })
    }

    /// Turns an error code of an answer into an error about `subject`.
    ///
    /// # Errors
    /// The code is one.
    pub fn check(
        &self,
        api: ApiKey,
        code: i16,
        message: Option<&str>,
        subject: impl FnOnce() -> String,
    ) -> Result<(), ClientError> {
        match ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError) {
            ErrorCode::None => Ok(()),
            code => Err(self.refusal(api, code, message, subject())),
        }
    }

    /// The error that an error code about `subject` is.
    pub(crate) fn refusal(
        &self,
        api: ApiKey,
        code: ErrorCode,
        message: Option<&str>,
        subject: String,
    ) -> ClientError {
        let (broker, message) = (self.shared.address.clone(), message.map(str::to_owned));
        ClientError::Refused(Box::new(Refusal { broker, api, subject, code, message }))
    }

    async fn learn_versions(&self) -> Result<(), ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "crossdock".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let newest = ApiKey::ApiVersions.request_spec().versions.last;
        let mut response = self.learn_versions_in(&request, newest).await?;
        // An older broker answers in version 0 and names what it serves; any broker knows version 0.
        if response.error_code == ErrorCode::UnsupportedVersion.code() {
            response = self.learn_versions_in(&request, 0).await?;
        }
        self.check(ApiKey::ApiVersions, response.error_code, None, || "this connection".to_owned())?;
        let served = response.api_keys.iter().filter_map(|served| {
            let versions = Versions { first: served.min_version, last: served.max_version };
            Some((ApiKey::from_key(served.api_key)?, versions))
        });
        // Set once, here, before anybody else has the connection.
        let _ = self.shared.served.set(served.collect());
        Ok(())
    }

    async fn learn_versions_in(
        &self,
        request: &ApiVersionsRequest,
        version: i16,
    ) -> Result<ApiVersionsResponse, ClientError> {
        let in_flight = self.send_in(request, version).await?;
        let frame = in_flight.wait(self.request_timeout()).await?;
        api::decode_response::<ApiVersionsRequest>(frame.clone(), version)
            .or_else(|error| {
                // The refusal of a version comes in the shape of version 0.
                api::decode_response::<ApiVersionsRequest>(frame, 0)
                    .ok()
                    .filter(|refusal| refusal.error_code == ErrorCode::UnsupportedVersion.code())
                    .ok_or(error)
            })
            .map_err(|reason| self.malformed(ApiKey::ApiVersions, reason))
    }

    fn malformed(&self, api: ApiKey, reason: protocol::codec::DecodeError) -> ClientError {
        ClientError::Malformed { broker: self.shared.address.clone(), api, reason }
    }

    fn ended(&self) -> ClientError {
        let reason = self.shared.ended.get().cloned();
        let reason = reason.unwrap_or_else(|| Arc::new(io::ErrorKind::ConnectionAborted.into()));
        ClientError::Disconnected { broker: self.shared.address.clone(), reason }
    }
}

/// Tries each address that the host has, in order.
async fn connect(address: &Address) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for peer in lookup_host((address.host.as_str(), address.port)).await? {
        match transfer::connect(peer).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

impl<M: Request> InFlight<M> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The connection ended, the answer took too long or is malformed. Error codes inside the answer are the caller's
    /// to look at: see [`Connection::check`].
    pub async fn answer(self) -> Result<M::Response, ClientError> {
        let patience = self.connection.request_timeout();
        self.answer_within(patience).await
    }

    /// Waits for an answer that may take longer, or shall take less long, than others.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn answer_within(self, patience: Duration) -> Result<M::Response, ClientError> {
        let (connection, version) = (self.connection.clone(), self.version);
        let frame = self.wait(patience).await?;
        api::decode_response::<M>(frame, version).map_err(|reason| connection.malformed(M::API, reason))
    }

    /// The version in which the request was sent.
    #[must_use]
    pub fn version(&self) -> i16 {
        self.version
    }

    async fn wait(self, after: Duration) -> Result<Bytes, ClientError> {
        match timeout(after, self.answer).await {
            Ok(Ok(frame)) => Ok(frame),
            Ok(Err(_)) => Err(self.connection.ended()),
            Err(_) => Err(ClientError::Timeout {
                broker: self.connection.shared.address.clone(),
                api: M::API,
                after,
            }),
        }
    }
}

/// Those who wait for an answer, in the order in which their requests were sent.
type Queue = Mutex<VecDeque<Waiting>>;

/// Moves frames both ways until the last handle is dropped or the socket fails. Everybody who still waits then learns
/// it by the loss of the other end of their channel.
async fn drive(
    mut stream: TcpStream,
    to_send: mpsc::UnboundedReceiver<Outgoing>,
    max_response_bytes: usize,
    ended: Arc<OnceLock<Arc<io::Error>>>,
) {
    let queue = Queue::default();
    let (reader, writer) = stream.split();
    let mut writing = pin!(write_requests(writer, to_send, &queue));
    let mut reading = pin!(read_answers(reader, max_response_bytes, &queue));
    let result = tokio::select! {
        result = &mut writing => result,
        result = &mut reading => result,
    };
    if let Err(error) = result {
        // Set while the queue and the two halves still live: it is their end that wakes those who read this.
        let _ = ended.set(Arc::new(error));
    }
}

async fn write_requests(
    mut socket: WriteHalf<'_>,
    mut to_send: mpsc::UnboundedReceiver<Outgoing>,
    queue: &Queue,
) -> io::Result<()> {
    /// Requests that are written together when they have piled up.
    const WRITTEN_TOGETHER: usize = 32;
    let mut requests = Vec::with_capacity(WRITTEN_TOGETHER);
    while to_send.recv_many(&mut requests, WRITTEN_TOGETHER).await > 0 {
        let mut parts = Parts::default();
        for Outgoing { frame, waiting } in requests.drain(..) {
            lock(queue).push_back(waiting);
            parts.push(frame);
        }
        socket.write_all_buf(&mut parts).await?;
    }
    Ok(())
}

async fn read_answers(mut socket: ReadHalf<'_>, max_bytes: usize, queue: &Queue) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        let size_bytes = fill(&mut socket, &mut buffer, size_of::<u32>()).await?;
        let size = u32::from_be_bytes(<[u8; 4]>::try_from(&size_bytes[..]).unwrap_or_default());
        let size = usize::try_from(size).ok().filter(|size| *size <= max_bytes).ok_or_else(|| {
            let text = format!("it announced an answer of {size} bytes, and at most {max_bytes} are taken");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        let frame = fill(&mut socket, &mut buffer, size).await?.freeze();
        let waiting = lock(queue).pop_front();
        let in_turn =
            |waiting: &Waiting| api::correlation_id(&frame).is_ok_and(|id| id == waiting.correlation_id);
        let Some(waiting) = waiting.filter(in_turn) else {
            let text = "it sent an answer to something that was not asked";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        };
        // Whoever asked may have given up.
        let _ = waiting.answer.send(frame);
    }
}

/// The next `length` bytes.
async fn fill(socket: &mut ReadHalf<'_>, buffer: &mut BytesMut, length: usize) -> io::Result<BytesMut> {
    /// Room for many small answers by one system call.
    const READ_AHEAD_BYTES: usize = 16 * 1024;
    while buffer.len() < length {
        buffer.reserve((length - buffer.len()).max(READ_AHEAD_BYTES));
        if socket.read_buf(buffer).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "end of stream"));
        }
    }
    Ok(buffer.split_to(length))
}

fn lock(queue: &Queue) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
