//! How connections end: an end in order is passed on, and so is one out of order.

use std::sync::Arc;
use std::time::Duration;

use rustix::net::SendFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use transfer::{Engine, Path, Policy, RelayError, Side};

use crate::common::{
    Buffers, NEVER, Noise, Passage, assert_reset, assert_same_bytes, receive_to_any_end, socket_pair,
};

async fn open() -> Passage {
    Passage::open(&Arc::new(Engine::new(Policy::automatic())), Buffers::Usual, NEVER).await
}

/// `first` ends its stream and goes on reading what `second` answers.
async fn one_ends_before_the_other(first: &mut TcpStream, second: &mut TcpStream) {
    let mut question = Vec::new();
    first.write_all(b"question").await.unwrap();
    first.shutdown().await.unwrap();
    second.read_to_end(&mut question).await.unwrap();
    assert_eq!(question, b"question");

    let (answer, mut received) = (Noise::seeded(7).bytes(3_000_000), Vec::new());
    let (sent, read) = tokio::join!(
        async {
            second.write_all(&answer).await?;
            second.shutdown().await
        },
        first.read_to_end(&mut received)
    );
    sent.unwrap();
    read.unwrap();
    assert_same_bytes(&received, &answer);
}

#[tokio::test]
async fn either_peer_may_end_its_stream_first_and_still_be_answered() {
    let Passage { mut left, mut right, relay, .. } = open().await;
    one_ends_before_the_other(&mut left, &mut right).await;
    relay.await.unwrap().unwrap();

    let Passage { mut left, mut right, relay, .. } = open().await;
    one_ends_before_the_other(&mut right, &mut left).await;
    relay.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    let Passage { left, right, relay, .. } = open().await;
    left.set_zero_linger().unwrap();
    drop(left);
    assert_reset(&receive_to_any_end(right).await.1);
    let ended = relay.await.unwrap();
    assert!(matches!(ended, Err(RelayError::Peer { side: Side::Left, .. })), "{ended:?}");

    let Passage { left, right, relay, .. } = open().await;
    right.set_zero_linger().unwrap();
    drop(right);
    assert_reset(&receive_to_any_end(left).await.1);
    let ended = relay.await.unwrap();
    assert!(matches!(ended, Err(RelayError::Peer { side: Side::Right, .. })), "{ended:?}");
}

#[tokio::test]
async fn what_a_peer_sent_before_it_reset_is_delivered_before_the_reset() {
    // Less than any socket's first window.
    let answer = Noise::seeded(3).bytes(20_000);
    for turn in 0..50 {
        println!("turn {turn}");
        let Passage { left, mut right, relay, .. } = open().await;
        let (left_in, mut left_out) = left.into_split();
        // A server that refuses what is being sent to it: it answers and closes without reading.
        let uploading = tokio::spawn(async move {
            let chunk = vec![0; 100_000];
            while left_out.write_all(&chunk).await.is_ok() {}
        });
        right.readable().await.unwrap();
        right.write_all(&answer).await.unwrap();
        drop(right);

        let (received, end) = receive_to_any_end(left_in).await;
        assert_same_bytes(&received, &answer);
        assert_reset(&end);
        uploading.await.unwrap();
        assert!(matches!(relay.await.unwrap(), Err(RelayError::Peer { side: Side::Right, .. })));
    }
}

#[tokio::test]
async fn a_peer_that_is_gone_after_its_end_resets_the_one_that_still_sends() {
    let Passage { mut left, mut right, relay, .. } = open().await;
    left.shutdown().await.unwrap();
    assert_eq!(right.read(&mut [0]).await.unwrap(), 0);
    drop(left);
    let chunk = vec![0; 100_000];
    while right.write_all(&chunk).await.is_ok() {}
    assert!(matches!(relay.await.unwrap(), Err(RelayError::Peer { side: Side::Left, .. })));
}

#[tokio::test]
async fn a_relay_without_bytes_is_ended_at_its_limit_and_says_so() {
    let engine = Arc::new(Engine::new(Policy::automatic()));
    let limit = Duration::from_millis(30);
    let Passage { left, right, relay, .. } = Passage::open(&engine, Buffers::Usual, limit).await;
    let error = relay.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "no byte got through either way for 30ms");
    assert!(matches!(error, RelayError::Idle { limit: of } if of == limit));
    assert_reset(&receive_to_any_end(left).await.1);
    assert_reset(&receive_to_any_end(right).await.1);
}

#[tokio::test]
async fn a_peer_that_never_reads_does_not_outlast_the_limit() {
    let engine = Arc::new(Engine::new(Policy::automatic()));
    let limit = Duration::from_millis(50);
    let Passage { mut left, right, relay, .. } = Passage::open(&engine, Buffers::Tiny, limit).await;
    let chunk = vec![0; 100_000];
    while left.write_all(&chunk).await.is_ok() {}
    assert!(matches!(relay.await.unwrap(), Err(RelayError::Idle { .. })));
    drop(right);
}

#[tokio::test]
async fn a_relay_that_is_dropped_resets_both_peers() {
    let Passage { mut left, mut right, relay, .. } = open().await;
    left.write_all(b"under way").await.unwrap();
    right.read_exact(&mut [0; 9]).await.unwrap();
    relay.abort();
    assert!(relay.await.unwrap_err().is_cancelled());
    assert_reset(&receive_to_any_end(left).await.1);
    assert_reset(&receive_to_any_end(right).await.1);

    let ((left, near), (far, right)) = (socket_pair(Buffers::Usual).await, socket_pair(Buffers::Usual).await);
    let never_begun = Engine::new(Policy::automatic());
    drop(never_begun.relay(near, far, Path::Proxy, NEVER, |_, _| {}));
    assert_reset(&receive_to_any_end(left).await.1);
    assert_reset(&receive_to_any_end(right).await.1);
}

#[tokio::test]
async fn an_urgent_byte_keeps_its_place_in_the_stream() {
    for behind in ["", "efg"] {
        let Passage { mut left, mut right, relay, .. } = open().await;
        left.write_all(b"abc").await.unwrap();
        rustix::net::send(&left, b"d", SendFlags::OOB).unwrap();
        left.write_all(behind.as_bytes()).await.unwrap();
        let (mut received, expected) = ([0; 7], format!("abcd{behind}"));
        // Before the stream ends: nothing but the bytes themselves wakes the relay.
        right.read_exact(&mut received[..expected.len()]).await.unwrap();
        assert_eq!(&received[..expected.len()], expected.as_bytes());

        // And at the end, which comes right behind it.
        rustix::net::send(&left, b"!", SendFlags::OOB).unwrap();
        left.shutdown().await.unwrap();
        right.shutdown().await.unwrap();
        assert_eq!(receive_to_any_end(right).await.0, b"!");
        drop(left);
        relay.await.unwrap().unwrap();
    }
}
