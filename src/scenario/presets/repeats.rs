//! Recognising a repeat, and doing without.

use super::kit::*;
use crate::scenario::*;

/// The same crash, and two ways to write the effect down.
pub(super) fn natural_idempotency() -> Scenario {
    let mut s = story("change", 4, 20);
    s.watch_for =
        "change 7, made twice by both: the one that sets a value is none the worse for it.".into();
    s.topics = vec![log("changes", 1)];
    s.producers = vec![producer("Shop", "changes")];
    s.services = vec![
        service(
            "Sets the price",
            "changes",
            EffectKind::Stock,
            Guarantee::AtLeastOnceIdempotent,
        ),
        service(
            "Adds to the total",
            "changes",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.services[0].idempotency = Idempotency::Natural;
    for name in ["Sets the price", "Adds to the total"] {
        s.faults
            .placed
            .push(crash_after(name, 7, HandlerStep::Effect));
    }
    s.expects = vec![
        expect("Sets the price", "duplicated", "=", 0),
        expect("Sets the price", "lost", "=", 0),
        expect("Sets the price", "held", "=", 1),
        expect("Adds to the total", "duplicated", "=", 1),
        expect("Adds to the total", "lost", "=", 0),
    ];
    s
}

/// A repeat that comes when its id has been forgotten.
pub(super) fn dedup_window() -> Scenario {
    let mut s = story("payment", 5, 30);
    s.watch_for =
        "payment 4 and its repeat 3 s later: only the service that forgets nothing still knows it."
            .into();
    s.topics = vec![log("payments", 1)];
    s.producers = vec![Producer {
        request_timeout: Span::s(3),
        ..plain_producer("Shop", "payments")
    }];
    s.services = ["Remembers 5", "Remembers 2 s", "Remembers all"]
        .map(|name| {
            let idempotent = Guarantee::AtLeastOnceIdempotent;
            service(name, "payments", EffectKind::Stock, idempotent)
        })
        .into();
    s.services[0].memory = 5;
    s.services[1].memory_for = Span::s(2);
    s.faults.placed = vec![Placed::LoseAck {
        message: 4,
        attempt: 1,
    }];
    s.expects = vec![
        expect("Remembers 5", "duplicated", "=", 1),
        expect("Remembers 5", "held", "=", 0),
        expect("Remembers 2 s", "duplicated", "=", 1),
        expect("Remembers 2 s", "held", "=", 0),
        expect("Remembers all", "duplicated", "=", 0),
        expect("Remembers all", "lost", "=", 0),
    ];
    s
}
