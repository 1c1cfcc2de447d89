//! ConsumerProtocolAssignment.

use bytes::Bytes;

use crate::codec::message;

message! {
    ConsumerProtocolAssignment: data, versions [0-3], flexible [none] {
        assigned_partitions: Vec<TopicPartition> [0+];
        user_data: Option<Bytes> [0+] null [0+] = None;
    }
    TopicPartition {
        topic: String [0+];
        partitions: Vec<i32> [0+];
    }
}
