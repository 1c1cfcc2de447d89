//! Connections whose congestion control cannot be chosen.

use rustix::io::Errno;
use tokio::net::TcpListener;

use denying::{Call, block_on_where_fail};

#[test]
fn a_connection_that_cannot_do_without_pacing_is_made_with_it() {
    for errno in [Errno::PERM, Errno::NOENT, Errno::NOSYS, Errno::NOPROTOOPT] {
        block_on_where_fail(&[Call::Congestion], errno, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connected = transfer::connect(listener.local_addr().unwrap()).await;
            assert!(connected.is_ok(), "{errno:?}: {connected:?}");
        });
    }
}
