//! DeleteTopics, by name or (from version 6) by id.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::messages::delete_topics::request::DeleteTopicState;
use protocol::messages::delete_topics::response::DeletableTopicResult;
use protocol::messages::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
use uuid::Uuid;

use crate::Broker;
use crate::dispatch::RequestContext;
use crate::topics::TopicError;

/// The first version that can say that deletion is switched off.
const FIRST_VERSION_WITH_DELETION_DISABLED: i16 = 3;

pub(crate) async fn handle(
    broker: &Arc<Broker>,
    context: &RequestContext,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let by_name = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::nil() };
    let asked = request.topics.into_iter().chain(request.topic_names.into_iter().map(by_name));
    let mut responses = Vec::new();
    for topic in asked {
        let result = delete(broker, context.version, &topic).await;
        let mut response =
            DeletableTopicResult { name: topic.name, topic_id: topic.topic_id, ..Default::default() };
        match result {
            Ok((name, id)) => (response.name, response.topic_id) = (Some(name), id),
            Err(error) => {
                response.error_code = error.code.code();
                response.error_message = Some(error.message);
            }
        }
        responses.push(response);
    }
    DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
}

async fn delete(
    broker: &Arc<Broker>,
    version: i16,
    asked: &DeleteTopicState,
) -> Result<(String, Uuid), TopicError> {
    if !broker.config().delete_topic_enable {
        let code = if version < FIRST_VERSION_WITH_DELETION_DISABLED {
            ErrorCode::InvalidRequest
        } else {
            ErrorCode::TopicDeletionDisabled
        };
        return Err(TopicError::refused(code, "delete.topic.enable is false"));
    }
    let image = broker.controller.image();
    let topic = match &asked.name {
        Some(_) if asked.topic_id != Uuid::nil() => {
            let message = "a topic is named either by name or by id, not by both";
            return Err(TopicError::refused(ErrorCode::InvalidRequest, message));
        }
        Some(name) => image.topic(name).ok_or_else(|| {
            TopicError::refused(ErrorCode::UnknownTopicOrPartition, format!("no topic is named {name:?}"))
        })?,
        None => image.topic_by_id(asked.topic_id).ok_or_else(|| {
            TopicError::refused(ErrorCode::UnknownTopicId, format!("no topic has the id {}", asked.topic_id))
        })?,
    };
    broker.delete_topic(topic.id).await?;
    Ok((topic.name.to_string(), topic.id))
}
