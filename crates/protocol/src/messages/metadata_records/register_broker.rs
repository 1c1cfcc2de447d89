//! RegisterBroker, metadata record 0.

use uuid::Uuid;

use crate::codec::message;

message! {
    RegisterBrokerRecord: metadata 0, versions [0-4], flexible [0+] {
        broker_id: i32 [0+];
        is_migrating_zk_broker: bool [2+];
        incarnation_id: Uuid [0+];
        broker_epoch: i64 [0+];
        end_points: Vec<BrokerEndpoint> [0+];
        features: Vec<BrokerFeature> [0+];
        rack: Option<String> [0+] null [0+] = Some(String::new());
        fenced: bool [0+] = true;
        in_controlled_shutdown: bool [1+];
        log_dirs: Vec<Uuid> [3+] tag 0;
        cordoned_log_dirs: Option<Vec<Uuid>> [4+] tag 1 null [4+] = None;
    }
    BrokerEndpoint {
        name: String [0+];
        host: String [0+];
        port: u16 [0+];
        security_protocol: i16 [0+];
    }
    BrokerFeature {
        name: String [0+];
        min_supported_version: i16 [0+];
        max_supported_version: i16 [0+];
    }
}
