//! What to do about an error code.

use protocol::ErrorCode;

/// A clause that tells the user of a client what to do about `code`.
pub(crate) fn advice(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::UnknownTopicOrPartition | E::UnknownTopicId => "see `crossdock topic list`, or create it",
        E::InvalidTopicException => "use 1 to 249 letters, digits, `.`, `_` and `-`",
        E::TopicAlreadyExists => "use it as it is, or delete it first",
        E::InvalidPartitions => "a topic needs at least one partition, and can only get more of them",
        E::InvalidReplicationFactor => "it is at least 1 and at most the number of brokers",
        E::InvalidConfig => "check the property's name and value",
        E::PolicyViolation => "the broker's policy forbids it",
        E::OffsetOutOfRange => "the log no longer has, or does not yet have, that offset: begin elsewhere",
        E::MessageTooLarge | E::RecordListTooLarge => {
            "send smaller batches, or raise the topic's max.message.bytes"
        }
        E::InvalidRecord => "the topic wants other records, for example with keys where it is compacted",
        E::InvalidTimestamp => "timestamps are too far from the broker's clock",
        E::CorruptMessage => {
            "bytes changed on their way: try again, and check network and memory if it returns"
        }
        E::UnsupportedCompressionType => "use another compression",
        E::NotEnoughReplicas | E::NotEnoughReplicasAfterAppend => {
            "too few replicas are in sync: bring brokers back, or lower min.insync.replicas"
        }
        E::OutOfOrderSequenceNumber | E::UnknownProducerId | E::InvalidProducerEpoch | E::ProducerFenced => {
            "another producer took over, or records are missing: start the producer anew"
        }
        E::NotLeaderOrFollower
        | E::LeaderNotAvailable
        | E::FencedLeaderEpoch
        | E::UnknownLeaderEpoch
        | E::ReplicaNotAvailable
        | E::OffsetNotAvailable
        | E::NewLeaderElected => "the partition is moving to another broker: try again shortly",
        E::NotController => "the controller is moving to another broker: try again shortly",
        E::CoordinatorLoadInProgress | E::CoordinatorNotAvailable | E::NotCoordinator => {
            "the group's coordinator is starting or moving: try again shortly"
        }
        E::KafkaStorageError | E::LogDirNotFound => "the broker has trouble with a disk: see its log",
        E::RequestTimedOut | E::NetworkException => "the broker is busy or cut off from others: try again",
        E::ThrottlingQuotaExceeded => "the quota is used up: try again more slowly",
        E::UnknownMemberId | E::IllegalGeneration | E::RebalanceInProgress | E::MemberIdRequired => {
            "the group has moved on without this member: join it anew"
        }
        E::FencedInstanceId => "another member has the same group.instance.id: give each its own",
        E::InconsistentGroupProtocol => {
            "other members of the group use another protocol: use another group id"
        }
        E::InvalidGroupId => "a group id is not empty",
        E::InvalidSessionTimeout => {
            "keep it between group.min.session.timeout.ms and group.max.session.timeout.ms of the broker"
        }
        E::GroupMaxSizeReached => "the group is full: see the broker's group.max.size",
        E::GroupIdNotFound => "no such group exists",
        E::NonEmptyGroup => "the group still has members: stop them first",
        E::GroupSubscribedToTopic => "members of the group read that topic: stop them first",
        E::TopicAuthorizationFailed
        | E::GroupAuthorizationFailed
        | E::ClusterAuthorizationFailed
        | E::TransactionalIdAuthorizationFailed => "this client may not do that: ask for permission",
        E::SaslAuthenticationFailed | E::UnsupportedSaslMechanism | E::IllegalSaslState => {
            "use a listener without authentication"
        }
        E::UnsupportedVersion => "the broker does not offer that: see its documentation or update it",
        E::InvalidRequest => "the broker finds the request malformed: its log may say more",
        E::TopicDeletionDisabled => "set delete.topic.enable=true on the broker",
        _ => "see the broker's log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_a_clause_that_ends_a_sentence() {
        for code in ErrorCode::ALL {
            let text = advice(*code);
            assert!(!text.is_empty() && !text.ends_with('.'), "{code}: {text}");
        }
    }
}
