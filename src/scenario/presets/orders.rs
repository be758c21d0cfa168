//! The main job: one topic of orders, four services, four promises.

use crate::scenario::*;

/// A service of the order scenario under its usual guarantee.
fn service(name: &str, instances: u32, effect: EffectKind, guarantee: Guarantee) -> Service {
    let mut service = Service {
        name: name.into(),
        topics: vec!["order-events".into()],
        instances,
        effect,
        ..Service::default()
    };
    service.promise(guarantee);
    service
}

/// Order API → `order-events` (key: user) → Payment, Inventory, Notification and Analytics.
pub(super) fn order_processing() -> Scenario {
    use EffectKind::*;
    use Guarantee::*;
    Scenario {
        title: "Order processing".into(),
        watch_for: "an ack that gets lost, and what the Order API does next.".into(),
        load: Load {
            rate: 10,
            users: 200,
            ..Load::default()
        },
        topics: vec![Topic {
            name: "order-events".into(),
            ..Topic::default()
        }],
        producers: vec![Producer {
            topics: vec!["order-events".into()],
            ..Producer::default()
        }],
        services: vec![
            service("Payment", 1, Charge, AtLeastOnceIdempotent),
            service("Inventory", 3, Stock, AtLeastOnceIdempotent),
            service("Notification", 2, Mail, AtLeastOnce),
            service("Analytics", 5, Count, AtMostOnce),
        ],
        faults: Faults {
            loss: Ratio::percent(5),
            ack_loss: Ratio::percent(5),
            latency: Span::ms(1),
            jitter: Span::ms(1),
            consumer_crash: Span::s(10),
            ..Faults::default()
        },
        ..Scenario::default()
    }
}
