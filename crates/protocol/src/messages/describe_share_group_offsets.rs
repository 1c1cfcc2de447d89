//! DescribeShareGroupOffsets, API 90.

pub use request::DescribeShareGroupOffsetsRequest;
pub use response::DescribeShareGroupOffsetsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        DescribeShareGroupOffsetsRequest: request 90, versions [0-1], flexible [0+] {
            groups: Vec<DescribeShareGroupOffsetsRequestGroup> [0+];
        }
        DescribeShareGroupOffsetsRequestGroup {
            group_id: String [0+];
            topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>> [0+] null [0+] = Some(Vec::new());
        }
        DescribeShareGroupOffsetsRequestTopic {
            topic_name: String [0+];
            partitions: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use uuid::Uuid;

    use crate::codec::message;

    message! {
        DescribeShareGroupOffsetsResponse: response 90, versions [0-1], flexible [0+] {
            throttle_time_ms: i32 [0+];
            groups: Vec<DescribeShareGroupOffsetsResponseGroup> [0+];
        }
        DescribeShareGroupOffsetsResponseGroup {
            group_id: String [0+];
            topics: Vec<DescribeShareGroupOffsetsResponseTopic> [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
        }
        DescribeShareGroupOffsetsResponseTopic {
            topic_name: String [0+];
            topic_id: Uuid [0+];
            partitions: Vec<DescribeShareGroupOffsetsResponsePartition> [0+];
        }
        DescribeShareGroupOffsetsResponsePartition {
            partition_index: i32 [0+];
            start_offset: i64 [0+];
            leader_epoch: i32 [0+];
            lag: i64 [1+] = -1;
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
        }
    }
}
