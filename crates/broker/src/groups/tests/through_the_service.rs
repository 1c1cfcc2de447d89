//! Promises of the service around the coordinators: waiting, versions, topics, partitions that come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use protocol::messages::delete_groups::DeleteGroupsRequest;
use protocol::messages::describe_groups::DescribeGroupsRequest;
use protocol::messages::heartbeat::HeartbeatRequest;
use protocol::messages::leave_group::LeaveGroupRequest;
use protocol::messages::list_groups::ListGroupsRequest;
use protocol::messages::offset_commit::OffsetCommitRequest;
use protocol::messages::offset_delete::OffsetDeleteRequest;
use protocol::messages::offset_delete::request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use protocol::messages::offset_fetch::OffsetFetchRequest;
use protocol::messages::offset_fetch::request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use protocol::messages::sync_group::SyncGroupRequest;
use protocol::{ErrorCode, PartitionIndex};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::harness::{GROUP, Join, World, consumer};
use crate::groups::{Client, GroupService, OffsetsLog, Record, Settings, TopicNames};

/// A log in memory that fails batches of more than `max_records` records.
struct MemoryLog {
    batches: Mutex<Vec<(PartitionIndex, Vec<Record>)>>,
    max_records: AtomicUsize,
    gate: Semaphore,
}

impl MemoryLog {
    fn open() -> Arc<Self> {
        Self::after(Semaphore::MAX_PERMITS)
    }

    /// A log that appends nothing until its gate has permits.
    fn closed() -> Arc<Self> {
        Self::after(0)
    }

    fn after(permits: usize) -> Arc<Self> {
        let max_records = AtomicUsize::new(usize::MAX);
        Arc::new(Self { batches: Mutex::default(), max_records, gate: Semaphore::new(permits) })
    }
}

impl OffsetsLog for MemoryLog {
    async fn append(&self, partition: PartitionIndex, records: Vec<Record>) -> Result<(), ErrorCode> {
        self.gate.acquire().await.map_err(|_| ErrorCode::UnknownServerError)?.forget();
        if records.len() > self.max_records.load(Ordering::SeqCst) {
            return Err(ErrorCode::MessageTooLarge);
        }
        self.batches.lock().push((partition, records));
        Ok(())
    }
}

/// `orders` with one partition is the only topic.
struct OneTopic;

const ORDERS: Uuid = Uuid::from_u128(7);

impl TopicNames for OneTopic {
    fn name(&self, id: Uuid) -> Option<String> {
        (id == ORDERS).then(|| "orders".to_owned())
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        (name == "orders").then_some(ORDERS)
    }

    fn has_partition(&self, name: &str, partition: i32) -> bool {
        name == "orders" && partition == 0
    }
}

fn client(version: i16) -> Client<'static> {
    Client { id: "client", host: "/127.0.0.1", version }
}

/// A service that has all of its 3 partitions, and its timer.
fn service(log: &Arc<MemoryLog>) -> Arc<GroupService<MemoryLog>> {
    let settings = Settings { group_initial_rebalance_delay_ms: 0, ..Settings::default() };
    let service = Arc::new(GroupService::new(settings, 3, Arc::clone(log)));
    for partition in 0..3 {
        let loader = service.begin_loading(PartitionIndex(partition));
        service.loaded(PartitionIndex(partition), loader);
    }
    let timer = Arc::clone(&service);
    tokio::spawn(async move { timer.run().await });
    service
}

async fn fetched(service: &GroupService<MemoryLog>) -> i64 {
    let topic = OffsetFetchRequestTopic { name: "orders".to_owned(), partition_indexes: vec![0] };
    let request = OffsetFetchRequest {
        group_id: GROUP.to_owned(),
        topics: Some(vec![topic]),
        ..OffsetFetchRequest::default()
    };
    service.fetch_offsets(5, &OneTopic, request).topics[0].partitions[0].committed_offset
}

