//! Whatever the plan, the mechanism and the peer's pace: exactly the bytes of the plan arrive, and the ledger says so.

use std::sync::{Arc, LazyLock};

use crate::common::{Buffers, Goods, assert_same_bytes, for_each_mechanism, receive_all, socket_pair};
use proptest::prelude::*;
use tokio::io::AsyncReadExt;
use transfer::{Capabilities, Engine, Mechanism, Part, Path, Plan, Policy, Reason, Region};

const GOODS_BYTES: usize = 3 * 1024 * 1024;

static GOODS: LazyLock<Goods> = LazyLock::new(|| Goods::new(GOODS_BYTES));

#[derive(Clone, Debug)]
enum PartShape {
    Bytes { len: usize },
    File { position: usize, len: usize, fresh: bool },
}

impl PartShape {
    fn part(&self) -> Part {
        match *self {
            Self::Bytes { len } => Part::Bytes(vec![b'h'; len].into()),
            Self::File { position, len, fresh } => {
                let region = GOODS.region(position as u64, len as u64);
                Part::File(if fresh { region.fresh() } else { region })
            }
        }
    }

    fn append_to(&self, expected: &mut Vec<u8>) {
        match *self {
            Self::Bytes { len } => expected.extend(std::iter::repeat_n(b'h', len)),
            Self::File { position, len, .. } => {
                expected.extend_from_slice(&GOODS.bytes[position..position + len])
            }
        }
    }
}

