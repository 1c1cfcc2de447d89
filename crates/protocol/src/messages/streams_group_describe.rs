//! StreamsGroupDescribe, API 89.

pub use request::StreamsGroupDescribeRequest;
pub use response::StreamsGroupDescribeResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        StreamsGroupDescribeRequest: request 89, versions [0], flexible [0+] {
            group_ids: Vec<String> [0+];
            include_authorized_operations: bool [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        StreamsGroupDescribeResponse: response 89, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            groups: Vec<DescribedGroup> [0+];
        }
        DescribedGroup {
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            group_id: String [0+];
            group_state: String [0+];
            group_epoch: i32 [0+];
            assignment_epoch: i32 [0+];
            topology: Option<Topology> [0+] null [0+] = None;
            members: Vec<Member> [0+];
            authorized_operations: i32 [0+] = -2147483648;
        }
        Topology {
            epoch: i32 [0+];
            subtopologies: Option<Vec<Subtopology>> [0+] null [0+] = None;
        }
        Subtopology {
            subtopology_id: String [0+];
            source_topics: Vec<String> [0+];
            repartition_sink_topics: Vec<String> [0+];
            state_changelog_topics: Vec<TopicInfo> [0+];
            repartition_source_topics: Vec<TopicInfo> [0+];
        }
        TopicInfo {
            name: String [0+];
            partitions: i32 [0+];
            replication_factor: i16 [0+];
            topic_configs: Vec<KeyValue> [0+];
        }
        KeyValue {
            key: String [0+];
            value: String [0+];
        }
        Member {
            member_id: String [0+];
            member_epoch: i32 [0+];
            instance_id: Option<String> [0+] null [0+] = None;
            rack_id: Option<String> [0+] null [0+] = None;
            client_id: String [0+];
            client_host: String [0+];
            topology_epoch: i32 [0+];
            process_id: String [0+];
            user_endpoint: Option<Endpoint> [0+] null [0+] = None;
            client_tags: Vec<KeyValue> [0+];
            task_offsets: Vec<TaskOffset> [0+];
            task_end_offsets: Vec<TaskOffset> [0+];
            assignment: Assignment [0+];
            target_assignment: Assignment [0+];
            is_classic: bool [0+];
        }
        Endpoint {
            host: String [0+];
            port: u16 [0+];
        }
        TaskOffset {
            subtopology_id: String [0+];
            partition: i32 [0+];
            offset: i64 [0+];
        }
        Assignment {
            active_tasks: Vec<TaskIds> [0+];
            standby_tasks: Vec<TaskIds> [0+];
            warmup_tasks: Vec<TaskIds> [0+];
        }
        TaskIds {
            subtopology_id: String [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
