//! From sockets to sockets.

use std::time::Duration;

use rustix::io::Errno;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transfer::{Engine, Mechanism, Path, Policy, Reason};

use crate::connection::connection;
use denying::{Call, block_on_where_are_interrupted, block_on_where_fail, where_are_interrupted};

const LEN: usize = 300_000;

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3_600);

/// Passes bytes on where `calls` fail.
fn relay(engine: &Engine, calls: &[Call], errno: Errno) {
    let sent = bytes(LEN);
    let received = block_on_where_fail(calls, errno, pass(engine, &sent));
    assert!(received == sent, "{calls:?} {errno:?}: what arrived is not what was sent");
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

/// Sends bytes through a relay, and says what has arrived.
async fn pass(engine: &Engine, sent: &[u8]) -> Vec<u8> {
    let ((left, mut writer), (right, mut reader)) = (connection().await, connection().await);
    let relaying = engine.relay(left, right, Path::Proxy, NEVER, |_, _| {});
    let writing = async {
        writer.write_all(sent).await?;
        writer.shutdown().await
    };
    let reading = async {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await?;
        reader.shutdown().await.map(|()| received)
    };
    let (relayed, written, received) = tokio::join!(relaying, writing, reading);
    relayed.unwrap();
    written.unwrap();
    received.unwrap()
}

#[test]
fn what_cannot_be_spliced_is_copied() {
    let refusals = [Errno::INVAL, Errno::NOSYS, Errno::PERM, Errno::OPNOTSUPP];
    let no_pipe = [Errno::MFILE, Errno::NFILE, Errno::PERM];
    for (call, errnos) in [(Call::Splice, &refusals[..]), (Call::Pipe, &no_pipe[..])] {
        for &errno in errnos {
            let engine = Engine::new(Policy::automatic());
            relay(&engine, &[call], errno);
            let ledger = engine.ledger().snapshot();
            assert!(ledger.iter().all(|entry| entry.mechanism == Mechanism::ReadWrite), "{call:?} {errno:?}");
            assert_eq!(ledger.iter().map(|entry| entry.bytes).sum::<u64>(), LEN as u64);
        }
    }
}

#[test]
fn what_is_in_a_pipe_and_cannot_be_spliced_out_of_it_is_not_lost() {
    for errno in [Errno::INVAL, Errno::NOSYS, Errno::PERM, Errno::OPNOTSUPP] {
        let engine = Engine::new(Policy::force(Mechanism::Splice));
        relay(&engine, &[Call::SpliceOut], errno);
        let ledger = engine.ledger().snapshot();
        let ways: Vec<_> = ledger.iter().map(|entry| (entry.mechanism, entry.reason, entry.bytes)).collect();
        assert_eq!(ways, [(Mechanism::ReadWrite, Reason::Refused, LEN as u64)], "{errno:?}");
    }
}

#[test]
fn a_kernel_that_does_not_tell_what_is_left_is_asked_in_vain() {
    for errno in [Errno::NOPROTOOPT, Errno::PERM, Errno::NOSYS] {
        let engine = Engine::new(Policy::automatic());
        relay(&engine, &[Call::TellWhatIsLeft], errno);
        assert_eq!(engine.ledger().snapshot().payload_bytes(), LEN as u64);
    }
}

#[test]
fn calls_that_are_interrupted_are_made_again() {
    let sent = bytes(16 << 20);
    let splicing = Policy::force(Mechanism::Splice);
    let copying = Policy::force(Mechanism::ReadWrite);
    for (policy, calls) in [
        (splicing, &[Call::Splice, Call::Poll][..]),
        (copying, &[Call::Recvmsg, Call::Send, Call::Poll]),
        (Policy::automatic(), &[Call::Recvmsg, Call::Send, Call::Splice]),
    ] {
        let engine = Engine::new(policy);
        let passed = block_on_where_are_interrupted(calls, pass(&engine, &sent));
        let Some(received) = passed else { return };
        assert!(received == sent, "{calls:?}: what arrived is not what was sent");
        let ledger = engine.ledger().snapshot();
        assert_eq!(ledger.payload_bytes(), sent.len() as u64);
        assert!(ledger.iter().all(|entry| entry.reason != Reason::Refused), "{calls:?}: {ledger:?}");
    }
}

#[test]
fn reading_what_is_in_a_pipe_goes_on_where_it_is_interrupted() {
    let engine = Engine::new(Policy::force(Mechanism::Splice));
    where_are_interrupted(&[Call::Read], || relay(&engine, &[Call::SpliceOut], Errno::INVAL));
}
