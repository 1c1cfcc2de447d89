//! DefaultPrincipalData.

use crate::codec::message;

message! {
    DefaultPrincipalData: data, versions [0], flexible [0+] {
        r#type: String [0+];
        name: String [0+];
        token_authenticated: bool [0+];
    }
}
