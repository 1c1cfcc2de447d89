//! Connections, and whether what was sent has arrived.

use tokio::net::{TcpSocket, TcpStream};

/// The sizes of the kernel's socket buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Buffers {
    /// As the system has them.
    Usual,
    /// A few KiB fill them.
    Tiny,
}

/// Smaller ones make loopback wait for its timers: they are less than a packet of it.
pub(crate) const TINY_BYTES: u32 = 64 * 1024;

/// The two ends of a connection.
pub(crate) async fn socket_pair(buffers: Buffers) -> (TcpStream, TcpStream) {
    let listening = TcpSocket::new_v4().unwrap();
    let connecting = TcpSocket::new_v4().unwrap();
    if let Buffers::Tiny = buffers {
        for socket in [&listening, &connecting] {
            socket.set_send_buffer_size(TINY_BYTES).unwrap();
            socket.set_recv_buffer_size(TINY_BYTES).unwrap();
        }
    }
    listening.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listening.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), connecting.connect(address));
    (accepted.unwrap().0, connected.unwrap())
}

/// Fails with the place of the first difference instead of megabytes of bytes.
#[track_caller]
pub(crate) fn assert_same_bytes(received: &[u8], expected: &[u8]) {
    let same = received.iter().zip(expected).take_while(|(a, b)| a == b).count();
    assert!(
        received == expected,
        "{} bytes received, {} expected, the first difference at byte {same}",
        received.len(),
        expected.len()
    );
}
