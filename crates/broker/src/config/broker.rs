//! The settings of a broker as fields.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use cluster::MetadataLogSettings;
use protocol::BrokerId;
use transfer::{Mechanism, Policy};

use super::listeners::{self, Listener, SecurityProtocol};
use super::reader::Reader;
use super::{BrokerSettings, ConfigErrors, Value};

/// What a broker runs with: every setting of the broker that Crossdock acts on, named as in Kafka, and the settings
/// that stand in where a topic has none of its own.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: BrokerId,
    /// `broker.rack`.
    pub broker_rack: Option<String>,
    /// `listeners`, without those of the metadata quorum: at least one.
    pub listeners: Vec<Listener>,
    /// `advertised.listeners`, each with the name of one of the listeners: at least one. A port of 0 stands for the one
    /// that the listener gets.
    pub advertised_listeners: Vec<Listener>,
    /// `log.dirs`: at least one.
    pub log_dirs: Vec<PathBuf>,
    /// `metadata.log.*` and `metadata.max.retention.*`.
    pub metadata_log: MetadataLogSettings,

    /// `num.partitions`.
    pub num_partitions: i32,
    /// `default.replication.factor`.
    pub default_replication_factor: i16,
    /// `auto.create.topics.enable`.
    pub auto_create_topics_enable: bool,
    /// `delete.topic.enable`.
    pub delete_topic_enable: bool,
    /// `log.retention.check.interval.ms`.
    pub log_retention_check_interval: Duration,
    /// `log.flush.scheduler.interval.ms`.
    pub log_flush_scheduler_interval: Duration,
    /// `log.flush.offset.checkpoint.interval.ms`.
    pub log_flush_offset_checkpoint_interval: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_flush_start_offset_checkpoint_interval: Duration,
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
    /// `num.recovery.threads.per.data.dir`.
    pub recovery_threads_per_data_dir: usize,
    /// `crossdock.open.files`.
    pub open_files: usize,

    /// `socket.send.buffer.bytes`; `None` leaves it to the system.
    pub socket_send_buffer_bytes: Option<usize>,
    /// `socket.receive.buffer.bytes`; `None` leaves it to the system.
    pub socket_receive_buffer_bytes: Option<usize>,
    /// `crossdock.socket.buffers`: whether these sizes are set as they are, or where the kernel's own sizing ends below.
    pub socket_buffers_fixed: bool,
    /// `crossdock.socket.pacing`: whether connections within this host go without BBR's pacing.
    pub within_host_unpaced: bool,
    /// `socket.request.max.bytes`.
    pub socket_request_max_bytes: usize,
    /// `socket.listen.backlog.size`.
    pub socket_listen_backlog_size: i32,
    /// `max.connections`.
    pub max_connections: usize,
    /// `max.connection.creation.rate`, per second.
    pub max_connection_creation_rate: usize,
    /// `max.connections.per.ip`.
    pub max_connections_per_ip: usize,
    /// `max.connections.per.ip.overrides`.
    pub max_connections_per_ip_overrides: HashMap<IpAddr, usize>,
    /// `connections.max.idle.ms`; [`Duration::MAX`] where idle connections stay.
    pub connections_max_idle: Duration,
    /// The smaller of `crossdock.request.memory.bytes` and `queued.max.request.bytes`; at least one request fits.
    pub request_memory_bytes: usize,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: usize,
    /// `max.incremental.fetch.session.cache.slots`.
    pub fetch_session_slots: usize,
    /// `max.request.partition.size.limit`.
    pub max_request_partition_size_limit: usize,

    /// `group.min.session.timeout.ms`.
    pub group_min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub group_max_session_timeout_ms: i32,
    /// `group.initial.rebalance.delay.ms`.
    pub group_initial_rebalance_delay_ms: i32,
    /// `group.max.size`.
    pub group_max_size: i32,
    /// `offset.metadata.max.bytes`.
    pub offset_metadata_max_bytes: i32,
    /// `offsets.retention.minutes`, in milliseconds.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check_interval_ms: i64,
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_num_partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub offsets_topic_replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub offsets_topic_segment_bytes: i32,

    /// `crossdock.admin.listener`, as HOST:PORT; `None` where there are no such pages.
    pub admin_listener: Option<String>,
    /// `crossdock.transfer.copy.below.bytes`.
    pub transfer_copy_below_bytes: u64,
    /// `crossdock.transfer.mechanism`; `None` where the policy chooses.
    pub transfer_mechanism: Option<Mechanism>,

    pub(super) settings: BrokerSettings,
    pub(super) effective: BTreeMap<&'static str, Value>,
}

