//! A peer that does not read costs bounded memory and nobody else anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transfer::{Engine, Mechanism, Policy};

use crate::common::{Buffers, NEVER, Noise, Passage, TINY_BYTES, assert_same_bytes};

/// Of a connection with tiny buffers, at both of its ends, as the kernel doubles what it is told.
const BUFFERS_BYTES: usize = 2 * 2 * TINY_BYTES as usize;
/// What the relay may hold between the two.
const HELD_BYTES: usize = 256 * 1024;

#[tokio::test]
async fn a_peer_that_never_reads_makes_only_its_own_sender_wait() {
    for mechanism in [Mechanism::Splice, Mechanism::ReadWrite] {
        println!("mechanism: {mechanism}");
        let engine = Arc::new(Engine::new(Policy::force(mechanism)));
        let stuck = Passage::open(&engine, Buffers::Tiny, NEVER).await;
        let (mut left, mut right) = (stuck.left, stuck.right);
        let sent = Noise::seeded(11).bytes(6 << 20);
        let taken = Arc::new(AtomicUsize::new(0));
        let sending = tokio::spawn({
            let (sent, taken) = (sent.clone(), Arc::clone(&taken));
            async move {
                let mut rest = sent.as_slice();
                while !rest.is_empty() {
                    let count = left.write(rest).await.unwrap();
                    taken.fetch_add(count, Ordering::Relaxed);
                    rest = &rest[count..];
                }
                left.shutdown().await.unwrap();
                left
            }
        });

        // The other direction of the same relay, and other relays, go on.
        right.write_all(b"still here").await.unwrap();
        for _ in 0..20 {
            let Passage { mut left, mut right, .. } = Passage::open(&engine, Buffers::Usual, NEVER).await;
            let bytes = Noise::seeded(13).bytes(1_000_000);
            let mut received = vec![0; bytes.len()];
            let (write, read) = tokio::join!(left.write_all(&bytes), right.read_exact(&mut received));
            write.unwrap();
            read.unwrap();
            assert_same_bytes(&received, &bytes);
        }
        let waiting = taken.load(Ordering::Relaxed);
        assert!(waiting <= 2 * BUFFERS_BYTES + HELD_BYTES, "{waiting} bytes are under way");

        // Nothing is lost once it reads.
        let mut received = Vec::new();
        right.read_to_end(&mut received).await.unwrap();
        assert_same_bytes(&received, &sent);
        right.shutdown().await.unwrap();
        let mut answer = Vec::new();
        sending.await.unwrap().read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"still here");
        stuck.relay.await.unwrap().unwrap();
    }
}
