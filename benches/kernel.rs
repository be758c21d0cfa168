//! The kernel alone: the event queue under the workload AB1, without and with the trace, beside the plainest queue
//! there is. Prints `name value unit` lines, natively and (as the same program) in a browser.
//! With `--once lab`, `--once traced` or `--once plain` it runs the workload once and prints the events handled, for
//! a tool that counts instructions.

mod ab1;
mod meter;

use ab1::{Counts, PlainHeap};
use delivery_lab::sim::Queue;
use delivery_lab::trace::Recorder;
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
fn traced_workload() -> Counts {
    ab1::run_on_tape::<Queue<ab1::Event>, Recorder>(black_box(MESSAGES), black_box(1))
}

#[inline(never)]
fn plain_workload() -> Counts {
    ab1::run::<PlainHeap>(black_box(MESSAGES), black_box(1))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--once") {
        let counts = match arguments.get(at + 1).map(String::as_str) {
            Some("plain") => plain_workload(),
            Some("traced") => traced_workload(),
            _ => lab_workload(),
        };
        println!("{}", counts.events);
        return;
    }
    for counts in [lab_workload(), traced_workload()] {
        let counted = Counts { stale: 0, ..counts };
        assert_eq!(counted, ab1::EXPECTED, "this is not AB1");
    }
    let workloads = [lab_workload, traced_workload, plain_workload].map(|workload| {
        move || {
            black_box(workload());
        }
    });
    let [ours, traced, plain] = least_ms(ROUNDS, workloads);
    let us_per_message = |ms: f64| ms * 1000.0 / f64::from(MESSAGES);
    let events_per_second = ab1::EXPECTED.events as f64 / ours * 1000.0;
    report("kernel_events_per_second", events_per_second, "1/s");
    report("kernel_us_per_message", us_per_message(ours), "us");
    report("kernel_traced_us_per_message", us_per_message(traced), "us");
    report("kernel_over_plain_heap", ours / plain, "x");
}