impl BrokerConfig {
    /// The fields of these settings.
    ///
    /// # Errors
    /// All values that contradict each other, or that no field can hold.
    pub fn build(settings: BrokerSettings) -> Result<Self, ConfigErrors> {
        let effective = settings.effective();
        let mut reader = Reader::new(&settings, &effective);
        check_node(&mut reader);
        check_log_times(&mut reader);
        let (listeners, advertised_listeners) = read_listeners(&mut reader);
        let config = Self {
            node_id: BrokerId(reader.int("node.id")),
            broker_rack: reader.optional_text("broker.rack"),
            listeners,
            advertised_listeners,
            log_dirs: log_dirs(&reader),
            metadata_log: metadata_log(&reader),
            num_partitions: reader.int("num.partitions"),
            default_replication_factor: replication_factor(&mut reader),
            auto_create_topics_enable: reader.boolean("auto.create.topics.enable"),
            delete_topic_enable: reader.boolean("delete.topic.enable"),
            log_retention_check_interval: reader.duration("log.retention.check.interval.ms"),
            log_flush_scheduler_interval: reader.duration("log.flush.scheduler.interval.ms"),
            log_flush_offset_checkpoint_interval: reader.duration("log.flush.offset.checkpoint.interval.ms"),
            log_flush_start_offset_checkpoint_interval: reader
                .duration("log.flush.start.offset.checkpoint.interval.ms"),
            producer_id_expiration_ms: reader.long("producer.id.expiration.ms"),
            recovery_threads_per_data_dir: reader.size("num.recovery.threads.per.data.dir"),
            open_files: reader.size("crossdock.open.files"),
            socket_send_buffer_bytes: buffer(&mut reader, "socket.send.buffer.bytes"),
            socket_receive_buffer_bytes: buffer(&mut reader, "socket.receive.buffer.bytes"),
            socket_buffers_fixed: reader.text("crossdock.socket.buffers") == "fixed",
            within_host_unpaced: reader.text("crossdock.socket.pacing") == "auto",
            socket_request_max_bytes: reader.size("socket.request.max.bytes"),
            socket_listen_backlog_size: reader.int("socket.listen.backlog.size"),
            max_connections: reader.size("max.connections"),
            max_connection_creation_rate: reader.size("max.connection.creation.rate"),
            max_connections_per_ip: connections_per_ip(&mut reader),
            max_connections_per_ip_overrides: overrides_per_ip(&mut reader),
            connections_max_idle: reader.duration("connections.max.idle.ms"),
            request_memory_bytes: request_memory(&mut reader),
            fetch_max_bytes: reader.size("fetch.max.bytes"),
            fetch_session_slots: reader.size("max.incremental.fetch.session.cache.slots"),
            max_request_partition_size_limit: reader.size("max.request.partition.size.limit"),
            group_min_session_timeout_ms: reader.int("group.min.session.timeout.ms"),
            group_max_session_timeout_ms: reader.int("group.max.session.timeout.ms"),
            group_initial_rebalance_delay_ms: reader.int("group.initial.rebalance.delay.ms"),
            group_max_size: reader.int("group.max.size"),
            offset_metadata_max_bytes: reader.int("offset.metadata.max.bytes"),
            offsets_retention_ms: i64::from(reader.int("offsets.retention.minutes")) * 60_000,
            offsets_retention_check_interval_ms: reader.long("offsets.retention.check.interval.ms"),
            offsets_topic_num_partitions: reader.int("offsets.topic.num.partitions"),
            offsets_topic_replication_factor: reader.short("offsets.topic.replication.factor"),
            offsets_topic_segment_bytes: reader.int("offsets.topic.segment.bytes"),
            admin_listener: admin_listener(&mut reader),
            transfer_copy_below_bytes: reader.size("crossdock.transfer.copy.below.bytes") as u64,
            transfer_mechanism: transfer_mechanism(&reader),
            settings: BrokerSettings::default(),
            effective: BTreeMap::new(),
        };
        let errors = reader.finish();
        if errors.is_empty() { Ok(Self { settings, effective, ..config }) } else { Err(ConfigErrors(errors)) }
    }

