//! Every preset shows what it says it shows, and ceases to when its mechanism is taken away.

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::{Kind, Why};

/// What the lab is to have: a preset for each mechanism.
const OF_LOGS: &[&str] = &[
    "order-processing",
    "fire-and-forget-metrics",
    "iot-sensor",
    "lost-message",
    "lost-ack",
    "broker-crash-before-store",
    "network-duplicate",
    "commit-before",
    "commit-after",
    "auto-commit",
    "never-commit",
    "batch-skips-failure",
    "two-readers",
    "idempotent-producer",
    "kafka-transaction",
    "transaction-with-outside-effect",
    "partition-key-order",
    "cross-partition-order",
    "retry-reorders",
    "fan-out",
    "acks-0-1-all",
    "unclean-election",
    "rebalance-zombie",
    "more-consumers-than-partitions",
    "natural-idempotency",
    "dedup-race",
    "dedup-window",
    "two-generals",
];

fn ended(scenario: Scenario) -> Run {
    let name = scenario.name.clone();
    let mut run = Run::new(scenario).unwrap_or_else(|why| panic!("{name}: {why:?}"));
    run.to_end();
    run
}

/// The expectations that are not met with this change.
fn unmet_with(name: &str, change: impl FnOnce(&mut Scenario)) -> Vec<String> {
    let mut scenario = preset(name).unwrap();
    change(&mut scenario);
    let expects = scenario.expects.clone();
    ended(scenario).report().unmet(&expects)
}

#[track_caller]
fn fails(name: &str, change: impl FnOnce(&mut Scenario)) {
    assert_ne!(unmet_with(name, change), Vec::<String>::new(), "{name}");
}

/// The broker can tell what this producer sends twice.
fn numbered(producer: &mut Producer) {
    producer.idempotence = true;
    producer.acks = Acks::All;
}

fn log_of(scenario: &mut Scenario) -> &mut LogChannel {
    match &mut scenario.topics[0].channel {
        Channel::Log(log) => log,
        _ => panic!("no log"),
    }
}

#[test]
fn there_is_a_preset_for_each_mechanism_of_a_log() {
    for name in OF_LOGS {
        assert!(preset(name).is_some(), "{name}");
    }
}

#[test]
fn every_preset_can_be_run_settles_and_does_what_it_says() {
    for name in preset_names() {
        let scenario = preset(name).unwrap();
        assert_eq!(check(&scenario), [], "{name}");
        assert_eq!(scenario.name, name);
        assert!(!scenario.title.is_empty() && scenario.watch_for.ends_with('.'));
        assert!(!scenario.expects.is_empty(), "{name} expects nothing");
        let expects = scenario.expects.clone();
        let run = ended(scenario);
        assert_eq!(run.report().unmet(&expects), Vec::<String>::new(), "{name}");
        assert!(run.world().settled(), "{name} does not settle");
    }
}

