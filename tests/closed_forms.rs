//! What runs of the world come to, against closed forms. Every bound is five standard deviations wide:
//! a right world fails one of these ninety or so comparisons for one choice of seeds in 19,000. The seeds are fixed.
#![cfg(not(target_arch = "wasm32"))]

mod weather;

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::Kind;
use delivery_lab::verdict::theory::{
    Sending, expected_processings, expected_receives, p_dead_lettered, p_reordered, p_repeated,
};
use weather::reader;

fn ratio(p: f64) -> Ratio {
    Ratio((p * 1e6).round() as u32)
}

/// One partition on one broker, one producer whose requests carry one message each, nobody reading.
fn bare(seed: u32, messages: u32, rate: u32) -> Scenario {
    let topic = Topic {
        name: "order-events".into(),
        channel: Channel::Log(LogChannel {
            partitions: 1,
            replication: 1,
            ..LogChannel::default()
        }),
    };
    let producer = Producer {
        topics: vec!["order-events".into()],
        idempotence: false,
        acks: Acks::Leader,
        batch_records: 1,
        max_in_flight: 100,
        request_timeout: Span::ms(10),
        retry_backoff: Span::ms(1),
        retry_backoff_max: Span::ms(1),
        delivery_timeout: Span::s(1_000),
        ..Producer::default()
    };
    Scenario {
        seed,
        duration: Span::s(1_000_000),
        drain: Span::s(10_000),
        load: Load {
            rate,
            messages,
            regular: true,
            users: 1,
            ..Load::default()
        },
        cluster: Cluster {
            brokers: 1,
            ..Cluster::default()
        },
        topics: vec![topic],
        producers: vec![producer],
        faults: Faults {
            jitter: Span(0),
            ..Faults::default()
        },
        ..Scenario::default()
    }
}

/// Runs to the end; gives for each message how many events there were of the kind that `which` picks.
fn counts(scenario: Scenario, which: impl Fn(Kind) -> Option<u64>) -> Vec<u64> {
    let messages = scenario.load.messages as usize;
    let mut counts = vec![0; messages];
    let mut run = Run::new(scenario).expect("a scenario that can be built");
    run.advance(u64::MAX, usize::MAX, &mut |event| {
        if let Some(message) = which(event.kind) {
            counts[message as usize - 1] += 1;
        }
    });
    assert!(run.finished() && run.world().settled());
    counts
}

/// How often, against a probability.
fn near_share(what: &str, hits: usize, of: usize, p: f64) {
    let (n, hits) = (of as f64, hits as f64);
    let bound = 5.0 * (n * p * (1.0 - p)).sqrt();
    assert!(
        (hits - n * p).abs() <= bound + 1e-6,
        "{what}: {hits} of {of}, expected {:.1} ± {bound:.1}",
        n * p
    );
}

/// How many on average, against an expectation.
fn near_mean(what: &str, counts: &[u64], expected: f64) {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<u64>() as f64 / n;
    let variance = counts
        .iter()
        .map(|&count| (count as f64 - mean).powi(2))
        .sum::<f64>()
        / n;
    let bound = 5.0 * (variance / n).sqrt();
    assert!(
        (mean - expected).abs() <= bound + 1e-9,
        "{what}: {mean}, expected {expected} ± {bound}"
    );
}

fn having(counts: &[u64], which: impl Fn(u64) -> bool) -> usize {
    counts.iter().filter(|&&count| which(count)).count()
}

#[test]
fn sends_over_a_way_that_loses() {
    for (seed, (p, q, retries)) in (1..).zip([
        (0.1, 0.1, 1),
        (0.2, 0.3, 2),
        (0.3, 0.3, 5),
        (0.5, 0.5, 3),
        (0.2, 0.4, 0),
        (0.05, 0.05, 3),
        (0.0, 0.3, 4),
        (0.4, 0.0, 2),
        (0.1, 0.5, 8),
        (0.6, 0.2, 1),
        (0.01, 0.2, 2),
        (0.3, 0.1, 10),
    ]) {
        let sending = Sending { p, q, retries };
        // A resend never overlaps with the next message: they share a connection, and a timeout closes it.
        let mut scenario = bare(seed, 5_000, 5);
        scenario.producers[0].retries = retries;
        scenario.faults.loss = ratio(p);
        scenario.faults.ack_loss = ratio(q);
        let stored = counts(scenario.clone(), |kind| match kind {
            Kind::Appended { message, .. } => Some(message),
            _ => None,
        });
        let failed = counts(scenario, |kind| match kind {
            Kind::GaveUp { message, .. } => Some(message),
            _ => None,
        });
        let (n, at) = (stored.len(), format!("p {p}, q {q}, R {retries}"));
        let named = |what: &str| format!("{what} at {at}");
        near_share(
            &named("lost"),
            having(&stored, |c| c == 0),
            n,
            sending.p_lost(),
        );
        near_share(
            &named("duplicate"),
            having(&stored, |c| c > 1),
            n,
            sending.p_duplicate(),
        );
        near_mean(&named("deliveries"), &stored, sending.expected_deliveries());
        near_share(
            &named("failed"),
            having(&failed, |c| c > 0),
            n,
            sending.p_reported_failed(),
        );
        let wrongly = stored
            .iter()
            .zip(&failed)
            .filter(|(s, f)| **s > 0 && **f > 0);
        near_share(
            &named("wrongly failed"),
            wrongly.count(),
            n,
            sending.p_delivered_but_failed(),
        );
    }
}

