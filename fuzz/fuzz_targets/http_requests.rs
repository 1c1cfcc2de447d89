//! What a client sends to the file server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| http::read_requests(bytes));
