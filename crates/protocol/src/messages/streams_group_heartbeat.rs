//! StreamsGroupHeartbeat, API 88.

pub use request::StreamsGroupHeartbeatRequest;
pub use response::StreamsGroupHeartbeatResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        StreamsGroupHeartbeatRequest: request 88, versions [0], flexible [0+] {
            group_id: String [0+];
            member_id: String [0+];
            member_epoch: i32 [0+];
            endpoint_information_epoch: i32 [0+];
            instance_id: Option<String> [0+] null [0+] = None;
            rack_id: Option<String> [0+] null [0+] = None;
            rebalance_timeout_ms: i32 [0+] = -1;
            topology: Option<Topology> [0+] null [0+] = None;
            active_tasks: Option<Vec<TaskIds>> [0+] null [0+] = None;
            standby_tasks: Option<Vec<TaskIds>> [0+] null [0+] = None;
            warmup_tasks: Option<Vec<TaskIds>> [0+] null [0+] = None;
            process_id: Option<String> [0+] null [0+] = None;
            user_endpoint: Option<Endpoint> [0+] null [0+] = None;
            client_tags: Option<Vec<KeyValue>> [0+] null [0+] = None;
            task_offsets: Option<Vec<TaskOffset>> [0+] null [0+] = None;
            task_end_offsets: Option<Vec<TaskOffset>> [0+] null [0+] = None;
            shutdown_application: bool [0+];
        }
        Topology {
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
            topic_configs: Vec<KeyValue> [0+];
        }
        KeyValue {
            key: String [0+];
            value: String [0+];
        }
        CopartitionGroup {
            source_topics: Vec<i16> [0+];
            source_topic_regex: Vec<i16> [0+];
            repartition_source_topics: Vec<i16> [0+];
        }
        TaskIds {
            subtopology_id: String [0+];
            partitions: Vec<i32> [0+];
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
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        StreamsGroupHeartbeatResponse: response 88, versions [0], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            error_message: Option<String> [0+] null [0+] = None;
            member_id: String [0+];
            member_epoch: i32 [0+];
            heartbeat_interval_ms: i32 [0+];
            acceptable_recovery_lag: i32 [0+];
            task_offset_interval_ms: i32 [0+];
            status: Option<Vec<Status>> [0+] null [0+] = Some(Vec::new());
            active_tasks: Option<Vec<TaskIds>> [0+] null [0+] = None;
            standby_tasks: Option<Vec<TaskIds>> [0+] null [0+] = None;
            warmup_tasks: Option<Vec<TaskIds>> [0+] null [0+] = None;
            endpoint_information_epoch: i32 [0+];
            partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>> [0+] null [0+] = None;
        }
        Status {
            status_code: i8 [0+];
            status_detail: String [0+];
        }
        TaskIds {
            subtopology_id: String [0+];
            partitions: Vec<i32> [0+];
        }
        EndpointToPartitions {
            user_endpoint: Endpoint [0+];
            active_partitions: Vec<TopicPartition> [0+];
            standby_partitions: Vec<TopicPartition> [0+];
        }
        Endpoint {
            host: String [0+];
            port: u16 [0+];
        }
        TopicPartition {
            topic: String [0+];
            partitions: Vec<i32> [0+];
        }
    }
}
