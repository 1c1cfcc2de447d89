//! RegisterController, metadata record 27.

use uuid::Uuid;

use crate::codec::message;

message! {
    RegisterControllerRecord: metadata 27, versions [0], flexible [0+] {
        controller_id: i32 [0+];
        incarnation_id: Uuid [0+];
        zk_migration_ready: bool [0+];
        end_points: Vec<ControllerEndpoint> [0+];
        features: Vec<ControllerFeature> [0+];
    }
    ControllerEndpoint {
        name: String [0+];
        host: String [0+];
        port: u16 [0+];
        security_protocol: i16 [0+];
    }
    ControllerFeature {
        name: String [0+];
        min_supported_version: i16 [0+];
        max_supported_version: i16 [0+];
    }
}
