//! Where splicing is not to be had, bytes are copied, and the ledger says why.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transfer::{Capabilities, Engine, Mechanism, Policy, Reason};

use crate::common::{Buffers, NEVER, Noise, Passage, assert_same_bytes};

#[tokio::test]
async fn without_splice_the_bytes_are_copied() {
    let means = Capabilities { splice: false, ..Capabilities::probe() };
    for policy in [Policy::automatic(), Policy::force(Mechanism::Splice)] {
        let engine = Arc::new(Engine::with_capabilities(policy, means));
        let Passage { mut left, mut right, relay, .. } = Passage::open(&engine, Buffers::Usual, NEVER).await;
        let (sent, mut received) = (Noise::seeded(5).bytes(200_000), Vec::new());

        let (write, read) = tokio::join!(
            async {
                left.write_all(&sent).await?;
                left.shutdown().await
            },
            right.read_to_end(&mut received)
        );
        write.unwrap();
        read.unwrap();
        right.shutdown().await.unwrap();
        relay.await.unwrap().unwrap();

        assert_same_bytes(&received, &sent);
        let entries: Vec<_> = engine.ledger().snapshot().iter().collect();
        let [entry] = entries[..] else { panic!("{entries:?}") };
        assert_eq!(
            (entry.mechanism, entry.reason, entry.bytes),
            (Mechanism::ReadWrite, Reason::KernelLacks, 200_000)
        );
    }
}
