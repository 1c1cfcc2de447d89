//! ListTransactions, API 66.

pub use request::ListTransactionsRequest;
pub use response::ListTransactionsResponse;

/// What is asked.
pub mod request {
    use crate::codec::message;

    message! {
        ListTransactionsRequest: request 66, versions [0-2], flexible [0+] {
            state_filters: Vec<String> [0+];
            producer_id_filters: Vec<i64> [0+];
            duration_filter: i64 [1+] = -1;
            transactional_id_pattern: Option<String> [2+] null [2+] = None;
        }
    }
}

/// What is answered.
pub mod response {
    use crate::codec::message;

    message! {
        ListTransactionsResponse: response 66, versions [0-2], flexible [0+] {
            throttle_time_ms: i32 [0+];
            error_code: i16 [0+];
            unknown_state_filters: Vec<String> [0+];
            transaction_states: Vec<TransactionState> [0+];
        }
        TransactionState {
            transactional_id: String [0+];
            producer_id: i64 [0+];
            transaction_state: String [0+];
        }
    }
}
