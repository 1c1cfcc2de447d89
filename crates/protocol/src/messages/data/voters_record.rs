//! VotersRecord.

use uuid::Uuid;

use crate::codec::message;

message! {
    VotersRecord: data, versions [0], flexible [0+] {
        version: i16 [0+];
        voters: Vec<Voter> [0+];
    }
    Voter {
        voter_id: i32 [0+];
        voter_directory_id: Uuid [0+];
        endpoints: Vec<Endpoint> [0+];
        kraft_version_feature: KRaftVersionFeature [0+];
    }
    Endpoint {
        name: String [0+];
        host: String [0+];
        port: u16 [0+];
    }
    KRaftVersionFeature {
        min_supported_version: i16 [0+];
        max_supported_version: i16 [0+];
    }
}
