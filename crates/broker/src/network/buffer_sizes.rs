//! How large may a connection's socket buffers be?
//!
//! A size that a program sets (`SO_SNDBUF`, `SO_RCVBUF`) switches the kernel's own sizing off for that socket, which
//! grows a buffer as far as the connection makes use of it. Kafka's 100 KiB then mean a wake-up for each 200 KB, and more
//! than half of what a fetch costs. So a configured size is kept as what a buffer can come to at least: it is set only
//! where the kernel's own sizing would end below it, or where `crossdock.socket.buffers` asks for it.

use std::fs;
use std::io;

use socket2::Socket;
use tokio::net::TcpStream;

use crate::config::BrokerConfig;

/// Where the kernel says how it sizes buffers: least, initial, largest bytes (tcp(7)).
const SEND_SIZES: &str = "/proc/sys/net/ipv4/tcp_wmem";
const RECEIVE_SIZES: &str = "/proc/sys/net/ipv4/tcp_rmem";

/// The sizes that sockets of this broker are given; `None` is the kernel's own sizing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BufferSizes {
    send_bytes: Option<usize>,
    receive_bytes: Option<usize>,
}

impl BufferSizes {
    pub(super) fn of(config: &BrokerConfig) -> Self {
        let size = |asked: Option<usize>, kernel: &str| {
            let reached = if config.socket_buffers_fixed { None } else { largest(kernel) };
            asked.filter(|asked| reached.is_none_or(|reached| *asked > reached))
        };
        Self {
            send_bytes: size(config.socket_send_buffer_bytes, SEND_SIZES),
            receive_bytes: size(config.socket_receive_buffer_bytes, RECEIVE_SIZES),
        }
    }

    /// Before listen(2): accepted sockets inherit the size, and the TCP window scales to it.
    pub(super) fn apply_to_listener(self, socket: &Socket) -> io::Result<()> {
        self.receive_bytes.map_or(Ok(()), |bytes| socket.set_recv_buffer_size(bytes))
    }

    pub(super) fn apply_to_connection(self, socket: &TcpStream) -> io::Result<()> {
        self.send_bytes.map_or(Ok(()), |bytes| socket2::SockRef::from(socket).set_send_buffer_size(bytes))
    }
}

/// How far the kernel's own sizing goes, if it says.
fn largest(path: &str) -> Option<usize> {
    fs::read_to_string(path).ok()?.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn sizes(settings: &[&str]) -> BufferSizes {
        let mut sources = Sources::new();
        for setting in settings {
            sources = sources.set(setting);
        }
        BufferSizes::of(&sources.load().expect("valid settings").config)
    }

    #[test]
    fn a_size_within_the_kernels_reach_is_left_to_the_kernel() {
        assert_eq!(sizes(&[]), BufferSizes { send_bytes: None, receive_bytes: None });
        let beyond = largest(SEND_SIZES).expect("Linux says") + 1;
        let larger = sizes(&[&format!("socket.send.buffer.bytes={beyond}")]);
        assert_eq!(larger, BufferSizes { send_bytes: Some(beyond), receive_bytes: None });
    }

    #[test]
    fn sizes_are_set_as_configured_where_that_is_asked_for() {
        let fixed = sizes(&["crossdock.socket.buffers=fixed", "socket.receive.buffer.bytes=-1"]);
        assert_eq!(fixed, BufferSizes { send_bytes: Some(102_400), receive_bytes: None });
    }
}
