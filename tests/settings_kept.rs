//! The guarantee that is left after settings were changed by hand: what is said of the settings is what happens.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::verdict::ServiceReport;
use proptest::prelude::*;

type Change = fn(&mut Scenario);

/// One service on one log in weather in which whatever can go wrong does.
fn harsh(seed: u32, messages: u32) -> Scenario {
    let mut s = preset("order-processing").unwrap();
    s.expects.clear();
    s.seed = seed;
    s.services.truncate(1);
    s.load = Load {
        rate: 60,
        messages,
        ..s.load
    };
    s.cluster.replica_lag_max = Span::s(5);
    s.faults = Faults {
        loss: Ratio::percent(8),
        ack_loss: Ratio::percent(8),
        delivery_loss: Ratio::percent(5),
        commit_loss: Ratio::percent(8),
        latency: Span::ms(2),
        jitter: Span::ms(3),
        consumer_crash: Span::s(2),
        consumer_restart: Span::ms(300),
        broker_crash: Span::s(3),
        broker_restart: Span::s(1),
        crash_before_commit: Ratio::percent(4),
        ..Faults::default()
    };
    s.services[0] = Service {
        instances: 2,
        effect: EffectKind::Stock,
        service_time: Span::ms(20),
        ..s.services[0].clone()
    };
    s.services[0].promise(Guarantee::AtLeastOnce);
    s
}

fn log(s: &mut Scenario) -> &mut LogChannel {
    match &mut s.topics[0].channel {
        Channel::Log(log) => log,
        _ => panic!("no log"),
    }
}

fn lease(s: &mut Scenario, fifo: bool) {
    s.topics[0].channel = Channel::Lease(LeaseChannel {
        fifo,
        visibility_timeout: Span::ms(300),
        ..LeaseChannel::default()
    });
}

fn plain(s: &mut Scenario) {
    s.producers[0].idempotence = false;
}

fn ended(scenario: Scenario) -> ServiceReport {
    let problems = check(&scenario);
    assert_eq!(problems, [], "{scenario:?}");
    let mut run = Run::new(scenario).unwrap_or_else(|why| panic!("{why:?}"));
    run.to_end();
    run.report().services.remove(0)
}

use Guarantee::{AtLeastOnce, AtLeastOnceIdempotent, AtMostOnce, ExactlyOnce};

