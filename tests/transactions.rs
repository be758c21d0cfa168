//! A service that moves offsets and output in one transaction keeps its promise whatever fails, and whenever: it dies
//! while its producer is not ready, a record in the middle of a batch cannot be handled, or one was put aside.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::verdict::ServiceReport;

/// Much fails: a fifth of the attempts, half of the acks in a bad moment, and every two seconds an instance dies.
fn harsh(seed: u32, early: Early) -> Scenario {
    let mut scenario = preset("kafka-transaction").expect("a preset");
    scenario.seed = seed;
    scenario.duration = Span::s(5);
    scenario.drain = Span::s(60);
    scenario.load = Load {
        rate: 10,
        messages: 40,
        users: 5,
        ..scenario.load
    };
    for topic in &mut scenario.topics {
        if let Channel::Log(log) = &mut topic.channel {
            (log.partitions, log.grow_at, log.grow_to) = (3, Span::s(2), 6);
        }
    }
    let service = &mut scenario.services[0];
    service.instances = 1 + seed % 3;
    service.early = early;
    service.attempts = 1;
    service.on_failure = OnFailure::Block;
    service.transient = Ratio::percent(20);
    service.max_poll = 1 + 9 * (seed % 2);
    service.session_timeout = Span::s(1);
    service.heartbeat = Span::ms(300);
    scenario.faults = Faults {
        loss: Ratio::percent(5),
        ack_loss: Ratio::percent(20),
        delivery_loss: Ratio::percent(5),
        consumer_crash: Span::s(2),
        consumer_restart: Span::ms(800),
        crash_before_commit: Ratio::percent(5),
        ..Faults::default()
    };
    scenario
}

fn outcome(scenario: Scenario) -> ServiceReport {
    assert_eq!(check(&scenario), []);
    let mut run = Run::new(scenario).expect("it runs");
    run.advance(u64::MAX, 3_000_000, &mut |_| {});
    assert!(run.finished(), "no end");
    run.report().services.swap_remove(0)
}

#[test]
fn nothing_is_lost_or_recorded_twice() {
    let mut again = 0;
    for seed in 0..150 {
        let service = outcome(harsh(seed, Early::Process));
        assert_eq!(service.lost_acknowledged, 0, "seed {seed}: {service:?}");
        assert_eq!(service.duplicated, 0, "seed {seed}: {service:?}");
        again += service.delivered.saturating_sub(service.effects);
    }
    assert!(again > 1_000, "much is handed out again: {again}");
}

/// Its transaction cannot cover what it put aside, so that later records may be recorded again; none is lost.
#[test]
fn what_is_put_aside_is_not_lost() {
    let mut repeated = 0;
    for seed in 0..150 {
        let early = [Early::Wait, Early::Retry][(seed % 2) as usize];
        let scenario = harsh(seed, early);
        let kept = kept_by_settings(&scenario, 0);
        assert!(
            kept.loses.is_empty() && !kept.repeats.is_empty(),
            "{kept:?}"
        );
        let service = outcome(scenario);
        assert_eq!(service.lost_acknowledged, 0, "seed {seed}: {service:?}");
        repeated += service.duplicated;
    }
    assert!(repeated > 0, "the claim that it may repeat is not idle");
}
