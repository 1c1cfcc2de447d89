//! Which congestion control does a connection get?
//!
//! The system's (`net.ipv4.tcp_congestion_control`), but for one case. BBR paces what it sends: where no queueing
//! discipline does that for it, as on loopback, it sets a timer for every 64 KiB, and between two programs of one host
//! the timers cost twice as much as everything else that a fetch costs. There is no network to be spared there, so
//! connections within this host do without.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use rustix::net::sockopt;
use tokio::net::{TcpSocket, TcpStream};
use tracing::{debug, warn};

/// What every kernel has and every process may choose.
const WITHOUT_PACING: &str = "reno";

/// How the names of congestion controls that pace begin: `bbr`, `bbr2`, `bbr3`.
const PACES: &str = "bbr";

/// Connects, without pacing if the peer is on this host.
///
/// # Errors
/// Those of connect(2), and of the system's limits for files.
pub async fn connect(peer: SocketAddr) -> io::Result<TcpStream> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    let congestion = CongestionControl::apply_before_handshake(&socket, true);
    let connected = socket.connect(peer).await?;
    congestion.apply_after_handshake(&connected, peer)?;
    Ok(connected)
}

/// The congestion control of a listener's connections, or of one that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CongestionControl {
    /// What connections that leave this host are given back; `None` if nothing was taken.
    paced: Option<String>,
}

impl CongestionControl {
    /// Before listen(2), whose accepted sockets inherit the listener's, or before connect(2). Pacing, once a connection has
    /// begun with it, stays on whatever it is given later, so it is those that need it who are given it later.
    ///
    /// A kernel that does not tell, or does not take another one, leaves connections as the system has them.
    pub fn apply_before_handshake(socket: &impl AsFd, within_host_unpaced: bool) -> Self {
        let nothing_taken = Self { paced: None };
        if !within_host_unpaced {
            return nothing_taken;
        }
        match take_pacing(socket) {
            Ok(paced) => Self { paced },
            Err(error) => {
                debug!("connections within this host are paced as others: {error}");
                nothing_taken
            }
        }
    }

    /// After accept(2) or connect(2): a connection that leaves this host gets the system's back.
    ///
    /// # Errors
    /// When the socket has no address: the connection is gone.
    pub fn apply_after_handshake(&self, socket: &TcpStream, peer: SocketAddr) -> io::Result<()> {
        let Some(paced) = &self.paced else { return Ok(()) };
        if is_within_host(socket.local_addr()?, peer) {
            return Ok(());
        }
        if let Err(error) = sockopt::set_tcp_congestion(socket, paced) {
            warn!(%peer, "cannot use the system's congestion control, {paced}: {error}");
        }
        Ok(())
    }
}

/// Returns the system's congestion control if it paces and was replaced.
fn take_pacing(socket: &impl AsFd) -> io::Result<Option<String>> {
    let systems = sockopt::tcp_congestion(socket)?;
    if !systems.starts_with(PACES) {
        return Ok(None);
    }
    sockopt::set_tcp_congestion(socket, WITHOUT_PACING)?;
    Ok(Some(systems))
}

/// Whether both ends of a connection are on this host.
fn is_within_host(own: SocketAddr, peer: SocketAddr) -> bool {
    let (own, peer) = (own.ip().to_canonical(), peer.ip().to_canonical());
    own == peer || peer.is_loopback()
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// The congestion control of a connection from `peer`, or so the listener is told.
    async fn given_to(peer: &str, systems: &str, within_host_unpaced: bool) -> Option<String> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // Not every kernel has BBR, and not every user may choose it.
        sockopt::set_tcp_congestion(&socket, systems).ok()?;
        let control = CongestionControl::apply_before_handshake(&socket, within_host_unpaced);
        socket.set_nonblocking(true).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(1).unwrap();
        let listener = TcpListener::from_std(socket.into()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        control.apply_after_handshake(&accepted, peer.parse().unwrap()).unwrap();
        Some(sockopt::tcp_congestion(&accepted).unwrap())
    }

    #[tokio::test]
    async fn only_connections_within_the_host_do_without_pacing() {
        let Some(within) = given_to("127.0.0.1:5000", "bbr", true).await else {
            eprintln!("skipped: this kernel has no BBR, or this user may not choose it");
            return;
        };
        assert_eq!(within, "reno");
        assert_eq!(given_to("192.0.2.7:5000", "bbr", true).await.as_deref(), Some("bbr"));
        assert_eq!(given_to("127.0.0.1:5000", "bbr", false).await.as_deref(), Some("bbr"));
    }

    #[tokio::test]
    async fn a_connection_that_is_made_is_treated_like_one_that_is_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        if sockopt::set_tcp_congestion(&socket, "bbr").is_err() {
            eprintln!("skipped: this kernel has no BBR, or this user may not choose it");
            return;
        }
        let control = CongestionControl::apply_before_handshake(&socket, true);
        let connected = socket.connect(address).await.unwrap();
        for (peer, expected) in [(address, "reno"), ("192.0.2.7:5000".parse().unwrap(), "bbr")] {
            control.apply_after_handshake(&connected, peer).unwrap();
            assert_eq!(sockopt::tcp_congestion(&connected).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_system_that_does_not_pace_is_left_alone() {
        assert_eq!(given_to("127.0.0.1:5000", "reno", true).await.as_deref(), Some("reno"));
        let cubic = given_to("127.0.0.1:5000", "cubic", true).await;
        assert!(cubic.is_none_or(|cubic| cubic == "cubic"));
    }

    #[test]
    fn two_addresses_are_of_one_host_if_they_are_the_same_or_loopback() {
        let within = |own: &str, peer: &str| is_within_host(own.parse().unwrap(), peer.parse().unwrap());
        assert!(within("127.0.0.1:9092", "127.0.0.2:40000"));
        assert!(within("10.0.0.5:9092", "10.0.0.5:40000"));
        assert!(within("[::ffff:10.0.0.5]:9092", "10.0.0.5:40000"));
        assert!(!within("10.0.0.5:9092", "10.0.0.6:40000"));
    }
}