/// Settings by hand, and what is left.
const TABLE: &[(&str, Change, Option<Guarantee>)] = &[
    ("commits after, acks=all", |_| {}, Some(AtLeastOnce)),
    (
        "at least once, but commits before",
        |s| s.services[0].commit = CommitWhen::Before,
        Some(AtMostOnce),
    ),
    (
        "exactly once, but commits before",
        |s| {
            s.services[0].promise(ExactlyOnce);
            s.services[0].commit = CommitWhen::Before;
        },
        Some(AtMostOnce),
    ),
    (
        "at most once, but commits after each",
        |s| {
            s.services[0].promise(AtMostOnce);
            s.services[0].commit = CommitWhen::AfterEach;
        },
        Some(AtLeastOnce),
    ),
    (
        "at most once, but puts aside what comes too early",
        |s| {
            s.services[0].promise(AtMostOnce);
            s.services[0].early = Early::Wait;
            s.load.keyed = false;
            s.load.users = 3;
        },
        None,
    ),
    (
        "commits automatically",
        |s| s.services[0].commit = CommitWhen::Auto,
        Some(AtLeastOnce),
    ),
    (
        "never commits",
        |s| s.services[0].commit = CommitWhen::Never,
        Some(AtLeastOnce),
    ),
    (
        "never commits, but keeps its offsets with the effects",
        |s| {
            s.services[0].promise(ExactlyOnce);
            s.services[0].commit = CommitWhen::Never;
        },
        Some(ExactlyOnce),
    ),
    (
        "acks=0",
        |s| {
            plain(s);
            s.producers[0].acks = Acks::None;
        },
        None,
    ),
    (
        "acks=0, at most once",
        |s| {
            plain(s);
            s.producers[0].acks = Acks::None;
            s.services[0].promise(AtMostOnce);
        },
        Some(AtMostOnce),
    ),
    (
        "acks=1, idempotent",
        |s| {
            plain(s);
            s.producers[0].acks = Acks::Leader;
            s.services[0].promise(AtLeastOnceIdempotent);
            let (at, lasting) = (Span::s(1), Span::s(2));
            let (broker, then) = (1, Span::ms(2_500));
            s.faults.placed = vec![
                Placed::CutBroker {
                    broker,
                    at,
                    lasting,
                },
                Placed::CrashBroker {
                    broker: 0,
                    at: then,
                },
            ];
        },
        Some(AtMostOnce),
    ),
    (
        "acks=1 with a single copy",
        |s| {
            plain(s);
            log(s).replication = 1;
            s.producers[0].acks = Acks::Leader;
            s.services[0].promise(AtLeastOnceIdempotent);
        },
        Some(AtLeastOnceIdempotent),
    ),
    (
        "unclean election",
        |s| {
            s.cluster.unclean_election = true;
            s.services[0].promise(AtLeastOnceIdempotent);
        },
        Some(AtMostOnce),
    ),
    (
        "at most once over a producer without idempotence",
        |s| {
            plain(s);
            s.services[0].promise(AtMostOnce);
        },
        None,
    ),
    (
        "idempotent over a producer without idempotence",
        |s| {
            plain(s);
            s.services[0].promise(AtLeastOnceIdempotent);
        },
        Some(AtLeastOnceIdempotent),
    ),
    (
        "stored offsets over a producer without idempotence",
        |s| {
            plain(s);
            s.services[0].promise(ExactlyOnce);
        },
        Some(AtLeastOnce),
    ),
    (
        "stored offsets",
        |s| s.services[0].promise(ExactlyOnce),
        Some(ExactlyOnce),
    ),
    (
        "idempotency taken away",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].idempotency = Idempotency::None;
        },
        Some(AtLeastOnce),
    ),
    (
        "a table asked first and written after",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].idempotency = Idempotency::TableChecked;
        },
        Some(AtLeastOnce),
    ),
    (
        "the id inserted first",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].idempotency = Idempotency::UniqueConstraint;
        },
        Some(AtMostOnce),
    ),
    (
        "a memory of three ids",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].memory = 3;
        },
        Some(AtLeastOnce),
    ),
    (
        "a memory of 20 ms",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].memory_for = Span::ms(20);
        },
        Some(AtLeastOnce),
    ),
    (
        "a charge in a Kafka transaction",
        |s| {
            s.services[0].effect = EffectKind::Charge;
            s.services[0].promise(ExactlyOnce);
        },
        Some(AtLeastOnce),
    ),
    (
        "a charge with a key",
        |s| {
            s.services[0].effect = EffectKind::Charge;
            s.services[0].promise(AtLeastOnceIdempotent);
        },
        Some(AtLeastOnceIdempotent),
    ),
    (
        "a mail cannot be made idempotent by a table",
        |s| {
            s.services[0].effect = EffectKind::Mail;
            s.services[0].promise(AtLeastOnceIdempotent);
        },
        Some(AtLeastOnce),
    ),
    (
        "a value is set",
        |s| s.services[0].idempotency = Idempotency::Natural,
        Some(AtLeastOnceIdempotent),
    ),
    (
        "failures are skipped",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].transient = Ratio::percent(30);
            s.services[0].attempts = 1;
        },
        Some(AtMostOnce),
    ),
    (
        "failures are put aside",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].transient = Ratio::percent(30);
            s.services[0].attempts = 1;
            s.services[0].on_failure = OnFailure::DeadLetter;
        },
        Some(AtLeastOnceIdempotent),
    ),
    (
        "starts with the latest",
        |s| {
            s.services[0].promise(AtLeastOnceIdempotent);
            s.services[0].offset_reset = OffsetReset::Latest;
        },
        Some(AtMostOnce),
    ),
    (
        "a standard queue",
        |s| {
            lease(s, false);
            s.services[0].promise(AtLeastOnceIdempotent);
        },
        Some(AtLeastOnceIdempotent),
    ),
    (
        "a standard queue, deleted first",
        |s| {
            lease(s, false);
            s.services[0].promise(AtMostOnce);
        },
        None,
    ),
    (
        "a FIFO queue, deleted first",
        |s| {
            lease(s, true);
            s.services[0].promise(AtMostOnce);
        },
        Some(AtMostOnce),
    ),
    ("a FIFO queue", |s| lease(s, true), Some(AtLeastOnce)),
    (
        "autoAck",
        |s| {
            s.topics[0].channel = Channel::Amqp(AmqpChannel::default());
            s.producers[0].retries = 0;
            s.producers[0].idempotence = false;
            s.services[0].promise(AtMostOnce);
        },
        Some(AtMostOnce),
    ),
    (
        "manual ack on a short queue",
        |s| {
            let queue = AmqpChannel {
                max_length: 3,
                ..AmqpChannel::default()
            };
            s.topics[0].channel = Channel::Amqp(queue);
        },
        None,
    ),
    (
        "manual ack",
        |s| s.topics[0].channel = Channel::Amqp(AmqpChannel::default()),
        Some(AtLeastOnce),
    ),
    (
        "a FIFO queue that two services receive from",
        |s| {
            lease(s, true);
            s.services[0].promise(AtMostOnce);
            s.services.push(Service {
                name: "Other".into(),
                ..s.services[0].clone()
            });
        },
        Some(AtMostOnce),
    ),
    (
        "Redis, two instances",
        |s| {
            s.topics[0].channel = Channel::PubSub(PubSubChannel::default());
            s.producers[0].retries = 0;
            s.producers[0].idempotence = false;
        },
        None,
    ),
    (
        "Redis, one instance, without retries",
        |s| {
            s.services[0].instances = 1;
            s.topics[0].channel = Channel::PubSub(PubSubChannel::default());
            s.producers[0].retries = 0;
            s.producers[0].idempotence = false;
        },
        Some(AtMostOnce),
    ),
];

