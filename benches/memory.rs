//! Memory over simulated time at 10,000 orders a second: an hour natively, ten minutes in a browser.
//! `--minutes N` for another length.

mod meter;
mod orders;

use delivery_lab::scenario::Span;
use delivery_lab::timeline::Run;
use meter::{memory_mb, report};

const MINUTES: u64 = if cfg!(target_arch = "wasm32") { 10 } else { 60 };
/// Minutes after which it is measured.
const MARKS: [u64; 7] = [1, 2, 5, 10, 20, 30, 60];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = arguments
        .iter()
        .position(|argument| argument == "--minutes");
    let asked = asked.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let minutes: u64 = asked.unwrap_or(MINUTES);
    let mut run = Run::new(orders::busy(Span::s(minutes * 60))).expect("the scenario is valid");
    for minute in 1..=minutes {
        run.advance(Span::s(minute * 60).0, usize::MAX, &mut |_| {});
        if MARKS.contains(&minute) || minute == minutes {
            report(&format!("memory_after_{minute}_min"), memory_mb(), "MB");
        }
    }
    report("memory_orders", run.world().published() as f64, "orders");
}
