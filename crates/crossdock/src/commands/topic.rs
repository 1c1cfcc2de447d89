//! `crossdock topic`: create, list, describe, change and delete topics.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use client::{
    Client, ClientError, Cluster, ConfigEntry, ConfigSource, NewTopic, OffsetSpec, Resource, TopicMetadata,
    TopicPartition,
};
use protocol::{ErrorCode, Offset};
use serde_json::{Value, json};

use super::{Bootstrap, block_on, parse_property};
use crate::output;
use crate::units::{count, counted};

/// Create, list, describe, change and delete topics.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Topic {
    #[command(flatten)]
    bootstrap: Bootstrap,
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  crossdock topic create orders --partitions 6 --config retention.ms=86400000
  crossdock topic list
  crossdock topic describe orders
  crossdock topic config orders --set cleanup.policy=compact
  crossdock topic delete orders";

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a topic.
    #[command(after_help = "\
Examples:
  crossdock topic create orders
  crossdock topic create orders --partitions 6 --config compression.type=zstd --if-not-exists")]
    Create {
        /// Its name: 1 to 249 letters, digits, `.`, `_` and `-`.
        name: String,
        /// How many partitions [default: the broker's num.partitions].
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// How many copies of each [default: the broker's default.replication.factor].
        #[arg(long, value_parser = clap::value_parser!(i16).range(1..))]
        replication_factor: Option<i16>,
        /// A property that is not the broker's default; may be repeated.
        #[arg(long, value_name = "NAME=VALUE", value_parser = parse_property)]
        config: Vec<(String, String)>,
        /// Succeed where it exists already, whatever it is like.
        #[arg(long)]
        if_not_exists: bool,
    },
    /// List topics.
    #[command(after_help = "\
Examples:
  crossdock topic list
  crossdock topic list --json | jq -r '.[].name'

