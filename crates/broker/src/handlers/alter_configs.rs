//! AlterConfigs, which replaces all settings of a resource, and IncrementalAlterConfigs, which changes some.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use cluster::ConfigResource;
use protocol::ErrorCode;
use protocol::messages::alter_configs::{self as replacing, AlterConfigsRequest, AlterConfigsResponse};
use protocol::messages::incremental_alter_configs::{
    self as incremental, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use crate::config::{AlterError, BrokerScope, Change, Operation};
use crate::dispatch::RequestContext;
use crate::topics::TopicError;
use crate::{Broker, clock};

/// What a resource's settings are to become.
enum Alteration {
    Replace(BTreeMap<String, String>),
    Change(Vec<Change>),
}

/// AlterConfigs.
pub(crate) async fn replace(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: AlterConfigsRequest,
) -> AlterConfigsResponse {
    let mut twice = Twice::default();
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        let (kind, name) = (resource.resource_type, resource.resource_name);
        let alteration = twice.check(kind, &name).and_then(|()| {
            let configs = resource.configs.into_iter().map(|config| match config.value {
                Some(value) => Ok((config.name, value)),
                None => Err(TopicError::refused(
                    ErrorCode::InvalidRequest,
                    format!("Null value not supported for : {}", config.name),
                )),
            });
            configs.collect::<Result<_, _>>().map(Alteration::Replace)
        });
        let altered = alter(broker, kind, &name, alteration, request.validate_only).await;
        let (code, error_message) = outcome(altered);
        responses.push(replacing::response::AlterConfigsResourceResponse {
            error_code: code.code(),
            error_message,
            resource_type: kind,
            resource_name: name,
        });
    }
    AlterConfigsResponse { responses, ..AlterConfigsResponse::default() }
}

/// IncrementalAlterConfigs.
pub(crate) async fn change(
    broker: &Arc<Broker>,
    _context: &RequestContext,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let mut twice = Twice::default();
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        let (kind, name) = (resource.resource_type, resource.resource_name);
        let alteration = twice.check(kind, &name).and_then(|()| {
            resource.configs.into_iter().map(to_change).collect::<Result<_, _>>().map(Alteration::Change)
        });
        let altered = alter(broker, kind, &name, alteration, request.validate_only).await;
        let (code, error_message) = outcome(altered);
        responses.push(incremental::response::AlterConfigsResourceResponse {
            error_code: code.code(),
            error_message,
            resource_type: kind,
            resource_name: name,
        });
    }
    IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() }
}

fn to_change(config: incremental::request::AlterableConfig) -> Result<Change, TopicError> {
    let name = config.name;
    let value = |value: Option<String>| {
        value.ok_or_else(|| {
            let message = format!("Null value not supported for : {name}");
            TopicError::refused(ErrorCode::InvalidRequest, message)
        })
    };
    let operation = match config.config_operation {
        0 => Operation::Set(value(config.value)?),
        1 => Operation::Delete,
        2 => Operation::Append(value(config.value)?),
        3 => Operation::Subtract(value(config.value)?),
        other => {
            let message = format!("operation {other} on {name} is unknown, expected 0 to 3");
            return Err(TopicError::refused(ErrorCode::InvalidRequest, message));
        }
    };
    Ok(Change { name, operation })
}

async fn alter(
    broker: &Arc<Broker>,
    kind: i8,
    name: &str,
    alteration: Result<Alteration, TopicError>,
    validate_only: bool,
) -> Result<(), TopicError> {
    let alteration = alteration?;
    let resource = ConfigResource::from_wire(kind, name);
    let scope = match &resource {
        ConfigResource::Topic(_) => None,
        ConfigResource::ClusterDefault => Some(BrokerScope::All),
        ConfigResource::Broker(id) if *id == broker.node_id => Some(BrokerScope::This),
        ConfigResource::Broker(_) | ConfigResource::Other(..) => {
            let message =
                format!("resource {name:?} of type {kind} has no settings that can be changed here");
            return Err(TopicError::refused(ErrorCode::InvalidRequest, message));
        }
    };
    broker
        .change(move |broker| {
            let current = broker.controller.image().config(&resource);
            let altered = altered(broker, scope, &resource, &current, alteration)?;
            if validate_only {
                return Ok(());
            }
            let removed =
                current.keys().filter(|name| !altered.contains_key(*name)).map(|name| (name.clone(), None));
            let set = altered.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
            let changes: Vec<_> = removed.chain(set).collect();
            Ok(broker.controller.change_configs(&resource, &changes, clock::now_ms())?)
        })
        .await
}

/// All settings of the resource afterwards, checked.
fn altered(
    broker: &Broker,
    scope: Option<BrokerScope>,
    resource: &ConfigResource,
    current: &BTreeMap<String, String>,
    alteration: Alteration,
) -> Result<BTreeMap<String, String>, TopicError> {
    let config = broker.config();
    if let ConfigResource::Topic(name) = resource
        && broker.controller.image().topic(name).is_none()
    {
        let message = format!("The topic '{name}' does not exist.");
        return Err(TopicError::refused(ErrorCode::UnknownTopicOrPartition, message));
    }
    match (alteration, scope) {
        (Alteration::Change(changes), None) => Ok(config.alter_topic(current, &changes)?),
        (Alteration::Change(changes), Some(scope)) => Ok(config.alter_broker(scope, &changes)?),
        (Alteration::Replace(new), None) => {
            config.check_topic(&new).map_err(AlterError::from)?;
            Ok(new)
        }
        (Alteration::Replace(new), Some(scope)) => {
            config.replace_broker(scope, &new)?;
            Ok(new)
        }
    }
}

fn outcome(altered: Result<(), TopicError>) -> (ErrorCode, Option<String>) {
    match altered {
        Ok(()) => (ErrorCode::None, None),
        Err(error) => (error.code, Some(error.message)),
    }
}

/// Notices a resource that a request names a second time.
#[derive(Default)]
struct Twice(HashSet<(i8, String)>);

impl Twice {
    fn check(&mut self, kind: i8, name: &str) -> Result<(), TopicError> {
        if self.0.insert((kind, name.to_owned())) {
            return Ok(());
        }
        Err(TopicError::refused(ErrorCode::InvalidRequest, "Each resource must appear at most once."))
    }
}

impl From<AlterError> for TopicError {
    fn from(error: AlterError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}
