//! How are sender and receiver connected?

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt;

use crate::cores::{Cores, pin};

/// How the names of congestion controls that pace begin, and what every kernel has that does not.
pub(crate) const PACES: &str = "bbr";
const WITHOUT_PACING: &str = "reno";

/// A receiver that gets nothing for so long is told that the run is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Connections within this host, blocking, kept for the whole run: their buffers have grown and their windows are open.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// The ends that send. They are the accepted ones, as a server's are.
    pub(crate) senders: Vec<TcpStream>,
    /// The ends that receive, in the same order.
    pub(crate) receivers: Vec<TcpStream>,
    /// What the senders' congestion control is.
    pub(crate) congestion_control: String,
}

impl Lanes {
    /// Without the system's congestion control where it paces, unless `system_pacing`: as the broker has connections
    /// within its host. Pacing stays with a socket that began with it, so the listener is told.
    pub(crate) fn connect(connections: usize, system_pacing: bool) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        if !system_pacing && sockopt::tcp_congestion(&listener)?.starts_with(PACES) {
            sockopt::set_tcp_congestion(&listener, WITHOUT_PACING)?;
        }
        let congestion_control = sockopt::tcp_congestion(&listener)?;
        let address = listener.local_addr()?;
        let (mut senders, mut receivers) = (Vec::new(), Vec::new());
        for _ in 0..connections {
            let receiver = TcpStream::connect(address)?;
            receiver.set_read_timeout(Some(PATIENCE))?;
            receivers.push(receiver);
            let (sender, _) = listener.accept()?;
            // As servers do: what is to wait for more is sent with MSG_MORE.
            sender.set_nodelay(true)?;
            senders.push(sender);
        }
        Ok(Self { senders, receivers, congestion_control })
    }

    /// Has the kernel let go of packets that it is through with: it keeps some, with the file's pages in them, until the core
    /// that made them next looks for packets.
    pub(crate) fn let_go(&self, cores: Cores) -> io::Result<()> {
        let (Some(mut sender), Some(mut receiver)) = (self.senders.first(), self.receivers.first()) else {
            return Ok(());
        };
        for core in cores.pinned.into_iter().flatten() {
            thread::scope(|scope| {
                let pinned = scope.spawn(|| {
                    pin(Some(core));
                    sender.write_all(&[0])?;
                    receiver.read_exact(&mut [0])
                });
                pinned.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })?;
        }
        Ok(())
    }

    /// Ends what either side may be waiting for. The lanes are of no more use.
    pub(crate) fn cut(&self) {
        for stream in self.senders.iter().chain(&self.receivers) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
