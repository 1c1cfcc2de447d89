//! StreamsGroupTopology, coordinator record 23.

pub use key::StreamsGroupTopologyKey;
pub use value::StreamsGroupTopologyValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        StreamsGroupTopologyKey: key 23, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        StreamsGroupTopologyValue: value 23, versions [0], flexible [0+] {
            epoch: i32 [0+];
            subtopologies: Vec<Subtopology> [0+];
        }
        Subtopology {
            subtopology_id: String [0+];
            source_topics: Vec<String> [0+];
            source_topic_regex: Vec<String> [0+];
            state_changelog_topics: Vec<TopicInfo> [0+];
            repartition_sink_topics: Vec<String> [0+];
            repartition_source_topics: Vec<TopicInfo> [0+];
            copartition_groups: Vec<CopartitionGroup> [0+];
        }
        TopicInfo {
            name: String [0+];
            partitions: i32 [0+];
            replication_factor: i16 [0+];
            topic_configs: Vec<TopicConfig> [0+];
        }
        TopicConfig {
            key: String [0+];
            value: String [0+];
        }
        CopartitionGroup {
            source_topics: Vec<i16> [0+];
            source_topic_regex: Vec<i16> [0+];
            repartition_source_topics: Vec<i16> [0+];
        }
    }
}
