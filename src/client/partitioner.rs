//! Which partition a message goes to: by the hash of its key, or, without a key, in a row to one.
//!
//! A key of the lab is a number. On the wire it is its decimal text in ASCII, as `StringSerializer`
//! writes `"17"`: what the lab shows can be repeated with any Kafka client and the keys "0", "1", …

use crate::broker::wire::PartitionId;

/// Kafka's 32-bit murmur2 (`org.apache.kafka.common.utils.Utils.murmur2`).
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    // The length enters as a 32-bit number, as in Java.
    let mut h = 0x9747_b28c_u32 ^ (data.len() as u32);
    let mut blocks = data.chunks_exact(4);
    for block in &mut blocks {
        let mut k = u32::from_le_bytes([block[0], block[1], block[2], block[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let tail = blocks.remainder();
    for (place, byte) in tail.iter().enumerate() {
        h ^= u32::from(*byte) << (8 * place);
    }
    if !tail.is_empty() {
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ (h >> 15)) as i32
}

/// The partition of a key's hash: `(hash & 0x7fffffff) % partitions`, which is not `abs(hash)`
/// (`BuiltInPartitioner.partitionForKey`). Zero partitions count as one.
pub fn partition_for_hash(hash: i32, partitions: u32) -> PartitionId {
    (hash as u32 & 0x7fff_ffff) % partitions.max(1)
}

/// The partition of a key among all `partitions` of the topic, available or not.
/// Adding partitions moves keys.
pub fn partition_for_key(key: u64, partitions: u32) -> PartitionId {
    let mut buffer = [0; 20];
    partition_for_hash(murmur2(decimal(key, &mut buffer)), partitions)
}

/// The decimal text of `number`, written at the end of `buffer` (20 digits hold every u64).
fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 || start == 0 {
            return &buffer[start..];
        }
    }
}

/// Where messages without a key go: all to one partition until a batch is full, then to another one
/// (KIP-480; KIP-794 for the weights).
///
/// Kafka counts bytes and waits up to twice `batch.size` for the batch to be ready; here records
/// are counted and the change comes exactly at `batch_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StickyPartitioner {
    batch_size: u32,
    current: Option<PartitionId>,
    sent: u32,
}

impl StickyPartitioner {
    /// A partitioner that changes after `batch_size` records (zero counts as one).
    pub fn new(batch_size: u32) -> Self {
        Self {
            batch_size: batch_size.max(1),
            current: None,
            sent: 0,
        }
    }

    /// The partition of the next record.
    ///
    /// `queues[p]` is the number of batches that wait for partition `p`, `None` where it has no
    /// leader. A new partition is drawn with weight `longest queue + 1 - queue`; where none has a
    /// leader, with equal weights. `draw` is uniform over all of u32 and used only for a new pick.
    pub fn next(&mut self, queues: &[Option<u32>], draw: u32) -> PartitionId {
        let stay = self.current.filter(|_| self.sent < self.batch_size);
        let partition = match stay {
            Some(partition) => partition,
            None => {
                self.sent = 0;
                pick(queues, draw)
            }
        };
        self.current = Some(partition);
        self.sent += 1;
        partition
    }
}

fn pick(queues: &[Option<u32>], draw: u32) -> PartitionId {
    let longest = queues.iter().flatten().max().copied();
    let weight = |queue: &Option<u32>| match (longest, queue) {
        (None, _) => 1,
        (Some(longest), Some(queue)) => u64::from(longest - queue) + 1,
        (Some(_), None) => 0,
    };
    let total: u64 = queues.iter().map(weight).sum();
    let mut left = u64::from(draw) % total.max(1);
    for (partition, queue) in (0..).zip(queues) {
        let w = weight(queue);
        if left < w {
            return partition;
        }
        left -= w;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hashed_as_its_decimal_text() {
        for key in [0, 7, 21, 1_234_567, u64::MAX] {
            let text = key.to_string();
            assert_eq!(decimal(key, &mut [0; 20]), text.as_bytes());
            let expected = partition_for_hash(murmur2(text.as_bytes()), 12);
            assert_eq!(partition_for_key(key, 12), expected);
        }
        assert_eq!(murmur2(b"21"), -973_932_308, "UtilsTest.testMurmur2");
    }

    #[test]
    fn a_negative_hash_is_masked_and_not_negated() {
        assert_eq!(partition_for_hash(-1, 4), 3);
        assert_eq!(partition_for_hash(i32::MIN, 4), 0);
        assert_eq!(partition_for_hash(5, 0), 0);
    }

    #[test]
    fn without_a_key_a_whole_batch_goes_to_one_partition() {
        let mut sticky = StickyPartitioner::new(3);
        let queues = [Some(0), Some(0), Some(0)];
        let first: Vec<_> = (0..3).map(|_| sticky.next(&queues, 1)).collect();
        assert_eq!(first, [1, 1, 1]);
        assert_eq!(sticky.next(&queues, 2), 2);
    }

    #[test]
    fn long_queues_are_picked_less_and_missing_leaders_never() {
        let queues = [Some(3), None, Some(0)];
        let picks: Vec<_> = (0..5).map(|draw| pick(&queues, draw)).collect();
        assert_eq!(picks, [0, 2, 2, 2, 2]);
        assert_eq!(pick(&[None, None], 1), 1);
        assert_eq!(pick(&[], 9), 0);
    }
}
