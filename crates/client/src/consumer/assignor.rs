//! Who in a group gets which partitions: Kafka's `range` assignor.

use std::collections::{BTreeMap, BTreeSet};

use protocol::PartitionIndex;

/// One who takes part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// The static name, by which members are ordered where there is one.
    pub(super) instance_id: Option<String>,
    /// The id that the coordinator gave.
    pub(super) id: String,
    /// What the member wants to read.
    pub(super) topics: BTreeSet<String>,
}

/// The partitions of one member, by topic.
pub(super) type Assignment = BTreeMap<String, Vec<PartitionIndex>>;

/// Divides each topic's partitions among the members that want it, in neighbouring ranges; where they do not divide
/// evenly the first members get one more. Every member has an entry.
pub(super) fn range(
    members: &[Member],
    partition_counts: &BTreeMap<String, i32>,
) -> BTreeMap<String, Assignment> {
    let mut assignments: BTreeMap<String, Assignment> =
        members.iter().map(|member| (member.id.clone(), Assignment::new())).collect();
    for (topic, &count) in partition_counts {
        let mut takers: Vec<&Member> =
            members.iter().filter(|member| member.topics.contains(topic)).collect();
        // Static members come first and in the order of their names, whatever ids they got.
        takers.sort_by_key(|member| (member.instance_id.is_none(), &member.instance_id, &member.id));
        let Ok(takers_count) = i32::try_from(takers.len()) else { continue };
        let mut next = 0;
        for (place, member) in (0..).zip(takers) {
            let share = count / takers_count + i32::from(place < count % takers_count);
            if share > 0
                && let Some(assignment) = assignments.get_mut(&member.id)
            {
                assignment.insert(topic.clone(), (next..next + share).map(PartitionIndex).collect());
            }
            next += share;
        }
    }
    assignments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, instance_id: Option<&str>, topics: &[&str]) -> Member {
        Member {
            instance_id: instance_id.map(str::to_owned),
            id: id.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        }
    }

    /// Each member's share as text.
    fn shares(members: &[Member], counts: &[(&str, i32)]) -> Vec<String> {
        let counts = counts.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect();
        let text = |(id, share): (String, Assignment)| {
            let topics: Vec<String> = share
                .iter()
                .map(|(topic, partitions)| {
                    format!("{topic}{:?}", partitions.iter().map(|p| p.0).collect::<Vec<_>>())
                })
                .collect();
            format!("{id}: {}", topics.join(" "))
        };
        range(members, &counts).into_iter().map(text).collect()
    }

    #[test]
    fn the_first_members_get_the_rest() {
        let members = [member("c", None, &["t"]), member("a", None, &["t"]), member("b", None, &["t"])];
        assert_eq!(shares(&members, &[("t", 7)]), ["a: t[0, 1, 2]", "b: t[3, 4]", "c: t[5, 6]"]);
    }

    #[test]
    fn a_member_gets_only_what_it_wants_and_may_get_nothing() {
        let members = [member("a", None, &["t"]), member("b", None, &["t", "u"]), member("c", None, &["t"])];
        assert_eq!(shares(&members, &[("t", 2), ("u", 1)]), ["a: t[0]", "b: t[1] u[0]", "c: "]);
    }

    #[test]
    fn static_members_keep_their_share_when_their_ids_change() {
        let before = [member("x-1", Some("one"), &["t"]), member("a-2", Some("two"), &["t"])];
        let after = [member("a-9", Some("one"), &["t"]), member("z-9", Some("two"), &["t"])];
        assert_eq!(shares(&before, &[("t", 2)]), ["a-2: t[1]", "x-1: t[0]"], "x-1 is one");
        assert_eq!(shares(&after, &[("t", 2)]), ["a-9: t[0]", "z-9: t[1]"], "a-9 is one");
    }
}
