//! Key hashing against Kafka's own values.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use delivery_lab::client::partitioner::{murmur2, partition_for_hash};

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte: {hex}");
    let digits = |i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[test]
fn hashes_and_partitions_agree_with_kafka() {
    for case in common::cases("murmur2") {
        let id = &case["id"];
        let key = bytes(case["hex"].as_str().expect("hex"));
        if let Some(text) = case["utf8"].as_str() {
            assert_eq!(key, text.as_bytes(), "{id}: the same key twice");
        }
        let hash = murmur2(&key);
        assert_eq!(
            i64::from(hash),
            case["murmur2"].as_i64().expect("murmur2"),
            "{id}"
        );
        let partitions = case["partition"].as_object().expect("partition");
        assert!(!partitions.is_empty(), "{id}: no number of partitions");
        for (count, partition) in partitions {
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
