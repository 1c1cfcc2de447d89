//! A fetch session (KIP-227): what the broker remembers, so that a request only says what changed.

use std::collections::{BTreeMap, HashMap};

use protocol::messages::fetch::FetchRequest;
use protocol::messages::fetch::request::{FetchPartition, FetchTopic, ForgottenTopic};
use protocol::messages::fetch::response::FetchResponse;
use protocol::{ErrorCode, LeaderEpoch, Offset, PartitionIndex};
use uuid::Uuid;

/// The epoch of a request that begins a session.
const BEGIN: i32 = 0;
/// The session of a broker that keeps none.
const NO_SESSION: i32 = 0;

/// A topic as a Fetch request names it: by both, of which the version takes one.
pub(super) type Topic = (String, Uuid);

/// Where a reader wants to go on in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) position: Offset,
    pub(super) leader_epoch: LeaderEpoch,
}

/// What is to be fetched from one broker.
pub(super) type Wishes = BTreeMap<Topic, BTreeMap<PartitionIndex, Wanted>>;

/// The client's half of a session with one broker.
#[derive(Debug, Default)]
pub(super) struct Session {
    id: i32,
    /// The epoch of the next request.
    epoch: i32,
    /// What the broker remembers.
    known: Wishes,
}

impl Session {
    /// Fills in the session and the topics of a request that asks for `wishes`.
    pub(super) fn fill(&mut self, request: &mut FetchRequest, wishes: &Wishes, partition_max_bytes: i32) {
        if self.epoch == BEGIN {
            self.known.clear();
        }
        request.session_id = self.id;
        request.session_epoch = self.epoch;
        for ((topic, topic_id), partitions) in wishes {
            let known = self.known.get(&(topic.clone(), *topic_id));
            let changed = partitions
                .iter()
                .filter(|(index, wanted)| known.and_then(|known| known.get(index)) != Some(wanted));
            let partitions: Vec<FetchPartition> = changed
                .map(|(index, wanted)| FetchPartition {
                    partition: index.0,
                    current_leader_epoch: wanted.leader_epoch.0,
                    fetch_offset: wanted.position.0,
                    partition_max_bytes,
                    ..FetchPartition::default()
                })
                .collect();
            if !partitions.is_empty() {
                request.topics.push(FetchTopic { topic: topic.clone(), topic_id: *topic_id, partitions });
            }
        }
        for ((topic, topic_id), known) in &self.known {
            let wanted = wishes.get(&(topic.clone(), *topic_id));
            let gone = known.keys().filter(|index| wanted.is_none_or(|wanted| !wanted.contains_key(index)));
            let partitions: Vec<i32> = gone.map(|index| index.0).collect();
            if !partitions.is_empty() {
                let forgotten = ForgottenTopic { topic: topic.clone(), topic_id: *topic_id, partitions };
                request.forgotten_topics_data.push(forgotten);
            }
        }
        self.known.clone_from(wishes);
    }

    /// Takes note of an answer. Says whether it is one to the session's request; if not, the session begins anew and
    /// the request is to be made again.
    pub(super) fn answered(&mut self, response: &FetchResponse) -> bool {
        match ErrorCode::from_code(response.error_code) {
            Some(
                ErrorCode::FetchSessionIdNotFound
                | ErrorCode::InvalidFetchSessionEpoch
                | ErrorCode::FetchSessionTopicIdError,
            ) => {
                *self = Self::default();
                false
            }
            _ => {
                self.id = response.session_id;
                // Epochs go from 1 to 2³¹ − 1 and around; without a session every request is a first one.
                self.epoch = match (self.id, self.epoch) {
                    (NO_SESSION, _) => BEGIN,
                    (_, i32::MAX) => 1,
                    (_, epoch) => epoch + 1,
                };
                true
            }
        }
    }

    /// The names of the topics under their ids.
    pub(super) fn names(&self) -> HashMap<Uuid, String> {
        self.known.keys().map(|(name, id)| (*id, name.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(positions: &[(i32, i64)]) -> Wishes {
        let partitions = positions.iter().map(|(index, position)| {
            (PartitionIndex(*index), Wanted { position: Offset(*position), leader_epoch: LeaderEpoch(3) })
        });
        Wishes::from([(("orders".to_owned(), Uuid::from_u128(1)), partitions.collect())])
    }

    fn ask(session: &mut Session, wishes: &Wishes) -> FetchRequest {
        let mut request = FetchRequest::default();
        session.fill(&mut request, wishes, 1024);
        request
    }

    fn asked(request: &FetchRequest) -> Vec<(i32, i64)> {
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|partition| (partition.partition, partition.fetch_offset)).collect()
    }

    #[test]
    fn a_session_says_everything_once_and_then_only_what_changed() {
        let mut session = Session::default();
        let first = ask(&mut session, &wishes(&[(0, 10), (1, 20), (2, 30)]));
        assert_eq!((first.session_id, first.session_epoch), (0, 0));
        assert_eq!(asked(&first), [(0, 10), (1, 20), (2, 30)]);
        assert!(session.answered(&FetchResponse { session_id: 77, ..FetchResponse::default() }));

        let second = ask(&mut session, &wishes(&[(0, 10), (1, 25)]));
        assert_eq!((second.session_id, second.session_epoch), (77, 1));
        assert_eq!(asked(&second), [(1, 25)]);
        assert_eq!(second.forgotten_topics_data[0].partitions, [2]);
        assert!(session.answered(&FetchResponse { session_id: 77, ..FetchResponse::default() }));

        let third = ask(&mut session, &wishes(&[(0, 10), (1, 25)]));
        assert_eq!(third.session_epoch, 2);
        assert!(third.topics.is_empty() && third.forgotten_topics_data.is_empty());
    }

    #[test]
    fn a_lost_session_begins_anew_with_everything() {
        let mut session = Session::default();
        ask(&mut session, &wishes(&[(0, 10)]));
        session.answered(&FetchResponse { session_id: 77, ..FetchResponse::default() });
        ask(&mut session, &wishes(&[(0, 11)]));
        let lost = FetchResponse {
            error_code: ErrorCode::FetchSessionIdNotFound.code(),
            ..FetchResponse::default()
        };
        assert!(!session.answered(&lost));
        let again = ask(&mut session, &wishes(&[(0, 11)]));
        assert_eq!((again.session_id, again.session_epoch), (0, 0));
        assert_eq!(asked(&again), [(0, 11)]);
    }

    #[test]
    fn a_broker_without_sessions_is_told_everything_every_time() {
        let mut session = Session::default();
        for _ in 0..2 {
            let request = ask(&mut session, &wishes(&[(0, 10)]));
            assert_eq!((request.session_id, request.session_epoch), (0, 0));
            assert_eq!(asked(&request), [(0, 10)]);
            assert!(session.answered(&FetchResponse::default()));
        }
    }
}
