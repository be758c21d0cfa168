//! Any preset under any parameters: it can be run or says why not, comes to an end, its figures add up, and what its
//! settings rule out does not happen.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::Event;
use proptest::prelude::*;

/// Events that a run of 40 messages may take at most, however it is set.
const ENDLESS: usize = 3_000_000;

/// A preset with some parameters at other values, as far as they go together, and little to do.
fn any_scenario() -> impl Strategy<Value = Scenario> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..12);
    (any::<prop::sample::Index>(), any::<u32>(), changes).prop_map(|(which, seed, changes)| {
        let names: Vec<&str> = preset_names().collect();
        let mut scenario = preset(names[which.index(names.len())]).expect("a preset");
        let handles = params::of(&scenario);
        for (which, bits) in changes {
            let handle = which.get(&handles);
            let stops = handle.param.kind.stops();
            let (least, most) = handle.param.kind.bounds();
            let raw = match stops.len() {
                0 => least + bits % (most - least + 1),
                several => stops[bits as usize % several],
            };
            let mut changed = scenario.clone();
            if handle.set_raw(&mut changed, raw).is_ok() && check(&changed).is_empty() {
                scenario = changed;
            }
        }
        scenario.seed = seed;
        scenario.load.messages = match scenario.load.messages {
            0 => 40,
            most => most.min(40),
        };
        scenario.duration = scenario.duration.min(Span::s(20));
        scenario.drain = scenario.drain.min(Span::s(60));
        scenario
    })
}

/// A run to its end, with every event of it.
fn traced(scenario: &Scenario) -> Result<(Run, Vec<Event>), String> {
    let mut run = Run::new(scenario.clone()).map_err(|why| format!("checked, but {why:?}"))?;
    let mut events = Vec::new();
    run.advance(u64::MAX, ENDLESS, &mut |event| events.push(*event));
    if !run.finished() {
        return Err(format!("no end: {} µs, {:?}", run.now(), events.last()));
    }
    Ok((run, events))
}

/// Everything that must be true of a finished run; the first thing that is not.
fn wrong(scenario: &Scenario) -> Result<(), String> {
    let (run, events) = traced(scenario)?;
    for (event, nth) in events.iter().zip(1..) {
        let before = events.get((nth as usize).wrapping_sub(2));
        let in_time = before.is_none_or(|before| before.at <= event.at);
        if event.id != nth || event.cause >= event.id || !in_time {
            return Err(format!("out of place: {event:?}"));
        }
    }
    let report = run.report();
    if report.acked > report.published {
        return Err(format!("more acknowledged than published: {report:?}"));
    }
    for (service, i) in report.services.iter().zip(0..) {
        let first = service.effects - service.duplicated;
        let accounted = first + service.lost + service.pending + service.dead_lettered;
        if accounted != service.published || service.processed > service.delivered {
            return Err(format!("the figures do not add up: {service:?}"));
        }
        if run.world().settled() && service.pending > 0 {
            return Err(format!("settled, but to come: {service:?}"));
        }
        let kept = kept_by_settings(scenario, i);
        let lost = service.lost_acknowledged > 0 && kept.loses.is_empty();
        if lost || service.duplicated > 0 && kept.repeats.is_empty() {
            return Err(format!("ruled out by {kept:?}: {service:?}"));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_preset_under_any_parameters_keeps_the_rules(scenario in any_scenario()) {
        let outcome = wrong(&scenario);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}
