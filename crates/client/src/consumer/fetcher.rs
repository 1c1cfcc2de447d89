//! Reading partitions from given offsets, one request at a time to each leader, the next one under way while the
//! caller looks at the last.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use protocol::messages::fetch::FetchRequest;
use protocol::messages::fetch::response::{FetchResponse, PartitionData};
use protocol::{ApiKey, BrokerId, ErrorCode, LeaderEpoch, Offset, PartitionIndex};
use tokio::task::JoinSet;

use super::records::{Fetched, next_position};
use super::session::{Session, Wanted, Wishes};
use crate::retry::Effort;
use crate::{Client, ClientError, Connection, OffsetSpec, TopicPartition};

/// The last version of Fetch that names topics; later ones say their ids.
const LAST_VERSION_BY_NAME: i16 = 12;

/// How much is fetched at once, and how long a broker waits for it.
#[derive(Clone, Debug)]
pub struct FetchConfig {
    /// How long a broker waits for `min_bytes`.
    pub max_wait: Duration,
    /// What a broker waits for.
    pub min_bytes: i32,
    /// The most that one answer carries, but for a single batch.
    pub max_bytes: i32,
    /// The most that one partition has in an answer, but for a single batch.
    pub partition_max_bytes: i32,
    /// Where to go on when the position is not in the log any more, or not yet.
    pub reset: OffsetReset,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            max_bytes: 32 << 20,
            partition_max_bytes: 8 << 20,
            reset: OffsetReset::Fail,
        }
    }
}

/// What to do about a position that the log does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OffsetReset {
    /// Go on with the first record there is.
    Earliest,
    /// Go on with the next record that is produced.
    Latest,
    /// Tell the caller.
    #[default]
    Fail,
}

/// Reads some partitions.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    config: FetchConfig,
    positions: BTreeMap<TopicPartition, Offset>,
    sessions: HashMap<BrokerId, Session>,
    /// The leaders that a request is under way to, and what it asks for.
    asked: HashMap<BrokerId, Wishes>,
    answers: JoinSet<Answer>,
    /// Fetched and not handed out yet.
    ready: Vec<Fetched>,
    /// Partitions whose position the log does not have.
    to_reset: Vec<TopicPartition>,
    effort: Effort,
}

/// What came of a request.
#[derive(Debug)]
struct Answer {
    leader: BrokerId,
    session: Session,
    result: Result<(Connection, i16, FetchResponse), ClientError>,
}

impl Fetcher {
    /// A fetcher without partitions.
    #[must_use]
    pub fn new(client: Client, config: FetchConfig) -> Self {
        let effort = client.effort();
        Self {
            client,
            config,
            positions: BTreeMap::new(),
            sessions: HashMap::new(),
            asked: HashMap::new(),
            answers: JoinSet::new(),
            ready: Vec::new(),
            to_reset: Vec::new(),
            effort,
        }
    }

    /// Reads these partitions from these offsets on, and no others. Answers that are under way for other offsets are
    /// thrown away when they come.
    pub fn assign(&mut self, positions: BTreeMap<TopicPartition, Offset>) {
        self.positions = positions;
    }

    /// No longer reads a partition.
    pub fn remove(&mut self, partition: &TopicPartition) {
        self.positions.remove(partition);
    }

    /// Where each partition is read on: behind what was handed out.
    #[must_use]
    pub fn positions(&self) -> &BTreeMap<TopicPartition, Offset> {
        &self.positions
    }

    /// Waits for the next answer of any leader and hands out what it brought, which may be nothing: brokers answer
    /// without records after `max_wait`. Without partitions, waits for ever. Nothing is lost when this future is
    /// dropped.
    ///
    /// # Errors
    /// A partition cannot be read, even after trying again for as long as the client's configuration says.
    pub async fn next(&mut self) -> Result<Vec<Fetched>, ClientError> {
        loop {
            if let Err(error) = self.ask().await {
                self.recover(error).await?;
                continue;
            }
            if !self.ready.is_empty() {
                return Ok(std::mem::take(&mut self.ready));
            }
            let Some(answer) = self.answers.join_next().await else {
                return std::future::pending().await;
            };
            // A task ends without an answer only when the runtime does.
            let Ok(answer) = answer else { continue };
            if let Err(error) = self.take(answer) {
                self.recover(error).await?;
                continue;
            }
            self.effort = self.client.effort();
            if self.ready.is_empty() {
                return Ok(Vec::new());
            }
        }
    }

    async fn recover(&mut self, error: ClientError) -> Result<(), ClientError> {
        if let Err(error) = self.effort.again(error).await {
            self.effort = self.client.effort();
            return Err(error);
        }
        let topics: HashSet<String> =
            self.positions.keys().map(|partition| partition.topic.clone()).collect();
        topics.iter().for_each(|topic| self.client.forget(topic));
        Ok(())
    }

    /// Sends a request to each leader that none is under way to.
    async fn ask(&mut self) -> Result<(), ClientError> {
        self.reset_positions().await?;
        let mut wishes: BTreeMap<BrokerId, Wishes> = BTreeMap::new();
        for (partition, position) in &self.positions {
            let topic = self.client.topic(&partition.topic).await?;
            let leader = self.client.leader(partition).await?;
            let known = topic.partition(partition.partition);
            let leader_epoch = known.map_or(LeaderEpoch::NONE, |known| known.leader_epoch);
            let wanted = Wanted { position: *position, leader_epoch };
            let of_leader = wishes.entry(leader).or_default();
            of_leader
                .entry((partition.topic.clone(), topic.id))
                .or_default()
                .insert(partition.partition, wanted);
        }
        for (leader, wishes) in wishes {
            if self.asked.contains_key(&leader) {
                continue;
            }
            let session = self.sessions.remove(&leader).unwrap_or_default();
            self.asked.insert(leader, wishes.clone());
            self.answers.spawn(fetch(self.client.clone(), self.config.clone(), leader, session, wishes));
        }
        Ok(())
    }

