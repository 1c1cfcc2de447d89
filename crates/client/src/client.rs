//! The cluster through one client: who leads what, one connection to each broker, and trying again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::messages::find_coordinator::FindCoordinatorRequest;
use protocol::messages::find_coordinator::response::{Coordinator, FindCoordinatorResponse};
use protocol::messages::metadata::MetadataRequest;
use protocol::messages::metadata::request::MetadataRequestTopic;
use protocol::{ApiKey, BrokerId, ErrorCode};
use tokio::time::Instant;

use crate::retry::Effort;
use crate::{Address, ClientError, Cluster, Connection, ConnectionConfig, TopicMetadata, TopicPartition};

/// How long what is known about a topic is used before it is asked for again: partitions may be added.
const METADATA_MAX_AGE: Duration = Duration::from_secs(60);
/// How long a topic may take to come into being on demand. Where brokers create none, this is how long it takes to say so.
const TOPIC_CREATION_TIMEOUT: Duration = Duration::from_secs(3);
/// FindCoordinator's number for groups.
const KEY_TYPE_GROUP: i8 = 0;
/// The first version of FindCoordinator that takes several keys.
const FIRST_VERSION_WITH_KEYS: i16 = 4;

/// How a client reaches its cluster.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Brokers to begin with; the first that answers tells of the others.
    pub bootstrap: Vec<Address>,
    /// For each connection.
    pub connection: ConnectionConfig,
    /// How long a call tries again before it gives up.
    pub retry_for: Duration,
}

impl ClientConfig {
    /// The defaults, for these brokers.
    #[must_use]
    pub fn new(bootstrap: Vec<Address>) -> Self {
        Self { bootstrap, connection: ConnectionConfig::default(), retry_for: Duration::from_secs(30) }
    }
}

/// A client of one cluster. Clones share connections and knowledge.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: ClientConfig,
    state: Mutex<State>,
    /// Held while connecting, so that a broker gets one connection however many wait for it.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    connections: HashMap<Address, Connection>,
    brokers: HashMap<BrokerId, Address>,
    controller: Option<BrokerId>,
    topics: HashMap<String, (Arc<TopicMetadata>, Instant)>,
}

impl Client {
    /// Connects to the first broker of the configuration that answers.
    ///
    /// # Errors
    /// None answers; the error is that of the last one tried.
    pub async fn connect(config: ClientConfig) -> Result<Self, ClientError> {
        let shared = Shared { config, state: Mutex::default(), connecting: tokio::sync::Mutex::default() };
        let client = Self { shared: Arc::new(shared) };
        client.any_broker().await?;
        Ok(client)
    }

