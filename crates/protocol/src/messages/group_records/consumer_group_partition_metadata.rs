//! ConsumerGroupPartitionMetadata, coordinator record 4.

pub use key::ConsumerGroupPartitionMetadataKey;
pub use value::ConsumerGroupPartitionMetadataValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupPartitionMetadataKey: key 4, versions [0], flexible [none] {
            group_id: String [0];
        }
    }
}

/// The value.
pub mod value {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        ConsumerGroupPartitionMetadataValue: value 4, versions [0], flexible [0+] {
            topics: Vec<TopicMetadata> [0+];
        }
        TopicMetadata {
            topic_id: Uuid [0+];
            topic_name: String [0+];
            num_partitions: i32 [0+];
            partition_metadata: Vec<PartitionMetadata> [0+];
        }
        PartitionMetadata {
            partition: i32 [0+];
            racks: Vec<String> [0+];
        }
    }
}
