//! What stands in front of every request and every response.

pub mod request_header;
pub mod response_header;

pub use request_header::RequestHeader;
pub use response_header::ResponseHeader;

use crate::codec::{Message, MessageSpec};

/// What the declarations in this module say.
pub const SPECS: &[&MessageSpec] = &[RequestHeader::SPEC, ResponseHeader::SPEC];
