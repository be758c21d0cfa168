//! Key hashing against Kafka's own values.

mod common;

use delivery_lab::client::partitioner::{murmur2, partition_for_hash};

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[test]
fn hashes_and_partitions_agree_with_kafka() {
    let vectors = common::vectors();
    let cases = vectors["murmur2"].as_array().expect("murmur2");
    assert!(!cases.is_empty());
    for case in cases {
        let id = &case["id"];
        let hash = murmur2(&bytes(case["hex"].as_str().expect("hex")));
        assert_eq!(
            i64::from(hash),
            case["murmur2"].as_i64().expect("murmur2"),
            "{id}"
        );
        for (count, partition) in case["partition"].as_object().expect("partition") {
            let count = count.parse().expect("number of partitions");
            let expected = partition.as_u64().expect("partition");
            assert_eq!(
                u64::from(partition_for_hash(hash, count)),
                expected,
                "{id} of {count}"
            );
        }
    }
}
