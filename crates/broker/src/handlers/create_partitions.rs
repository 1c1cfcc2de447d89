//! CreatePartitions: more partitions for a topic.

use std::collections::HashMap;
use std::sync::Arc;

use cluster::NewPartitions;
use protocol::messages::create_partitions::request::CreatePartitionsTopic;
use protocol::messages::create_partitions::response::CreatePartitionsTopicResult;
use protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse};
use protocol::{BrokerId, ErrorCode};

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::TopicError;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let mut named = HashMap::<String, usize>::new();
    for topic in &request.topics {
        *named.entry(topic.name.clone()).or_default() += 1;
    }
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let result = match named.get_mut(&topic.name) {
            Some(1) => add(broker, &topic, request.validate_only).await,
            // Answered once, however often it was named.
            Some(count @ 2..) => {
                *count = 0;
                Err(TopicError::refused(ErrorCode::InvalidRequest, "Duplicate topic name."))
            }
            _ => continue,
        };
        let mut answer = CreatePartitionsTopicResult { name: topic.name, ..Default::default() };
        if let Err(error) = result {
            answer.error_code = error.code.code();
            answer.error_message = Some(error.message);
        }
        results.push(answer);
    }
    CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() }
}

async fn add(
    broker: &Arc<Broker>,
    topic: &CreatePartitionsTopic,
    validate_only: bool,
) -> Result<(), TopicError> {
    let replicas = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect();
    let new = NewPartitions {
        topic: topic.name.clone(),
        total: topic.count,
        assignment: topic
            .assignments
            .as_ref()
            .map(|assigned| assigned.iter().map(|one| replicas(&one.broker_ids)).collect()),
    };
    broker.add_partitions(new, validate_only).await
}
