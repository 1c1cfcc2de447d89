//! Which known name was meant by one that nobody knows.

use super::tables::{self, OWN, OWN_PREFIX, TOPICS};

/// Names less alike than this are not worth proposing. On a scale from 0 to 1 by Jaro and Winkler, one wrong or missing
/// letter in a name of Kafka's usual length scores above 0.95; different settings of one family score about 0.9.
const ALIKE: f64 = 0.9;

/// Names that differ in length by more than this factor score below [`ALIKE`] whatever their letters. They are not
/// compared, so that a peer's name of a megabyte costs nothing.
const MOST_TIMES_LONGER: usize = 2;

/// The broker setting that was probably meant by `name`: that of a topic setting with this name, or the most alike.
pub(super) fn broker(name: &str) -> Option<&'static str> {
    let of_topic =
        TOPICS.iter().find(|setting| setting.name == name).and_then(|s| s.broker_names.first().copied());
    of_topic.or_else(|| {
        most_alike(name, tables::BROKER.keys().copied().filter(|known| !known.starts_with(OWN_PREFIX)))
    })
}

/// The setting under `crossdock.` that was probably meant by `name`.
pub(super) fn own(name: &str) -> Option<&'static str> {
    most_alike(name, OWN.iter().map(|setting| setting.name))
}

/// The topic setting that was probably meant by `name`: that of a broker setting with this name, or the most alike.
pub(super) fn topic(name: &str) -> Option<&'static str> {
    let of_broker =
        TOPICS.iter().find(|setting| setting.broker_names.contains(&name)).map(|setting| setting.name);
    of_broker.or_else(|| most_alike(name, TOPICS.iter().map(|setting| setting.name)))
}

fn most_alike(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .filter(|known| name.len() <= known.len() * MOST_TIMES_LONGER)
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_names_lead_to_the_right_ones() {
        assert_eq!(broker("num.partition"), Some("num.partitions"));
        assert_eq!(broker("log.segment.byte"), Some("log.segment.bytes"));
        assert_eq!(broker("advertized.listeners"), Some("advertised.listeners"));
        assert_eq!(own("crossdock.admin.listner"), Some("crossdock.admin.listener"));
        assert_eq!(topic("retention.msec"), Some("retention.ms"));
    }

    #[test]
    fn the_other_place_of_a_setting_is_proposed() {
        assert_eq!(broker("retention.ms"), Some("log.retention.ms"));
        assert_eq!(topic("log.retention.hours"), Some("retention.ms"));
    }

    #[test]
    fn names_like_nothing_propose_nothing() {
        assert_eq!(broker("zookeeper.connect"), None);
        assert_eq!(broker("hello"), None);
        assert_eq!(topic(&"retention.ms".repeat(10_000)), None);
    }
}
