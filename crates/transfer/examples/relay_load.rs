//! What does a TCP proxy cost for each gigabyte, or for each message?
//!
//! Plays the target of a proxy and its clients, and reads the CPU time of the proxy's processes, all threads, from
//! `/proc`. Any proxy can be measured; its processes belong on one core and this program on another:
//!
//! ```text
//! taskset -c 0 crossdock proxy --listen 127.0.0.1:7001 --to 127.0.0.1:7000 &
//! taskset -c 1 cargo run --release -p transfer --example relay_load -- \
//!     127.0.0.1:7000 127.0.0.1:7001 PID[,PID…] stream-out|stream-in|stream-both|turns CONNECTIONS COUNT BYTES
//! ```
//!
//! `stream-out` has the target send COUNT times BYTES on each connection, `stream-in` the clients, `stream-both` both;
//! `turns` has clients and target exchange COUNT messages of BYTES one after the other. Streams come out of a buffer of
//! BYTES and are thrown away without being looked at, so that this side is as cheap as it can be.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How much of a stream is thrown away with one call.
const DISCARD_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Out,
    In,
    Both,
    Turns,
}

#[derive(Clone, Copy)]
struct Work {
    load: Load,
    count: usize,
    bytes: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [target, proxy, pids, load, connections, count, bytes] = &arguments[..] else {
        return Err("expected TARGET PROXY PIDS LOAD CONNECTIONS COUNT BYTES".into());
    };
    let load = match load.as_str() {
        "stream-out" => Load::Out,
        "stream-in" => Load::In,
        "stream-both" => Load::Both,
        "turns" => Load::Turns,
        other => return Err(format!("{other} is no load").into()),
    };
    let work = Work { load, count: count.parse()?, bytes: bytes.parse()? };
    let connections: usize = connections.parse()?;
    let pids: Vec<&str> = pids.split(',').collect();

    let listener = TcpListener::bind(target).await?;
    let mut pairs = Vec::new();
    for _ in 0..connections {
        let client = TcpStream::connect(proxy).await?;
        let (server, _) = listener.accept().await?;
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
        }
        pairs.push((client, server));
    }
    let (began, cpu_before) = (Instant::now(), cpu_seconds(&pids)?);
    let mut running = JoinSet::new();
    for (client, server) in pairs {
        running.spawn(play(server, work, matches!(load, Load::Out | Load::Both)));
        running.spawn(play(client, work, matches!(load, Load::In | Load::Both)));
    }
    for ended in running.join_all().await {
        ended?;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds(&pids)? - cpu_before);

    let ways = if matches!(load, Load::Both | Load::Turns) { 2 } else { 1 };
    let moved = ways * connections * work.count;
    let gigabytes = (moved * work.bytes) as f64 / 1e9;
    println!(
        "{gigabytes:.2} GB in {seconds:.2} s, {cpu:.2} CPU s: {:.4} CPU s/GB, {:.2} CPU us/message",
        cpu / gigabytes,
        cpu * 1e6 / moved as f64
    );
    Ok(())
}

/// One end of a connection. `sends` says which end begins, where only one does.
async fn play(socket: TcpStream, work: Work, sends: bool) -> io::Result<()> {
    match work.load {
        Load::Turns => take_turns(socket, work).await,
        Load::Out | Load::In | Load::Both => {
            let sending = async {
                let buffer = vec![7; work.bytes];
                for _ in 0..if sends { work.count } else { 0 } {
                    let mut rest = buffer.as_slice();
                    while !rest.is_empty() {
                        socket.writable().await?;
                        match socket.try_write(rest) {
                            Ok(taken) => rest = &rest[taken..],
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
                Ok(shutdown(&socket, Shutdown::Write)?)
            };
            tokio::try_join!(sending, discard_all(&socket)).map(drop)
        }
    }
}

async fn take_turns(mut socket: TcpStream, work: Work) -> io::Result<()> {
    // Both ends send a message and wait for one: each message is answered by the next.
    let mut buffer = vec![7; work.bytes];
    for _ in 0..work.count {
        socket.write_all(&buffer).await?;
        socket.read_exact(&mut buffer).await?;
    }
    socket.shutdown().await
}

/// Receives without copying: see `MSG_TRUNC` in tcp(7).
async fn discard_all(socket: &TcpStream) -> io::Result<()> {
    let mut untouched = vec![0; DISCARD_BYTES];
    let mut discard = || -> io::Result<usize> {
        Ok(recv(socket.as_fd(), untouched.as_mut_slice(), RecvFlags::TRUNC | RecvFlags::DONTWAIT)?.1)
    };
    while socket.async_io(Interest::READABLE, &mut discard).await? > 0 {}
    Ok(())
}

/// CPU time of processes with all of their threads that live, with more than the clock tick's precision.
fn cpu_seconds(pids: &[&str]) -> io::Result<f64> {
    let mut nanos = 0.0;
    for pid in pids {
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let ran: Option<f64> = stat.split_whitespace().next().and_then(|field| field.parse().ok());
            nanos += ran.ok_or_else(|| io::Error::other("schedstat is not as the kernel says"))?;
        }
    }
    Ok(nanos / 1e9)
}
