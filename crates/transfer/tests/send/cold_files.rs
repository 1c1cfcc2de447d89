//! Ranges that are not in the page cache are noticed, read by other threads, and then sent.
//!
//! On a file system that lives in memory there are no cold files: these tests then pass without a check, and say so.

use std::sync::Arc;

use crate::common::{Buffers, Goods, assert_same_bytes, receive_all, socket_pair};
use transfer::{Capabilities, Engine, Mechanism, Path, Plan, Policy, Residency, cached_pages};

const GOODS_BYTES: usize = 6 << 20;

fn cold_goods(bytes: usize) -> Option<Goods> {
    let goods = Goods::new(bytes);
    let evicted = goods.evict();
    if !evicted {
        println!("skipped: temporary files are never cold here");
    }
    evicted.then_some(goods)
}

/// Each set of means to find out that a kernel can have.
fn ways_to_ask() -> Vec<Capabilities> {
    let found = Capabilities::probe();
    [(true, true), (true, false), (false, true)]
        .into_iter()
        .map(|(cachestat, read_nowait)| Capabilities {
            cachestat: cachestat && found.cachestat,
            read_nowait: read_nowait && found.read_nowait,
            ..found
        })
        .filter(|means| means.cachestat || means.read_nowait)
        .collect()
}

#[test]
fn an_evicted_range_is_absent_and_resident_once_it_was_read() {
    for means in ways_to_ask() {
        let Some(goods) = cold_goods(GOODS_BYTES) else { return };
        let range = goods.region(4_000, 3 << 20);
        if means.cachestat {
            assert_eq!(Residency::of(&range, &means), Residency::Absent, "{means:?}");
        } else {
            // Asking by RWF_NOWAIT makes the kernel read, and a quick disk may be done before the kernel has looked.
            let seen = Residency::of(&range, &means);
            assert_ne!(seen, Residency::Unknown, "{means:?}");
        }
        range.read().unwrap();
        assert_eq!(Residency::of(&range, &means), Residency::Resident, "{means:?}");
    }
}

#[test]
fn one_missing_page_in_the_middle_is_seen_by_cachestat() {
    let means = Capabilities::probe();
    let Some(goods) = cold_goods(GOODS_BYTES) else { return };
    if !means.cachestat {
        println!("skipped: no cachestat");
        return;
    }
    let random = rustix::fs::Advice::Random;
    rustix::fs::fadvise(&goods.file, 0, None, random).unwrap();
    let middle = 1 << 20;
    goods.region(0, middle).read().unwrap();
    goods.region(middle + 4_096, middle).read().unwrap();
    assert_eq!(Residency::of(&goods.region(0, 2 * middle), &means), Residency::Absent);
    assert_eq!(Residency::of(&goods.region(0, middle), &means), Residency::Resident);
}

#[test]
fn a_kernel_that_cannot_tell_is_believed_to_know_nothing() {
    let goods = Goods::new(100_000);
    assert_eq!(Residency::of(&goods.whole(), &Capabilities::none()), Residency::Unknown);
}

#[tokio::test]
async fn cold_files_arrive_whole_and_their_waits_are_counted() {
    for mechanism in Mechanism::ALL {
        let Some(goods) = cold_goods(GOODS_BYTES) else { return };
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, peer) = socket_pair(Buffers::Usual).await;
        let receiving = tokio::spawn(receive_all(peer));

        engine.send(&socket, Plan::new().bytes("head").file(goods.whole()), Path::Consumer).await.unwrap();
        drop(socket);

        assert_same_bytes(&receiving.await.unwrap(), &[b"head", &goods.bytes[..]].concat());
        let cold = engine.ledger().snapshot().cold;
        assert!(cold.count > 0 && cold.bytes > 0 && !cold.waited.is_zero(), "{cold:?}");
    }
}

#[tokio::test]
async fn long_cold_sends_do_not_keep_short_ones_waiting() {
    const LONG_BYTES: usize = 48 << 20;
    const SHORT_BYTES: usize = 200_000;
    // More than there are threads for a disk.
    let Some(long): Option<Vec<Goods>> = (0..3).map(|_| cold_goods(LONG_BYTES)).collect() else { return };
    let Some(short): Option<Vec<Goods>> = (0..8).map(|_| cold_goods(SHORT_BYTES)).collect() else { return };
    let engine = Arc::new(Engine::new(Policy::automatic()));
    let send = async |goods: &Goods| {
        let (socket, peer) = socket_pair(Buffers::Usual).await;
        let receiving = tokio::spawn(receive_all(peer));
        engine.send(&socket, Plan::new().file(goods.whole()), Path::Consumer).await.unwrap();
        drop(socket);
        assert_same_bytes(&receiving.await.unwrap(), &goods.bytes);
    };
    let mut sending_long =
        std::pin::pin!(async { tokio::join!(send(&long[0]), send(&long[1]), send(&long[2])) });
    let sending_short = async {
        // The long ones have begun.
        while engine.ledger().snapshot().cold.count < 3 {
            tokio::task::yield_now().await;
        }
        for goods in &short {
            send(goods).await;
        }
    };
    tokio::select! {
        _ = &mut sending_long => panic!("the short ones waited for all of the long ones"),
        () = sending_short => {}
    }
    let read = engine.ledger().snapshot().cold.bytes;
    assert!(read < 3 * LONG_BYTES as u64 / 2, "{read} bytes were read until the short ones had theirs");
    sending_long.await;
}

