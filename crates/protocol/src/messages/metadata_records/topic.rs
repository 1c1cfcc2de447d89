//! Topic, metadata record 2.

use uuid::Uuid;

use crate::codec::message;

message! {
    TopicRecord: metadata 2, versions [0], flexible [0+] {
        name: String [0+];
        topic_id: Uuid [0+];
    }
}
