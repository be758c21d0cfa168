//! The event queue runs the shared workload AB1 exactly as every other simulator does, natively and in a browser.

#[path = "../benches/ab1/mod.rs"]
mod ab1;

use ab1::{Counts, EXPECTED, Event, PlainHeap};
use delivery_lab::sim::Queue;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn ab1_counts_as_everywhere() {
    let counts = ab1::run::<Queue<Event>>(100_000, 1);
    assert_eq!(Counts { stale: 0, ..counts }, EXPECTED);
    assert_eq!(counts, ab1::run::<PlainHeap>(100_000, 1));
}
