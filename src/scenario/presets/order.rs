//! Order: by key within a partition, and no further.

use super::kit::*;
use crate::scenario::*;

/// Partitions are added, and keys move away from what was there before.
pub(super) fn partition_key_order() -> Scenario {
    let mut s = story("change", 12, 72);
    s.watch_for =
        "a key that moves at 4 s: its new changes overtake the old ones that still wait elsewhere."
            .into();
    s.load.users = 8;
    s.topics = vec![Topic {
        name: "changes".into(),
        channel: Channel::Log(LogChannel {
            partitions: 2,
            grow_at: Span::s(4),
            grow_to: 5,
            ..LogChannel::default()
        }),
    }];
    s.producers = vec![producer("Shop", "changes")];
    s.services = vec![Service {
        instances: 5,
        service_time: Span::ms(220),
        ..service(
            "Accounts",
            "changes",
            EffectKind::Stock,
            Guarantee::AtLeastOnceIdempotent,
        )
    }];
    s.expects = vec![
        expect("Accounts", "out_of_order", ">=", 1),
        expect("Accounts", "lost", "=", 0),
        expect("Accounts", "duplicated", "=", 0),
    ];
    s
}

/// An account and its first order go to different topics: a service that trips over it, and three cures.
pub(super) fn cross_partition_order() -> Scenario {
    let lost = |message| Placed::LoseRequest {
        message,
        attempt: 1,
    };
    let mut s = story("event", 8, 40);
    s.watch_for =
        "event 7, an order whose account is still on its way: one service ships it, one lets it wait, one fails and tries again."
            .into();
    s.load.users = 100;
    s.load.in_a_row = 2;
    s.topics = vec![log("accounts", 1), log("orders", 1), log("customers", 2)];
    s.producers = vec![
        Producer {
            topics: vec!["accounts".into(), "orders".into()],
            ..producer("Two topics", "accounts")
        },
        producer("Same key, same topic", "customers"),
    ];
    for producer in &mut s.producers {
        producer.request_timeout = Span::ms(600);
    }
    let both = |name: &str, early| Service {
        topics: vec!["accounts".into(), "orders".into()],
        early,
        ..service(name, "accounts", EffectKind::Stock, Guarantee::AtLeastOnce)
    };
    s.services = vec![
        both("Ships at once", Early::Process),
        both("Waits its turn", Early::Wait),
        both("Tries again", Early::Retry),
        service(
            "One partition",
            "customers",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.placed = vec![lost(5), lost(6)];
    s.expects = vec![
        expect("Ships at once", "out_of_order", ">=", 1),
        expect("Waits its turn", "out_of_order", "=", 0),
        expect("Waits its turn", "effects", "=", 20),
        expect("Tries again", "out_of_order", "=", 0),
        expect("Tries again", "effects", "=", 20),
        expect("One partition", "out_of_order", "=", 0),
        expect("One partition", "effects", "=", 20),
    ];
    s
}
