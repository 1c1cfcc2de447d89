//! Which partition does a record go to?

use std::hash::{BuildHasher, RandomState};

use protocol::PartitionIndex;

/// The seed of Kafka's hash of keys.
const MURMUR2_SEED: u32 = 0x9747_b28c;

/// The partition of a key, as Kafka's Java client computes it, so that records of one key meet in one partition
/// whichever client sent them. `partition_count` is at least 1.
#[must_use]
pub fn partition_of_key(key: &[u8], partition_count: i32) -> PartitionIndex {
    let positive = (murmur2(key) & 0x7fff_ffff).cast_signed();
    PartitionIndex(positive % partition_count.max(1))
}

/// Chooses partitions for records without a key: stays with one until it has had a batch's worth of bytes, and takes
/// the next one then, so that batches are full and partitions get alike (KIP-794).
#[derive(Debug)]
pub struct StickyPartitioner {
    batch_bytes: usize,
    turn: u32,
    bytes_in_turn: usize,
}

impl StickyPartitioner {
    /// Begins at a random partition and changes it after each `batch_bytes`.
    #[must_use]
    pub fn new(batch_bytes: usize) -> Self {
        Self { batch_bytes, turn: RandomState::new().hash_one(()) as u32, bytes_in_turn: 0 }
    }

    /// The partition for a record of `record_bytes`, of `partition_count`, which is at least 1.
    pub fn next(&mut self, record_bytes: usize, partition_count: i32) -> PartitionIndex {
        if self.bytes_in_turn >= self.batch_bytes {
            self.turn = self.turn.wrapping_add(1);
            self.bytes_in_turn = 0;
        }
        self.bytes_in_turn += record_bytes;
        let index = self.turn % partition_count.max(1).cast_unsigned();
        PartitionIndex(index.cast_signed())
    }
}

/// MurmurHash2, 32 bits (Austin Appleby, public domain), with Kafka's seed.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    let mut hash = MURMUR2_SEED ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (index, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_kafkas_java_client() {
        // From org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.3.1.
        let known: [(&[u8], i32, i32); 12] = [
            (b"", 275_646_681, 9),
            (b"a", -1_563_381_124, 4),
            (b"ab", 316_155_434, 2),
            (b"abc", 479_470_107, 3),
            (b"abcd", -1_323_649_548, 8),
            (b"21", -973_932_308, 0),
            (b"foobar", -790_332_482, 6),
            (b"a-little-bit-long-string", -985_981_536, 8),
            (b"a-little-bit-longer-string", -1_486_304_829, 11),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971, 5),
            ("über".as_bytes(), -1_718_265_917, 3),
            (&[0xff, 0x80, 0x7f], 968_261_134, 968_261_134 % 12),
        ];
        for (key, hash, of_twelve) in known {
            assert_eq!(murmur2(key).cast_signed(), hash, "{key:?}");
            assert_eq!(partition_of_key(key, 12), PartitionIndex(of_twelve), "{key:?}");
        }
    }

    #[test]
    fn records_without_a_key_stay_together_for_a_batch_and_reach_every_partition() {
        let mut sticky = StickyPartitioner::new(100);
        let chosen: Vec<i32> = (0..30).map(|_| sticky.next(50, 3).0).collect();
        for pair in chosen.chunks(2) {
            assert_eq!(pair[0], pair[1], "{chosen:?}");
        }
        for turn in chosen.chunks(6) {
            let mut reached = [turn[0], turn[2], turn[4]];
            reached.sort_unstable();
            assert_eq!(reached, [0, 1, 2], "{chosen:?}");
        }
    }

    #[test]
    fn a_partition_is_always_one_that_exists() {
        let mut sticky = StickyPartitioner::new(0);
        for count in [1, 2, 7, i32::MAX] {
            assert!((0..count).contains(&sticky.next(1, count).0));
            assert!((0..count).contains(&partition_of_key(b"key", count).0));
        }
    }
}