    /// How this client reaches its cluster.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.shared.config
    }

    /// A connection to any broker.
    ///
    /// # Errors
    /// None answers.
    pub async fn any_broker(&self) -> Result<Connection, ClientError> {
        let known: Vec<Address> = {
            let state = self.state();
            if let Some(open) = state.connections.values().find(|connection| !connection.is_closed()) {
                return Ok(open.clone());
            }
            state.brokers.values().cloned().collect()
        };
        let mut last = Err(ClientError::Address(String::new()));
        for address in known.iter().chain(&self.shared.config.bootstrap) {
            last = self.connection_to(address).await;
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// The connection to a broker.
    ///
    /// # Errors
    /// The broker does not answer, or nobody knows it.
    pub async fn broker(&self, id: BrokerId) -> Result<Connection, ClientError> {
        let known = self.state().brokers.get(&id).cloned();
        match known {
            Some(address) => self.connection_to(&address).await,
            None => self.any_broker().await,
        }
    }

    /// A connection to the broker that takes requests of administration.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn controller(&self) -> Result<Connection, ClientError> {
        let known = self.state().controller;
        match known {
            Some(id) => self.broker(id).await,
            None => self.any_broker().await,
        }
    }

    /// Which broker leads a partition.
    ///
    /// # Errors
    /// The topic or the partition does not exist, or has no leader now.
    pub async fn leader(&self, of: &TopicPartition) -> Result<BrokerId, ClientError> {
        let topic = self.topic(&of.topic).await?;
        let partition = topic.partition(of.partition).ok_or_else(|| ClientError::NoSuchPartition {
            partition: of.clone(),
            count: topic.partitions.len(),
        })?;
        partition.leader.ok_or_else(|| ClientError::NoLeader(of.clone()))
    }

    /// Which broker leads a partition, if that is known already.
    pub(crate) fn known_leader(&self, of: &TopicPartition) -> Option<BrokerId> {
        self.state().topics.get(&of.topic)?.0.partition(of.partition)?.leader
    }

    /// What is known about a topic, asked for if that is nothing or long ago. Where the broker creates topics on
    /// demand, this is no demand.
    ///
    /// # Errors
    /// The topic does not exist, or the broker does not answer.
    pub async fn topic(&self, name: &str) -> Result<Arc<TopicMetadata>, ClientError> {
        if let Some((topic, since)) = self.state().topics.get(name)
            && since.elapsed() < METADATA_MAX_AGE
        {
            return Ok(Arc::clone(topic));
        }
        let broker = self.any_broker().await?;
        let mut cluster = self.describe_by(&broker, Some(&[name])).await?;
        let found = cluster.topics.remove(name).ok_or(ErrorCode::UnknownTopicOrPartition);
        let topic = found.and_then(|topic| if topic.error.is_error() { Err(topic.error) } else { Ok(topic) });
        let topic =
            topic.map_err(|code| broker.refusal(ApiKey::Metadata, code, None, format!("topic {name}")))?;
        let topic = Arc::new(topic);
        self.state().topics.insert(name.to_owned(), (Arc::clone(&topic), Instant::now()));
        Ok(topic)
    }

    /// As [`Self::topic`]; but where there is none and brokers create topics on demand, this is one.
    ///
    /// # Errors
    /// There is none and brokers do not create it, or they do not answer.
    pub async fn demand_topic(&self, name: &str) -> Result<Arc<TopicMetadata>, ClientError> {
        let mut effort = Effort::new(TOPIC_CREATION_TIMEOUT);
        let demand = MetadataRequest { topics: Some(vec![asked(name)]), ..MetadataRequest::default() };
        loop {
            match self.topic(name).await {
                Err(error) => {
                    if error.code() == Some(ErrorCode::UnknownTopicOrPartition) {
                        self.any_broker().await?.call(&demand).await?;
                    }
                    effort.again(error).await?;
                }
                topic => return topic,
            }
        }
    }

    /// Asks for the brokers and some topics by name, or all.
    ///
    /// # Errors
    /// The broker does not answer. A topic's own error is in its description.
    pub async fn describe(&self, topics: Option<&[&str]>) -> Result<Cluster, ClientError> {
        let broker = self.any_broker().await?;
        self.describe_by(&broker, topics).await
    }

    async fn describe_by(
        &self,
        broker: &Connection,
        topics: Option<&[&str]>,
    ) -> Result<Cluster, ClientError> {
        let topics = topics.map(|names| names.iter().map(|name| asked(name)).collect());
        let request =
            MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let response = broker.call(&request).await?;
        broker.check(ApiKey::Metadata, response.error_code, None, || "the cluster".to_owned())?;
        let cluster = Cluster::from(response);
        let mut state = self.state();
        state.brokers.clone_from(&cluster.brokers);
        state.controller = cluster.controller;
        Ok(cluster)
    }

    /// Forgets what is known about a topic: an answer showed that it is no longer true.
    pub fn forget(&self, topic: &str) {
        self.state().topics.remove(topic);
    }

    /// Opens a connection of its own to the coordinator of a group, beside those that fetches may occupy.
    ///
    /// # Errors
    /// The coordinator is not known or does not answer.
    pub(crate) async fn open_coordinator(&self, group_id: &str) -> Result<Connection, ClientError> {
        let broker = self.any_broker().await?;
        let request = FindCoordinatorRequest {
            key: group_id.to_owned(),
            key_type: KEY_TYPE_GROUP,
            coordinator_keys: vec![group_id.to_owned()],
        };
        let in_flight = broker.send(&request).await?;
        let version = in_flight.version();
        let found = coordinator_of(in_flight.answer().await?, version, group_id);
        broker.check(ApiKey::FindCoordinator, found.error_code, found.error_message.as_deref(), || {
            format!("group {group_id}")
        })?;
        let address = Address { host: found.host, port: u16::try_from(found.port).unwrap_or_default() };
        Connection::open(&address, &self.shared.config.connection).await
    }

    /// The patience of one call.
    pub(crate) fn effort(&self) -> Effort {
        Effort::new(self.shared.config.retry_for)
    }

    async fn connection_to(&self, address: &Address) -> Result<Connection, ClientError> {
        if let Some(open) = self.open_connection(address) {
            return Ok(open);
        }
        let _connecting = self.shared.connecting.lock().await;
        if let Some(open) = self.open_connection(address) {
            return Ok(open);
        }
        let connection = Connection::open(address, &self.shared.config.connection).await?;
        self.state().connections.insert(address.clone(), connection.clone());
        Ok(connection)
    }

    fn open_connection(&self, address: &Address) -> Option<Connection> {
        self.state().connections.get(address).filter(|connection| !connection.is_closed()).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn asked(name: &str) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(name.to_owned()), ..MetadataRequestTopic::default() }
}

/// The one coordinator that was asked for; older versions have it in the response itself.
fn coordinator_of(response: FindCoordinatorResponse, version: i16, group_id: &str) -> Coordinator {
    if version >= FIRST_VERSION_WITH_KEYS {
        return response.coordinators.into_iter().find(|found| found.key == group_id).unwrap_or_default();
    }
    Coordinator {
        key: group_id.to_owned(),
        node_id: response.node_id,
        host: response.host,
        port: response.port,
        error_code: response.error_code,
        error_message: response.error_message,
    }
}
