//! RequestHeader.

use crate::codec::message;

message! {
    RequestHeader: header, versions [1-2], flexible [2+] {
        request_api_key: i16 [0+];
        request_api_version: i16 [0+];
        correlation_id: i32 [0+];
        client_id: Option<String> [1+] null [1+] flexible [none] = Some(String::new());
    }
}