#[tokio::test]
async fn a_member_joins_syncs_commits_and_leaves() {
    let log = MemoryLog::open();
    let service = service(&log);
    let Join { request, .. } = consumer();
    let told = service.join_group(client(9), request.clone()).await;
    assert_eq!(told.error_code, ErrorCode::MemberIdRequired.code());
    let joined =
        service.join_group(client(9), Join { request, version: 9 }.id(&told.member_id).request).await;
    assert_eq!((joined.error_code, joined.generation_id), (0, 1), "the timer ended the first rebalance");

    let sync = SyncGroupRequest {
        group_id: GROUP.to_owned(),
        generation_id: 1,
        member_id: joined.member_id.clone(),
        ..SyncGroupRequest::default()
    };
    assert_eq!(service.sync_group(4, sync).await.error_code, 0);
    let heartbeat = HeartbeatRequest {
        group_id: GROUP.to_owned(),
        generation_id: 1,
        member_id: joined.member_id.clone(),
        ..HeartbeatRequest::default()
    };
    assert_eq!(service.heartbeat(&heartbeat).error_code, 0);
    let commit = OffsetCommitRequest {
        generation_id_or_member_epoch: 1,
        member_id: joined.member_id.clone(),
        ..World::commit_request(8)
    };
    let answer = service.commit_offsets(client(9), &OneTopic, commit).await;
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    assert_eq!(fetched(&service).await, 8);

    let leave = LeaveGroupRequest {
        group_id: GROUP.to_owned(),
        member_id: joined.member_id,
        ..LeaveGroupRequest::default()
    };
    let left = service.leave_group(2, leave.clone()).await;
    assert_eq!((left.error_code, left.members.len()), (0, 0));
    let left = service.leave_group(2, leave).await;
    assert_eq!(left.error_code, ErrorCode::UnknownMemberId.code(), "one member's error is the answer's");

    let deleted = service
        .delete_groups(DeleteGroupsRequest { groups_names: vec![GROUP.to_owned(), GROUP.to_owned()] })
        .await;
    assert_eq!((deleted.results.len(), deleted.results[0].error_code), (1, 0));
    assert!(log.batches.lock().iter().all(|(partition, _)| *partition == service.partition_of(GROUP)));
}

#[tokio::test]
async fn writes_that_wait_share_a_batch_and_a_failing_one_fails_alone() {
    let log = MemoryLog::closed();
    let service = service(&log);
    let commit = |group: &str, partitions: usize| {
        let service = Arc::clone(&service);
        let mut request = OffsetCommitRequest { group_id: group.to_owned(), ..World::commit_request(1) };
        let one = request.topics[0].partitions[0].clone();
        request.topics[0].partitions = vec![one; partitions];
        tokio::spawn(async move { service.commit_offsets(client(9), &OneTopic, request).await })
    };
    log.max_records.store(2, Ordering::SeqCst);
    // The first is on its way to the log while the others queue up behind it.
    let tasks = [commit(GROUP, 1), commit(GROUP, 2), commit(GROUP, 3), commit(GROUP, 1)];
    while service.list_groups(&ListGroupsRequest::default()).groups.is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    log.gate.add_permits(100);
    let mut codes = Vec::new();
    for task in tasks {
        codes.push(task.await.unwrap().topics[0].partitions[0].error_code);
    }
    assert_eq!(codes, [0, 0, ErrorCode::UnknownServerError.code(), 0]);
    assert_eq!(fetched(&service).await, 1);
}

#[tokio::test]
async fn partitions_that_load_or_are_elsewhere_send_clients_on_their_way() {
    let log = MemoryLog::open();
    let service = GroupService::new(Settings::default(), 1, Arc::clone(&log));
    let heartbeat = HeartbeatRequest { group_id: GROUP.to_owned(), ..HeartbeatRequest::default() };
    let commit = || service.commit_offsets(client(9), &OneTopic, World::commit_request(1));
    let commit_code = async || commit().await.topics[0].partitions[0].error_code;
    assert_eq!(service.heartbeat(&heartbeat).error_code, ErrorCode::NotCoordinator.code());
    assert_eq!(commit_code().await, ErrorCode::NotCoordinator.code());
    assert_eq!(service.list_groups(&ListGroupsRequest::default()).error_code, 0);

    let loader = service.begin_loading(PartitionIndex(0));
    assert_eq!(service.heartbeat(&heartbeat).error_code, 0, "a member need not do anything meanwhile");
    assert_eq!(commit_code().await, ErrorCode::CoordinatorLoadInProgress.code());
    let listed = service.list_groups(&ListGroupsRequest::default());
    assert_eq!(listed.error_code, ErrorCode::CoordinatorLoadInProgress.code());

    service.loaded(PartitionIndex(0), loader);
    assert_eq!(commit_code().await, 0);
    let (joining, ()) = tokio::join!(service.join_group(client(3), consumer().request), async {
        service.unload(PartitionIndex(0));
    });
    assert_eq!(joining.error_code, ErrorCode::NotCoordinator.code());
    assert_eq!(commit_code().await, ErrorCode::NotCoordinator.code());
}

