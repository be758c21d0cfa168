//! The same scenario and seed give the same run: on every platform, however it is driven, and for
//! everybody whom a change of settings does not concern.
//!
//! `UPDATE_GOLDEN=1 cargo test --test determinism` writes `tests/data/golden_hashes.json` anew. Do so
//! when a change is meant to change what happens in a run, and say so in the commit.

#![cfg_attr(target_arch = "wasm32", allow(dead_code, unused_imports))]

mod weather;

use delivery_lab::scenario::*;
use delivery_lab::sim::mix;
use delivery_lab::timeline::Run;
use delivery_lab::trace::{Event, Kind, Leg};
use std::collections::BTreeMap;
use weather::Weather;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Seed or preset, number of events and hash of the trace.
type Golden = BTreeMap<String, (u64, String)>;

/// The order scenario for ten seconds, with everything going wrong now and then.
fn scenario(seed: u32) -> Scenario {
    let weather = Weather {
        loss: 50,
        ack_loss: 50,
        delivery_loss: 50,
        commit_loss: 50,
        duplicate: 30,
        crash_before_commit: 10,
        consumer_crash: 8_000,
        broker_crash: 15_000,
        rate: 50,
        messages: 0,
        ..Weather::calm(seed)
    };
    let mut scenario = weather.over(preset("order-processing").expect("the main preset"));
    scenario.duration = Span::s(10);
    scenario.drain = Span::s(600);
    scenario
}

/// A preset with brokers that die besides: queues, exchanges, subscriptions, transactions and elections.
fn with_dying_brokers(name: &str) -> Scenario {
    let mut scenario = preset(name).expect("every listed preset can be made");
    scenario.faults.broker_crash = Span::s(9);
    scenario.duration = scenario.duration.min(Span::s(20));
    scenario
}

fn hashes() -> Golden {
    let of = |(name, scenario): (String, Scenario)| {
        let mut run = Run::new(scenario).expect("a scenario that can be built");
        run.to_end();
        let hash = format!("{:016x}", run.world().trace_hash().value());
        (name, (run.world().traced(), hash))
    };
    let seeds = (1..=20).map(|seed| (format!("seed {seed:02}"), scenario(seed)));
    let presets = preset_names().map(|name| (name.to_string(), with_dying_brokers(name)));
    seeds.chain(presets).map(of).collect()
}

