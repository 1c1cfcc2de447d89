//! DescribeConfigs: the settings of topics and brokers, where each value comes from, and what it would be otherwise.

use std::collections::HashSet;

use cluster::ConfigResource;
use protocol::ErrorCode;
use protocol::messages::describe_configs::request::DescribeConfigsResource;
use protocol::messages::describe_configs::response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResponse};

use crate::Broker;
use crate::config::DescribedConfig;
use crate::dispatch::RequestContext;
use crate::topics::TopicError;

/// Kafka's numbers of what can have settings.
mod resource {
    pub(super) const TOPIC: i8 = 2;
    pub(super) const BROKER: i8 = 4;
    pub(super) const CLIENT_METRICS: i8 = 16;
    pub(super) const GROUP: i8 = 32;
}

/// The type of a setting that nobody knows.
const UNKNOWN_TYPE: i8 = 0;

pub(crate) async fn handle(
    broker: &Broker,
    _context: &RequestContext,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let (synonyms, documentation) = (request.include_synonyms, request.include_documentation);
    let results = request.resources.into_iter().map(|resource| {
        let mut result = DescribeConfigsResult {
            resource_type: resource.resource_type,
            error_message: None,
            ..DescribeConfigsResult::default()
        };
        match describe(broker, &resource) {
            Ok(configs) => {
                let wanted: Option<HashSet<String>> =
                    resource.configuration_keys.map(|keys| keys.into_iter().collect());
                result.configs = configs
                    .into_iter()
                    .filter(|config| wanted.as_ref().is_none_or(|wanted| wanted.contains(&config.name)))
                    .map(|config| to_result(config, synonyms, documentation))
                    .collect();
            }
            Err(error) => {
                result.error_code = error.code.code();
                result.error_message = Some(error.message);
            }
        }
        result.resource_name = resource.resource_name;
        result
    });
    DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() }
}

fn describe(broker: &Broker, asked: &DescribeConfigsResource) -> Result<Vec<DescribedConfig>, TopicError> {
    let image = broker.controller.image();
    let config = broker.config();
    let name = asked.resource_name.as_str();
    let overrides = || image.config(&ConfigResource::from_wire(asked.resource_type, name));
    match asked.resource_type {
        resource::TOPIC => {
            cluster::check_topic_name(name)
                .map_err(|message| TopicError::refused(ErrorCode::InvalidTopicException, message))?;
            if image.topic(name).is_none() {
                let message = format!("no topic is named {name:?}");
                return Err(TopicError::refused(ErrorCode::UnknownTopicOrPartition, message));
            }
            Ok(config.describe_topic(&overrides()))
        }
        resource::BROKER if name.is_empty() => Ok(config.describe_all_brokers()),
        resource::BROKER if name == broker.node_id.to_string() => Ok(config.describe_broker()),
        resource::BROKER => {
            let message = format!(
                "Unexpected broker id, expected {} or an empty string, but received {name}",
                broker.node_id
            );
            Err(TopicError::refused(ErrorCode::InvalidRequest, message))
        }
        resource::GROUP => Ok(config.describe_group(&overrides())),
        resource::CLIENT_METRICS => Ok(config.describe_client_metrics(&overrides())),
        other => {
            let message = format!("resource type {other} has no settings that can be described here");
            Err(TopicError::refused(ErrorCode::InvalidRequest, message))
        }
    }
}

fn to_result(config: DescribedConfig, synonyms: bool, documentation: bool) -> DescribeConfigsResourceResult {
    let to_synonym = |synonym: crate::config::ConfigSynonym| DescribeConfigsSynonym {
        name: synonym.name,
        value: synonym.value,
        source: synonym.source.code(),
    };
    DescribeConfigsResourceResult {
        name: config.name,
        value: config.value,
        read_only: config.read_only,
        config_source: config.source.code(),
        is_sensitive: config.sensitive,
        synonyms: if synonyms { config.synonyms.into_iter().map(to_synonym).collect() } else { Vec::new() },
        config_type: config.kind.map_or(UNKNOWN_TYPE, crate::config::Kind::code),
        documentation: documentation.then(|| config.documentation.to_owned()),
    }
}