    /// Makes what was fetched ready, and moves the positions behind it.
    fn take(&mut self, answer: Answer) -> Result<(), ClientError> {
        let asked = self.asked.remove(&answer.leader).unwrap_or_default();
        let names = answer.session.names();
        self.sessions.insert(answer.leader, answer.session);
        let (broker, version, response) = answer.result?;
        let mut trouble = Ok(());
        for topic in response.responses {
            let name = match version {
                ..=LAST_VERSION_BY_NAME => Some(topic.topic),
                _ => names.get(&topic.topic_id).cloned(),
            };
            let Some(name) = name else { continue };
            for data in topic.partitions {
                let partition = TopicPartition::new(name.as_str(), PartitionIndex(data.partition_index));
                let asked_at = position_in(&asked, &partition);
                let position = self.positions.get(&partition).copied();
                // Otherwise the partition was taken away or moved since.
                if let Some(position) = position.filter(|position| asked_at == Some(*position)) {
                    trouble = trouble.and(self.take_partition(&broker, partition, position, data));
                }
            }
        }
        // What came from the other partitions is handed out first; the trouble shows up again.
        if self.ready.is_empty() { trouble } else { Ok(()) }
    }

    fn take_partition(
        &mut self,
        broker: &Connection,
        partition: TopicPartition,
        position: Offset,
        data: PartitionData<Bytes>,
    ) -> Result<(), ClientError> {
        if data.error_code == ErrorCode::OffsetOutOfRange.code() && self.config.reset != OffsetReset::Fail {
            self.to_reset.push(partition);
            return Ok(());
        }
        broker.check(ApiKey::Fetch, data.error_code, None, || partition.to_string())?;
        let records = data.records.unwrap_or_default();
        let next_position = next_position(&records, position).map_err(|reason| ClientError::BadRecords {
            partition: partition.clone(),
            offset: position,
            reason,
        })?;
        self.positions.insert(partition.clone(), next_position);
        self.ready.push(Fetched {
            partition,
            position,
            next_position,
            records,
            high_watermark: Offset(data.high_watermark),
            log_start_offset: Offset(data.log_start_offset),
        });
        Ok(())
    }

    async fn reset_positions(&mut self) -> Result<(), ClientError> {
        let spec = match self.config.reset {
            OffsetReset::Latest => OffsetSpec::Latest,
            OffsetReset::Earliest | OffsetReset::Fail => OffsetSpec::Earliest,
        };
        while let Some(partition) = self.to_reset.last().cloned() {
            let found = self.client.list_offsets(std::slice::from_ref(&partition), spec).await?;
            let offset = found.get(&partition).and_then(|found| found.offset).unwrap_or(Offset::ZERO);
            self.to_reset.pop();
            if let Some(position) = self.positions.get_mut(&partition) {
                tracing::info!(%partition, was = %position, now = %offset, "the log does not have the position");
                *position = offset;
            }
        }
        Ok(())
    }
}

fn position_in(wishes: &Wishes, partition: &TopicPartition) -> Option<Offset> {
    let of_topic = wishes.iter().filter(|((name, _), _)| *name == partition.topic);
    of_topic
        .flat_map(|(_, partitions)| partitions.get(&partition.partition))
        .map(|wanted| wanted.position)
        .next()
}

/// One request and its answer; a session that the broker has lost is begun anew once.
async fn fetch(
    client: Client,
    config: FetchConfig,
    leader: BrokerId,
    mut session: Session,
    wishes: Wishes,
) -> Answer {
    let mut result = fetch_once(&client, &config, leader, &mut session, &wishes).await;
    if let Ok((_, _, response)) = &result
        && !session.answered(response)
    {
        result = fetch_once(&client, &config, leader, &mut session, &wishes).await;
        if let Ok((_, _, response)) = &result {
            session.answered(response);
        }
    }
    let result = result.and_then(|(broker, version, response)| {
        broker.check(ApiKey::Fetch, response.error_code, None, || "a fetch session".to_owned())?;
        Ok((broker, version, response))
    });
    if result.is_err() {
        session = Session::default();
    }
    Answer { leader, session, result }
}

async fn fetch_once(
    client: &Client,
    config: &FetchConfig,
    leader: BrokerId,
    session: &mut Session,
    wishes: &Wishes,
) -> Result<(Connection, i16, FetchResponse), ClientError> {
    let broker = client.broker(leader).await?;
    let mut version = broker.version(ApiKey::Fetch)?;
    if wishes.keys().any(|(_, id)| id.is_nil()) {
        version = version.min(LAST_VERSION_BY_NAME);
    }
    let mut request = FetchRequest {
        max_wait_ms: i32::try_from(config.max_wait.as_millis()).unwrap_or(i32::MAX),
        min_bytes: config.min_bytes,
        max_bytes: config.max_bytes,
        ..FetchRequest::default()
    };
    session.fill(&mut request, wishes, config.partition_max_bytes);
    let response = broker.send_in(&request, version).await?.answer().await?;
    Ok((broker, version, response))
}