#[tokio::test]
async fn what_was_read_to_be_sent_is_given_up_unless_pages_are_left_to_the_kernel() {
    const LONG_BYTES: usize = 96 << 20;
    if !Capabilities::probe().cachestat {
        println!("skipped: no cachestat");
        return;
    }
    for (engine, leaves_pages) in
        [(Engine::new(Policy::automatic()), false), (Engine::new(Policy::automatic()).leaving_pages(), true)]
    {
        // All at once, or as a consumer asks for it, whose answers end with a batch.
        for answer_bytes in [LONG_BYTES, 700_001] {
            let Some(goods) = cold_goods(LONG_BYTES) else { return };
            let (socket, peer) = socket_pair(Buffers::Usual).await;
            let receiving = tokio::spawn(receive_all(peer));
            for position in (0..LONG_BYTES).step_by(answer_bytes) {
                let len = answer_bytes.min(LONG_BYTES - position);
                let answer = Plan::new().file(goods.region(position as u64, len as u64));
                engine.send(&socket, answer, Path::Http).await.unwrap();
            }
            drop(socket);
            assert_same_bytes(&receiving.await.unwrap(), &goods.bytes);
            let pages = (LONG_BYTES / rustix::param::page_size()) as u64;
            let cached = cached_pages(&goods.whole()).unwrap();
            // The kernel may have a use for some of the memory meanwhile.
            assert_eq!(cached > pages / 10 * 9, leaves_pages, "{cached} of {pages} pages");
        }
    }
}

#[tokio::test]
async fn a_missing_page_is_read_and_what_lies_around_it_stays() {
    const LONG_BYTES: usize = 96 << 20;
    const PAGE_BYTES: u64 = 4_096;
    const MISSING: [u64; 3] = [1 << 20, 20 << 20, 50 << 20];
    if !Capabilities::probe().cachestat {
        println!("skipped: no cachestat");
        return;
    }
    let Some(goods) = cold_goods(LONG_BYTES) else { return };
    // The kernel reads nothing that is not asked for.
    rustix::fs::fadvise(&goods.file, 0, None, rustix::fs::Advice::Random).unwrap();
    let mut position = 0;
    for end in MISSING.into_iter().chain([LONG_BYTES as u64]) {
        goods.region(position, end - position).read().unwrap();
        position = end + PAGE_BYTES;
    }
    let engine = Engine::new(Policy::automatic());
    let (socket, peer) = socket_pair(Buffers::Usual).await;
    let receiving = tokio::spawn(receive_all(peer));
    engine.send(&socket, Plan::new().file(goods.whole()), Path::Consumer).await.unwrap();
    drop(socket);
    assert_same_bytes(&receiving.await.unwrap(), &goods.bytes);
    // The kernel may have a use for some of the memory meanwhile.
    let cold = engine.ledger().snapshot().cold;
    assert!((1..LONG_BYTES as u64 / 10).contains(&cold.bytes), "{cold:?}");
    let pages = (LONG_BYTES / rustix::param::page_size()) as u64;
    let cached = cached_pages(&goods.whole()).unwrap();
    assert!(cached > pages / 10 * 9, "{cached} of {pages} pages");
}

#[tokio::test]
async fn small_cold_regions_are_read_by_the_warm_threads() {
    let Some(goods) = cold_goods(GOODS_BYTES) else { return };
    rustix::fs::fadvise(&goods.file, 0, None, rustix::fs::Advice::Random).unwrap();
    // With RWF_NOWAIT a quick disk may be done before the kernel has looked: then nothing is cold.
    let means = Capabilities { read_nowait: false, ..Capabilities::probe() };
    let engine = Engine::with_capabilities(Policy::automatic().with_copy_below(4_096), means);
    let (socket, peer) = socket_pair(Buffers::Usual).await;
    let receiving = tokio::spawn(receive_all(peer));

    let mut plan = Plan::new();
    let mut expected = Vec::new();
    for position in (0..GOODS_BYTES).step_by(1 << 20) {
        plan.push_bytes("head");
        plan.push_file(goods.region(position as u64, 1_000));
        expected.extend_from_slice(b"head");
        expected.extend_from_slice(&goods.bytes[position..position + 1_000]);
    }
    engine.send(&socket, plan, Path::Consumer).await.unwrap();
    drop(socket);

    assert_same_bytes(&receiving.await.unwrap(), &expected);
    assert!(engine.ledger().snapshot().cold.count > 0);
}

#[tokio::test]
async fn without_any_means_to_ask_everything_goes_through_the_warm_threads() {
    let goods = Goods::new(GOODS_BYTES);
    let engine = Engine::with_capabilities(Policy::automatic(), Capabilities::none());
    let (socket, peer) = socket_pair(Buffers::Usual).await;
    let receiving = tokio::spawn(receive_all(peer));

    engine.send(&socket, Plan::new().file(goods.whole()), Path::Consumer).await.unwrap();
    drop(socket);

    assert_same_bytes(&receiving.await.unwrap(), &goods.bytes);
    assert_eq!(engine.ledger().snapshot().cold.bytes, GOODS_BYTES as u64);
}

#[tokio::test]
async fn a_dropped_send_withdraws_its_waiting_reads() {
    let Some(goods) = cold_goods(GOODS_BYTES) else { return };
    let engine = Engine::new(Policy::automatic());
    let (socket, _peer) = socket_pair(Buffers::Usual).await;
    {
        let send = engine.send(&socket, Plan::new().file(goods.whole()), Path::Consumer);
        tokio::select! {
            biased;
            sent = send => panic!("a cold file was there at once: {sent:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(engine);
    // The threads end with their engine, after the job they may be at; each lets go of the file it holds.
    while Arc::strong_count(&goods.file) > 1 {
        tokio::task::yield_now().await;
    }
}
