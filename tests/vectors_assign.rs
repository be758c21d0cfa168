//! Kafka's own answers for its assignors (sections `assignments` and `sticky_properties`).
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use delivery_lab::broker::assign::{Assignor, Member, assign};
use serde_json::Value;

type Partitions = Vec<(String, u32)>;
type Case = (Assignor, BTreeMap<String, u32>, Vec<Member<String, String>>);

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Pairs of topic and partition; absent means none.
fn partitions(value: &Value) -> Partitions {
    let pair = |p: &Value| (text(&p[0]), p[1].as_u64().expect("a partition") as u32);
    match value {
        Value::Null => Vec::new(),
        pairs => pairs.as_array().expect("pairs").iter().map(pair).collect(),
    }
}

fn member(value: &Value) -> Member<String, String> {
    common::only(
        value,
        &["id", "topics", "instance_id", "owned", "generation"],
    );
    let instance = &value["instance_id"];
    Member {
        id: text(&value["id"]),
        instance: (!instance.is_null()).then(|| text(instance)),
        topics: value["topics"]
            .as_array()
            .expect("topics")
            .iter()
            .map(text)
            .collect(),
        owned: partitions(&value["owned"]),
        generation: match &value["generation"] {
            Value::Null => -1,
            generation => generation.as_i64().expect("a generation") as i32,
        },
    }
}

fn case(value: &Value) -> Case {
    let name = text(&value["assignor"]);
    let assignor = Assignor::from_name(&name).unwrap_or_else(|| panic!("unknown assignor {name}"));
    let topics = value["topics"].as_object().expect("topics").iter();
    let topics = topics
        .map(|(t, n)| (t.clone(), n.as_u64().expect("a count") as u32))
        .collect();
    let members = value["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(member)
        .collect();
    (assignor, topics, members)
}

#[test]
fn assignments_are_kafkas() {
    let cases = common::cases("assignments");
    let mut wrong = Vec::new();
    for value in &cases {
        let (assignor, topics, members) = case(value);
        let got = assign(assignor, &topics, &members);
        let expect = value["expect"].as_object().expect("expect");
        let expect: BTreeMap<String, Partitions> = expect
            .iter()
            .map(|(m, p)| (m.clone(), partitions(p)))
            .collect();
        if got != expect {
            wrong.push(format!("{}: got {got:?}, expected {expect:?}", value["id"]));
        }
        let reversed: Vec<_> = members.into_iter().rev().collect();
        assert_eq!(
            got,
            assign(assignor, &topics, &reversed),
            "{}: order matters",
            value["id"]
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// How many partitions can stay with their owner when all subscriptions are equal.
fn kept_at_most(total: usize, owned: &[usize]) -> usize {
    let quota = total / owned.len();
    let over = owned.iter().filter(|n| **n > quota).count();
    owned.iter().map(|n| (*n).min(quota)).sum::<usize>() + over.min(total % owned.len())
}

#[test]
fn sticky_keeps_and_balances_as_kafka_does() {
    for value in common::cases("sticky_properties") {
        let id = &value["id"];
        let (assignor, topics, members) = case(&value);
        let got = assign(assignor, &topics, &members);
        let mut sizes: Vec<usize> = got.values().map(Vec::len).collect();
        sizes.sort_unstable();
        let expect: Vec<usize> = value["expect_sizes"]
            .as_array()
            .expect("sizes")
            .iter()
            .map(|n| n.as_u64().expect("a size") as usize)
            .collect();
        assert_eq!(sizes, expect, "{id}: sizes");
        let kept: usize = members
            .iter()
            .map(|m| got[&m.id].iter().filter(|p| m.owned.contains(p)).count())
            .sum();
        assert_eq!(
            kept as u64,
            value["expect_kept"].as_u64().expect("kept"),
            "{id}: kept"
        );
        let owned: Vec<usize> = members.iter().map(|m| m.owned.len()).collect();
        let total = sizes.iter().sum();
        assert_eq!(kept, kept_at_most(total, &owned), "{id}: closed form");
        let all: BTreeSet<_> = got.values().flatten().collect();
        assert_eq!(all.len(), total, "{id}: given twice");
    }
}
