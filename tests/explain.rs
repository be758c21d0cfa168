//! Why it happened: the presets' anomalies have the causes and cures one expects, and every decisive fault is
//! verified by a run of its own without it.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;

use delivery_lab::explain::{Case, Cause, Weight, by_name, explain, first_anomaly};
use delivery_lab::scenario::{
    Action, Idempotency, Intervention, Placed, Scenario, Span, check, params, preset, preset_names,
};
use delivery_lab::sim::{FaultPlan, Site};
use delivery_lab::timeline::Run;
use delivery_lab::trace::{Event, Kind, Leg};
use delivery_lab::verdict::{Anomaly, AnomalyKind, AnomalyKind::*};
use delivery_lab::view::why;

/// Preset, kind of anomaly, the sites of the decisive faults of the first of that kind, and the settings that help.
const EXPECTED: &str = "
order-processing | lost-effect | consumer-crash | analytics.guarantee=at-least-once
order-processing | duplicate-effect | consumer-crash | notification.guarantee=at-least-once-idempotent
fire-and-forget-metrics | lost-effect | request-loss | acks=all, retries=2147483647
fire-and-forget-metrics | unseen | request-loss | acks=all
iot-sensor | lost-effect | request-loss | acks=all, retries=2147483647, idempotence=true
iot-sensor | duplicate-effect | ack-loss | chart-b.guarantee=at-least-once-idempotent
iot-sensor | out-of-order-effect | request-loss, request-loss | inFlight=1
iot-sensor | duplicate | ack-loss | acks=all, retries=2147483647, idempotence=true
iot-sensor | unseen | request-loss | acks=all
lost-message | lost-effect | request-loss | retries=2147483647
lost-ack | duplicate-effect | ack-loss | idempotence=true
lost-ack | duplicate | ack-loss | idempotence=true
two-generals | lost-effect | request-loss | retries=2147483647
network-duplicate | duplicate-effect | duplication | idempotence=true
network-duplicate | duplicate | duplication | idempotence=true
idempotent-producer | duplicate-effect | ack-loss | idempotence=true
idempotent-producer | duplicate | ack-loss | idempotence=true
retry-reorders | out-of-order-effect | request-loss | idempotence=true
acks-0-1-all | lost-effect | link-cut, broker-crash | acks=all
acks-0-1-all | skipped-record | link-cut, broker-crash | acks=all
acks-0-1-all | lost-write | link-cut, broker-crash | acks=all
acks-0-1-all | unseen | link-cut, broker-crash | acks=all
unclean-election | lost-effect | link-cut, broker-crash | uncleanElection=false
unclean-election | lost-write | link-cut, broker-crash | uncleanElection=false
unclean-election | unseen | link-cut, broker-crash | uncleanElection=false
commit-before | lost-effect | step-crash | commits-before.guarantee=at-least-once
commit-after | duplicate-effect | step-crash | commits-after.idempotency=idempotency-key
auto-commit | duplicate-effect | consumer-crash | by-interval.guarantee=at-least-once-idempotent
never-commit | duplicate-effect | step-crash | notification.commit=after-batch
batch-skips-failure | lost-effect | transient-failure | goes-on.onFailure=dead-letter
batch-skips-failure | skipped-record | transient-failure | goes-on.onFailure=dead-letter
batch-skips-failure | nonmonotonic-poll | transient-failure | goes-back.attempts=10
rebalance-zombie | duplicate-effect | pause | mails.idempotency=idempotency-key
rebalance-zombie | stale-commit | pause | mails.sessionTimeout=45s
natural-idempotency | duplicate-effect | step-crash | adds-to-the-total.guarantee=at-least-once-idempotent
dedup-race | duplicate-effect | pause | asks-first.idempotency=idempotency-key
dedup-race | false-repeat | pause | inserts-first.idempotency=idempotency-key
dedup-race | stale-commit | pause | inserts-first.sessionTimeout=45s
dedup-window | duplicate-effect | ack-loss | idempotence=true
dedup-window | duplicate | ack-loss | idempotence=true
partition-key-order | out-of-order-effect |  | growAt=never
cross-partition-order | out-of-order-effect | request-loss | ships-at-once.early=wait
kafka-transaction | duplicate | step-crash, step-crash |
transaction-with-outside-effect | duplicate-effect | step-crash | in-a-transaction.idempotency=idempotency-key
charge-50 | duplicate-effect | step-crash | store--dies-sooner.guarantee=at-least-once-idempotent
payment-intent | duplicate-effect | ack-loss | without-a-key.guarantee=at-least-once-idempotent
visibility-timeout | duplicate-effect |  | mails-a-preview.extendLease=true
visibility-timeout | out-of-order-effect |  | fifo=true
visibility-timeout | stale-commit |  | mails-a-preview.extendLease=true
queue-crash-before-ack | duplicate-effect | broker-crash | mailer.guarantee=at-least-once-idempotent
dead-letter-breaks-order | out-of-order-effect | transient-failure, transient-failure | maxReceiveCount=10
push-notification | lost-effect | consumer-crash | notifier.guarantee=at-least-once
pubsub-nobody-listening | lost-effect |  | ticker.startAt=0ms
slow-subscriber | lost-effect |  | chart.serviceTime=80ms
";

