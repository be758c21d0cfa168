//! Every event has a cause, but for those with which something begins.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use delivery_lab::scenario::{Action, Scenario, Span, preset, preset_names};
use delivery_lab::timeline::{Run, Timeline};
use delivery_lab::trace::{Event, Kind, Party};

/// Whether nothing needs to have come before: chance, a person, or the scenario begins it.
fn begins(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Published { .. }
            | Kind::Crashed { .. }
            | Kind::Paused { .. }
            | Kind::LinkCut { .. }
            | Kind::Grown { .. }
    )
}

/// What a process does when it starts for the first time has no cause either; gives whose it is.
fn starts(kind: &Kind) -> Option<u16> {
    match *kind {
        Kind::Rebalancing { service, .. } | Kind::Subscribed { service, .. } => Some(service),
        Kind::ProducerReady { .. } => Some(u16::MAX),
        _ => None,
    }
}

fn events(scenario: Scenario) -> Vec<Event> {
    let mut events = Vec::new();
    let mut run = Run::new(scenario).expect("valid");
    run.advance(40_000_000, 200_000, &mut |event| events.push(*event));
    events
}

#[test]
fn every_event_has_a_cause_before_it() {
    for name in preset_names() {
        for broker_crash in [Span(0), Span::s(5)] {
            let mut s = preset(name).expect("built in");
            s.faults.broker_crash = broker_crash;
            s.faults.consumer_crash = Span::s(6);
            let mut started_before = Vec::new();
            for event in events(s) {
                match event.kind {
                    Kind::Removed { service, .. } => started_before.push(service),
                    Kind::Crashed { party, .. } => started_before.push(match party {
                        Party::Member(service, _) => service,
                        Party::Producer(_) | Party::Broker(_) => u16::MAX,
                    }),
                    _ => {}
                }
                let first = starts(&event.kind).is_some_and(|who| !started_before.contains(&who));
                let free = begins(&event.kind) || first;
                assert!(event.cause < event.id, "{name}: {event:?}");
                assert!(event.cause > 0 || free, "{name}: {event:?}");
            }
        }
    }
}

#[test]
fn an_effect_goes_back_to_its_publishing_or_to_the_death_that_repeated_it() {
    for name in preset_names() {
        let events = events(preset(name).expect("built in"));
        let by_id: BTreeMap<u64, &Event> = events.iter().map(|event| (event.id, event)).collect();
        let effects = events
            .iter()
            .filter(|e| matches!(e.kind, Kind::Effect { .. }));
        for effect in effects {
            let mut at = effect;
            while at.cause > 0 {
                at = by_id[&at.cause];
            }
            let Kind::Effect { message, nth, .. } = effect.kind else {
                continue;
            };
            let own = matches!(at.kind, Kind::Published { message: m, .. } if m == message);
            let again = begins(&at.kind) || starts(&at.kind).is_some();
            assert!(
                own || nth > 1 || again,
                "{name}: {effect:?} goes back to {at:?}"
            );
            assert!(again, "{name}: {effect:?} goes back to {at:?}");
        }
    }
}

#[test]
fn a_crash_by_hand_is_where_what_follows_goes_back_to() {
    let mut timeline = Timeline::new(preset("order-processing").expect("built in")).expect("valid");
    timeline.seek(4_000_000);
    let crash = Action::CrashConsumer {
        service: 0,
        instance: 0,
    };
    timeline.intervene(crash).expect("it is up");
    timeline.seek(9_000_000);
    let events: Vec<Event> = timeline.events().copied().collect();
    let crashed = events
        .iter()
        .rfind(|e| e.at == 4_000_000 && matches!(e.kind, Kind::Crashed { .. }));
    let mut from = vec![crashed.expect("it crashed").id];
    for event in &events {
        if from.contains(&event.cause) {
            from.push(event.id);
        }
    }
    let led_to = |wanted: fn(&Kind) -> bool| {
        events
            .iter()
            .any(|e| from.contains(&e.id) && wanted(&e.kind))
    };
    assert!(led_to(|kind| matches!(kind, Kind::Restarted { .. })));
    assert!(led_to(|kind| matches!(kind, Kind::Removed { .. })));
    assert!(led_to(|kind| matches!(kind, Kind::Assigned { .. })));
    assert!(led_to(|kind| matches!(
        kind,
        Kind::Delivered { nth: 2, .. }
    )));
    assert!(led_to(|kind| matches!(
        kind,
        Kind::Processed { .. } | Kind::Skipped { .. }
    )));
}
