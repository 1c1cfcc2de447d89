//! Load through a TCP proxy: this plays its clients and the target behind it.
//!
//! Streams come out of one buffer and are thrown away inside the kernel, so that this side is as cheap as it can be.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream as BlockingStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use client::Address;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::topic::{SILENCE, connect};
use crate::{BenchError, Usage};

/// What each client sends before the load, so that it is known which connection to the target is its own.
pub const GREETING_BYTES: u64 = size_of::<u64>() as u64;

/// How much of a stream is thrown away with one call.
const DISCARD_BYTES: usize = 1 << 20;

/// What goes through each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// The target sends a stream of messages to its client.
    OneWay,
    /// Both send one to the other at the same time.
    BothWays,
    /// The client sends a message when it has the answer to the one before.
    Exchange,
}

/// How much goes through a proxy, and how.
#[derive(Clone, Copy, Debug)]
pub struct ProxyLoad {
    /// What goes through each connection.
    pub traffic: Traffic,
    /// Connections at the same time.
    pub connections: usize,
    /// Messages on each connection, each way that has any.
    pub messages: usize,
    /// The length of each.
    pub message_bytes: usize,
}

/// What has gone through a proxy, to the last byte.
#[derive(Clone, Copy, Debug)]
pub struct PassedOn {
    /// Both ways, without greetings.
    pub bytes: u64,
    /// Both ways.
    pub messages: u64,
    /// From the first byte sent to the last connection's end.
    pub elapsed: Duration,
    /// What it cost the proxy, if that was watched.
    pub proxy: Option<Usage>,
}

/// Has `load` go through `proxy`, which passes connections on to where `listener` listens. `pid` is the process to watch.
/// Blocks.
///
/// # Errors
/// The proxy cannot be reached, does not reach `listener`, or passes on anything but all of the load.
pub fn run_through_proxy(
    listener: &TcpListener,
    proxy: &Address,
    load: &ProxyLoad,
    pid: Option<u32>,
) -> Result<PassedOn, BenchError> {
    let pairs: Vec<Pair> = (0..load.connections)
        .map(|index| Pair::open(listener, proxy, index as u64))
        .collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let before = pid.map(Usage::of).transpose()?;
        let start = Instant::now();
        let mut playing = JoinSet::new();
        for pair in pairs {
            let (client, server) = pair.into_async()?;
            playing.spawn(play(client, *load, End::Client));
            playing.spawn(play(server, *load, End::Target));
        }
        let mut bytes = 0;
        while let Some(played) = playing.join_next().await {
            bytes += played.map_err(io::Error::other)??;
        }
        let elapsed = start.elapsed();
        let after = pid.map(Usage::of).transpose()?;
        let proxy = after.zip(before).map(|(after, before)| after.since(&before));
        Ok(PassedOn { bytes, messages: load.all_messages(), elapsed, proxy })
    })
}

impl ProxyLoad {
    fn all_messages(&self) -> u64 {
        let ways = match self.traffic {
            Traffic::OneWay => 1,
            Traffic::BothWays | Traffic::Exchange => 2,
        };
        ways * self.connections as u64 * self.messages as u64
    }

    /// Whether this end of each connection has a stream to send.
    fn is_sent_by(&self, end: End) -> bool {
        match self.traffic {
            Traffic::OneWay => end == End::Target,
            Traffic::BothWays | Traffic::Exchange => true,
        }
    }
}

impl PassedOn {
    /// As JSON: bytes and seconds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "bytes": self.bytes,
            "messages": self.messages,
            "elapsed_s": self.elapsed.as_secs_f64(),
            "proxy": self.proxy.as_ref().map(Usage::to_json),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Client,
    Target,
}

/// Both ends of a connection through the proxy.
struct Pair {
    client: BlockingStream,
    server: BlockingStream,
}

