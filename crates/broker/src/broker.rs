//! The broker as a whole: what its parts share, how it starts and how it stops.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use admin::{OfEngine, OfProcess, Operated};
use arc_swap::ArcSwap;
use cluster::{BrokerRegistration, ClusterError, Controller, Endpoint, Image};
use log::LogError;
use parking_lot::Mutex;
use protocol::{BrokerId, ErrorCode};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{info, warn};
use transfer::Engine;

use crate::config::BrokerConfig;
use crate::data_dirs::DataDirs;
use crate::disk::{OnWatch, Watch};
use crate::fetch::Sessions;
use crate::groups::{self, GroupService};
use crate::metrics::Metrics;
use crate::network::{BoundListener, ConnectionLimits, Limits, RequestBuffers, Server};
use crate::observed::Observed;
use crate::offsets::Offsets;
use crate::partitions::Partitions;
use crate::producer_ids::ProducerIds;
use crate::{background, clock};

/// How long connections may take to finish the request they are at when the broker stops.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// What the parts of one broker share.
#[derive(Debug)]
pub(crate) struct Broker {
    config: ArcSwap<BrokerConfig>,
    pub(crate) node_id: BrokerId,
    pub(crate) cluster_id: String,
    pub(crate) controller: Controller,
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) data_dirs: DataDirs,
    /// Over the threads that serve connections.
    pub(crate) watch: Arc<Watch>,
    pub(crate) fetch_sessions: Arc<Sessions>,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) groups: GroupService<Offsets>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) buffers: Arc<RequestBuffers>,
    pub(crate) connection_limits: Arc<ConnectionLimits>,
    pub(crate) metrics: Metrics,
    /// The image that the partitions follow.
    pub(crate) followed: Mutex<Arc<Image>>,
    /// Held while a topic is created that a client needs and did not ask to create.
    pub(crate) creating_on_demand: Arc<tokio::sync::Mutex<()>>,
    stopping: watch::Sender<bool>,
}

/// A broker that serves clients until it is stopped.
#[derive(Debug)]
pub struct RunningBroker {
    broker: Arc<Broker>,
    server: Server,
    listeners: Vec<(String, SocketAddr)>,
    log_dirs: Vec<PathBuf>,
    admin: Option<SocketAddr>,
    _on_watch: OnWatch,
}

/// Why a broker does not start, or did not stop cleanly.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The listener's address as configured.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A data directory or a log in it cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The metadata log cannot be used.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The configuration names no data directory.
    #[error("log.dirs names no directory")]
    NoDataDir,
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// A thread of the broker died.
    #[error("{0}")]
    Died(#[from] tokio::task::JoinError),
}

impl RunningBroker {
    /// Opens the data, binds the listeners and begins to serve.
    ///
    /// # Errors
    /// What is in the way: an address, a data directory, a log.
    pub async fn start(config: BrokerConfig) -> Result<Self, BrokerError> {
        // Directories first: a broker that is refused there must not have been seen on the network.
        let (watch, on_watch) = Watch::start(Handle::current()).map_err(BrokerError::Thread)?;
        let watched = Arc::clone(&watch);
        let (config, data_dirs) = tokio::task::spawn_blocking(move || {
            let dirs = DataDirs::open(&config.log_dirs, config.node_id, config.open_files, &watched)?;
            Ok::<_, LogError>((config, dirs))
        })
        .await??;
        let mut listeners = Vec::new();
        for listener in &config.listeners {
            let bound = BoundListener::bind(&listener.name, &listener.host, listener.port, &config).await;
            listeners
                .push(bound.map_err(|source| BrokerError::Listen { address: listener.to_string(), source })?);
        }
        let admin = bind_admin(config.admin_listener.as_deref()).await?;
        let addresses: Vec<_> =
            listeners.iter().map(|listener| (listener.name.to_string(), listener.address)).collect();
        let log_dirs = config.log_dirs.clone();
        let endpoints = advertised(&config, &addresses);
        let opening = move || Broker::open(config, data_dirs, endpoints, watch).map(Arc::new);
        let broker = tokio::task::spawn_blocking(opening).await??;
        background::start(&broker);
        let timers = Arc::clone(&broker);
        tokio::spawn(async move {
            tokio::select! {
                () = timers.groups.run() => {}
                () = timers.stopping() => {}
            }
        });
        let server = Server::start(&broker, listeners);
        let mut admin_address = None;
        if let Some((listener, address)) = admin {
            admin_address = Some(address);
            let pages = admin::serve(Arc::clone(&broker), listener);
            tokio::spawn(async move {
                if let Err(error) = pages.await {
                    warn!("the admin pages ended: {error}");
                }
            });
        }
        Ok(Self { broker, server, listeners: addresses, log_dirs, admin: admin_address, _on_watch: on_watch })
    }

    /// Where clients reach the broker: listener names and bound addresses.
    #[must_use]
    pub fn listeners(&self) -> &[(String, SocketAddr)] {
        &self.listeners
    }

    /// Where the admin pages are.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.broker.cluster_id
    }

    /// The data directories.
    #[must_use]
    pub fn data_dirs(&self) -> &[PathBuf] {
        &self.log_dirs
    }

    /// What this kernel can do for the broker.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.broker.engine
    }

    /// Takes no new work, finishes answers in flight, flushes the logs and leaves the mark of a clean shutdown.
    ///
    /// # Errors
    /// The disk's: the next start then checks the logs.
    pub async fn stop(self) -> Result<(), BrokerError> {
        self.broker.stopping.send_replace(true);
        self.server.stop(STOP_GRACE).await;
        let broker = self.broker;
        tokio::task::spawn_blocking(move || broker.close()).await??;
        Ok(())
    }
}

