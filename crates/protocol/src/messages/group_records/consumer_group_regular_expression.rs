//! ConsumerGroupRegularExpression, coordinator record 16.

pub use key::ConsumerGroupRegularExpressionKey;
pub use value::ConsumerGroupRegularExpressionValue;

/// The key.
pub mod key {
    use crate::codec::message;

    message! {
        ConsumerGroupRegularExpressionKey: key 16, versions [0], flexible [none] {
            group_id: String [0];
            regular_expression: String [0];
        }
    }
}

/// The value.
pub mod value {
    use crate::codec::message;

    message! {
        ConsumerGroupRegularExpressionValue: value 16, versions [0], flexible [0+] {
            topics: Vec<String> [0+];
            version: i64 [0+];
            timestamp: i64 [0+];
        }
    }
}
