//! Kafka transactions: what they cover, and what they cannot.

use super::kit::*;
use crate::scenario::*;

/// A service that reads one topic and writes another.
fn hop(name: &str, from: &str, to: &str) -> Service {
    Service {
        output: to.into(),
        ..service(name, from, EffectKind::Record, Guarantee::ExactlyOnce)
    }
}

/// Read, process, write, twice in a row, and a crash at each.
pub(super) fn kafka_transaction() -> Scenario {
    let mut s = story("order", 4, 32);
    s.watch_for = "order 9 is priced when the instance dies: the record is in the log, but nobody is shown it.".into();
    s.topics = vec![log("orders", 1), log("priced", 1), log("invoices", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![
        hop("Pricing", "orders", "priced"),
        hop("Invoicing", "priced", "invoices"),
        service(
            "Archive",
            "invoices",
            EffectKind::Stock,
            Guarantee::ExactlyOnce,
        ),
    ];
    s.services[2].read_committed = true;
    s.faults.placed = vec![
        crash_after("Pricing", 9, HandlerStep::Effect),
        crash_after("Invoicing", 17, HandlerStep::Effect),
    ];
    s.expects = ["Pricing", "Invoicing", "Archive"]
        .iter()
        .flat_map(|name| {
            [
                expect(name, "effects", "=", 32),
                expect(name, "duplicated", "=", 0),
                expect(name, "lost", "=", 0),
            ]
        })
        .collect();
    s.expects.push(expect("Pricing", "delivered", ">", 32));
    s.expects.push(expect("Invoicing", "delivered", ">", 32));
    s
}

/// A charge inside a Kafka transaction is not inside it at all.
pub(super) fn transaction_with_outside_effect() -> Scenario {
    let mut s = story("order", 4, 24);
    s.watch_for =
        "order 7: the transaction is undone with the instance, the charge is not, and comes again."
            .into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![
        service(
            "In a transaction",
            "orders",
            EffectKind::Charge,
            Guarantee::ExactlyOnce,
        ),
        service(
            "With a key",
            "orders",
            EffectKind::Charge,
            Guarantee::AtLeastOnceIdempotent,
        ),
    ];
    for name in ["In a transaction", "With a key"] {
        s.faults
            .placed
            .push(crash_after(name, 7, HandlerStep::Effect));
    }
    s.expects = vec![
        expect("In a transaction", "duplicated", ">=", 1),
        expect("In a transaction", "held", "=", 0),
        expect("With a key", "duplicated", "=", 0),
        expect("With a key", "held", "=", 1),
    ];
    s
}