fn part_shape() -> impl Strategy<Value = PartShape> {
    let small = 0..9_000_usize;
    let long = 0..700_000_usize;
    let file = prop_oneof![3 => small, 1 => long].prop_flat_map(|len| {
        (0..=GOODS_BYTES - len, any::<bool>()).prop_map(move |(position, fresh)| PartShape::File {
            position,
            len,
            fresh,
        })
    });
    prop_oneof![(0..3_000_usize).prop_map(|len| PartShape::Bytes { len }), file]
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        Just(Policy::automatic()),
        (0..200_000_u64).prop_map(|bytes| Policy::automatic().with_copy_below(bytes)),
        prop::sample::select(&Mechanism::ALL[..]).prop_map(Policy::force),
    ]
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let found = Capabilities::probe();
    any::<[bool; 4]>().prop_map(move |[sendfile, splice, cachestat, read_nowait]| Capabilities {
        sendfile: sendfile && found.sendfile,
        splice: splice && found.splice,
        cachestat: cachestat && found.cachestat,
        read_nowait: read_nowait && found.read_nowait,
        copy_file_range: found.copy_file_range,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_plan_arrives_whole_and_is_counted_in_full(
        shapes in prop::collection::vec(part_shape(), 0..90),
        policy in policy(),
        capabilities in capabilities(),
        tiny in prop::bool::weighted(0.3),
    ) {
        let plan: Plan = shapes.iter().map(PartShape::part).collect();
        let (payload_len, len) = (plan.payload_len(), plan.len());
        let mut expected = Vec::new();
        shapes.iter().for_each(|shape| shape.append_to(&mut expected));
        let engine = Engine::with_capabilities(policy, capabilities);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let received = runtime.block_on(async {
            let (socket, peer) = socket_pair(if tiny { Buffers::Tiny } else { Buffers::Usual }).await;
            let receiving = tokio::spawn(receive_all(peer));
            let sent = engine.send(&socket, plan, Path::Consumer).await.unwrap();
            assert_eq!(sent, len);
            drop(socket);
            receiving.await.unwrap()
        });

        assert_same_bytes(&received, &expected);
        let ledger = engine.ledger().snapshot();
        prop_assert_eq!(ledger.payload_bytes(), payload_len);
        prop_assert_eq!(ledger.header_bytes, len - payload_len);
        prop_assert_eq!(ledger.plans, 1);
        for entry in ledger.iter() {
            prop_assert_eq!(entry.path, Path::Consumer);
            prop_assert!(
                !(entry.mechanism.copies() && entry.reason == Reason::FirstChoice),
                "copied without a reason: {:?}", entry
            );
        }
    }
}

#[tokio::test]
async fn each_forced_mechanism_carries_every_payload_byte() {
    for_each_mechanism(async |mechanism| {
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, peer) = socket_pair(Buffers::Usual).await;
        let receiving = tokio::spawn(receive_all(peer));

        let plan = Plan::new().bytes("head").file(GOODS.whole()).bytes("tail").file(GOODS.region(5, 7));
        engine.send(&socket, plan, Path::Http).await.unwrap();
        drop(socket);

        let expected = [b"head", &GOODS.bytes[..], b"tail", &GOODS.bytes[5..12]].concat();
        assert_same_bytes(&receiving.await.unwrap(), &expected);
        let ledger = engine.ledger().snapshot();
        let entries: Vec<_> = ledger.iter().map(|e| (e.path, e.mechanism, e.reason, e.bytes)).collect();
        assert_eq!(entries, [(Path::Http, mechanism, Reason::Forced, GOODS_BYTES as u64 + 7)]);
        assert_eq!(ledger.copied_bytes(), if mechanism.copies() { GOODS_BYTES as u64 + 7 } else { 0 });
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_takes_little_at_a_time_gets_the_same_bytes() {
    for_each_mechanism(async |mechanism| {
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, mut peer) = socket_pair(Buffers::Tiny).await;
        let receiving = tokio::spawn(async move {
            let mut received = Vec::new();
            let mut sip = [0; 777];
            while let n @ 1.. = peer.read(&mut sip).await.unwrap() {
                received.extend_from_slice(&sip[..n]);
                tokio::task::yield_now().await;
            }
            received
        });

        let len = 300_000;
        engine.send(&socket, Plan::new().file(GOODS.region(1, len)), Path::Consumer).await.unwrap();
        drop(socket);

        assert_same_bytes(&receiving.await.unwrap(), &GOODS.bytes[1..1 + len as usize]);
    })
    .await;
}

#[tokio::test]
async fn positions_beyond_four_gigabytes_and_holes_are_sent_like_any_others() {
    const POSITION: u64 = 5 << 30;
    let file = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &GOODS.bytes, POSITION).unwrap();
    let file = Arc::new(file);
    let (hole, len) = (70_000, 1_000_000);
    let mut expected = vec![0; hole];
    expected.extend_from_slice(&GOODS.bytes[..len - hole]);

    for_each_mechanism(async |mechanism| {
        let engine = Engine::new(Policy::force(mechanism));
        let (socket, peer) = socket_pair(Buffers::Usual).await;
        let receiving = tokio::spawn(receive_all(peer));

        let region = Region::new(Arc::clone(&file), POSITION - hole as u64, len as u64);
        engine.send(&socket, Plan::new().file(region), Path::Consumer).await.unwrap();
        drop(socket);

        assert_same_bytes(&receiving.await.unwrap(), &expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_at_once_share_an_engine_without_mixing() {
    let engine = Arc::new(Engine::new(Policy::automatic()));
    let sends: Vec<_> = (0..24_u64)
        .map(|number| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let (socket, peer) = socket_pair(Buffers::Usual).await;
                let receiving = tokio::spawn(receive_all(peer));
                let (position, len) = (number * 1_001, 900_000 + number);
                let plan = Plan::new().bytes(vec![number as u8; 5]).file(GOODS.region(position, len));
                engine.send(&socket, plan, Path::Replica).await.unwrap();
                drop(socket);
                let body = &GOODS.bytes[position as usize..(position + len) as usize];
                assert_same_bytes(&receiving.await.unwrap(), &[&[number as u8; 5], body].concat());
                len
            })
        })
        .collect();

    let mut payload = 0;
    for send in sends {
        payload += send.await.unwrap();
    }
    let ledger = engine.ledger().snapshot();
    assert_eq!((ledger.payload_bytes(), ledger.plans, ledger.regions), (payload, 24, 24));
    assert_eq!(ledger.copied_bytes(), 0);
}
