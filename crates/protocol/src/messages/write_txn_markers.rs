//! WriteTxnMarkers, API 27.

pub use request::WriteTxnMarkersRequest;
pub use response::WriteTxnMarkersResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        WriteTxnMarkersRequest: request 27, versions [1-2], flexible [1+] {
            markers: Vec<WritableTxnMarker> [0+];
        }
        WritableTxnMarker {
            producer_id: i64 [0+];
            producer_epoch: i16 [0+];
            transaction_result: bool [0+];
            topics: Vec<WritableTxnMarkerTopic> [0+];
            coordinator_epoch: i32 [0+];
            transaction_version: i8 [2+];
        }
        WritableTxnMarkerTopic {
            name: String [0+];
            partition_indexes: Vec<i32> [0+];
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        WriteTxnMarkersResponse: response 27, versions [1-2], flexible [1+] {
            markers: Vec<WritableTxnMarkerResult> [0+];
        }
        WritableTxnMarkerResult {
            producer_id: i64 [0+];
            topics: Vec<WritableTxnMarkerTopicResult> [0+];
        }
        WritableTxnMarkerTopicResult {
            name: String [0+];
            partitions: Vec<WritableTxnMarkerPartitionResult> [0+];
        }
        WritableTxnMarkerPartitionResult {
            partition_index: i32 [0+];
            error_code: i16 [0+];
        }
    }
}
