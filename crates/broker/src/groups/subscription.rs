//! The topics that the members of a consumer group subscribe to.

use bytes::Bytes;
use protocol::codec::{Decoder, Message};
use protocol::messages::data::ConsumerProtocolSubscription;

/// The protocol type of groups whose metadata is a consumer's subscription.
pub(super) const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// Every version of a subscription begins like this one, and the rest is between the members.
const COMMON_VERSION: i16 = 0;

/// Reads the topics of a consumer's subscription; `None` when the bytes are not one.
pub(super) fn topics(metadata: Bytes) -> Option<Vec<String>> {
    let mut decoder = Decoder::new(metadata);
    decoder.i16().ok()?;
    let subscription = ConsumerProtocolSubscription::read_from(&mut decoder, COMMON_VERSION).ok()?;
    Some(subscription.topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_from_any_version() {
        let mut bytes = vec![0, 9, 0, 0, 0, 2, 0, 1, b'a', 0, 2, b'b', b'c', 0xff, 0xff, 0xff, 0xff];
        bytes.extend(b"fields of a version that is not known here");
        assert_eq!(topics(bytes.into()), Some(vec!["a".to_owned(), "bc".to_owned()]));
    }

    #[test]
    fn bytes_that_are_no_subscription_give_none() {
        for bytes in [&[][..], &[0, 0, 0x7f, 0xff, 0xff, 0xff], &[0, 0, 0, 0, 0, 1, 0, 9, b'a']] {
            assert_eq!(topics(Bytes::copy_from_slice(bytes)), None, "{bytes:?}");
        }
    }
}
