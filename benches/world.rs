//! The whole core: `order-processing` at 10,000 orders a second, with trace and ledger, as the page runs it.
//! With `--once` it runs once and prints the events handled, for a profiler.

mod meter;
mod orders;

use delivery_lab::scenario::Span;
use delivery_lab::timeline::Run;
use meter::{least_ms, report};
use std::hint::black_box;

const SECONDS: u64 = 10;
const ROUNDS: usize = 5;

/// Runs it, and answers the events of the queue and of the trace.
#[inline(never)]
fn world_workload() -> (u64, u64) {
    let scenario = orders::busy(black_box(Span::s(SECONDS)));
    let mut run = Run::new(scenario).expect("the scenario is valid");
    run.advance(Span::s(SECONDS).0, usize::MAX, &mut |event| {
        black_box(event);
    });
    (run.world().handled(), run.world().traced())
}

fn main() {
    let (handled, traced) = world_workload();
    if std::env::args().any(|argument| argument == "--once") {
        println!("{handled}");
        return;
    }
    let workload = || {
        black_box(world_workload());
    };
    let [ms] = least_ms(ROUNDS, [workload]);
    let orders = (u64::from(orders::RATE) * SECONDS) as f64;
    report(
        "world_events_per_second",
        handled as f64 / ms * 1000.0,
        "1/s",
    );
    report(
        "world_traced_per_second",
        traced as f64 / ms * 1000.0,
        "1/s",
    );
    report("world_us_per_order", ms * 1000.0 / orders, "us");
    report(
        "world_share_of_real_time",
        ms / (SECONDS as f64 * 10.0),
        "%",
    );
}
