//! Time travel: how long it takes to be anywhere in a run of 1,000,000 events.

mod meter;
mod orders;

use delivery_lab::scenario::Span;
use delivery_lab::sim::Draw;
use delivery_lab::timeline::Timeline;
use meter::{memory_mb, now_ms, report};

const EVENTS: u64 = 1_000_000;
const SEEKS: u64 = 400;

fn main() {
    let before = memory_mb();
    let mut timeline = Timeline::new(orders::busy(Span::s(60))).expect("the scenario is valid");
    while timeline.run().world().handled() < EVENTS {
        timeline.advance(timeline.now() + 10_000, usize::MAX);
    }
    let end = timeline.now();
    report("seek_history_memory", memory_mb() - before, "MB");
    let draw = Draw::new(1);
    let mut times: Vec<f64> = (0..SEEKS)
        .map(|nth| {
            let start = now_ms();
            timeline.seek(draw.bits(0, nth, 0) % end);
            now_ms() - start
        })
        .collect();
    times.sort_by(f64::total_cmp);
    report("seek_p50", times[times.len() / 2], "ms");
    report("seek_p95", times[times.len() * 95 / 100], "ms");
}
