//! The scenario that the benches of the whole lab run.

use delivery_lab::scenario::{Scenario, Span, preset};

/// Orders a second.
#[allow(dead_code)] // not every bench counts orders
pub const RATE: u32 = 10_000;

/// `order-processing` at 10,000 orders a second, with its usual faults and services that keep up.
pub fn busy(lasting: Span) -> Scenario {
    let mut scenario = preset("order-processing").expect("it is built in");
    scenario.load.rate = RATE;
    scenario.duration = lasting;
    for service in &mut scenario.services {
        service.service_time = Span(20);
        service.max_poll = 500;
    }
    scenario
}
