//! ClientQuota, metadata record 14.

use crate::codec::message;

message! {
    ClientQuotaRecord: metadata 14, versions [0], flexible [0+] {
        entity: Vec<EntityData> [0+];
        key: String [0+];
        value: f64 [0+];
        remove: bool [0+];
    }
    EntityData {
        entity_type: String [0+];
        entity_name: Option<String> [0+] null [0+] = Some(String::new());
    }
}
