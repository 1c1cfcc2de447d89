//! FeatureLevel, metadata record 12.

use crate::codec::message;

message! {
    FeatureLevelRecord: metadata 12, versions [0], flexible [0+] {
        name: String [0+];
        feature_level: i16 [0+];
    }
}