#[test]
fn every_preset_is_opened_by_a_link() {
    for name in preset_names() {
        let opened = link::open(&format!("?preset={name}"), "");
        assert_eq!(opened.problems, [], "{name}");
        assert_eq!(Some(opened.scenario), preset(name), "{name}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for name in preset_names() {
        let hash = || ended(preset(name).unwrap()).world().trace_hash();
        assert_eq!(hash(), hash(), "{name}");
    }
}

#[test]
fn the_order_scenario_shows_a_repeat_within_ten_seconds_and_a_lost_ack_before() {
    let mut run = Run::new(preset("order-processing").unwrap()).unwrap();
    let (mut lost, mut recognised, mut mailed_twice) = (0, 0, 0);
    run.advance(10_000_000, usize::MAX, &mut |event| match event.kind {
        Kind::PacketLost {
            leg: delivery_lab::trace::Leg::Ack,
            ..
        } => lost += 1,
        Kind::Recognised { .. } if lost > 0 => recognised += 1,
        Kind::Effect {
            service: 2, nth: 2, ..
        } => mailed_twice += 1,
        _ => {}
    });
    assert!(lost > 0 && recognised > 0 && mailed_twice > 0);
    let mut skipped = 0;
    run.advance(u64::MAX, usize::MAX, &mut |event| {
        skipped += u32::from(matches!(event.kind, Kind::Skipped { service: 0, .. }));
    });
    assert!(skipped > 0, "Payment recognises no repeat");
}

#[test]
fn producers_without_their_mechanism_fail_expectations() {
    fails("fire-and-forget-metrics", |s| {
        s.producers[0].acks = Acks::All;
        s.producers[0].retries = 10;
    });
    fails("iot-sensor", |s| numbered(&mut s.producers[1]));
    fails("lost-message", |s| {
        s.producers[1].idempotence = false;
        s.producers[1].retries = 0;
    });
    fails("lost-ack", |s| numbered(&mut s.producers[0]));
    fails("network-duplicate", |s| s.producers[1].idempotence = false);
    fails("idempotent-producer", |s| {
        s.producers[1].idempotence = false
    });
    fails("retry-reorders", |s| s.producers[1].max_in_flight = 5);
    fails("two-generals", |s| s.producers[0].retries = 3);
}

#[test]
fn logs_without_their_mechanism_fail_expectations() {
    fails("broker-crash-before-store", |s| s.faults.placed.clear());
    fails("acks-0-1-all", |s| {
        s.producers[2].idempotence = false;
        s.producers[2].acks = Acks::Leader;
    });
    fails("unclean-election", |s| s.cluster.unclean_election = false);
    fails("partition-key-order", |s| log_of(s).grow_at = Span(0));
    for cured in [1, 2] {
        fails("cross-partition-order", |s| {
            s.services[cured].early = Early::Process;
        });
    }
    fails("cross-partition-order", |s| {
        let two = s.producers[0].topics.clone();
        s.producers[1].topics = two;
    });
}

#[test]
fn consumers_without_their_mechanism_fail_expectations() {
    fails("commit-before", |s| {
        s.services[0].commit = CommitWhen::AfterBatch
    });
    fails("commit-after", |s| {
        s.services[1].commit = CommitWhen::Before
    });
    fails("auto-commit", |s| {
        s.services[0].commit = CommitWhen::AfterEach
    });
    fails("never-commit", |s| {
        s.services[0].commit = CommitWhen::AfterBatch
    });
    fails("batch-skips-failure", |s| {
        s.services[0].on_failure = OnFailure::Block
    });
    fails("two-readers", |s| {
        s.services[1].offset_reset = OffsetReset::Latest
    });
    // On one queue the services are no groups of their own: each takes orders away from the others.
    fails("fan-out", |s| {
        s.topics[0].channel = Channel::Lease(LeaseChannel::default());
    });
    fails("more-consumers-than-partitions", |s| {
        log_of(s).partitions = 4
    });
    fails("rebalance-zombie", |s| s.services[0].pause = Span(0));
    fails("rebalance-zombie", |s| {
        s.services[1].idempotency = Idempotency::None
    });
}

#[test]
fn repeats_without_their_mechanism_fail_expectations() {
    fails("natural-idempotency", |s| {
        s.services[0].idempotency = Idempotency::None
    });
    fails("dedup-race", |s| {
        s.services[1].idempotency = Idempotency::TableChecked
    });
    fails("dedup-window", |s| s.services[0].memory = 0);
    fails("dedup-window", |s| s.services[1].memory_for = Span(0));
    fails("kafka-transaction", |s| {
        s.services[0].promise(Guarantee::AtLeastOnce)
    });
    fails("transaction-with-outside-effect", |s| {
        s.services[1].idempotency = Idempotency::None;
    });
}

/// How often something of this kind happens.
fn count(name: &str, is: impl Fn(Kind) -> bool) -> usize {
    let mut found = 0;
    let mut run = Run::new(preset(name).unwrap()).unwrap();
    run.advance(u64::MAX, usize::MAX, &mut |event| {
        found += usize::from(is(event.kind));
    });
    found
}

#[test]
fn the_trace_tells_the_story() {
    let twice = |kind| {
        matches!(
            kind,
            Kind::Appended {
                message: 4,
                copy: 2,
                ..
            }
        )
    };
    assert_eq!(count("lost-ack", twice), 1);
    let grown = |kind| matches!(kind, Kind::Grown { partitions: 5, .. });
    assert_eq!(count("partition-key-order", grown), 1);
    let moved = |kind| matches!(kind, Kind::Delivered { partition: 2.., .. });
    assert!(count("partition-key-order", moved) > 0);
    let held_back = |kind| {
        matches!(
            kind,
            Kind::HeldBack {
                service: 1,
                message: 7,
                ..
            }
        )
    };
    assert_eq!(count("cross-partition-order", held_back), 1);
    let tried_later = |kind| {
        matches!(
            kind,
            Kind::Failed {
                service: 2,
                message: 7,
                why: Why::TooEarly,
                ..
            }
        )
    };
    assert!(count("cross-partition-order", tried_later) >= 2);
    let cut = |kind| matches!(kind, Kind::Truncated { .. });
    assert!(count("unclean-election", cut) > 0);
    let refused = |kind| matches!(kind, Kind::CommitRefused { member: 0, .. });
    assert!(
        count("rebalance-zombie", refused) >= 1,
        "the zombie commits"
    );
    let undone = |kind| matches!(kind, Kind::MarkerWritten { commit: false, .. });
    assert!(count("kafka-transaction", undone) >= 2);
}

#[test]
fn fan_out_gives_each_order_to_one_instance_of_each_service() {
    let mut seen = std::collections::BTreeSet::new();
    let mut run = Run::new(preset("fan-out").unwrap()).unwrap();
    run.advance(u64::MAX, usize::MAX, &mut |event| {
        if let Kind::Delivered {
            service,
            member,
            message,
            nth,
            ..
        } = event.kind
        {
            assert_eq!(nth, 1, "order {message} at service {service}");
            seen.insert((service, member));
        }
    });
    let instances = (0..4).map(|s| seen.iter().filter(|(service, _)| *service == s).count());
    assert_eq!(instances.collect::<Vec<_>>(), [1, 3, 2, 5]);
}
