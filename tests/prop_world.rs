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

/// Every message in the logs of a topic. `None` while a leader is down or does not know yet how far its log
/// is committed, as after an election in the last moment.
fn read_all(run: &Run, topic: u32, isolation: Isolation) -> Option<Vec<u64>> {
    let mut found = Vec::new();
    for partition in 0..run.world().log_partitions(topic as u16) {
        let at = TopicPartition { topic, partition };
        let core = run.world().partition_look(at)?;
        let fetched = core.fetch(core.leader()?, 0, u32::MAX, isolation).ok()?;
        if core.high_watermark() < core.log_end() {
            return None;
        }
        found.extend(fetched.records().map(|(_, message)| message.id));
    }
    found.sort_unstable();
    Some(found)
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
        let Some(held) = read_all(&run, 0, Isolation::ReadUncommitted) else {
            return Err(TestCaseError::reject("a leader is down"));
        };
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
        let checked = check_two_hops(weather);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
}

fn check_two_hops(weather: Weather) -> Result<(), String> {
    let run = finished(two_hops(weather, Idempotency::KafkaTransaction));
    let report = run.report();
    let input = read_all(&run, 0, Isolation::ReadUncommitted);
    let output = read_all(&run, 1, Isolation::ReadCommitted);
    let aborted = run.ledger().anomalies().count(AnomalyKind::G1a).violations;
    let (payment, ledger) = (of(&report, "Payment"), of(&report, "Ledger"));
    if !run.world().settled() {
        return Err(format!("not settled after {} s", run.now() / 1_000_000));
    }
    if input.is_some() && output.is_some() && input != output {
        return Err(format!("{input:?} came out as {output:?}"));
    }
    if aborted > 0 || !payment.held || !ledger.held {
        return Err(format!("{aborted} aborted reads, {payment:?}, {ledger:?}"));
    }
    Ok(())
}

/// A leader dies right after it wrote a marker, or a record of an open transaction, that no follower has.
#[test]
fn what_an_election_cuts_off_a_transaction_is_written_again() {
    for seed in [785_249, 499_060] {
        assert_eq!(
            check_two_hops(Weather::of_seed(seed)),
            Ok(()),
            "seed {seed}"
        );
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
        let output = read_all(&run, 1, Isolation::ReadCommitted).unwrap_or_default();
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
        let committed = read_all(&run, 1, Isolation::ReadCommitted);
        all.is_some_and(|all| committed.is_some_and(|committed| all.len() > committed.len()))
    });
    assert!(hidden);
}

/// A reader of uncommitted records takes in what was never to be; one of committed records does not.
#[test]
fn a_reader_of_uncommitted_records_reads_what_is_aborted() {
    let aborted_reads = |read_committed| {
        let counts = (1..=10).map(|seed| {
            let mut scenario = two_hops(Weather::of_seed(seed), Idempotency::KafkaTransaction);
            scenario.services[1].read_committed = read_committed;
            let run = finished(scenario);
            let found = run.ledger().anomalies().count(AnomalyKind::G1a);
            found.allowed + found.violations
        });
        counts.sum::<u64>()
    };
    assert_eq!(aborted_reads(true), 0);
    assert!(aborted_reads(false) > 0);
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