#[tokio::test]
async fn topics_are_named_as_the_version_does() {
    let log = MemoryLog::open();
    let service = service(&log);
    let mut request = World::commit_request(4);
    let known = request.topics[0].clone();
    let mut second_partition = known.clone();
    second_partition.partitions[0].partition_index = 1;
    let mut unknown = known.clone();
    (unknown.name, unknown.topic_id) = ("returns".to_owned(), Uuid::from_u128(9));
    request.topics = vec![known, second_partition, unknown];
    let codes = |answer: protocol::messages::offset_commit::OffsetCommitResponse| {
        let mut codes: Vec<_> = answer
            .topics
            .iter()
            .flat_map(|topic| {
                topic.partitions.iter().map(|one| (topic.topic_id, one.partition_index, one.error_code))
            })
            .collect();
        codes.sort_unstable();
        codes.into_iter().map(|(_, _, code)| code).collect::<Vec<_>>()
    };
    let unknown_topic = ErrorCode::UnknownTopicOrPartition.code();
    let by_name = service.commit_offsets(client(9), &OneTopic, request.clone()).await;
    assert_eq!(codes(by_name), [0, unknown_topic, unknown_topic]);
    let by_id = service.commit_offsets(client(10), &OneTopic, request).await;
    assert_eq!(codes(by_id), [0, unknown_topic, ErrorCode::UnknownTopicId.code()]);

    let wanted = |topic_id| OffsetFetchRequestTopics {
        topic_id,
        partition_indexes: vec![0],
        ..OffsetFetchRequestTopics::default()
    };
    let group = |topics| OffsetFetchRequestGroup {
        group_id: GROUP.to_owned(),
        topics,
        ..OffsetFetchRequestGroup::default()
    };
    let request = OffsetFetchRequest {
        groups: vec![group(Some(vec![wanted(ORDERS), wanted(Uuid::from_u128(9))])), group(None)],
        ..OffsetFetchRequest::default()
    };
    let answer = service.fetch_offsets(10, &OneTopic, request);
    let found = |topic: &protocol::messages::offset_fetch::response::OffsetFetchResponseTopics| {
        (topic.topic_id, topic.partitions[0].committed_offset, topic.partitions[0].error_code)
    };
    let some: Vec<_> = answer.groups[0].topics.iter().map(found).collect();
    assert_eq!(some, [(ORDERS, 4, 0), (Uuid::from_u128(9), -1, ErrorCode::UnknownTopicId.code())]);
    let all: Vec<_> = answer.groups[1].topics.iter().map(found).collect();
    assert_eq!(all, [(ORDERS, 4, 0)]);
}

#[tokio::test]
async fn a_topic_is_answered_once_whatever_its_partitions_are() {
    let service = service(&MemoryLog::open());
    service.commit_offsets(client(9), &OneTopic, World::commit_request(1)).await;
    let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
    let topic = |name: &str| OffsetDeleteRequestTopic {
        name: name.to_owned(),
        partitions: vec![partition(0), partition(1)],
    };
    let request =
        OffsetDeleteRequest { group_id: GROUP.to_owned(), topics: vec![topic("orders"), topic("returns")] };
    let answer = service.delete_offsets(&OneTopic, request).await;
    let mut codes: Vec<_> = answer
        .topics
        .iter()
        .map(|topic| (topic.name.as_str(), topic.partitions.iter().map(|one| one.error_code).sum::<i16>()))
        .collect();
    codes.sort_unstable();
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(codes, [("orders", unknown), ("returns", 2 * unknown)]);
    assert_eq!(fetched(&service).await, -1);
}

#[tokio::test]
async fn operations_are_told_only_to_those_who_ask() {
    let service = service(&MemoryLog::open());
    service.commit_offsets(client(9), &OneTopic, World::commit_request(1)).await;
    let mut request =
        DescribeGroupsRequest { groups: vec![GROUP.to_owned()], include_authorized_operations: false };
    let told = |request| service.describe_groups(6, request).groups[0].authorized_operations;
    assert_eq!(told(request.clone()), i32::MIN);
    request.include_authorized_operations = true;
    assert_eq!(told(request), 3_400, "what Kafka says where nothing is forbidden");
}