/// A line of the table.
struct Expected {
    preset: &'static str,
    kind: AnomalyKind,
    faults: Vec<&'static str>,
    cure: Vec<&'static str>,
}

fn table() -> Vec<Expected> {
    let list = |cell: &'static str| cell.split(", ").filter(|one| !one.is_empty()).collect();
    let lines = EXPECTED.trim().lines();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [preset, kind, faults, cure] = cells[..] else {
                panic!("not four cells: {line}");
            };
            let kind = AnomalyKind::ALL
                .into_iter()
                .find(|k| params::slug(k.name()) == kind);
            let kind = kind.unwrap_or_else(|| panic!("no such kind: {line}"));
            let (faults, cure) = (list(faults), list(cure));
            Expected {
                preset,
                kind,
                faults,
                cure,
            }
        })
        .collect()
}

fn about_effects(anomaly: &Anomaly) -> bool {
    matches!(
        anomaly.kind,
        LostEffect | DuplicateEffect | OutOfOrderEffect
    )
}

fn explained(case: &Case) -> Cause {
    let anomaly = first_anomaly(case, &about_effects)
        .expect("a scenario that runs")
        .expect("an anomaly");
    explain(case, &anomaly).expect("an anomaly that is there again")
}

fn site_names(cause: &Cause) -> Vec<&'static str> {
    let name = |site| match site {
        Site::RequestLoss => "request-loss",
        Site::AckLoss => "ack-loss",
        Site::Duplication => "duplication",
        Site::ConsumerCrash => "consumer-crash",
        Site::BrokerCrash => "broker-crash",
        Site::StepCrash => "step-crash",
        Site::LinkCut => "link-cut",
        Site::Pause => "pause",
        Site::TransientFailure => "transient-failure",
        other => panic!("no preset has {other:?}"),
    };
    sites(cause).into_iter().map(name).collect()
}

fn sites(cause: &Cause) -> Vec<Site> {
    let keys = cause.decisive.iter().filter_map(|e| e.kind.fault());
    keys.map(|key| key.site).collect()
}

fn settings(cause: &Cause) -> Vec<String> {
    let cure = cause.cure.iter().flat_map(|cure| &cure.settings);
    cure.map(|s| format!("{}={}", s.name, s.value)).collect()
}

/// Whether the anomaly happens in a run from the beginning: told from the trace alone.
fn happens(scenario: &Scenario, plan: FaultPlan, anomaly: &Anomaly) -> bool {
    let mut run = Run::with_faults(scenario.clone(), plan).expect("a scenario that runs");
    let mut own = 0;
    // That nobody was handed it is known at the end.
    let until = match anomaly.kind {
        Unseen => u64::MAX,
        _ => anomaly.at + 2_000_000,
    };
    run.advance(until, usize::MAX, &mut |event| {
        // Put aside is not lost.
        let counts = match event.kind {
            Kind::Effect { service, .. } => Some(service) == anomaly.service,
            Kind::DeadLettered { service, .. } => {
                anomaly.kind == LostEffect && Some(service) == anomaly.service
            }
            _ => false,
        };
        own += u32::from(counts && event.kind.message() == Some(anomaly.message));
    });
    match anomaly.kind {
        LostEffect => own == 0,
        DuplicateEffect => own > 1,
        _ => run.ledger().anomalies().newest().any(|a| {
            (a.kind, a.service, a.message) == (anomaly.kind, anomaly.service, anomaly.message)
        }),
    }
}