JSON: [{\"name\", \"id\", \"partitions\", \"replication_factor\", \"internal\"}]")]
    List {
        /// Those of Kafka's own, too, as __consumer_offsets.
        #[arg(long)]
        internal: bool,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show partitions, leaders and offsets of topics, and what is configured for them.
    #[command(after_help = "\
Examples:
  crossdock topic describe orders
  crossdock topic describe orders payments --json

JSON: [{\"name\", \"id\", \"internal\", \"config\": {name: value}, \"partitions\": [{\"partition\",
\"leader\" (or null), \"leader_epoch\", \"replicas\", \"in_sync\", \"first_offset\", \"next_offset\"}]}]")]
    Describe {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Delete topics and all their records.
    #[command(after_help = "\
Examples:
  crossdock topic delete orders payments")]
    Delete {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Give a topic more partitions. Keys may then go to other partitions than before.
    #[command(after_help = "\
Examples:
  crossdock topic add-partitions orders --total 12")]
    AddPartitions {
        /// Its name.
        name: String,
        /// How many partitions it is to have in all.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
        total: i32,
    },
    /// Show or change a topic's configuration.
    #[command(after_help = "\
Examples:
  crossdock topic config orders
  crossdock topic config orders --all
  crossdock topic config orders --set retention.ms=3600000 --unset compression.type

JSON: [{\"name\", \"value\" (or null), \"source\": \"topic\"|\"broker\"|\"file\"|\"default\"|\"other\"}]")]
    Config {
        /// Its name.
        name: String,
        /// Set a property; may be repeated.
        #[arg(long, value_name = "NAME=VALUE", value_parser = parse_property)]
        set: Vec<(String, String)>,
        /// Go back to the broker's default; may be repeated.
        #[arg(long, value_name = "NAME")]
        unset: Vec<String>,
        /// Show defaults, too.
        #[arg(long)]
        all: bool,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
}

impl Topic {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            let client = self.bootstrap.connect().await?;
            self.action.run(&client).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Action {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let mut out = output::stdout();
        match self {
            Self::Create { name, partitions, replication_factor, config, if_not_exists } => {
                let topic = NewTopic { name, partitions, replication_factor, configs: config };
                create(client, &topic, if_not_exists, &mut out).await?;
            }
            Self::List { internal, json } => list(client, internal, json, &mut out).await?,
            Self::Describe { names, json } => describe(client, &names, json, &mut out).await?,
            Self::Delete { names } => {
                for name in names {
                    client.delete_topic(&name).await?;
                    writeln!(out, "deleted topic {name}")?;
                }
            }
            Self::AddPartitions { name, total } => {
                client.grow_topic(&name, total).await?;
                writeln!(out, "topic {name} has {total} partitions now")?;
            }
            Self::Config { name, set, unset, all, json } => {
                let set = set.into_iter().map(|(property, value)| (property, Some(value)));
                let changes: Vec<_> = set.chain(unset.into_iter().map(|property| (property, None))).collect();
                let topic = Resource::Topic(name);
                if !changes.is_empty() {
                    client.alter_configs(&topic, &changes).await?;
                }
                show_config(client, &topic, all, json, &mut out).await?;
            }
        }
        Ok(out.flush()?)
    }
}

async fn create(
    client: &Client,
    topic: &NewTopic,
    if_not_exists: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let name = &topic.name;
    match client.create_topic(topic).await {
        Ok(created) => {
            write!(out, "created topic {name}")?;
            if let Some(partitions) = created.partitions {
                write!(out, " with {}", counted(u64::from(partitions.unsigned_abs()), "partition"))?;
            }
            writeln!(out)?;
        }
        Err(error) if if_not_exists && error.code() == Some(ErrorCode::TopicAlreadyExists) => {
            writeln!(out, "topic {name} exists already")?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn list(client: &Client, internal: bool, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let Cluster { topics, .. } = client.describe(None).await?;
    let shown: Vec<(&String, &TopicMetadata)> =
        topics.iter().filter(|(_, t)| internal || !t.is_internal).collect();
    if json {
        let topics: Vec<Value> = shown
            .into_iter()
            .map(|(name, topic)| {
                json!({
                    "name": name,
                    "id": output::kafka_id(topic.id),
                    "partitions": topic.partitions.len(),
                    "replication_factor": replication_factor(topic),
                    "internal": topic.is_internal,
                })
            })
            .collect();
        writeln!(out, "{:#}", Value::Array(topics))?;
        return Ok(());
    }
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, topic) in shown {
        let partitions = counted(topic.partitions.len() as u64, "partition");
        let replicas = replication_factor(topic);
        let copies = if replicas > 1 { format!(", {replicas} copies") } else { String::new() };
        writeln!(out, "{name:<width$}  {partitions}{copies}")?;
    }
    Ok(())
}

async fn describe(client: &Client, names: &[String], json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let mut described = Vec::new();
    for name in names {
        let topic = client.topic(name).await?;
        let partitions: Vec<TopicPartition> = (topic.partitions.iter())
            .filter(|partition| partition.leader.is_some())
            .map(|partition| TopicPartition::new(name.as_str(), partition.index))
            .collect();
        let offsets = Offsets {
            first: offsets(client, &partitions, OffsetSpec::Earliest).await?,
            next: offsets(client, &partitions, OffsetSpec::Latest).await?,
        };
        let config = set_for_topic(client, name).await?;
        if json {
            described.push(describe_json(name, &topic, &config, &offsets));
        } else {
            describe_text(name, &topic, &config, &offsets, out)?;
        }
    }
    if json {
        writeln!(out, "{:#}", Value::Array(described))?;
    }
    Ok(())
}

/// The first offset of each partition, and the one that the next record gets.
struct Offsets {
    first: BTreeMap<TopicPartition, Offset>,
    next: BTreeMap<TopicPartition, Offset>,
}

impl Offsets {
    fn of(&self, partition: &TopicPartition) -> (Option<i64>, Option<i64>) {
        (self.first.get(partition).map(|offset| offset.0), self.next.get(partition).map(|offset| offset.0))
    }
}

async fn offsets(
    client: &Client,
    partitions: &[TopicPartition],
    spec: OffsetSpec,
) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
    let found = client.list_offsets(partitions, spec).await?;
    Ok(found.into_iter().filter_map(|(partition, found)| Some((partition, found.offset?))).collect())
}

fn describe_text(
    name: &str,
    topic: &TopicMetadata,
    config: &[ConfigEntry],
    offsets: &Offsets,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let partitions = counted(topic.partitions.len() as u64, "partition");
    writeln!(out, "{name}  id {}  {partitions}", output::kafka_id(topic.id))?;
    for entry in config {
        writeln!(out, "  {}={}", entry.name, entry.value.as_deref().unwrap_or(""))?;
    }
    for partition in &topic.partitions {
        let of =
            |ids: &[protocol::BrokerId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let leader = partition.leader.map_or("none".to_owned(), |leader| leader.to_string());
        let offsets = match offsets.of(&TopicPartition::new(name, partition.index)) {
            (Some(first), Some(next)) => {
                format!("offsets {first} to {next} ({})", count(next.abs_diff(first)))
            }
            _ => "offsets unknown".to_owned(),
        };
        writeln!(
            out,
            "  partition {:<4} leader {leader:<4} epoch {:<4} replicas {:<6} in sync {:<6} {offsets}",
            partition.index.0,
            partition.leader_epoch.0,
            of(&partition.replicas),
            of(&partition.in_sync),
        )?;
    }
    Ok(())
}

fn describe_json(name: &str, topic: &TopicMetadata, config: &[ConfigEntry], offsets: &Offsets) -> Value {
    let ids = |ids: &[protocol::BrokerId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let partitions: Vec<Value> = topic
        .partitions
        .iter()
        .map(|partition| {
            let (first, next) = offsets.of(&TopicPartition::new(name, partition.index));
            json!({
                "partition": partition.index.0,
                "leader": partition.leader.map(|leader| leader.0),
                "leader_epoch": partition.leader_epoch.0,
                "replicas": ids(&partition.replicas),
                "in_sync": ids(&partition.in_sync),
                "first_offset": first,
                "next_offset": next,
            })
        })
        .collect();
    let config: serde_json::Map<String, Value> =
        config.iter().map(|entry| (entry.name.clone(), json!(entry.value))).collect();
    json!({
        "name": name,
        "id": output::kafka_id(topic.id),
        "internal": topic.is_internal,
        "config": config,
        "partitions": partitions,
    })
}

async fn show_config(
    client: &Client,
    topic: &Resource,
    all: bool,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let entries = client.describe_configs(topic).await?;
    let shown = entries.into_iter().filter(|entry| all || entry.source == ConfigSource::Topic);
    if json {
        let entries: Vec<Value> = shown
            .map(|entry| json!({"name": entry.name, "value": entry.value, "source": entry.source.name()}))
            .collect();
        writeln!(out, "{:#}", Value::Array(entries))?;
        return Ok(());
    }
    let mut any = false;
    for entry in shown {
        any = true;
        let source = match entry.source {
            ConfigSource::Topic => String::new(),
            source => format!("    # {}", source.name()),
        };
        writeln!(out, "{}={}{source}", entry.name, entry.value.as_deref().unwrap_or(""))?;
    }
    if !any {
        writeln!(out, "nothing is set for this topic; --all shows the defaults")?;
    }
    Ok(())
}

/// What somebody has set for this topic.
async fn set_for_topic(client: &Client, name: &str) -> Result<Vec<ConfigEntry>, ClientError> {
    let mut entries = client.describe_configs(&Resource::Topic(name.to_owned())).await?;
    entries.retain(|entry| entry.source == ConfigSource::Topic);
    Ok(entries)
}

fn replication_factor(topic: &TopicMetadata) -> usize {
    topic.partitions.iter().map(|partition| partition.replicas.len()).max().unwrap_or(0)
}
