//! The kernel alone: the event queue under the workload AB1, beside the plainest queue there is.
//! Prints `name value unit` lines, natively and (as the same program) in a browser.
//! With `--once lab` or `--once plain` it runs the workload once and prints the events handled, for a tool that
//! counts instructions.

mod ab1;
mod meter;

use ab1::{Counts, PlainHeap};
use delivery_lab::sim::Queue;
use meter::{least_ms, report};
use std::hint::black_box;

const MESSAGES: u32 = 100_000;
const ROUNDS: usize = 15;

/// Kept out of line, so that instructions can be counted from here on.
#[inline(never)]
fn lab_workload() -> Counts {
    ab1::run::<Queue<ab1::Event>>(black_box(MESSAGES), black_box(1))
}

#[inline(never)]
fn plain_workload() -> Counts {
    ab1::run::<PlainHeap>(black_box(MESSAGES), black_box(1))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--once") {
        let plain = arguments.get(at + 1).is_some_and(|which| which == "plain");
        let counts = if plain {
            plain_workload()
        } else {
            lab_workload()
        };
        println!("{}", counts.events);
        return;
    }
    let counts = lab_workload();
    assert_eq!(
        Counts { stale: 0, ..counts },
        ab1::EXPECTED,
        "this is not AB1"
    );
    let [ours, plain] = least_ms(
        ROUNDS,
        [
            || {
                black_box(lab_workload());
            },
            || {
                black_box(plain_workload());
            },
        ],
    );
    let events_per_ms = counts.events as f64 / ours;
    report("kernel_events_per_second", events_per_ms * 1000.0, "1/s");
    report(
        "kernel_us_per_message",
        ours * 1000.0 / f64::from(MESSAGES),
        "us",
    );
    report("kernel_over_plain_heap", ours / plain, "x");
}
