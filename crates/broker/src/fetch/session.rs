//! Fetch sessions (KIP-227): the broker remembers what a consumer reads, so that a request names only what changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use protocol::messages::fetch::request::{FetchRequest, ForgottenTopic};

use super::entry::{Entry, EntryKey};
use crate::arrivals::Waiter;

/// The partitions of one fetch, in the order in which they are to be served.
#[derive(Debug, Default)]
pub(crate) struct Session {
    entries: BTreeMap<u64, Entry>,
    places: HashMap<EntryKey, u64>,
    next_place: u64,
    /// Woken when records arrive in any of the partitions.
    pub(crate) waiter: Arc<Waiter>,
    /// Whether topics are named by id (version 13 and later); it cannot change within a session.
    pub(crate) by_id: bool,
}

impl Session {
    /// A session, or a fetch outside one, of all the partitions that `request` names.
    pub(crate) fn full(request: &FetchRequest, version: i16) -> Self {
        let mut session = Self { by_id: Self::is_by_id(version), ..Self::default() };
        session.add(request);
        session
    }

    /// Whether a request of this version names topics by id.
    pub(crate) fn is_by_id(version: i16) -> bool {
        version >= FIRST_VERSION_BY_ID
    }

    /// Adds the partitions of an incremental request, or changes where they are to be read, and removes others.
    pub(crate) fn update(&mut self, request: &FetchRequest) {
        for topic in &request.forgotten_topics_data {
            for key in forgotten(topic) {
                if let Some(place) = self.places.remove(&key) {
                    self.entries.remove(&place);
                }
            }
        }
        self.add(request);
    }

    /// The partitions in the order in which they are to be served, each with its place.
    pub(crate) fn entries(&mut self) -> impl Iterator<Item = (u64, &mut Entry)> {
        self.entries.iter_mut().map(|(place, entry)| (*place, entry))
    }

    /// The partition at a place.
    pub(crate) fn entry(&mut self, place: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&place)
    }

    /// How many partitions there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Moves partitions that have just been given records behind the others, so that all get their turn when a
    /// response cannot hold them all.
    pub(crate) fn served(&mut self, places: &[u64]) {
        for place in places {
            if let Some(entry) = self.entries.remove(place) {
                self.places.insert(entry.key.clone(), self.next_place);
                self.entries.insert(self.next_place, entry);
                self.next_place += 1;
            }
        }
    }

    fn add(&mut self, request: &FetchRequest) {
        for topic in &request.topics {
            let name: Arc<str> = topic.topic.as_str().into();
            for partition in &topic.partitions {
                let entry = Entry::new(topic, &name, partition);
                match self.places.get(&entry.key).and_then(|place| self.entries.get_mut(place)) {
                    Some(known) => known.reposition(entry),
                    None => {
                        self.places.insert(entry.key.clone(), self.next_place);
                        self.entries.insert(self.next_place, entry);
                        self.next_place += 1;
                    }
                }
            }
        }
    }
}

/// The first version of Fetch that names topics by id.
const FIRST_VERSION_BY_ID: i16 = 13;

fn forgotten(topic: &ForgottenTopic) -> impl Iterator<Item = EntryKey> {
    let name: Arc<str> = topic.topic.as_str().into();
    let id = topic.topic_id;
    topic.partitions.iter().map(move |&index| EntryKey::new(&name, id, index))
}

#[cfg(test)]
mod tests {
    use protocol::messages::fetch::request::{FetchPartition, FetchTopic};
    use uuid::Uuid;

    use super::*;

    fn request(topic: &str, partitions: &[i32]) -> FetchRequest {
        let partitions = partitions
            .iter()
            .map(|&partition| FetchPartition { partition, ..FetchPartition::default() })
            .collect();
        let topic = FetchTopic { topic: topic.to_owned(), topic_id: Uuid::nil(), partitions };
        FetchRequest { topics: vec![topic], ..FetchRequest::default() }
    }

    fn order(session: &mut Session) -> Vec<i32> {
        session.entries().map(|(_, entry)| entry.key.index.0).collect()
    }

    #[test]
    fn partitions_that_were_served_go_behind_those_that_were_not() {
        let mut session = Session::full(&request("t", &[0, 1, 2]), 12);
        let first = session.entries().next().map(|(place, _)| place).unwrap();
        session.served(&[first]);
        assert_eq!(order(&mut session), [1, 2, 0]);
    }

    #[test]
    fn an_update_adds_repositions_and_forgets() {
        let mut session = Session::full(&request("t", &[0, 1, 2]), 12);
        let mut update = request("t", &[1, 3]);
        update.topics[0].partitions[0].fetch_offset = 50;
        update.forgotten_topics_data =
            vec![ForgottenTopic { topic: "t".into(), topic_id: Uuid::nil(), partitions: vec![0] }];
        session.update(&update);
        assert_eq!(order(&mut session), [1, 2, 3]);
        assert_eq!(session.entries().next().map(|(_, entry)| entry.fetch_offset.0), Some(50));
    }
}
