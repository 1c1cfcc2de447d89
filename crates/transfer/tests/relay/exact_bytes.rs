//! Each peer gets exactly what the other sent, both ways at once, and every byte is counted.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transfer::{Engine, Mechanism, PayloadEntry, Policy, Reason};

use crate::common::{Buffers, NEVER, Noise, Passage, assert_same_bytes, receive_in_pieces, send_in_pieces};

const SIZES: [usize; 9] = [0, 1, 1_447, 4_096, 65_536, 262_144, 262_145, 1_000_003, 3_000_017];

#[tokio::test]
async fn any_sizes_in_any_pieces_arrive_both_ways_and_are_in_the_ledger() {
    let small = (Mechanism::ReadWrite, Reason::Small);
    for (policy, choices) in [
        (Policy::automatic(), &[(Mechanism::Splice, Reason::FirstChoice), small][..]),
        (Policy::force(Mechanism::Splice), &[(Mechanism::Splice, Reason::Forced)]),
        (Policy::force(Mechanism::ReadWrite), &[(Mechanism::ReadWrite, Reason::Forced)]),
    ] {
        for buffers in [Buffers::Usual, Buffers::Tiny] {
            for (index, &rightward_len) in SIZES.iter().enumerate() {
                let leftward_len = SIZES[SIZES.len() - 1 - index];
                let seed = 1 + index as u64;
                println!("{choices:?}, {buffers:?} buffers, {rightward_len} and {leftward_len}, seed {seed}");
                let engine = Arc::new(Engine::new(policy));
                exchange(&engine, buffers, seed, rightward_len, leftward_len).await;

                let entries: Vec<_> = engine.ledger().snapshot().iter().collect();
                let sum = (rightward_len + leftward_len) as u64;
                assert_eq!(entries.iter().map(|entry| entry.bytes).sum::<u64>(), sum);
                let is_chosen = |entry: &PayloadEntry| choices.contains(&(entry.mechanism, entry.reason));
                assert!(entries.iter().all(is_chosen), "{entries:?}");
                assert!(entries.iter().all(|entry| entry.path == transfer::Path::Proxy));
            }
        }
    }
}

async fn exchange(
    engine: &Arc<Engine>,
    buffers: Buffers,
    seed: u64,
    rightward_len: usize,
    leftward_len: usize,
) {
    let numbers = |of: u64| Noise::seeded(seed * 1_000 + of);
    let (rightward, leftward) = (numbers(1).bytes(rightward_len), numbers(2).bytes(leftward_len));
    let passage = Passage::open(engine, buffers, NEVER).await;
    let (left_in, left_out) = passage.left.into_split();
    let (right_in, right_out) = passage.right.into_split();

    let (at_left, at_right, (), ()) = tokio::join!(
        receive_in_pieces(left_in, numbers(3)),
        receive_in_pieces(right_in, numbers(4)),
        send_in_pieces(left_out, &rightward, numbers(5)),
        send_in_pieces(right_out, &leftward, numbers(6)),
    );

    assert_same_bytes(&at_right, &rightward);
    assert_same_bytes(&at_left, &leftward);
    passage.relay.await.unwrap().unwrap();
    assert_eq!(passage.delivered.both(), [leftward_len as u64, rightward_len as u64]);
}

#[tokio::test]
async fn questions_and_answers_take_turns_without_delay() {
    let engine = Arc::new(Engine::new(Policy::automatic()));
    let mut passage = Passage::open(&engine, Buffers::Usual, NEVER).await;
    for turn in 0..1_000_u32 {
        passage.left.write_u32(turn).await.unwrap();
        assert_eq!(passage.right.read_u32().await.unwrap(), turn);
        passage.right.write_u32(!turn).await.unwrap();
        assert_eq!(passage.left.read_u32().await.unwrap(), !turn);
    }
}

/// What is sent in one call over a connection of this host is there at once, so what each turn takes is known.
async fn send_and_receive(passage: &mut Passage, bytes: &[u8]) {
    let mut received = vec![0; bytes.len()];
    let (write, read) = tokio::join!(passage.left.write_all(bytes), passage.right.read_exact(&mut received));
    write.unwrap();
    read.unwrap();
    assert_same_bytes(&received, bytes);
}

#[tokio::test]
async fn little_at_a_time_is_copied_and_much_is_spliced() {
    let engine = Arc::new(Engine::new(Policy::automatic()));
    let mut passage = Passage::open(&engine, Buffers::Usual, NEVER).await;
    let (little, much) = (Noise::seeded(1).bytes(1_000), Noise::seeded(2).bytes(40_000_000));
    let bytes_by = |mechanism, reason| {
        let snapshot = engine.ledger().snapshot();
        let entry = snapshot.iter().find(|entry| (entry.mechanism, entry.reason) == (mechanism, reason));
        entry.map_or(0, |entry| entry.bytes)
    };
    for _ in 0..5 {
        send_and_receive(&mut passage, &little).await;
    }
    assert_eq!(bytes_by(Mechanism::ReadWrite, Reason::Small), 5_000);
    assert_eq!(bytes_by(Mechanism::Splice, Reason::FirstChoice), 0);

    send_and_receive(&mut passage, &much).await;
    let spliced = bytes_by(Mechanism::Splice, Reason::FirstChoice);
    assert!(spliced > much.len() as u64 * 9 / 10, "{spliced} of {} were spliced", much.len());

    // The first of them may be spliced still.
    for _ in 0..5 {
        send_and_receive(&mut passage, &little).await;
    }
    let spliced_since = bytes_by(Mechanism::Splice, Reason::FirstChoice) - spliced;
    assert!(spliced_since <= 1_000, "{spliced_since}");

    // More than fits into a small buffer: from the second one on it goes in one piece.
    let copied = bytes_by(Mechanism::ReadWrite, Reason::Small);
    let between = Noise::seeded(3).bytes(40_000);
    for _ in 0..5 {
        send_and_receive(&mut passage, &between).await;
    }
    let copied_since = bytes_by(Mechanism::ReadWrite, Reason::Small) - copied;
    assert!(copied_since < 40_000, "{copied_since}");
}