impl Pair {
    fn open(listener: &TcpListener, proxy: &Address, index: u64) -> Result<Self, BenchError> {
        let greeting = index.to_le_bytes();
        let mut client = connect(proxy)?;
        client.write_all(&greeting)?;
        loop {
            let mut server = accept(listener)?;
            server.set_read_timeout(Some(SILENCE))?;
            server.set_nodelay(true)?;
            let mut greeted = [0; GREETING_BYTES as usize];
            // Somebody may have looked whether the proxy is there: that connection says nothing and ends.
            if server.read_exact(&mut greeted).is_ok() && greeted == greeting {
                return Ok(Self { client, server });
            }
        }
    }

    fn into_async(self) -> io::Result<(TcpStream, TcpStream)> {
        let convert = |stream: BlockingStream| {
            stream.set_nonblocking(true)?;
            TcpStream::from_std(stream)
        };
        Ok((convert(self.client)?, convert(self.server)?))
    }
}

fn accept(listener: &TcpListener) -> Result<BlockingStream, BenchError> {
    let mut waited_for = [PollFd::new(listener, PollFlags::IN)];
    let limit = Timespec::try_from(SILENCE).map_err(io::Error::other)?;
    if poll(&mut waited_for, Some(&limit)).map_err(io::Error::from)? == 0 {
        return Err(BenchError::NotReached(SILENCE.as_secs()));
    }
    Ok(listener.accept()?.0)
}

/// Plays one end of a connection, and returns how many bytes it has received.
async fn play(mut socket: TcpStream, load: ProxyLoad, end: End) -> Result<u64, BenchError> {
    let other = match end {
        End::Client => End::Target,
        End::Target => End::Client,
    };
    let stream_bytes = load.messages as u64 * load.message_bytes as u64;
    let expected = if load.is_sent_by(other) { stream_bytes } else { 0 };
    let received = if load.traffic == Traffic::Exchange {
        exchange(&mut socket, load, end).await?
    } else {
        let messages = if load.is_sent_by(end) { load.messages } else { 0 };
        let sending = async { Ok(send_stream(&socket, messages, load.message_bytes).await?) };
        let receiving = async { all(discard(&socket, expected).await?, expected) };
        tokio::try_join!(sending, receiving)?.1
    };
    // Only when all has come: connections of which one half has ended are not what is measured, and HAProxy 2.6 was seen to
    // cut the other half of them short.
    shutdown(&socket, Shutdown::Write).map_err(io::Error::from)?;
    all(received + discard(&socket, 1).await?, expected)
}

fn all(received: u64, expected: u64) -> Result<u64, BenchError> {
    if received == expected { Ok(received) } else { Err(BenchError::NotPassedOn { received, expected }) }
}

async fn exchange(socket: &mut TcpStream, load: ProxyLoad, end: End) -> io::Result<u64> {
    let mut message = vec![7; load.message_bytes];
    let mut received = 0;
    for _ in 0..load.messages {
        if end == End::Client {
            socket.write_all(&message).await?;
        }
        received += socket.read_exact(&mut message).await? as u64;
        if end == End::Target {
            socket.write_all(&message).await?;
        }
    }
    Ok(received)
}

async fn send_stream(socket: &TcpStream, messages: usize, message_bytes: usize) -> io::Result<()> {
    let message = vec![7; message_bytes];
    for _ in 0..messages {
        let mut rest = message.as_slice();
        while !rest.is_empty() {
            socket.writable().await?;
            match socket.try_write(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Receives until the stream ends or `enough` bytes have come, without copying, and says how many: see `MSG_TRUNC` in
/// tcp(7).
async fn discard(socket: &TcpStream, enough: u64) -> io::Result<u64> {
    let mut untouched = vec![0; DISCARD_BYTES];
    let mut discard = || -> io::Result<usize> {
        Ok(recv(socket.as_fd(), untouched.as_mut_slice(), RecvFlags::TRUNC | RecvFlags::DONTWAIT)?.1)
    };
    let mut received = 0;
    while received < enough {
        match socket.async_io(Interest::READABLE, &mut discard).await? {
            0 => break,
            bytes => received += bytes as u64,
        }
    }
    Ok(received)
}
