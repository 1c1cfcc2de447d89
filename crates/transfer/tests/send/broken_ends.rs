//! What happens when the peer goes away or the file gets shorter: a typed error, and no wrong byte before it.

use std::sync::Arc;

use crate::common::{Buffers, Goods, assert_same_bytes, for_each_mechanism, socket_pair};
use tokio::io::AsyncReadExt;
use transfer::{Engine, Path, Plan, Policy, SendError};

#[tokio::test]
async fn a_reader_that_vanishes_is_the_peers_fault() {
    let goods = Goods::new(4 << 20);
    for_each_mechanism(async |mechanism| {
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, mut peer) = socket_pair(Buffers::Tiny).await;
        let plan = Plan::new().bytes("head").file(goods.whole());

        let (sent, ()) = tokio::join!(engine.send(&socket, plan, Path::Consumer), async {
            peer.read_exact(&mut [0; 1_000]).await.unwrap();
            drop(peer);
        });

        assert!(matches!(sent, Err(SendError::Peer(_))), "{sent:?}");
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_is_gone_before_the_first_byte_is_the_peers_fault() {
    let engine = Engine::new(Policy::automatic());
    let (socket, peer) = socket_pair(Buffers::Usual).await;
    drop(peer);
    // The first bytes after the close may still be accepted; the answer to them is a reset.
    let sent = loop {
        let sent = engine.send(&socket, Plan::new().bytes("hello"), Path::Consumer).await;
        if sent.is_err() {
            break sent;
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(sent, Err(SendError::Peer(_))), "{sent:?}");
}

#[tokio::test]
async fn a_file_cut_underway_ends_the_send_where_the_file_ends() {
    const LEFT: u64 = 1 << 20;
    for_each_mechanism(async |mechanism| {
        let goods = Goods::new(8 << 20);
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, mut peer) = socket_pair(Buffers::Tiny).await;
        let plan = Plan::new().file(goods.whole()).bytes("never reached");
        let file = Arc::clone(&goods.file);

        let (sent, received) = tokio::join!(
            async {
                let sent = engine.send(&socket, plan, Path::Consumer).await;
                drop(socket);
                sent
            },
            async {
                let mut received = vec![0; 100_000];
                peer.read_exact(&mut received).await.unwrap();
                file.set_len(LEFT).unwrap();
                peer.read_to_end(&mut received).await.unwrap();
                received
            }
        );

        let Err(SendError::Truncated { position, missing_bytes }) = sent else { panic!("{sent:?}") };
        assert_eq!(position, LEFT);
        assert_eq!(missing_bytes, (8 << 20) - LEFT);
        assert_same_bytes(&received, &goods.bytes[..LEFT as usize]);
    })
    .await;
}

#[tokio::test]
async fn a_small_region_behind_the_end_of_its_file_is_truncated() {
    let goods = Goods::new(10_000);
    let engine = Engine::new(Policy::automatic().with_copy_below(4_096));
    let (socket, mut peer) = socket_pair(Buffers::Usual).await;
    let plan = Plan::new().bytes("head").file(goods.region(9_900, 200)).bytes("tail");

    let sent = engine.send(&socket, plan, Path::Consumer).await;
    drop(socket);

    let Err(SendError::Truncated { position: 9_900, missing_bytes: 200 }) = sent else { panic!("{sent:?}") };
    let mut received = Vec::new();
    peer.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"head");
}

#[tokio::test]
async fn a_file_that_is_not_open_for_reading_is_the_disks_fault() {
    let path = tempfile::NamedTempFile::new().unwrap();
    let write_only = Arc::new(std::fs::File::options().write(true).open(path.path()).unwrap());
    write_only.set_len(100_000).unwrap();
    for_each_mechanism(async |mechanism| {
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, _peer) = socket_pair(Buffers::Usual).await;
        let region = transfer::Region::new(Arc::clone(&write_only), 0, 100_000);
        let sent = engine.send(&socket, Plan::new().file(region), Path::Consumer).await;
        assert!(matches!(sent, Err(SendError::Disk(_))), "{sent:?}");
    })
    .await;
}
