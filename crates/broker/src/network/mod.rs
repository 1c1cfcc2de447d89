//! Sockets: accepting connections, reading request frames, sending answers in order.

mod buffer_sizes;
mod buffers;
mod connection;
mod frames;
mod limits;
mod server;

pub(crate) use buffers::RequestBuffers;
pub(crate) use connection::Answer;
pub(crate) use limits::{ConnectionLimits, Limits};
pub(crate) use server::{BoundListener, Server};