#[test]
fn presets_have_their_causes_and_cures() {
    let mut wrong = Vec::new();
    for Expected {
        preset: name,
        kind,
        faults,
        cure,
    } in table()
    {
        let case = Case::of(preset(name).expect("a preset"));
        let first = first_anomaly(&case, &|anomaly| anomaly.kind == kind).expect("it runs");
        let Some(anomaly) = first else {
            wrong.push(format!("{name}: no {}", kind.name()));
            continue;
        };
        let cause = explain(&case, &anomaly).expect("an anomaly that is there again");
        assert!(cause.replays < 60, "{name}: {} replays", cause.replays);
        let found = (site_names(&cause), settings(&cause));
        let wanted = (faults, cure.iter().map(|s| s.to_string()).collect());
        if found != wanted {
            wrong.push(format!(
                "{name}, {}: {found:?} instead of {wanted:?}",
                kind.name()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No kind of anomaly of any preset is missing in the table, and none is there that does not happen.
#[test]
fn every_kind_of_anomaly_of_every_preset_is_in_the_table() {
    let listed: BTreeSet<(&str, AnomalyKind)> =
        table().iter().map(|e| (e.preset, e.kind)).collect();
    let mut found = BTreeSet::new();
    for name in preset_names() {
        let mut run = Run::new(preset(name).expect("a preset")).expect("it runs");
        run.to_end();
        let anomalies = run.ledger().anomalies();
        let there = |kind: &AnomalyKind| {
            let count = anomalies.count(*kind);
            count.allowed + count.violations > 0
        };
        found.extend(
            AnomalyKind::ALL
                .into_iter()
                .filter(there)
                .map(|kind| (name, kind)),
        );
    }
    assert_eq!(found, listed);
}

/// Where no setting helps, the reason is said, and it is not merely that none was found.
#[test]
fn without_a_cure_there_is_a_reason() {
    for Expected {
        preset: name, kind, ..
    } in table().iter().filter(|e| e.cure.is_empty())
    {
        let case = Case::of(preset(name).expect("a preset"));
        let first = first_anomaly(&case, &|anomaly| anomaly.kind == *kind).expect("it runs");
        let told = why::explain(&case, &first.expect("an anomaly")).expect("it is there again");
        assert!(told.cure.is_none(), "{name}");
        assert!(
            told.remedy.starts_with("No setting"),
            "{name}: {}",
            told.remedy
        );
        assert!(told.remedy.contains(':'), "{name}: {}", told.remedy);
    }
}

#[test]
fn decisive_faults_and_cures_hold_in_runs_of_their_own() {
    for Expected {
        preset: name, kind, ..
    } in table()
    {
        let scenario = preset(name).expect("a preset");
        let case = Case::of(scenario.clone());
        let first = first_anomaly(&case, &|anomaly| anomaly.kind == kind).expect("it runs");
        let cause = explain(&case, &first.expect("an anomaly")).expect("it is there again");
        let anomaly = &cause.anomaly;
        let what = format!("{name}, {}", kind.name());
        assert!(happens(&scenario, FaultPlan::default(), anomaly), "{what}");
        assert_eq!(
            cause.decisive.is_empty(),
            cause.weight == Weight::NoneNeeded,
            "{what}"
        );
        holds(&scenario, &cause, &what);
        let Some(cure) = &cause.cure else {
            continue;
        };
        let mut changed = scenario.clone();
        for setting in &cure.settings {
            params::set(&mut changed, &setting.name, &setting.value).expect("a setting");
        }
        assert_eq!(check(&changed), check(&scenario), "{what}");
        assert!(!happens(&changed, FaultPlan::default(), anomaly), "{what}");
    }
}

fn without<'a>(faults: impl IntoIterator<Item = &'a Event>) -> FaultPlan {
    let mut plan = FaultPlan::default();
    for fault in faults {
        plan.suppress(fault.kind.fault().expect("a fault"));
    }
    plan
}

/// What is said of the decisive faults is so in runs from the beginning.
fn holds(scenario: &Scenario, cause: &Cause, what: &str) {
    let (anomaly, faults) = (&cause.anomaly, &cause.decisive);
    match cause.weight {
        Weight::EachNeeded => {
            for fault in faults {
                assert!(
                    !happens(scenario, without([fault]), anomaly),
                    "{what}: {fault:?}"
                );
            }
        }
        Weight::AnyEnough => {
            assert!(!happens(scenario, without(faults), anomaly), "{what}");
            for kept in faults {
                let others = faults.iter().filter(|fault| fault.id != kept.id);
                assert!(
                    happens(scenario, without(others), anomaly),
                    "{what}: {kept:?} is enough"
                );
            }
        }
        Weight::NoneNeeded => {
            let mut all = Vec::new();
            let mut run = Run::new(scenario.clone()).expect("valid");
            run.advance(anomaly.at, usize::MAX, &mut |event| {
                all.extend(event.kind.fault().map(|_| *event));
            });
            assert!(happens(scenario, without(&all), anomaly), "{what}");
        }
    }
}

#[test]
fn of_two_faults_either_can_be_enough() {
    let mut scenario = preset("lost-ack").expect("a preset");
    let twice = preset("network-duplicate").expect("a preset").faults.placed;
    let meant = scenario.faults.placed.clone();
    scenario.faults.placed.extend(twice);
    for fault in &mut scenario.faults.placed {
        if let (Placed::Duplicate { message, .. }, Some(Placed::LoseAck { message: other, .. })) =
            (fault, meant.first())
        {
            *message = *other;
        }
    }
    let case = Case::of(scenario.clone());
    let wanted = |anomaly: &Anomaly| anomaly.kind == DuplicateEffect;
    let first = first_anomaly(&case, &wanted)
        .expect("it runs")
        .expect("a repeat");
    let cause = explain(&case, &first).expect("it is there");
    assert_eq!(cause.weight, Weight::AnyEnough);
    assert_eq!(cause.decisive.len(), 2, "{:?}", cause.decisive);
    holds(&scenario, &cause, "either is enough");
}

#[test]
fn a_fault_long_before_is_found() {
    let mut scenario = preset("acks-0-1-all").expect("a preset");
    for fault in &mut scenario.faults.placed {
        match fault {
            Placed::CutBroker { lasting, .. } => *lasting = Span(lasting.0 + 6_000_000),
            Placed::CrashBroker { at, .. } => *at = Span(at.0 + 6_000_000),
            _ => {}
        }
    }
    scenario.duration = Span(scenario.duration.0 + 6_000_000);
    scenario.cluster.replica_lag_max = Span::s(20);
    scenario.load.messages *= 3;
    // Lost are orders published long after the link was cut.
    let late = |anomaly: &Anomaly| anomaly.kind == LostEffect && anomaly.at > 8_000_000;
    let case = Case::of(scenario.clone());
    let first = first_anomaly(&case, &late)
        .expect("it runs")
        .expect("a late loss");
    let cause = explain(&case, &first).expect("it is there");
    assert_eq!(sites(&cause), [Site::LinkCut, Site::BrokerCrash]);
    holds(&scenario, &cause, "a cut long before");
}

#[test]
fn a_crash_by_hand_is_a_cause_like_any_other() {
    let mut scenario = preset("order-processing").expect("a preset");
    scenario.faults = Default::default();
    scenario.duration = Span::s(3);
    for (name, value) in [("rate", "40"), ("analytics.instances", "1")] {
        params::set(&mut scenario, name, value).expect("a setting");
    }
    let crash = |at| Intervention {
        at: Span::ms(at),
        action: Action::CrashConsumer {
            service: 3,
            instance: 0,
        },
    };
    // Analytics commits first: one of the crashes falls while a message is in hand.
    let found = (400..700).step_by(7).find_map(|at| {
        let case = Case {
            interventions: vec![crash(100), crash(at)],
            ..Case::of(scenario.clone())
        };
        first_anomaly(&case, &about_effects).expect("a run")?;
        Some(explained(&case))
    });
    let cause = found.expect("a loss");
    assert_eq!(cause.anomaly.kind, LostEffect);
    assert_eq!(sites(&cause), [Site::ConsumerCrash]);
    assert_eq!(settings(&cause), ["analytics.guarantee=at-least-once"]);
}

#[test]
fn a_packet_dropped_by_hand_is_dropped_under_other_settings_too() {
    let mut scenario = preset("order-processing").expect("a preset");
    scenario.faults = Default::default();
    scenario.faults.latency = Span::ms(5);
    scenario.producers[0].idempotence = false;
    scenario.services[0].idempotency = Idempotency::None;
    scenario.duration = Span::s(4);
    // The ack of order 8, at a moment at which it is on its way.
    let mut run = Run::new(scenario.clone()).expect("valid");
    let mut found = None;
    while found.is_none() {
        run.step(&mut |_| {});
        let mut packets = run.world().packets();
        let ack = packets.find(|p| p.leg == Leg::Ack && p.about.message == 8);
        found = ack.map(|ack| (run.now(), ack.number));
    }
    let (at, packet) = found.expect("it is on its way");
    let case = Case {
        interventions: vec![Intervention {
            at: Span(at),
            action: Action::Drop { packet },
        }],
        ..Case::of(scenario)
    };
    let cause = explained(&case);
    assert_eq!(
        (cause.anomaly.kind, cause.anomaly.message),
        (DuplicateEffect, 8)
    );
    assert_eq!(settings(&cause), ["idempotence=true"]);
    // Under other settings the number is another packet's, and the ack is lost all the same.
    let mut other = by_name(&case).expect("it runs");
    assert!(other.interventions.is_empty());
    assert_eq!(
        other.scenario.faults.placed,
        [Placed::LoseAck {
            message: 8,
            attempt: 1
        }]
    );
    params::set(&mut other.scenario, "partitions", "7").expect("a setting");
    let lost = |case: &Case| {
        let mut lost = Vec::new();
        let mut replay = case.start().expect("valid");
        replay.advance(u64::MAX, &mut |event| {
            if let Kind::PacketLost { leg, message, .. } = event.kind {
                lost.push((leg, message));
            }
        });
        lost
    };
    assert_eq!(lost(&other), [(Leg::Ack, 8)]);
    let by_number = Case {
        scenario: Scenario {
            faults: case.scenario.faults.clone(),
            ..other.scenario.clone()
        },
        ..case.clone()
    };
    assert_ne!(
        lost(&by_number),
        [(Leg::Ack, 8)],
        "the test is of a number that means something else"
    );
}

#[test]
fn an_explanation_reads_well() {
    let case = Case::of(preset("lost-ack").expect("a preset"));
    let anomaly = first_anomaly(&case, &about_effects)
        .expect("a run")
        .expect("an anomaly");
    let explanation = why::explain(&case, &anomaly).expect("an explanation");
    assert_eq!(
        explanation.sentence,
        "Order 4 was charged more than once (Payment), because the ack of order 4 is lost on its way back, \
         Order API does not know that the order is stored."
    );
    assert_eq!(
        explanation.remedy,
        "With Idempotent producer = true the same weather does not lead to it."
    );
    let tags: Vec<_> = explanation.chain.iter().map(|line| line.event).collect();
    assert!(tags.windows(2).all(|pair| pair[0] < pair[1]), "{tags:?}");
    assert!(
        explanation
            .chain
            .iter()
            .any(|line| line.event == anomaly.event)
    );
    let json = serde_json::to_value(&explanation).expect("plain data");
    assert_eq!(json["anomaly"]["kind"], "duplicate-effect");
    assert_eq!(json["cure"]["settings"][0]["name"], "idempotence");
}

#[test]
fn what_did_not_happen_is_not_explained() {
    let case = Case::of(preset("lost-ack").expect("a preset"));
    let anomaly = first_anomaly(&case, &about_effects)
        .expect("a run")
        .expect("an anomaly");
    let other = Anomaly {
        message: anomaly.message + 1,
        ..anomaly
    };
    assert!(explain(&case, &other).is_err());
}
