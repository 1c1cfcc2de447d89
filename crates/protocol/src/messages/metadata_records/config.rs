//! Config, metadata record 4.

use crate::codec::message;

message! {
    ConfigRecord: metadata 4, versions [0], flexible [0+] {
        resource_type: i8 [0+];
        resource_name: String [0+];
        name: String [0+];
        value: Option<String> [0+] null [0+] = Some(String::new());
    }
}
