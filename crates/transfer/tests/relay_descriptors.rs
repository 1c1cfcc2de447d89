//! What relays take of the process's file descriptors. Tests of their own process, one after the other: they count all that
//! are open.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transfer::{Engine, Mechanism, Path, Policy, Reason};

static ALONE: Mutex<()> = Mutex::new(());

/// For what happens at once.
const PATIENCE: Duration = Duration::from_secs(60);

const NEVER: Duration = Duration::from_secs(3_600);

/// Descriptors of one pipe.
const PIPE_ENDS: usize = 2;

async fn relay(engine: &Arc<Engine>) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connect = || TcpStream::connect(listener.local_addr().unwrap());
    let (left, near) = (connect().await.unwrap(), listener.accept().await.unwrap().0);
    let (right, far) = (connect().await.unwrap(), listener.accept().await.unwrap().0);
    let engine = Arc::clone(engine);
    tokio::spawn(async move { engine.relay(near, far, Path::Proxy, NEVER, |_, _| {}).await });
    (left, right)
}

async fn pass(left: &mut TcpStream, right: &mut TcpStream) {
    left.write_all(b"there").await.unwrap();
    right.read_exact(&mut [0; 5]).await.unwrap();
    right.write_all(b"back").await.unwrap();
    left.read_exact(&mut [0; 4]).await.unwrap();
}

/// The number of each open descriptor, and what it is of.
fn descriptors() -> Vec<(String, String)> {
    let entries = fs::read_dir("/proc/self/fd").unwrap().map(Result::unwrap);
    let text = |name: &OsStr| name.to_string_lossy().into_owned();
    // Another thread may have closed it meanwhile.
    let of = |entry: DirEntry| {
        Some((text(&entry.file_name()), text(fs::read_link(entry.path()).ok()?.as_os_str())))
    };
    entries.filter_map(of).collect()
}

fn open_pipe_ends() -> usize {
    descriptors().iter().filter(|(_, of)| of.starts_with("pipe:")).count()
}

/// How many descriptors this process watches for bytes: what proc_pid_fdinfo(5) says of its epoll(7)s.
fn watched_for_bytes() -> usize {
    const EPOLLIN: u64 = 1;
    let epolls = descriptors().into_iter().filter(|(_, of)| of == "anon_inode:[eventpoll]");
    let infos = epolls.map(|(number, _)| fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap());
    let watched = |info: String| {
        let events = info.lines().filter_map(|line| line.split_once("events:")?.1.split_whitespace().next());
        events.filter(|events| u64::from_str_radix(events, 16).unwrap() & EPOLLIN != 0).count()
    };
    infos.map(watched).sum()
}

async fn repeat_until(is_reached: impl Fn() -> bool, work: impl Fn()) {
    let repeating = async {
        while !is_reached() {
            work();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, repeating).await.unwrap();
}

fn on_one_thread(test: impl Future<Output = ()>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
fn relays_that_wait_for_bytes_hold_no_pipe() {
    on_one_thread(async {
        let before = open_pipe_ends();
        let engine = Arc::new(Engine::new(Policy::force(Mechanism::Splice)));
        let mut peers = Vec::new();
        for _ in 0..50 {
            peers.push(relay(&engine).await);
        }
        for (left, right) in &mut peers {
            pass(left, right).await;
        }
        // One pipe was enough for all of them, as one moved bytes at a time; one more may be about to be given back.
        let held = open_pipe_ends() - before;
        assert!((1..=2 * PIPE_ENDS).contains(&held), "{held}");
        let spliced = engine.ledger().snapshot();
        assert_eq!(spliced.copied_bytes(), 0);
        assert_eq!(spliced.payload_bytes(), 50 * 9);
    });
}

#[test]
fn without_a_descriptor_for_a_pipe_bytes_are_copied_until_there_is_one() {
    on_one_thread(async {
        let engine = Arc::new(Engine::new(Policy::force(Mechanism::Splice)));
        let (mut left, mut right) = relay(&engine).await;
        let before = descriptors().len();
        // Begun: a relay has two descriptors of each socket.
        repeat_until(|| descriptors().len() > before, || {}).await;
        let usual = getrlimit(Resource::Nofile);
        let null = File::open("/dev/null").unwrap();
        let mut taken = Vec::new();
        setrlimit(Resource::Nofile, Rlimit { current: Some(200), maximum: usual.maximum }).unwrap();
        while let Ok(one_more) = null.try_clone() {
            taken.push(one_more);
        }
        pass(&mut left, &mut right).await;
        drop(taken);
        setrlimit(Resource::Nofile, usual).unwrap();
        pass(&mut left, &mut right).await;

        let entries = engine.ledger().snapshot();
        let entries: Vec<_> =
            entries.iter().map(|entry| (entry.mechanism, entry.reason, entry.bytes)).collect();
        assert_eq!(
            entries,
            [(Mechanism::Splice, Reason::Forced, 9), (Mechanism::ReadWrite, Reason::Refused, 9)]
        );
    });
}

#[test]
fn bytes_that_would_have_to_wait_for_the_other_peer_wake_nobody() {
    on_one_thread(async {
        let engine = Arc::new(Engine::new(Policy::automatic()));
        let (mut left, mut right) = relay(&engine).await;
        pass(&mut left, &mut right).await;
        // Both directions wait for bytes.
        let usual = watched_for_bytes();
        let (_, sender) = left.into_split();
        let fill = || drop(sender.try_write(&[0; 64 * 1024]));
        repeat_until(|| watched_for_bytes() < usual, fill).await;
        let (receiver, _sender) = right.into_split();
        let drain = || drop(receiver.try_read(&mut [0; 64 * 1024]));
        repeat_until(|| watched_for_bytes() == usual, drain).await;
    });
}
