//! From files to sockets.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use rustix::io::Errno;
use tokio::io::AsyncReadExt;
use transfer::{Capabilities, Engine, Mechanism, Path, Plan, Policy, Reason, Region, SendError};

use crate::connection::connection;
use denying::{Call, block_on_where_are_interrupted, block_on_where_fail, where_are_interrupted};

const LEN: u64 = 300_000;

/// What says that a call does not work for these files.
const REFUSALS: [Errno; 5] = [Errno::INVAL, Errno::NOSYS, Errno::OVERFLOW, Errno::PERM, Errno::OPNOTSUPP];

/// What says that a file is not to be mapped, or that there is no more room for mappings.
const NO_MAPPING: [Errno; 4] = [Errno::NODEV, Errno::NOMEM, Errno::ACCESS, Errno::PERM];

/// What says that there is no pipe to be had.
const NO_PIPE: [Errno; 3] = [Errno::MFILE, Errno::NFILE, Errno::PERM];

/// Sends a file where `calls` fail, and says how its bytes went.
fn send(engine: &Engine, calls: &[Call], errno: Errno) -> Result<Vec<(Mechanism, Reason, u64)>, SendError> {
    send_of(engine, calls, errno, LEN)
}

/// The same with a file of `len` bytes.
fn send_of(
    engine: &Engine,
    calls: &[Call],
    errno: Errno,
    len: u64,
) -> Result<Vec<(Mechanism, Reason, u64)>, SendError> {
    let (file, bytes) = goods(len);
    let received = block_on_where_fail(calls, errno, deliver(engine, Region::new(file, 0, len)))?;
    assert!(received == bytes, "{calls:?} {errno:?}: what arrived is not what was sent");
    Ok(ways(engine))
}

/// A file, and what is in it.
fn goods(len: u64) -> (Arc<File>, Vec<u8>) {
    let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    (Arc::new(file), bytes)
}

/// Sends a region, and says what has arrived.
async fn deliver(engine: &Engine, region: Region) -> Result<Vec<u8>, SendError> {
    let (socket, mut peer) = connection().await;
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.map(|_| received)
    });
    engine.send(&socket, Plan::new().file(region), Path::Http).await?;
    drop(socket);
    Ok(receiving.await.unwrap().unwrap())
}

fn ways(engine: &Engine) -> Vec<(Mechanism, Reason, u64)> {
    engine.ledger().snapshot().iter().map(|entry| (entry.mechanism, entry.reason, entry.bytes)).collect()
}

#[test]
fn a_call_that_is_refused_is_replaced_by_the_next_best() {
    for errno in REFUSALS {
        let ways = send(&Engine::new(Policy::automatic()), &[Call::Sendfile], errno).unwrap();
        assert_eq!(ways, [(Mechanism::Splice, Reason::Refused, LEN)], "{errno:?}");
        let ways = send(&Engine::new(Policy::automatic()), &[Call::Sendfile, Call::Splice], errno).unwrap();
        assert_eq!(ways, [(Mechanism::ReadWrite, Reason::Refused, LEN)], "{errno:?}");
    }
}

#[test]
fn what_a_forced_mechanism_needs_and_does_not_get_is_replaced_by_a_copy() {
    for (mechanism, call, errnos) in
        [(Mechanism::Mmap, Call::MapFile, &NO_MAPPING[..]), (Mechanism::Splice, Call::Pipe, &NO_PIPE[..])]
    {
        for &errno in errnos {
            let ways = send(&Engine::new(Policy::force(mechanism)), &[call], errno).unwrap();
            assert_eq!(ways, [(Mechanism::ReadWrite, Reason::Refused, LEN)], "{mechanism} {errno:?}");
        }
    }
}

#[test]
fn a_kernel_without_a_call_is_found_out_before_anything_is_sent() {
    for (calls, mechanism) in [
        (&[Call::Sendfile][..], Mechanism::Splice),
        (&[Call::Sendfile, Call::Splice][..], Mechanism::ReadWrite),
    ] {
        let engine = block_on_where_fail(calls, Errno::NOSYS, async { Engine::new(Policy::automatic()) });
        let ways = send(&engine, calls, Errno::NOSYS).unwrap();
        assert_eq!(ways, [(mechanism, Reason::KernelLacks, LEN)]);
    }
}

#[test]
fn a_kernel_that_does_not_tell_what_is_in_memory_still_sends() {
    let sent = [(Mechanism::Sendfile, Reason::FirstChoice, LEN)];
    for errno in [Errno::NOSYS, Errno::OPNOTSUPP, Errno::PERM, Errno::INVAL] {
        for calls in [&[Call::Cachestat][..], &[Call::Cachestat, Call::Preadv2, Call::Fadvise][..]] {
            let probed_before = Engine::new(Policy::automatic());
            assert_eq!(send(&probed_before, calls, errno).unwrap(), sent, "{calls:?} {errno:?}");
            let probed_there = block_on_where_fail(calls, errno, async { Engine::new(Policy::automatic()) });
            assert_eq!(send(&probed_there, calls, errno).unwrap(), sent, "{calls:?} {errno:?}");
        }
    }
}

