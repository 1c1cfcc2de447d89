//! What the fuzz target feeds: everything that reads bytes of a client's, without a socket or a file.

use crate::conditions::Validators;
use crate::ranges::Wanted;
use crate::request::{Received, parse, told};
use crate::{encodings, listing};

/// Takes `bytes` for what came on a connection.
pub fn read_requests(mut bytes: &[u8]) {
    while let Some(Received { len, manner, request }) = parse(bytes) {
        let _ = told(&bytes[..len]);
        if let Ok(request) = &request {
            let link = listing::link_to(request.target.path(), true);
            assert!(link.starts_with('/') && !link.starts_with("//"));
            assert!(request.target.path().split(|byte| *byte == b'/').all(|segment| segment != b".."));
            let validators = Validators::new(1_000, 1_795_248_447_801_000_000, "");
            let _ = request.conditions.evaluate(&validators);
            if let Some(range) = &request.range
                && let Wanted::Ranges(ranges) = Wanted::parse(range, 1_000)
            {
                assert!(ranges.iter().all(|range| range.start < range.end && range.end <= 1_000));
            }
            let accepted = request.accept_encoding.as_deref().into_iter().flat_map(encodings::preferred);
            assert!(accepted.count() <= 3);
        }
        if !manner.keep_alive || len == 0 {
            return;
        }
        bytes = &bytes[len..];
    }
}
