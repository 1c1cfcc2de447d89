//! What a kernel or a file does not offer is replaced by the next best, and the ledger says why.

use std::fs::File;
use std::sync::Arc;

use crate::common::{Buffers, Goods, assert_same_bytes, receive_all, socket_pair};
use transfer::{Capabilities, Engine, Mechanism, Path, Plan, Policy, Reason, Region};

async fn ledger_of(engine: Engine, region: Region, expected: &[u8]) -> Vec<(Mechanism, Reason, u64)> {
    let (socket, peer) = socket_pair(Buffers::Usual).await;
    let receiving = tokio::spawn(receive_all(peer));
    engine.send(&socket, Plan::new().file(region), Path::Consumer).await.unwrap();
    drop(socket);
    assert_same_bytes(&receiving.await.unwrap(), expected);
    engine.ledger().snapshot().iter().map(|entry| (entry.mechanism, entry.reason, entry.bytes)).collect()
}

#[tokio::test]
async fn without_sendfile_splice_takes_over() {
    let goods = Goods::new(200_000);
    let means = Capabilities { sendfile: false, ..Capabilities::probe() };
    let engine = Engine::with_capabilities(Policy::automatic(), means);
    let entries = ledger_of(engine, goods.whole(), &goods.bytes).await;
    assert_eq!(entries, [(Mechanism::Splice, Reason::KernelLacks, 200_000)]);
}

#[tokio::test]
async fn without_sendfile_and_splice_the_bytes_are_copied() {
    let goods = Goods::new(200_000);
    let means = Capabilities { sendfile: false, splice: false, ..Capabilities::probe() };
    for policy in [Policy::automatic(), Policy::force(Mechanism::Splice)] {
        let engine = Engine::with_capabilities(policy, means);
        let entries = ledger_of(engine, goods.whole(), &goods.bytes).await;
        assert_eq!(entries, [(Mechanism::ReadWrite, Reason::KernelLacks, 200_000)]);
    }
}

#[tokio::test]
async fn a_file_that_refuses_sendfile_and_splice_is_copied() {
    // Files of procfs that are made for one process can only be read.
    let bytes = std::fs::read("/proc/self/auxv").unwrap();
    let region = || Region::new(Arc::new(File::open("/proc/self/auxv").unwrap()), 0, bytes.len() as u64);
    for policy in [Policy::automatic().with_copy_below(0), Policy::force(Mechanism::Splice)] {
        let entries = ledger_of(Engine::new(policy), region(), &bytes).await;
        assert_eq!(entries, [(Mechanism::ReadWrite, Reason::Refused, bytes.len() as u64)]);
    }
}

#[tokio::test]
async fn a_file_that_can_only_be_read_is_copied_if_it_is_small() {
    let bytes = std::fs::read("/proc/self/auxv").unwrap();
    let region = Region::new(Arc::new(File::open("/proc/self/auxv").unwrap()), 0, bytes.len() as u64);
    let policy = Policy::automatic().with_copy_below(4_096);
    let entries = ledger_of(Engine::new(policy), region, &bytes).await;
    assert_eq!(entries, [(Mechanism::ReadWrite, Reason::Small, bytes.len() as u64)]);
}