impl Broker {
    fn open(
        config: BrokerConfig,
        data_dirs: DataDirs,
        endpoints: Vec<Endpoint>,
        watch: Arc<Watch>,
    ) -> Result<Self, BrokerError> {
        let registration = BrokerRegistration {
            id: config.node_id,
            endpoints,
            controller_endpoint: None,
            rack: config.broker_rack.clone(),
            log_dirs: data_dirs.ids(),
        };
        let (metadata_dir, clean) = data_dirs.metadata_dir().ok_or(BrokerError::NoDataDir)?;
        let controller =
            Controller::open(metadata_dir, clean, &registration, config.metadata_log, clock::now_ms())?;
        let engine = Arc::new(Engine::new(config.transfer_policy()));
        let partitions = Arc::new(Partitions::default());
        let sessions = Arc::new(Sessions::new(config.fetch_session_slots));
        let offsets = Arc::new(Offsets { partitions: Arc::clone(&partitions) });
        let groups = GroupService::new(group_settings(&config), config.offsets_topic_num_partitions, offsets);
        let mut metrics = Metrics::new();
        metrics.collect_from(OfEngine(Arc::clone(&engine)));
        metrics.collect_from(OfProcess);
        metrics
            .collect_from(Observed { partitions: Arc::clone(&partitions), sessions: Arc::clone(&sessions) });
        let broker = Self {
            node_id: config.node_id,
            cluster_id: data_dirs.cluster_id().to_owned(),
            buffers: Arc::new(RequestBuffers::new(config.request_memory_bytes)),
            connection_limits: Arc::new(ConnectionLimits::new(Limits::of(&config))),
            controller,
            partitions,
            data_dirs,
            watch,
            fetch_sessions: sessions,
            producer_ids: ProducerIds::default(),
            engine,
            metrics,
            followed: Mutex::default(),
            creating_on_demand: Arc::default(),
            stopping: watch::Sender::new(false),
            groups,
            config: ArcSwap::from_pointee(config),
        };
        broker.follow_metadata();
        Ok(broker)
    }

    /// The settings as they are now; clients can change some of them at any time.
    pub(crate) fn config(&self) -> Arc<BrokerConfig> {
        self.config.load_full()
    }

    /// Other settings from now on.
    pub(crate) fn set_config(&self, config: BrokerConfig) {
        self.connection_limits.set(Limits::of(&config));
        self.config.store(Arc::new(config));
    }

    /// Where clients of one listener reach this broker.
    pub(crate) fn own_endpoint(&self, listener: &str) -> Option<(Endpoint, Option<String>)> {
        let image = self.controller.image();
        let me = image.broker(self.node_id)?;
        Some((me.endpoint(listener)?.clone(), me.rack.clone()))
    }

    /// Completes when the broker begins to stop.
    pub(crate) async fn stopping(&self) {
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Does what may have to wait for the disk on a thread where that holds nobody up.
    pub(crate) async fn on_disk_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ErrorCode> {
        tokio::task::spawn_blocking(work).await.map_err(|_| ErrorCode::UnknownServerError)
    }

    fn close(&self) -> Result<(), BrokerError> {
        let partitions = self.partitions.all();
        let now_ms = clock::now_ms();
        for partition in &partitions {
            partition.log.close(now_ms)?;
        }
        self.data_dirs.write_recovery_points(&partitions)?;
        self.data_dirs.write_start_offsets(&partitions)?;
        self.data_dirs.write_high_watermarks(&partitions)?;
        let epoch = self.controller.image().broker(self.node_id).map_or(-1, |me| me.epoch);
        self.controller.close(now_ms)?;
        self.data_dirs.mark_clean_shutdown(epoch)?;
        info!("stopped: {} logs flushed", partitions.len());
        Ok(())
    }
}

impl Operated for Broker {
    fn metrics(&self) -> Result<String, std::fmt::Error> {
        self.metrics.text()
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    fn stopping(&self) -> impl Future<Output = ()> + Send {
        Self::stopping(self)
    }
}

fn group_settings(config: &BrokerConfig) -> groups::Settings {
    groups::Settings {
        group_min_session_timeout_ms: config.group_min_session_timeout_ms,
        group_max_session_timeout_ms: config.group_max_session_timeout_ms,
        group_initial_rebalance_delay_ms: config.group_initial_rebalance_delay_ms,
        group_max_size: config.group_max_size,
        offset_metadata_max_bytes: config.offset_metadata_max_bytes,
        offsets_retention_ms: config.offsets_retention_ms,
        offsets_retention_check_interval_ms: config.offsets_retention_check_interval_ms,
    }
}

async fn bind_admin(address: Option<&str>) -> Result<Option<(TcpListener, SocketAddr)>, BrokerError> {
    let Some(address) = address else { return Ok(None) };
    let bound = admin::bind(address).await;
    bound.map(Some).map_err(|source| BrokerError::Listen { address: address.to_owned(), source })
}

/// What clients are told: the advertised listeners, or the bound ones with the port that the system chose.
fn advertised(config: &BrokerConfig, bound: &[(String, SocketAddr)]) -> Vec<Endpoint> {
    let advertised = config.advertised_listeners.iter().map(|listener| {
        let chosen =
            bound.iter().find(|(name, _)| *name == listener.name).map_or(0, |(_, address)| address.port());
        Endpoint {
            name: listener.name.clone(),
            host: listener.host.clone(),
            port: if listener.port == 0 { chosen } else { listener.port },
            security_protocol: 0,
        }
    });
    advertised.collect()
}