    /// The same broker after clients changed its settings: what they set for all brokers, and for this one.
    ///
    /// # Errors
    /// All values that contradict each other. A value that a setting does not take at all is left out instead.
    pub fn with_dynamic(
        &self,
        all: &BTreeMap<String, String>,
        this: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigErrors> {
        Self::build(self.settings.with_dynamic(all, this))
    }

    /// How records leave for consumers.
    #[must_use]
    pub fn transfer_policy(&self) -> Policy {
        let automatic = || Policy::automatic().with_copy_below(self.transfer_copy_below_bytes);
        self.transfer_mechanism.map_or_else(automatic, Policy::force)
    }

    /// The settings in their layers.
    #[must_use]
    pub fn settings(&self) -> &BrokerSettings {
        &self.settings
    }
}

fn metadata_log(reader: &Reader<'_>) -> MetadataLogSettings {
    let positive = |name| u64::try_from(reader.long(name)).unwrap_or_default();
    MetadataLogSettings {
        segment_bytes: u32::try_from(reader.int("metadata.log.segment.bytes")).unwrap_or_default(),
        segment_ms: reader.long("metadata.log.segment.ms"),
        max_record_bytes_between_snapshots: positive("metadata.log.max.record.bytes.between.snapshots"),
        max_snapshot_interval_ms: reader.long("metadata.log.max.snapshot.interval.ms"),
        max_retention_bytes: reader.long("metadata.max.retention.bytes"),
        max_retention_ms: reader.long("metadata.max.retention.ms"),
    }
}

fn check_node(reader: &mut Reader<'_>) {
    let (node, broker) = (reader.int("node.id"), reader.int("broker.id"));
    reader.check("broker.id", node == broker, || format!("{node}, as in node.id"));
    let roles = reader.list("process.roles");
    reader.check("process.roles", roles.iter().any(|role| role == "broker"), || {
        "broker, or broker,controller: Crossdock is its own controller".to_owned()
    });
}

/// What one setting may be depends on which of those in other units is set.
fn check_log_times(reader: &mut Reader<'_>) {
    for name in ["log.retention.ms", "log.retention.minutes", "log.retention.hours"] {
        let value = reader.optional_long(name);
        reader.check(name, value != Some(0), || "at least 1, or -1 for ever".to_owned());
    }
    let roll = reader.optional_long("log.roll.ms");
    reader.check("log.roll.ms", roll.is_none_or(|ms| ms >= 1), || "at least 1".to_owned());
    let jitter = reader.optional_long("log.roll.jitter.ms");
    reader.check("log.roll.jitter.ms", jitter.is_none_or(|ms| ms >= 0), || "at least 0".to_owned());
}

fn read_listeners(reader: &mut Reader<'_>) -> (Vec<Listener>, Vec<Listener>) {
    let quorum: Vec<String> =
        reader.list("controller.listener.names").iter().map(|name| name.to_ascii_uppercase()).collect();
    let of_clients = |all: Vec<Listener>| -> Vec<Listener> {
        all.into_iter().filter(|listener| !quorum.contains(&listener.name)).collect()
    };
    let some_of_clients =
        |all: Vec<Listener>| match all.iter().any(|listener| !quorum.contains(&listener.name)) {
            true => Ok(all),
            false => Err("a listener that is not the controller's".to_owned()),
        };
    let all = reader.list("listeners");
    let listeners = of_clients(reader.accept("listeners", listeners::parse(&all).and_then(some_of_clients)));
    let advertised = match reader.optional_list("advertised.listeners") {
        Some(entries) => of_clients(reader.accept("advertised.listeners", listeners::parse(&entries))),
        None => listeners::advertised_by_default(&listeners),
    };
    let known = |name: &str| listeners.iter().any(|listener| listener.name == name);
    for listener in &advertised {
        reader.check("advertised.listeners", known(&listener.name), || {
            format!("names of listeners, in place of {}", listener.name)
        });
        reader.check("advertised.listeners", !listener.is_wildcard(), || {
            format!("an address that clients can connect to, in place of {listener}")
        });
    }
    check_protocols(reader, &listeners);
    if let Some(name) = reader.optional_text("inter.broker.listener.name") {
        let known = known(&name.to_ascii_uppercase());
        reader.check("inter.broker.listener.name", known, || "the name of a listener".to_owned());
    }
    (listeners, advertised)
}

fn check_protocols(reader: &mut Reader<'_>, listeners: &[Listener]) {
    let map = reader.text("listener.security.protocol.map");
    let protocols = reader.accept("listener.security.protocol.map", listeners::protocols(&map));
    for listener in listeners {
        let protocol = protocols.get(&listener.name).copied();
        reader.check("listener.security.protocol.map", protocol.is_some(), || {
            format!("the protocol of the listener {}", listener.name)
        });
        let served = protocol.is_none_or(|protocol| SecurityProtocol::SERVED.contains(&protocol));
        reader.check("listeners", served, || {
            let name = protocol.map_or("", SecurityProtocol::as_str);
            format!("listeners of the protocol PLAINTEXT: Crossdock does not serve {name} on {listener}")
        });
    }
}

fn log_dirs(reader: &Reader<'_>) -> Vec<PathBuf> {
    let dirs = reader.optional_list("log.dirs").unwrap_or_else(|| reader.list("log.dir"));
    dirs.into_iter().map(PathBuf::from).collect()
}

fn replication_factor(reader: &mut Reader<'_>) -> i16 {
    let factor = i16::try_from(reader.int("default.replication.factor")).ok().filter(|&factor| factor >= 1);
    reader.check("default.replication.factor", factor.is_some(), || {
        format!("a whole number from 1 to {}", i16::MAX)
    });
    factor.unwrap_or(1)
}

fn buffer(reader: &mut Reader<'_>, name: &'static str) -> Option<usize> {
    let bytes = reader.int(name);
    reader.check(name, bytes >= 1 || bytes == -1, || {
        "at least 1, or -1 for what the system chooses".to_owned()
    });
    usize::try_from(bytes).ok()
}

fn connections_per_ip(reader: &mut Reader<'_>) -> usize {
    let limit = reader.size("max.connections.per.ip");
    let has_overrides = !reader.text("max.connections.per.ip.overrides").is_empty();
    reader.check("max.connections.per.ip", limit > 0 || has_overrides, || {
        "at least 1 where max.connections.per.ip.overrides is empty".to_owned()
    });
    limit
}

/// A host name would have to be looked up, which a configuration must not wait for: only addresses are taken.
fn overrides_per_ip(reader: &mut Reader<'_>) -> HashMap<IpAddr, usize> {
    const NAME: &str = "max.connections.per.ip.overrides";
    let text = reader.text(NAME);
    let entry = |entry: &str| {
        let (address, limit) = entry.rsplit_once(':')?;
        Some((address.trim().parse().ok()?, limit.trim().parse().ok()?))
    };
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let overrides =
        entries.map(|text| entry(text).ok_or_else(|| format!("ADDRESS:COUNT in place of {text}"))).collect();
    reader.accept(NAME, overrides)
}

fn request_memory(reader: &mut Reader<'_>) -> usize {
    let largest_request = reader.size("socket.request.max.bytes");
    let queued = reader.long("queued.max.request.bytes");
    let queued = usize::try_from(queued).ok().filter(|&bytes| bytes > 0);
    let fits = |bytes: usize| bytes >= largest_request;
    let expected = || format!("at least socket.request.max.bytes, which is {largest_request}");
    reader.check("queued.max.request.bytes", queued.is_none_or(fits), expected);
    let budget = reader.size("crossdock.request.memory.bytes");
    reader.check("crossdock.request.memory.bytes", fits(budget), expected);
    queued.map_or(budget, |queued| queued.min(budget))
}

fn admin_listener(reader: &mut Reader<'_>) -> Option<String> {
    const NAME: &str = "crossdock.admin.listener";
    let address = reader.text(NAME);
    let valid = address.is_empty() || super::value::split_host_port(&address).is_some();
    reader.check(NAME, valid, || "HOST:PORT, or nothing".to_owned());
    Some(address).filter(|address| !address.is_empty())
}

fn transfer_mechanism(reader: &Reader<'_>) -> Option<Mechanism> {
    match reader.text("crossdock.transfer.mechanism").as_str() {
        "sendfile" => Some(Mechanism::Sendfile),
        "splice" => Some(Mechanism::Splice),
        "mmap" => Some(Mechanism::Mmap),
        "read-write" => Some(Mechanism::ReadWrite),
        _ => None,
    }
}
