//! Kafka's own expectations about idempotent producers and transactions, run through a partition.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use delivery_lab::broker::partition::{Appended, FollowerFetch, Partition, PartitionConfig};
use delivery_lab::broker::producer_state::{TransactionVersion, next_sequence};
use delivery_lab::broker::wire::{Batch, ErrorCode, Isolation, Message, Offset, Stamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn number(value: &Value, name: &str) -> u64 {
    value[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

fn small<T: TryFrom<i64>>(value: &Value, name: &str) -> T {
    let number = value[name]
        .as_i64()
        .unwrap_or_else(|| panic!("{name} is missing in {value}"));
    T::try_from(number).unwrap_or_else(|_| panic!("{name} does not fit in {value}"))
}

fn batch(stamp: Option<Stamp>, transactional: bool, count: u64) -> Batch {
    let messages = (0..count).map(|id| Message { id, key: 0 }).collect();
    Batch {
        stamp,
        transactional,
        messages,
    }
}

/// A partition on broker 0 and, when `follower` is set, an in-sync follower that fetches by hand.
fn partition(version: TransactionVersion, follower: bool) -> Partition {
    let config = PartitionConfig {
        transaction_version: version,
        ..PartitionConfig::default()
    };
    Partition::new(if follower { &[0, 1] } else { &[0] }, config)
}

fn append_idempotent(partition: &mut Partition, op: &Value, now: u64) -> Value {
    common::only(op, &["op", "pid", "epoch", "first_seq", "count"]);
    let stamp = Stamp {
        producer: number(op, "pid"),
        epoch: small(op, "epoch"),
        first_sequence: small(op, "first_seq"),
    };
    let answer = partition.append(
        0,
        &batch(Some(stamp), false, number(op, "count")),
        true,
        now,
    );
    match answer {
        Ok(ok) => {
            let result = if ok.duplicate {
                "duplicate"
            } else {
                "appended"
            };
            json!({ "result": result, "base_offset": ok.base_offset })
        }
        Err(ErrorCode::OutOfOrderSequenceNumber) => json!({ "result": "out_of_order" }),
        Err(ErrorCode::InvalidProducerEpoch) => json!({ "result": "fenced" }),
        Err(other) => json!({ "result": format!("{other:?}") }),
    }
}

#[test]
fn idempotence() {
    for case in common::cases("idempotence") {
        let mut partition = partition(TransactionVersion::V2, false);
        let mut now = 0;
        let ops = case["ops"].as_array().expect("ops");
        let expected = case["expect"].as_array().expect("expect");
        assert_eq!(ops.len(), expected.len(), "{}", case["id"]);
        for (step, (op, expect)) in ops.iter().zip(expected).enumerate() {
            let mut got = match op["op"].as_str().expect("op") {
                "append" => append_idempotent(&mut partition, op, now),
                "advance_ms" => {
                    common::only(op, &["op", "ms"]);
                    now += number(op, "ms") * 1000;
                    partition.clean(now);
                    json!({ "result": "ok" })
                }
                "restart" => {
                    common::only(op, &["op"]);
                    partition.stop(0);
                    partition.restart(0, now);
                    json!({ "result": "ok" })
                }
                other => panic!("{}: unknown op {other}", case["id"]),
            };
            got["leo"] = json!(partition.log_end());
            assert_eq!(&got, expect, "{} step {step}: {}", case["id"], case["why"]);
        }
    }
}

/// Appends one entry of a transaction case and returns its base offset.
fn append_entry(
    partition: &mut Partition,
    sequences: &mut BTreeMap<(u64, i16), i32>,
    entry: &Value,
) -> Offset {
    let answer = match entry["type"].as_str() {
        Some("marker") => append_marker(partition, entry),
        Some("data") => append_data(partition, sequences, entry),
        _ => panic!("unknown type in {entry}"),
    };
    answer
        .unwrap_or_else(|e| panic!("{entry} was refused: {e:?}"))
        .base_offset
}

fn append_marker(partition: &mut Partition, entry: &Value) -> Result<Appended, ErrorCode> {
    common::only(entry, &["type", "pid", "epoch", "kind"]);
    let commit = match entry["kind"].as_str() {
        Some("commit") => true,
        Some("abort") => false,
        _ => panic!("unknown kind in {entry}"),
    };
    partition.append_marker(0, number(entry, "pid"), small(entry, "epoch"), commit, 0)
}

/// A batch with the sequence numbers that its producer has come to, or without any where `pid` is null.
fn append_data(
    partition: &mut Partition,
    sequences: &mut BTreeMap<(u64, i16), i32>,
    entry: &Value,
) -> Result<Appended, ErrorCode> {
    common::only(entry, &["type", "pid", "epoch", "txn", "n"]);
    let count = number(entry, "n");
    let stamp = (!entry["pid"].is_null()).then(|| {
        let producer = number(entry, "pid");
        let epoch = small(entry, "epoch");
        let next = sequences.entry((producer, epoch)).or_insert(0);
        let first_sequence = *next;
        *next = next_sequence(first_sequence, u32::try_from(count).expect("n"));
        Stamp {
            producer,
            epoch,
            first_sequence,
        }
    });
    let transactional = entry["txn"]
        .as_bool()
        .unwrap_or_else(|| panic!("txn is missing in {entry}"));
    partition.append(0, &batch(stamp, transactional, count), true, 0)
}

fn check_transactions(case: &Value, version: TransactionVersion) {
    let id = format!("{} {version:?}: {}", case["id"], case["why"]);
    let expect = &case["expect"];
    let hw = (!case["hw"].is_null()).then(|| number(case, "hw"));
    let mut partition = partition(version, hw.is_some());
    let mut sequences = BTreeMap::new();
    let (mut bases, mut stable) = (Vec::new(), Vec::new());
    for entry in case["log"].as_array().expect("log") {
        bases.push(append_entry(&mut partition, &mut sequences, entry));
        stable.push(partition.last_stable_offset());
    }
    if let Some(offset) = hw {
        stable.clear();
        let request = FollowerFetch {
            follower: 1,
            leader_epoch: 0,
            offset,
            last_epoch: Some(0),
        };
        partition
            .serve_follower(0, &request, 1, 0)
            .expect("follower fetch");
    }
    assert_eq!(json!(bases), expect["base_offsets"], "{id}");
    assert_eq!(json!(stable), expect["lso_after_each"], "{id}");
    assert_eq!(json!(partition.log_end()), expect["leo"], "{id}");
    assert_eq!(json!(partition.high_watermark()), expect["hw"], "{id}");
    assert_eq!(json!(partition.last_stable_offset()), expect["lso"], "{id}");

    let from = number(case, "fetch_from");
    for (name, isolation) in [
        ("read_committed", Isolation::ReadCommitted),
        ("read_uncommitted", Isolation::ReadUncommitted),
    ] {
        let fetched = partition
            .fetch(0, from, u32::MAX, isolation)
            .expect("fetch");
        let offsets: Vec<Offset> = fetched.records().map(|(offset, _)| offset).collect();
        assert_eq!(
            json!(offsets),
            expect[format!("{name}_offsets")],
            "{id} {name}"
        );
        let position = json!(fetched.next_position);
        assert_eq!(position, expect[format!("{name}_position")], "{id} {name}");
    }
    // A broker sends the index along with records only, not with an empty answer.
    let answered = partition.last_stable_offset() > from;
    let replica = partition.leader_replica().expect("leader");
    let aborted = replica
        .producers()
        .aborted_since(from)
        .iter()
        .filter(|_| answered);
    let index: Vec<_> = aborted.map(|a| (a.producer, a.first)).collect();
    assert_eq!(json!(index), expect["aborted_index"], "{id}");
}

/// Whether every marker carries a higher epoch than its producer's records, as version 2 wants it.
fn fits_version_2(case: &Value) -> bool {
    let mut epochs = BTreeMap::new();
    case["log"].as_array().expect("log").iter().all(|entry| {
        let epoch = entry["epoch"].as_i64();
        let before = epochs
            .insert(entry["pid"].to_string(), epoch)
            .unwrap_or(None);
        entry["type"] != "marker" || before.is_none() || epoch > before
    })
}

#[test]
fn transactions() {
    for case in common::cases("transactions") {
        check_transactions(&case, TransactionVersion::V1);
        if fits_version_2(&case) {
            check_transactions(&case, TransactionVersion::V2);
        }
    }
}

#[test]
fn some_cases_have_markers_of_version_2() {
    let own = include_str!("data/vectors.json");
    let all: Value = serde_json::from_str(own).expect("vectors");
    let cases = all["transactions"].as_array().expect("transactions");
    assert!(cases.iter().any(fits_version_2));
}