#[test]
fn two_in_flight_are_stored_in_the_wrong_order() {
    for p in [0.05, 0.1, 0.2, 0.3, 0.4, 0.6] {
        let runs = 2_000;
        let reordered = (1..=runs).filter(|&seed| {
            let mut scenario = bare(seed as u32, 2, 1_000);
            scenario.faults.loss = ratio(p);
            let mut order = Vec::new();
            let mut run = Run::new(scenario).expect("a scenario that can be built");
            run.advance(u64::MAX, usize::MAX, &mut |event| {
                if let Kind::Appended { message, .. } = event.kind {
                    order.push(message);
                }
            });
            assert_eq!(order.len(), 2);
            order == [2, 1]
        });
        near_share(
            &format!("reordered at {p}"),
            reordered.count(),
            runs,
            p_reordered(p),
        );
    }
}

/// A service that finds all messages waiting, one instance, quick to notice a crash.
fn crashing(seed: u32, crash: f64, max_poll: u32, commit: CommitWhen) -> Scenario {
    let mut scenario = bare(seed, 2_000, 1_000);
    let mut service = reader("Notification", 1, EffectKind::Mail, Guarantee::AtLeastOnce);
    service.commit = commit;
    service.max_poll = max_poll;
    service.start_at = Span::s(4);
    service.service_time = Span::ms(1);
    service.session_timeout = Span::ms(60);
    service.heartbeat = Span::ms(20);
    scenario.services = vec![service];
    scenario.faults.crash_before_commit = ratio(crash);
    scenario.faults.consumer_restart = Span::ms(10);
    scenario
}

fn effect(kind: Kind) -> Option<u64> {
    match kind {
        Kind::Effect { message, .. } => Some(message),
        _ => None,
    }
}

const CRASHES: [f64; 5] = [0.01, 0.05, 0.1, 0.2, 0.4];

#[test]
fn a_crash_between_effect_and_commit_repeats() {
    for (seed, crash) in (1..).zip(CRASHES) {
        let effects = counts(crashing(seed, crash, 1, CommitWhen::AfterEach), effect);
        let repeated = having(&effects, |count| count > 1);
        assert_eq!(having(&effects, |count| count == 0), 0);
        near_share(
            &format!("repeated at {crash}"),
            repeated,
            effects.len(),
            p_repeated(crash),
        );
        near_mean(
            &format!("effects at {crash}"),
            &effects,
            expected_processings(crash),
        );
    }
}

/// Two records a poll, committed before either is handled: a crash at the first loses the second.
#[test]
fn a_crash_after_the_commit_loses_what_is_left_of_the_poll() {
    for (seed, crash) in (1..).zip(CRASHES) {
        let effects = counts(crashing(seed, crash, 2, CommitWhen::Before), effect);
        let (first, second): (Vec<_>, Vec<_>) = effects.chunks(2).map(|c| (c[0], c[1])).unzip();
        assert!(first.iter().all(|&count| count == 1));
        assert!(second.iter().all(|&count| count <= 1));
        let lost = having(&second, |count| count == 0);
        near_share(
            &format!("lost at {crash}"),
            lost,
            second.len(),
            p_repeated(crash),
        );
    }
}

#[test]
fn receives_that_fail_end_in_the_dead_letter_queue() {
    for (seed, (failure, most)) in
        (1..).zip([(0.5, 3), (0.3, 2), (0.2, 1), (0.7, 5), (0.9, 4), (0.1, 3)])
    {
        let mut scenario = bare(seed, 2_000, 200);
        scenario.topics[0].channel = Channel::Lease(LeaseChannel {
            max_receive_count: most,
            visibility_timeout: Span::ms(200),
            ..LeaseChannel::default()
        });
        let mut service = reader("Photos", 4, EffectKind::Stock, Guarantee::AtLeastOnce);
        service.transient = ratio(failure);
        service.attempts = 1;
        service.on_failure = OnFailure::Block;
        service.service_time = Span::ms(2);
        service.varied = false;
        scenario.services = vec![service];
        let dead = counts(scenario.clone(), |kind| match kind {
            Kind::DeadLettered { message, .. } => Some(message),
            _ => None,
        });
        let receives = counts(scenario, |kind| match kind {
            Kind::Delivered { message, .. } => Some(message),
            _ => None,
        });
        let at = format!("f {failure}, M {most}");
        let (hits, expected) = (having(&dead, |c| c > 0), p_dead_lettered(failure, most));
        near_share(&format!("dead letters at {at}"), hits, dead.len(), expected);
        near_mean(
            &format!("receives at {at}"),
            &receives,
            expected_receives(failure, most),
        );
    }
}
