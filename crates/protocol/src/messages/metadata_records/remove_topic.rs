//! RemoveTopic, metadata record 9.

use uuid::Uuid;

use crate::codec::message;

message! {
    RemoveTopicRecord: metadata 9, versions [0], flexible [0+] {
        topic_id: Uuid [0+];
    }
}