#[test]
fn what_is_left_of_the_promise_is_what_happens() {
    let mut wrong = Vec::new();
    for &(name, change, left) in TABLE {
        let mut s = harsh(1, 0);
        change(&mut s);
        let kept = kept_by_settings(&s, 0);
        if kept.guarantee() != left {
            wrong.push(format!("{name}: {kept:?}, expected {left:?}"));
            continue;
        }
        let (mut lost, mut repeated) = (0, 0);
        for seed in 1..=6 {
            let mut s = harsh(seed, 240);
            change(&mut s);
            let report = ended(s);
            lost += report.lost_acknowledged;
            repeated += report.duplicated;
        }
        if (lost > 0) == kept.loses.is_empty() || (repeated > 0) == kept.repeats.is_empty() {
            wrong.push(format!(
                "{name}: {lost} lost, {repeated} repeated: {kept:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_bundle_of_a_guarantee_keeps_it_or_the_reason_is_named() {
    for effect in [EffectKind::Charge, EffectKind::Stock, EffectKind::Mail] {
        for promise in Guarantee::ALL {
            let mut s = harsh(1, 0);
            s.services[0].effect = effect;
            s.services[0].promise(promise);
            let kept = kept_by_settings(&s, 0);
            let outside = effect != EffectKind::Stock && promise == ExactlyOnce;
            let by_table = effect == EffectKind::Mail && promise == AtLeastOnceIdempotent;
            assert_eq!(
                kept.keeps(promise),
                !outside && !by_table,
                "{effect:?} {promise:?} {kept:?}"
            );
        }
    }
    assert_eq!(kept_by_settings(&harsh(1, 0), 9), Kept::default());
}

fn settings() -> impl Strategy<Value = Scenario> {
    let service = (0..5usize, 0..8usize, 0..4usize, 0..3usize, 1..4u32);
    let producer = (0..3usize, any::<bool>(), any::<bool>(), 1..3u32);
    let more = (0..6u64, 0..4u32, any::<bool>(), any::<bool>());
    (any::<u32>(), service, producer, more).prop_filter_map(
        "contradictory settings",
        |(seed, service, (acks, idempotence, retries, copies), more)| {
            let mut s = harsh(seed, 60);
            let commits = [
                CommitWhen::Before,
                CommitWhen::AfterEach,
                CommitWhen::AfterBatch,
                CommitWhen::Auto,
                CommitWhen::Never,
            ];
            let ways = [
                Idempotency::None,
                Idempotency::TableChecked,
                Idempotency::SameTransaction,
                Idempotency::UniqueConstraint,
                Idempotency::IdempotencyKey,
                Idempotency::Natural,
                Idempotency::StoredOffset,
                Idempotency::KafkaTransaction,
            ];
            let effects = [
                EffectKind::Stock,
                EffectKind::Charge,
                EffectKind::Mail,
                EffectKind::Count,
            ];
            let failures = [OnFailure::Skip, OnFailure::DeadLetter, OnFailure::Block];
            let x = &mut s.services[0];
            x.commit = commits[service.0];
            x.idempotency = ways[service.1];
            x.effect = effects[service.2];
            x.on_failure = failures[service.3];
            x.instances = service.4;
            x.memory = [0, 0, 0, 2, 9, 1_000][more.0 as usize];
            x.transient = Ratio::percent(more.1 * 10);
            let p = &mut s.producers[0];
            p.acks = [Acks::None, Acks::Leader, Acks::All][acks];
            p.idempotence = idempotence;
            p.retries = if retries { 1_000 } else { 0 };
            log(&mut s).replication = copies;
            s.cluster.unclean_election = more.2;
            if more.3 {
                s.faults.duplicate = Ratio::percent(5);
            }
            (check(&s).is_empty() && Run::new(s.clone()).is_ok()).then_some(s)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn settings_that_rule_something_out_do_so_in_any_weather(s in settings()) {
        let kept = kept_by_settings(&s, 0);
        let report = ended(s);
        prop_assert!(report.lost_acknowledged == 0 || !kept.loses.is_empty(), "{report:?} {kept:?}");
        prop_assert!(report.duplicated == 0 || !kept.repeats.is_empty(), "{report:?} {kept:?}");
    }
}
