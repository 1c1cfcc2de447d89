//! A connection within this host.

use tokio::net::{TcpListener, TcpStream};

/// Its two ends.
pub(crate) async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (accepted, peer) =
        tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
    (accepted.unwrap().0, peer.unwrap())
}
