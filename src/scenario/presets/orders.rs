//! The main job: one topic of orders, four services, four promises.

use super::kit::expect;
use crate::scenario::*;

/// A service of the order scenario under its usual guarantee.
/// A message takes its time, so that a crash finds something in hand.
fn service(
    name: &str,
    instances: u32,
    effect: EffectKind,
    guarantee: Guarantee,
    service_time: Span,
) -> Service {
    let mut service = Service {
        name: name.into(),
        topics: vec!["order-events".into()],
        instances,
        effect,
        service_time,
        ..Service::default()
    };
    service.promise(guarantee);
    service
}

const ALL: [&str; 4] = ["Payment", "Inventory", "Notification", "Analytics"];
/// Those for which every order counts.
const PROMISED: [&str; 3] = ["Payment", "Inventory", "Notification"];

fn requires(words: &str, figure: &str, services: &[&str]) -> Requirement {
    let none = services.iter().map(|name| expect(name, figure, "=", 0));
    Requirement {
        words: words.into(),
        rule: Rule::Figures(none.collect()),
    }
}

/// Order API → `order-events` (key: user) → Payment, Inventory, Notification and Analytics.
pub(super) fn order_processing() -> Scenario {
    use EffectKind::*;
    use Guarantee::*;
    Scenario {
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
            service("Payment", 1, Charge, AtLeastOnceIdempotent, Span::ms(70)),
            service("Inventory", 3, Stock, AtLeastOnceIdempotent, Span::ms(90)),
            service("Notification", 2, Mail, AtLeastOnce, Span::ms(90)),
            service("Analytics", 5, Count, AtMostOnce, Span::ms(90)),
        ],
        faults: Faults {
            loss: Ratio::percent(5),
            ack_loss: Ratio::percent(5),
            latency: Span::ms(1),
            jitter: Span::ms(1),
            consumer_crash: Span::s(12),
            ..Faults::default()
        },
        requires: vec![
            requires("no order is lost", "lost_acknowledged", &PROMISED),
            requires("no card is charged twice", "duplicated", &["Payment"]),
            requires(
                "each user's orders take effect in order",
                "out_of_order",
                &ALL,
            ),
            Requirement {
                words: "a slow Notification does not slow Payment".into(),
                rule: Rule::Apart {
                    service: "Payment".into(),
                    from: "Notification".into(),
                },
            },
        ],
        expects: vec![
            expect("Payment", "held", "=", 1),
            expect("Payment", "duplicated", "=", 0),
            expect("Inventory", "held", "=", 1),
            expect("Inventory", "duplicated", "=", 0),
            expect("Notification", "held", "=", 1),
            expect("Notification", "lost", "=", 0),
            expect("Notification", "duplicated", ">=", 1),
            expect("Analytics", "held", "=", 1),
            expect("Analytics", "lost", ">=", 1),
            expect("Analytics", "duplicated", "=", 0),
        ],
        ..Scenario::default()
    }
}
