//! Where is the target now, and how is it reached?

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::HostPort;

/// Look-ups of the target's name at the same time. Each takes a thread, also when nobody waits for it any longer, and a
/// resolver that hangs would take as many as there are clients.
const LOOKUPS_AT_ONCE: usize = 16;

/// Where connections go.
#[derive(Debug)]
pub(crate) struct Target {
    address: HostPort,
    timeout: Duration,
    lookups: Arc<Semaphore>,
}

/// Why the target was not reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error("cannot find {address}: {source}")]
    Unknown { address: HostPort, source: io::Error },
    #[error("cannot find {address} within {limit:?}")]
    SlowResolver { address: HostPort, limit: Duration },
    #[error("cannot connect to {address}: {last} is this proxy itself")]
    Itself { address: HostPort, last: SocketAddr },
    #[error("cannot connect to {address}: {last}: {source}")]
    Refused { address: HostPort, last: SocketAddr, source: io::Error },
    #[error("cannot connect to {address}: {last} does not answer (--connect-timeout {limit:?})")]
    Silent { address: HostPort, last: SocketAddr, limit: Duration },
}

impl Target {
    /// `timeout` is what finding and connecting may take together.
    pub(crate) fn new(address: HostPort, timeout: Duration) -> Self {
        Self { address, timeout, lookups: Arc::new(Semaphore::new(LOOKUPS_AT_ONCE)) }
    }

    /// Asks where the target is and tries each of its addresses, in order, until one answers. No address may take more
    /// than its share of the time that is left: one that drops packets does not keep the next from being tried.
    ///
    /// `reached_at` is where the client reached this proxy. A connection to there would come back to be passed on, and
    /// so on, until there are no more to be had.
    pub(crate) async fn connect(&self, reached_at: Option<SocketAddr>) -> Result<TcpStream, Unreachable> {
        let deadline = Instant::now() + self.timeout;
        let addresses = self.find(deadline).await?;
        let mut failure = self.unknown(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        for (index, &last) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            let address = self.address.clone();
            if reached_at.is_some_and(|own| is_same(own, last)) {
                failure = Unreachable::Itself { address, last };
                continue;
            }
            failure = match timeout_at(Instant::now() + share, transfer::connect(last)).await {
                Ok(Ok(socket)) => return Ok(socket),
                Ok(Err(source)) => Unreachable::Refused { address, last, source },
                Err(_) => Unreachable::Silent { address, last, limit: self.timeout },
            };
        }
        Err(failure)
    }

    async fn find(&self, deadline: Instant) -> Result<Vec<SocketAddr>, Unreachable> {
        let HostPort { host, port } = self.address.clone();
        if let Ok(ip) = host.parse() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let lookups = Arc::clone(&self.lookups);
        let looking_up = async {
            let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
            let found = tokio::task::spawn_blocking(move || {
                let found = (host.as_str(), port).to_socket_addrs();
                drop(permit);
                found
            });
            found.await.map_err(io::Error::other)?
        };
        match timeout_at(deadline, looking_up).await {
            Ok(Ok(found)) => Ok(found.collect()),
            Ok(Err(source)) => Err(self.unknown(source)),
            Err(_) => Err(Unreachable::SlowResolver { address: self.address.clone(), limit: self.timeout }),
        }
    }

    fn unknown(&self, source: io::Error) -> Unreachable {
        Unreachable::Unknown { address: self.address.clone(), source }
    }
}

/// Also where one of them is an IPv4 address in IPv6's clothes, as sockets of both families have them.
fn is_same(own: SocketAddr, other: SocketAddr) -> bool {
    own.port() == other.port() && own.ip().to_canonical() == other.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt;
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_name_is_looked_up_and_each_of_its_addresses_tried() {
        // Whatever else the name stands for, nobody listens there.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target::new(HostPort { host: "localhost".to_owned(), port }, PATIENCE);
        assert_eq!(target.connect(None).await.unwrap().peer_addr().unwrap(), listener.local_addr().unwrap());
    }

    #[tokio::test]
    async fn a_target_on_this_host_is_reached_without_pacing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let systems = sockopt::tcp_congestion(TcpSocket::new_v4().unwrap()).unwrap();
        let target = Target::new(address.to_string().parse().unwrap(), PATIENCE);
        let connected = target.connect(None).await.unwrap();
        let expected = if systems.starts_with("bbr") { "reno" } else { &systems };
        assert_eq!(sockopt::tcp_congestion(&connected).unwrap(), expected);
    }

    #[tokio::test]
    async fn a_target_that_is_not_there_is_named_with_the_reason() {
        let refusing = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let target = Target::new(refusing.to_string().parse().unwrap(), PATIENCE);
        let error = target.connect(None).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot connect to {refusing}: {refusing}: ")), "{error}");

        // The top-level domain that never exists (RFC 6761).
        let target = Target::new("no-such-host.invalid:80".parse().unwrap(), PATIENCE);
        let error = target.connect(None).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot find no-such-host.invalid:80: "), "{error}");
    }

    #[tokio::test]
    async fn a_target_that_does_not_answer_is_given_up_at_the_limit() {
        // A full backlog: the kernel drops what comes to it.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let silent = listener.local_addr().unwrap();
        let _waits_in_it = TcpStream::connect(silent).await.unwrap();
        let target = Target::new(silent.to_string().parse().unwrap(), Duration::from_millis(50));
        let error = target.connect(None).await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!("cannot connect to {silent}: {silent} does not answer (--connect-timeout 50ms)")
        );
    }
}