/// Writes the file where that is wanted and possible.
fn update(found: &Golden) {
    let wanted = cfg!(not(target_arch = "wasm32")) && std::env::var_os("UPDATE_GOLDEN").is_some();
    if wanted {
        let lines: Vec<String> = found
            .iter()
            .map(|(name, (events, hash))| format!("  \"{name}\": [{events}, \"{hash}\"]"))
            .collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden_hashes.json");
        let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
        std::fs::write(path, text).expect("the file can be written");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn runs_are_the_same_everywhere() {
    let found = hashes();
    update(&found);
    if cfg!(target_arch = "wasm32") || std::env::var_os("UPDATE_GOLDEN").is_none() {
        let golden: Golden = serde_json::from_str(include_str!("data/golden_hashes.json"))
            .expect("seeds and presets with events and hashes");
        assert_eq!(found.len(), 20 + preset_names().count());
        assert_eq!(golden, found, "if this is meant: UPDATE_GOLDEN=1");
    }
}

/// A run with all its events.
fn traced(scenario: Scenario) -> (Run, Vec<Event>) {
    let mut run = Run::new(scenario).expect("a scenario that can be built");
    let mut events = Vec::new();
    run.advance(u64::MAX, usize::MAX, &mut |event| events.push(*event));
    (run, events)
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn however_it_is_driven() {
    for seed in 1..=5 {
        let (whole, _) = traced(scenario(seed));
        let mut run = Run::new(scenario(seed)).expect("a scenario that can be built");
        for nth in 0.. {
            let bits = mix(u64::from(seed) << 32 | nth);
            match bits % 4 {
                0 => run.step(&mut |_| {}),
                1 => drop(run.advance(u64::MAX, 1 + bits as usize % 700, &mut |_| {})),
                _ => drop(run.advance(run.now() + bits % 90_000, usize::MAX, &mut |_| {})),
            }
            if run.finished() {
                break;
            }
        }
        assert_eq!(run.world().trace_hash(), whole.world().trace_hash());
        assert_eq!(run.now(), whole.now());
        assert_eq!(run.report(), whole.report());
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_snapshot_goes_on_as_the_original() {
    for seed in 1..=5 {
        let (whole, _) = traced(scenario(seed));
        let mut run = Run::new(scenario(seed)).expect("a scenario that can be built");
        let mut snapshots = Vec::new();
        while !run.finished() {
            snapshots.push(run.clone());
            run.advance(run.now() + 2_500_000, usize::MAX, &mut |_| {});
        }
        assert!(snapshots.len() > 3);
        for mut snapshot in snapshots.into_iter().rev() {
            snapshot.to_end();
            assert_eq!(snapshot.world().trace_hash(), whole.world().trace_hash());
            assert_eq!(snapshot.report(), whole.report());
        }
    }
}

/// Which service an event is about, where it is about one.
fn service_of(kind: &Kind) -> Option<u16> {
    use Kind::*;
    match *kind {
        PacketLost {
            leg: Leg::Delivery | Leg::Commit,
            service,
            ..
        }
        | Delivered { service, .. }
        | Step { service, .. }
        | Effect { service, .. }
        | Skipped { service, .. }
        | RolledBack { service, .. }
        | Failed { service, .. }
        | Processed { service, .. }
        | HeldBack { service, .. }
        | DeadLettered { service, .. }
        | Dropped { service, .. }
        | CommitSent { service, .. }
        | Committed { service, .. }
        | CommitRefused { service, .. }
        | Joined { service, .. }
        | Removed { service, .. }
        | Rebalancing { service, .. }
        | Assigned { service, .. }
        | TransactionBegan { service, .. }
        | TransactionDecided { service, .. } => Some(service),
        Crashed { party, .. } | Restarted { party } | Paused { party, .. } | Fenced { party } => {
            match party {
                delivery_lab::trace::Party::Member(service, _) => Some(service),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Everything that happened, and when, without what concerns this service (and without the numbers of
/// events, which its events push along).
fn without(service: u16, run: &Run, events: &[Event], until: u64) -> Vec<(u64, Kind)> {
    // Producer ids are numbers in the order of asking, as a real coordinator's are.
    let numbered = |kind: &Kind| matches!(kind, Kind::ProducerReady { .. });
    assert!(run.finished());
    events
        .iter()
        .filter(|event| event.at <= until && !numbered(&event.kind))
        .filter(|event| service_of(&event.kind) != Some(service))
        .map(|event| (event.at, event.kind))
        .collect()
}

/// Whatever Payment promises, everybody else meets the same losses and crashes at the same moments.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn the_same_weather_for_everyone_else() {
    for seed in 1..=5 {
        let (run, events) = traced(scenario(seed));
        for guarantee in Guarantee::ALL {
            for instances in [1, 3] {
                let mut changed = scenario(seed);
                changed.services[0].promise(guarantee);
                changed.services[0].instances = instances;
                let (other, other_events) = traced(changed);
                // The runs may end at different moments: only Payment's end differs.
                let until = run.now().min(other.now());
                let (here, there) = (
                    without(0, &run, &events, until),
                    without(0, &other, &other_events, until),
                );
                let first = here.iter().zip(&there).find(|(a, b)| a != b);
                assert_eq!(first, None, "seed {seed}, {guarantee:?}, {instances}");
                assert_eq!(here.len(), there.len());
                let payment = |events: &[Event]| {
                    events
                        .iter()
                        .filter(|event| service_of(&event.kind) == Some(0))
                        .count()
                };
                let same = guarantee == Guarantee::AtLeastOnceIdempotent && instances == 1;
                assert_eq!(same, payment(&events) == payment(&other_events));
            }
        }
    }
}
