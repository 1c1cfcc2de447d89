//! Making this broker's partitions what the metadata says: logs of new partitions are opened, those of deleted topics
//! closed and removed, and changed settings take effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use cluster::{ConfigResource, Image, Topic};
use log::LogConfig;
use tracing::{error, warn};

use crate::Broker;
use crate::config::check_dynamic;
use crate::data_dirs::LogToOpen;
use crate::partitions::Partition;
use crate::topics::OFFSETS_TOPIC;

impl Broker {
    /// Brings the partitions to the current image. One thread at a time does this; the others find it done.
    pub(crate) fn follow_metadata(&self) {
        let mut followed = self.followed.lock();
        let now = self.controller.image();
        self.follow_broker_configs(&followed, &now);
        self.remove_deleted_topics(&followed, &now);
        self.follow_offsets_topic(&followed, &now);
        self.open_new_partitions(&followed, &now);
        self.apply_changed_configs(&followed, &now);
        *followed = now;
    }

    /// Takes up what clients have set for brokers. What contradicts itself was refused when it was set, and does not
    /// count when other software wrote it.
    fn follow_broker_configs(&self, before: &Image, now: &Image) {
        let [all, mine] = [ConfigResource::ClusterDefault, ConfigResource::Broker(self.node_id)];
        let changed = |resource| before.config(resource) != now.config(resource);
        if !changed(&all) && !changed(&mine) {
            return;
        }
        for resource in [&all, &mine] {
            warn_of_dynamic(&before.config(resource), &now.config(resource));
        }
        match self.config().with_dynamic(&now.config(&all), &now.config(&mine)) {
            Ok(config) => self.set_config(config),
            Err(errors) => error!("settings of brokers that clients have set do not count: {errors}"),
        }
    }

    fn remove_deleted_topics(&self, before: &Image, now: &Image) {
        let deleted: Vec<_> = before.topics().filter(|topic| now.topic_by_id(topic.id).is_none()).collect();
        if !deleted.is_empty() {
            let names: Vec<_> = deleted.iter().map(|topic| (topic.name.to_string(), topic.id)).collect();
            self.groups.topics_deleted(&names);
        }
        for topic in deleted {
            for partition in self.partitions.remove_topic(topic.id) {
                if let Err(error) = self.data_dirs.delete_log(&partition) {
                    error!(topic = %topic.name, partition = partition.index.0, "cannot remove the log: {error}");
                }
            }
        }
    }

    /// Where groups are kept follows from how many partitions their topic has, not from how many it was to have.
    fn follow_offsets_topic(&self, before: &Image, now: &Image) {
        let Some(topic) = now.topic(OFFSETS_TOPIC) else { return };
        if before.topic_by_id(topic.id).is_none() {
            self.groups.topic_found(i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX));
        }
    }

    fn open_new_partitions(&self, before: &Image, now: &Image) {
        let mut opened = Vec::new();
        for topic in now.topics() {
            if before.topic_by_id(topic.id).is_some_and(|known| Arc::ptr_eq(known, topic)) {
                continue;
            }
            let config = self.log_config(topic, now);
            let known = before.topic_by_id(topic.id);
            for (index, partition) in &topic.partitions {
                let is_new = known.is_none_or(|known| !known.partitions.contains_key(index));
                if is_new && partition.replicas.contains(&self.node_id) {
                    opened.push(LogToOpen {
                        topic: Arc::clone(&topic.name),
                        topic_id: topic.id,
                        index: *index,
                        leader_epoch: partition.leader_epoch,
                        config: config.clone(),
                    });
                }
            }
        }
        let opened = self.partitions.add(self.open_all(&opened));
        for partition in opened.iter().filter(|partition| *partition.topic == *OFFSETS_TOPIC) {
            self.load_groups(partition);
        }
    }

    /// The settings of a topic's logs. What the topic cannot have does not count; other software set it.
    fn log_config(&self, topic: &Topic, now: &Image) -> LogConfig {
        let settings = now.config(&ConfigResource::Topic(Arc::clone(&topic.name)));
        let config = self.config();
        if let Err(error) = config.check_topic(&settings) {
            warn!(topic = %topic.name, "a setting of the topic does not count: {error}");
        }
        config.log_config(&settings)
    }

    /// Opens logs, several at a time: after a crash each may have to be read.
    fn open_all(&self, logs: &[LogToOpen]) -> Vec<Partition> {
        let open = |log: &LogToOpen| match self.data_dirs.open_log(log) {
            Ok(partition) => Some(partition),
            Err(error) => {
                error!(topic = %log.topic, partition = log.index.0, "cannot open the log: {error}");
                None
            }
        };
        let threads = self.config().recovery_threads_per_data_dir * self.config().log_dirs.len();
        let share = logs.len().div_ceil(threads.max(1)).max(1);
        if share >= logs.len() || logs.len() < FEWEST_FOR_THREADS {
            return logs.iter().filter_map(open).collect();
        }
        std::thread::scope(|scope| {
            let workers: Vec<_> = logs
                .chunks(share)
                .map(|logs| scope.spawn(move || logs.iter().filter_map(open).collect::<Vec<_>>()))
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        })
    }

    fn apply_changed_configs(&self, before: &Image, now: &Image) {
        let broker_changed = |resource| before.config(&resource) != now.config(&resource);
        let all_changed = broker_changed(ConfigResource::ClusterDefault)
            || broker_changed(ConfigResource::Broker(self.node_id));
        let changed = |topic: &&Arc<Topic>| {
            let resource = ConfigResource::Topic(Arc::clone(&topic.name));
            all_changed || before.config(&resource) != now.config(&resource)
        };
        for topic in now.topics().filter(changed) {
            let config = self.log_config(topic, now);
            for index in topic.partitions.keys() {
                if let Ok(partition) = self.partitions.by_id(topic.id, index.0) {
                    partition.log.set_config(config.clone());
                }
            }
        }
    }
}

/// Says what of the settings that are new does not count or does nothing: nobody else tells who set them.
fn warn_of_dynamic(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) {
    let new = now.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    let (errors, warnings) = check_dynamic(&new.map(|(name, value)| (name.clone(), value.clone())).collect());
    if !errors.0.is_empty() {
        warn!("settings of brokers that clients have set do not count:\n{errors}");
    }
    if !warnings.is_empty() {
        warn!("settings of brokers that clients have set do nothing:\n{warnings}");
    }
}

/// Fewer logs than this open faster one after the other than threads start.
const FEWEST_FOR_THREADS: usize = 4;
