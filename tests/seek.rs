//! Time travel in wasm: how long it takes to be anywhere in a run of 1,000,000 events, and that one is there.
#![cfg(target_arch = "wasm32")]

use delivery_lab::scenario::{Span, preset};
use delivery_lab::sim::Draw;
use delivery_lab::timeline::{Run, Timeline};
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

const EVENTS: u64 = 1_000_000;
const SEEKS: u64 = 200;
/// Events that a seek may replay: what takes far less than the 16 ms it has, on any machine.
const REPLAYED: u64 = 6_100;

/// Holds how much is replayed, which no other work on the machine changes; prints the time it took for the build that is tested; `make bench` takes it for the build that is published.
#[wasm_bindgen_test]
fn a_seek_in_a_run_of_a_million_events_lands_where_the_run_was() {
    let mut scenario = preset("order-processing").expect("it is built in");
    scenario.load.rate = 10_000;
    scenario.duration = Span::s(60);
    for service in &mut scenario.services {
        service.service_time = Span(20);
        service.max_poll = 500;
    }
    let place = |run: &Run| {
        (
            run.now(),
            run.world().traced(),
            run.world().trace_hash().value(),
        )
    };
    let mut timeline = Timeline::new(scenario).expect("it runs");
    let mut passed = Vec::new();
    while timeline.run().world().handled() < EVENTS {
        timeline.advance(timeline.now() + 10_000, usize::MAX);
        passed.push(place(timeline.run()));
    }
    let draw = Draw::new(1);
    let clock = web_sys::window()
        .and_then(|w| w.performance())
        .expect("a clock");
    let (mut times, mut replayed) = (Vec::new(), 0);
    for nth in 0..SEEKS {
        let there = passed[(draw.bits(0, nth, 0) % passed.len() as u64) as usize];
        let start = clock.now();
        timeline.seek(there.0);
        times.push(clock.now() - start);
        replayed = replayed.max(timeline.replayed());
        assert_eq!(
            place(timeline.run()),
            there,
            "the run is the same there as when it went by"
        );
    }
    assert!(
        (1..=REPLAYED).contains(&replayed),
        "{replayed} events replayed for one seek"
    );
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[times.len() * percent / 100];
    console_log!(
        "seek in {EVENTS} events: p50 {:.2} ms, p95 {:.2} ms, {replayed} events replayed at most",
        at(50),
        at(95)
    );
}
