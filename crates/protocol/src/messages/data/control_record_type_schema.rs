//! ControlRecordTypeSchema.

use crate::codec::message;

message! {
    ControlRecordTypeSchema: data, versions [0], flexible [none] {
        r#type: i16 [0+];
    }
}
