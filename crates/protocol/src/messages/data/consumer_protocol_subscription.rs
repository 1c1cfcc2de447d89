//! ConsumerProtocolSubscription.

use bytes::Bytes;

use crate::codec::message;

message! {
    ConsumerProtocolSubscription: data, versions [0-3], flexible [none] {
        topics: Vec<String> [0+];
        user_data: Option<Bytes> [0+] null [0+] = None;
        owned_partitions: Vec<TopicPartition> [1+];
        generation_id: i32 [2+] = -1;
        rack_id: Option<String> [3+] null [3+] = None;
    }
    TopicPartition {
        topic: String [1+];
        partitions: Vec<i32> [1+];
    }
}
