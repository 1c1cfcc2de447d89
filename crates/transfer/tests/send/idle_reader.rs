//! A peer that never reads costs no CPU, and leaves nothing behind when the send to it is dropped.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::common::{Buffers, Goods, for_each_mechanism, socket_pair};
use transfer::{Engine, Path, Plan, Policy};

/// Turns of the event loop without a wake-up after which a send counts as asleep.
const QUIET_TURNS: usize = 2_000;

#[derive(Default)]
struct CountWakes(AtomicUsize);

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_peer_that_never_reads_puts_the_send_to_sleep() {
    let goods = Goods::new(16 << 20);
    for_each_mechanism(async |mechanism| {
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, _peer) = socket_pair(Buffers::Tiny).await;
        let wakes = Arc::new(CountWakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        {
            let mut send = pin!(engine.send(&socket, Plan::new().file(goods.whole()), Path::Consumer));
            let mut seen = usize::MAX;
            // Polled once, and again for each wake-up, until there are no more of them.
            while seen != wakes.0.load(Ordering::SeqCst) {
                seen = wakes.0.load(Ordering::SeqCst);
                let poll = send.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(matches!(poll, Poll::Pending), "{poll:?}");
                for _ in 0..QUIET_TURNS {
                    tokio::task::yield_now().await;
                }
            }
            let taken = engine.ledger().snapshot().payload_bytes();
            assert!(taken > 0 && taken < 16 << 20, "{taken} bytes went into the socket's buffers");
            assert!(wakes.0.load(Ordering::SeqCst) < 50, "woken {seen} times for nothing");
        }
        assert_eq!(Arc::strong_count(&goods.file), 1, "a dropped send lets go of its file");
    })
    .await;
}
