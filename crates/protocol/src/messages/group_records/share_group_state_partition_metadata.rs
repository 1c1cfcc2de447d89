//! ShareGroupStatePartitionMetadata, coordinator record 15.

pub use key::ShareGroupStatePartitionMetadataKey;
pub use value::ShareGroupStatePartitionMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ShareGroupStatePartitionMetadataKey: key 15, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ShareGroupStatePartitionMetadataValue: value 15, versions [0], flexible [0+] {
            initializing_topics: Vec<TopicPartitionsInfo> [0+];
            initialized_topics: Vec<TopicPartitionsInfo> [0+];
            deleting_topics: Vec<TopicInfo> [0+];
        }
        TopicPartitionsInfo {
            topic_id: Uuid [0+];
            topic_name: String [0+];
            partitions: Vec<i32> [0+];
        }
        TopicInfo {
            topic_id: Uuid [0+];
            topic_name: String [0+];
        }
    }
}
