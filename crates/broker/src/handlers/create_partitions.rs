//! CreatePartitions: more partitions for a topic.

use std::sync::Arc;

use cluster::NewPartitions;
use protocol::BrokerId;
use protocol::messages::create_partitions::request::CreatePartitionsTopic;
use protocol::messages::create_partitions::response::CreatePartitionsTopicResult;
use protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse};

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::{Named, TopicError};

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let mut named = Named::new(request.topics.iter().map(|topic| topic.name.as_str()));
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let Some(unique) = named.check(&topic.name) else { continue };
        let result = match unique {
            Ok(()) => add(broker, &topic, request.validate_only).await,
            Err(twice) => Err(twice),
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