#[test]
fn an_error_says_who_is_at_fault() {
    let copying = || Engine::new(Policy::force(Mechanism::ReadWrite));
    let peer_is_gone = [
        Errno::PIPE,
        Errno::CONNRESET,
        Errno::CONNABORTED,
        Errno::TIMEDOUT,
        Errno::NOTCONN,
        Errno::CONNREFUSED,
        Errno::SHUTDOWN,
        Errno::HOSTUNREACH,
        Errno::HOSTDOWN,
        Errno::NETUNREACH,
        Errno::NETDOWN,
        Errno::NONET,
        Errno::PROTO,
        Errno::NOPROTOOPT,
    ];
    let forced = |mechanism| Engine::new(Policy::force(mechanism));
    for errno in peer_is_gone {
        for (engine, call) in [
            (Engine::new(Policy::automatic()), Call::Sendfile),
            (forced(Mechanism::Splice), Call::Splice),
            (forced(Mechanism::Mmap), Call::Send),
            (copying(), Call::Sendmsg),
        ] {
            let error = send(&engine, &[call], errno).unwrap_err();
            assert!(matches!(error, SendError::Peer(_)), "{call:?} {errno:?}: {error:?}");
        }
    }
    for errno in [Errno::IO, Errno::STALE, Errno::ISDIR] {
        for (engine, call) in [
            (Engine::new(Policy::automatic()), Call::Sendfile),
            (forced(Mechanism::Splice), Call::Splice),
            (copying(), Call::Pread),
        ] {
            let error = send(&engine, &[call], errno).unwrap_err();
            assert!(matches!(error, SendError::Disk(_)), "{call:?} {errno:?}: {error:?}");
        }
    }
    for errno in [Errno::NOMEM, Errno::NOBUFS] {
        for (engine, call) in [
            (Engine::new(Policy::automatic()), Call::Sendfile),
            (forced(Mechanism::Splice), Call::Splice),
            (forced(Mechanism::Mmap), Call::Send),
            (copying(), Call::Sendmsg),
        ] {
            let error = send(&engine, &[call], errno).unwrap_err();
            assert!(matches!(error, SendError::Kernel(_)), "{call:?} {errno:?}: {error:?}");
        }
    }
}

#[test]
fn small_regions_leave_also_where_nothing_can_be_read_without_waiting() {
    for errno in [Errno::NOSYS, Errno::OPNOTSUPP, Errno::PERM] {
        for calls in [&[Call::Preadv2][..], &[Call::Preadv2, Call::Cachestat]] {
            let engine = Engine::new(Policy::automatic());
            let ways = send_of(&engine, calls, errno, 1_000).unwrap();
            assert_eq!(ways, [(Mechanism::ReadWrite, Reason::Small, 1_000)], "{calls:?} {errno:?}");
        }
    }
}

#[test]
fn calls_that_are_interrupted_are_made_again() {
    // More than the socket's buffers take at once: it is asked whether it has room.
    const LARGE: u64 = 16 << 20;
    let forced = |mechanism| (Policy::force(mechanism), (mechanism, Reason::Forced, LARGE));
    for ((policy, way), calls) in [
        (forced(Mechanism::Sendfile), &[Call::Sendfile, Call::Poll][..]),
        (forced(Mechanism::Splice), &[Call::Splice, Call::Poll]),
        (forced(Mechanism::Mmap), &[Call::Send, Call::Poll]),
        (forced(Mechanism::ReadWrite), &[Call::Pread, Call::Sendmsg, Call::Poll]),
        (
            (Policy::automatic(), (Mechanism::ReadWrite, Reason::Small, 1_000)),
            &[Call::Preadv2, Call::Sendmsg],
        ),
    ] {
        let (_, _, len) = way;
        let ((file, bytes), engine) = (goods(len), Engine::new(policy));
        let sent = block_on_where_are_interrupted(calls, async {
            let received = deliver(&engine, Region::new(file, 0, len)).await;
            received.unwrap_or_else(|error| panic!("{calls:?}: {error}"))
        });
        let Some(received) = sent else { return };
        assert!(received == bytes, "{calls:?}: what arrived is not what was sent");
        assert_eq!(ways(&engine), [way], "{calls:?}");
    }
}

#[test]
fn a_kernel_that_interrupts_is_not_taken_for_one_that_lacks_calls() {
    let calls = [Call::Pwrite, Call::Sendfile, Call::Splice, Call::Preadv2, Call::CopyFileRange];
    if let Some(found) = where_are_interrupted(&calls, Capabilities::probe) {
        assert_eq!(found, Capabilities::probe());
    }
}
