//! Rules of the whole world under random faults: what may be committed, what a log holds, who is refused,
//! and what a transaction hides.
#![cfg(not(target_arch = "wasm32"))]

mod weather;

use delivery_lab::broker::wire::{Isolation, TopicPartition};
use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::{Event, Kind, Party};
use delivery_lab::verdict::AnomalyKind;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use weather::{Weather, finished, of, orders, reader};

fn traced(scenario: Scenario) -> (Run, Vec<Event>) {
    let mut run = Run::new(scenario).expect("a scenario that can be built");
    let mut events = Vec::new();
    run.advance(u64::MAX, usize::MAX, &mut |event| events.push(*event));
    (run, events)
}

/// What each instance was handed since it got a partition, and what was committed of it.
fn check_progress(events: &[Event]) -> Result<(), String> {
    // By service, member and partition: where the next record is expected, if one was handed out.
    let mut handed: BTreeMap<(u16, u16, u32), u64> = BTreeMap::new();
    let mut committed: BTreeMap<(u16, u32), u64> = BTreeMap::new();
    for event in events {
        match event.kind {
            Kind::Assigned {
                service,
                member,
                partitions,
                ..
            } => {
                for partition in (0..32).filter(|nth| partitions >> nth & 1 == 1) {
                    handed.remove(&(service, member, partition));
                }
            }
            Kind::Delivered {
                service,
                member,
                partition,
                offset,
                ..
            } => {
                let next = handed.entry((service, member, partition)).or_insert(offset);
                if offset != *next {
                    return Err(format!("handed out {offset} instead of {next}: {event:?}"));
                }
                *next += 1;
            }
            Kind::Committed {
                service,
                member,
                partition,
                offset,
            } => {
                let end = handed.get(&(service, member, partition));
                if end.is_none_or(|&end| offset > end) {
                    return Err(format!("committed what it was not handed: {event:?}"));
                }
                let before = committed.entry((service, partition)).or_default();
                if offset < *before {
                    return Err(format!("committed back from {before}: {event:?}"));
                }
                *before = offset;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Every partition of the topic, as a reader with this isolation finds it from the beginning.
fn read_all(run: &Run, topic: u32, isolation: Isolation) -> Vec<u64> {
    let mut found = Vec::new();
    for partition in 0..run.world().log_partitions(topic as u16) {
        let core = run
            .world()
            .partition_look(TopicPartition { topic, partition })
            .expect("a partition");
        let leader = core.leader().expect("a settled run has leaders");
        let alive = core.replica(leader).is_some_and(|replica| replica.alive());
        // A leader that died a moment ago answers nobody, but its log can be looked at.
        if alive {
            let fetched = core.fetch(leader, 0, u32::MAX, isolation);
            let fetched = fetched.expect("the log's beginning is there");
            found.extend(fetched.records().map(|(_, message)| message.id));
        } else {
            return Vec::new();
        }
    }
    found.sort_unstable();
    found
}

fn any_weather() -> impl Strategy<Value = Weather> {
    (1..=1_000_000u32).prop_map(Weather::of_seed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn progress_is_of_what_was_handed_out(weather in any_weather()) {
        let (run, events) = traced(weather.over(orders()));
        prop_assert!(run.world().settled());
        let checked = check_progress(&events);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }

    /// The log of a topic with an idempotent producer: every acknowledged message once, offsets without gaps.
    #[test]
    fn a_log_holds_every_acknowledged_message_once(weather in any_weather()) {
        let mut scenario = weather.over(orders());
        scenario.cluster.brokers = 3;
        if let Channel::Log(log) = &mut scenario.topics[0].channel {
            (log.replication, log.min_insync) = (3, 2);
        }
        let (run, events) = traced(scenario);
        let held = read_all(&run, 0, Isolation::ReadUncommitted);
        prop_assume!(!held.is_empty());
        let distinct: BTreeSet<u64> = held.iter().copied().collect();
        prop_assert_eq!(distinct.len(), held.len());
        for event in &events {
            if let Kind::Acked { message, .. } = event.kind {
                prop_assert!(distinct.contains(&message), "{} was acknowledged", message);
            }
        }
        for service in &run.report().services {
            prop_assert!(service.held, "{:?}", service);
        }
    }

    /// Orders become payments in transactions: each once in the output, for whoever reads committed only.
    #[test]
    fn two_hops_in_transactions_are_exactly_once(weather in any_weather()) {
        let (run, _) = traced(two_hops(weather, Idempotency::KafkaTransaction));
        prop_assert!(run.world().settled(), "not settled after {} s", run.now() / 1_000_000);
        let input: BTreeSet<u64> = read_all(&run, 0, Isolation::ReadUncommitted).into_iter().collect();
        let output = read_all(&run, 1, Isolation::ReadCommitted);
        prop_assume!(!input.is_empty() && !output.is_empty());
        prop_assert_eq!(output, input.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(run.ledger().anomalies().count(AnomalyKind::G1a).violations, 0);
        let report = run.report();
        prop_assert!(of(&report, "Payment").held, "{:?}", of(&report, "Payment"));
        prop_assert!(of(&report, "Ledger").held, "{:?}", of(&report, "Ledger"));
    }
}

fn two_hops(weather: Weather, how: Idempotency) -> Scenario {
    let mut payment = reader("Payment", 2, EffectKind::Record, Guarantee::ExactlyOnce);
    payment.idempotency = how;
    payment.output = "payments".into();
    payment.read_committed = true;
    let mut ledger = reader(
        "Ledger",
        1,
        EffectKind::Stock,
        Guarantee::AtLeastOnceIdempotent,
    );
    ledger.topics = vec!["payments".into()];
    ledger.read_committed = true;
    let mut scenario = weather.over(orders());
    scenario.topics.push(Topic {
        name: "payments".into(),
        ..Topic::default()
    });
    scenario.services = vec![payment, ledger];
    scenario
}

/// Without the transaction the same pipeline repeats itself, and the output shows it.
#[test]
fn two_hops_without_transactions_are_not() {
    let repeated = (1..=10).any(|seed| {
        let run = finished(two_hops(Weather::of_seed(seed), Idempotency::None));
        let output = read_all(&run, 1, Isolation::ReadCommitted);
        let distinct: BTreeSet<u64> = output.iter().copied().collect();
        distinct.len() < output.len()
    });
    assert!(repeated);
}

/// Whoever reads uncommitted records sees those that were aborted.
#[test]
fn aborted_records_are_there_for_who_asks() {
    let hidden = (1..=10).any(|seed| {
        let scenario = two_hops(Weather::of_seed(seed), Idempotency::KafkaTransaction);
        let run = finished(scenario);
        let all = read_all(&run, 1, Isolation::ReadUncommitted);
        all.len() > read_all(&run, 1, Isolation::ReadCommitted).len()
    });
    assert!(hidden);
}

/// A member that stands still for longer than its session is struck off; what it commits afterwards as the
/// owner it no longer is, is refused.
#[test]
fn a_zombie_commits_nothing() {
    let mut refused = 0;
    for seed in 1..=20 {
        let mut scenario = Weather {
            messages: 200,
            rate: 50,
            ..Weather::calm(seed)
        }
        .over(orders());
        let mut mail = reader("Notification", 2, EffectKind::Mail, Guarantee::AtLeastOnce);
        (mail.pause_at, mail.pause) = (Span::ms(1_500), Span::s(3));
        scenario.services = vec![mail];
        let (run, events) = traced(scenario);
        assert!(run.world().settled());
        assert_eq!(run.report().services[0].lost, 0);
        let mut zombie = BTreeSet::new();
        for event in &events {
            match event.kind {
                Kind::Removed { member, .. } => drop(zombie.insert(member)),
                Kind::Joined { member, .. } => drop(zombie.remove(&member)),
                Kind::Committed { member, .. } => {
                    assert!(!zombie.contains(&member), "{event:?}");
                }
                Kind::CommitRefused { member, .. } if zombie.contains(&member) => refused += 1,
                _ => {}
            }
        }
        let paused = |event: &&Event| {
            matches!(
                event.kind,
                Kind::Paused {
                    party: Party::Member(0, 0),
                    ..
                }
            )
        };
        assert_eq!(events.iter().filter(paused).count(), 1);
    }
    assert!(refused > 0);
}
