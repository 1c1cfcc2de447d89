//! The settings of a topic: its own ones, and the broker's in the place of those that it does not have.

use std::collections::BTreeMap;

use log::LogConfig;
use protocol::records::{Codec, Compression, TimestampType};

use super::tables::{self, TOPICS};
use super::{BadValue, BrokerConfig, Setting, Value, nearest};

/// Settings that a topic cannot have. The fault is the client's: INVALID_CONFIG.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicConfigError {
    /// No topic has a setting of this name.
    #[error("Unknown topic config name: {name}{}", nearest.map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// The name.
        name: String,
        /// The known name that is most like it.
        nearest: Option<&'static str>,
    },
    /// A setting does not take its value.
    #[error(transparent)]
    BadValue(#[from] BadValue),
    /// Compaction would have to come earlier than it may.
    #[error(
        "min.compaction.lag.ms is {min_ms} and must not be greater than max.compaction.lag.ms, which is {max_ms}"
    )]
    CompactionLag {
        /// `min.compaction.lag.ms`.
        min_ms: i64,
        /// `max.compaction.lag.ms`.
        max_ms: i64,
    },
    /// There is no remote storage.
    #[error("remote.storage.enable cannot be true: this broker has no remote storage")]
    RemoteStorage,
}

impl BrokerConfig {
    /// Whether a topic can have these settings of its own.
    ///
    /// # Errors
    /// The first [`TopicConfigError`] in the order of the names.
    pub fn check_topic(&self, overrides: &BTreeMap<String, String>) -> Result<(), TopicConfigError> {
        for (name, value) in overrides {
            validate_topic(name, value)?;
        }
        let topic = Topic { broker: self, overrides };
        let (min_ms, max_ms) = (topic.long("min.compaction.lag.ms"), topic.long("max.compaction.lag.ms"));
        if min_ms > max_ms {
            return Err(TopicConfigError::CompactionLag { min_ms, max_ms });
        }
        if topic.boolean("remote.storage.enable") {
            return Err(TopicConfigError::RemoteStorage);
        }
        Ok(())
    }

    /// The settings that the logs of a topic heed. Settings of the topic's own that it cannot have do not count.
    #[must_use]
    pub fn log_config(&self, overrides: &BTreeMap<String, String>) -> LogConfig {
        let topic = Topic { broker: self, overrides };
        let policies = topic.list("cleanup.policy");
        let has_policy = |name: &str| policies.iter().any(|policy| policy == name);
        LogConfig {
            cleanup_delete: has_policy("delete"),
            cleanup_compact: has_policy("compact"),
            compression: topic.compression(),
            file_delete_delay_ms: topic.long("file.delete.delay.ms"),
            flush_messages: topic.long("flush.messages"),
            flush_ms: topic.long("flush.ms"),
            index_interval_bytes: topic.bytes("index.interval.bytes"),
            max_message_bytes: topic.bytes("max.message.bytes") as usize,
            timestamp_type: match topic.text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_max_ms: topic.long("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: topic.long("message.timestamp.after.max.ms"),
            min_insync_replicas: topic.bytes("min.insync.replicas"),
            preallocate: topic.boolean("preallocate"),
            retention_bytes: topic.long("retention.bytes"),
            retention_ms: topic.long("retention.ms"),
            segment_bytes: topic.segment_bytes(),
            segment_index_bytes: topic.bytes("segment.index.bytes"),
            segment_jitter_ms: topic.long("segment.jitter.ms"),
            segment_ms: topic.long("segment.ms"),
            validate_compressed: topic.text("crossdock.compressed.validation") == "records",
        }
    }

    /// The broker's value in the place of a topic's or group's `setting`, in the setting's own unit.
    pub(super) fn stand_in(&self, setting: &Setting) -> Option<Value> {
        let of_broker = setting.broker_names.iter().find_map(|name| {
            let value = self.effective.get(name)?.clone();
            Some(match value {
                Value::Integer(amount) => Value::Integer(in_ms(name, amount)),
                other => other,
            })
        });
        of_broker.or_else(|| setting.default_value())
    }
}

/// Whether a topic's setting `name` takes this value, as far as can be told without the topic's other settings.
///
/// # Errors
/// [`TopicConfigError::Unknown`] and [`TopicConfigError::BadValue`].
pub fn validate_topic(name: &str, value: &str) -> Result<Value, TopicConfigError> {
    let setting = tables::topic(name)
        .ok_or_else(|| TopicConfigError::Unknown { name: name.to_owned(), nearest: nearest::topic(name) })?;
    Ok(setting.parse(value)?)
}

/// An amount of time of the broker setting `name` in milliseconds; every negative retention is for ever.
fn in_ms(name: &str, amount: i64) -> i64 {
    match name.rsplit_once('.') {
        Some(("log.retention", _)) if amount < 0 => -1,
        Some((_, "minutes")) => amount.saturating_mul(60_000),
        Some((_, "hours")) => amount.saturating_mul(3_600_000),
        _ => amount,
    }
}

/// The settings of one topic, typed. A test reads all of them: one of another type is a bug and reads as its zero.
struct Topic<'a> {
    broker: &'a BrokerConfig,
    overrides: &'a BTreeMap<String, String>,
}

impl Topic<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let setting = TOPICS.iter().find(|setting| setting.name == name)?;
        let own = self.overrides.get(name).and_then(|text| setting.parse(text).ok());
        own.or_else(|| self.broker.stand_in(setting))
    }

    fn boolean(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Boolean(true))
    }

    fn long(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Integer(value)) => value,
            other => {
                debug_assert!(false, "{name} is not a number: {other:?}");
                0
            }
        }
    }

    /// A number that is not negative and fits in 32 bits, as all of the type int are that do not say otherwise.
    fn bytes(&self, name: &str) -> u32 {
        u32::try_from(self.long(name)).unwrap_or_default()
    }

    fn text(&self, name: &str) -> String {
        self.value(name).map(|value| value.to_string()).unwrap_or_default()
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(entries)) => entries,
            _ => Vec::new(),
        }
    }

    fn segment_bytes(&self) -> u32 {
        match self.value("internal.segment.bytes") {
            Some(Value::Integer(bytes)) => u32::try_from(bytes).unwrap_or_default(),
            _ => self.bytes("segment.bytes"),
        }
    }

    /// Gzip's level of −1 is the usual one. LZ4 has one level here.
    fn compression(&self) -> Option<Codec> {
        let level = |name: &str| i32::try_from(self.long(name)).ok();
        match self.text("compression.type").as_str() {
            "uncompressed" => Some(Codec::new(Compression::None)),
            "gzip" => {
                let level = level("compression.gzip.level").filter(|&level| level != -1);
                Some(Codec { compression: Compression::Gzip, level })
            }
            "snappy" => Some(Codec::new(Compression::Snappy)),
            "lz4" => Some(Codec::new(Compression::Lz4)),
            "zstd" => Some(Codec { compression: Compression::Zstd, level: level("compression.zstd.level") }),
            _ => None,
        }
    }
}
