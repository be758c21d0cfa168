//! Why it happened: the presets' anomalies have the causes and cures one expects, and every decisive fault is
//! verified by a run of its own without it.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::explain::{Case, Cause, Weight, explain, first_anomaly};
use delivery_lab::scenario::{
    Action, Intervention, Scenario, Span, check, params, preset, preset_names,
};
use delivery_lab::sim::{FaultPlan, Site};
use delivery_lab::timeline::Run;
use delivery_lab::trace::Kind;
use delivery_lab::verdict::{Anomaly, AnomalyKind, AnomalyKind::*};
use delivery_lab::view::why;

/// Preset, what happens there first, the decisive faults' sites, and the settings that help.
const EXPECTED: &[(&str, AnomalyKind, &[Site], &[&str])] = &[
    (
        "order-processing",
        DuplicateEffect,
        &[Site::ConsumerCrash],
        &["notification.guarantee=at-least-once-idempotent"],
    ),
    (
        "fire-and-forget-metrics",
        LostEffect,
        &[Site::RequestLoss],
        &["acks=all", "retries=2147483647"],
    ),
    (
        "lost-message",
        LostEffect,
        &[Site::RequestLoss],
        &["retries=2147483647"],
    ),
    (
        "lost-ack",
        DuplicateEffect,
        &[Site::AckLoss],
        &["idempotence=true"],
    ),
    (
        "two-generals",
        LostEffect,
        &[Site::RequestLoss],
        &["retries=2147483647"],
    ),
    (
        "network-duplicate",
        DuplicateEffect,
        &[Site::Duplication],
        &["idempotence=true"],
    ),
    (
        "idempotent-producer",
        DuplicateEffect,
        &[Site::AckLoss],
        &["idempotence=true"],
    ),
    (
        "retry-reorders",
        OutOfOrderEffect,
        &[Site::RequestLoss],
        &["idempotence=true"],
    ),
    (
        "acks-0-1-all",
        LostEffect,
        &[Site::LinkCut, Site::BrokerCrash],
        &["acks=all"],
    ),
    (
        "unclean-election",
        LostEffect,
        &[Site::LinkCut, Site::BrokerCrash],
        &["uncleanElection=false"],
    ),
    (
        "commit-before",
        LostEffect,
        &[Site::StepCrash],
        &["commits-before.guarantee=at-least-once"],
    ),
    (
        "commit-after",
        DuplicateEffect,
        &[Site::StepCrash],
        &["commits-after.idempotency=idempotency-key"],
    ),
    (
        "batch-skips-failure",
        LostEffect,
        &[Site::TransientFailure],
        &["goes-on.onFailure=dead-letter"],
    ),
    (
        "rebalance-zombie",
        DuplicateEffect,
        &[Site::Pause],
        &["mails.idempotency=idempotency-key"],
    ),
    (
        "partition-key-order",
        OutOfOrderEffect,
        &[],
        &["growAt=never"],
    ),
    (
        "transaction-with-outside-effect",
        DuplicateEffect,
        &[Site::StepCrash],
        &["in-a-transaction.idempotency=idempotency-key"],
    ),
    (
        "iot-sensor",
        OutOfOrderEffect,
        &[Site::RequestLoss, Site::RequestLoss],
        &["inFlight=1"],
    ),
    (
        "auto-commit",
        DuplicateEffect,
        &[Site::ConsumerCrash],
        &["by-interval.guarantee=at-least-once-idempotent"],
    ),
    (
        "never-commit",
        DuplicateEffect,
        &[Site::StepCrash],
        &["notification.commit=after-batch"],
    ),
    (
        "natural-idempotency",
        DuplicateEffect,
        &[Site::StepCrash],
        &["adds-to-the-total.guarantee=at-least-once-idempotent"],
    ),
    (
        "dedup-race",
        DuplicateEffect,
        &[Site::Pause],
        &["asks-first.idempotency=idempotency-key"],
    ),
    (
        "dedup-window",
        DuplicateEffect,
        &[Site::AckLoss],
        &["idempotence=true"],
    ),
    (
        "cross-partition-order",
        OutOfOrderEffect,
        &[Site::RequestLoss],
        &["ships-at-once.early=wait"],
    ),
    (
        "charge-50",
        DuplicateEffect,
        &[Site::StepCrash],
        &["store--dies-sooner.guarantee=at-least-once-idempotent"],
    ),
    (
        "payment-intent",
        DuplicateEffect,
        &[Site::AckLoss],
        &["without-a-key.guarantee=at-least-once-idempotent"],
    ),
    (
        "visibility-timeout",
        DuplicateEffect,
        &[],
        &["mails-a-preview.extendLease=true"],
    ),
    ("visibility-timeout", OutOfOrderEffect, &[], &["fifo=true"]),
    (
        "queue-crash-before-ack",
        DuplicateEffect,
        &[Site::BrokerCrash],
        &["mailer.guarantee=at-least-once-idempotent"],
    ),
    (
        "dead-letter-breaks-order",
        OutOfOrderEffect,
        &[Site::TransientFailure, Site::TransientFailure],
        &["maxReceiveCount=10"],
    ),
    (
        "push-notification",
        LostEffect,
        &[Site::ConsumerCrash],
        &["notifier.guarantee=at-least-once"],
    ),
    (
        "pubsub-nobody-listening",
        LostEffect,
        &[],
        &["ticker.startAt=0ms"],
    ),
    ("slow-subscriber", LostEffect, &[], &[]),
];

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
    run.advance(anomaly.at + 2_000_000, usize::MAX, &mut |event| {
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
    for (name, kind, faults, cure) in EXPECTED {
        let case = Case::of(preset(name).expect("a preset"));
        let first = first_anomaly(&case, &|anomaly| anomaly.kind == *kind).expect("it runs");
        let Some(anomaly) = first else {
            wrong.push(format!("{name}: no {}", kind.name()));
            continue;
        };
        let cause = explain(&case, &anomaly).expect("an anomaly that is there again");
        assert!(cause.replays < 60, "{name}: {} replays", cause.replays);
        let found = (sites(&cause), settings(&cause));
        let wanted = (
            faults.to_vec(),
            cure.iter().map(|s| s.to_string()).collect(),
        );
        if found != wanted {
            wrong.push(format!(
                "{name}, {}: {found:?} instead of {wanted:?}",
                kind.name()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No preset in which an effect goes wrong is missing in the table.
#[test]
fn every_preset_with_an_anomaly_is_in_the_table() {
    for name in preset_names() {
        let case = Case::of(preset(name).expect("a preset"));
        let anomaly = first_anomaly(&case, &about_effects).expect("it runs");
        let listed = EXPECTED.iter().any(|(known, ..)| *known == name);
        assert_eq!(anomaly.is_some(), listed, "{name}: {anomaly:?}");
    }
}

#[test]
fn decisive_faults_and_cures_hold_in_runs_of_their_own() {
    for (name, kind, ..) in EXPECTED {
        let scenario = preset(name).expect("a preset");
        let case = Case::of(scenario.clone());
        let first = first_anomaly(&case, &|anomaly| anomaly.kind == *kind).expect("it runs");
        let cause = explain(&case, &first.expect("an anomaly")).expect("it is there again");
        let anomaly = &cause.anomaly;
        assert!(happens(&scenario, FaultPlan::default(), anomaly), "{name}");
        assert_eq!(
            cause.decisive.is_empty(),
            cause.weight == Weight::NoneNeeded,
            "{name}"
        );
        if cause.weight == Weight::EachNeeded {
            for fault in &cause.decisive {
                let mut plan = FaultPlan::default();
                plan.suppress(fault.kind.fault().expect("a fault"));
                assert!(!happens(&scenario, plan, anomaly), "{name}: {fault:?}");
            }
        }
        let Some(cure) = &cause.cure else {
            continue;
        };
        let mut changed = scenario.clone();
        for setting in &cure.settings {
            params::set(&mut changed, &setting.name, &setting.value).expect("a setting");
        }
        assert_eq!(check(&changed), check(&scenario), "{name}");
        assert!(!happens(&changed, FaultPlan::default(), anomaly), "{name}");
    }
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
