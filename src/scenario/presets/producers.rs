//! Between producer and broker: what gets lost, and what comes twice.

use super::kit::*;
use crate::scenario::*;

/// Readings sent with `acks=0`: nobody asks whether they arrived.
pub(super) fn fire_and_forget_metrics() -> Scenario {
    let lost = |message| Placed::LoseRequest {
        message,
        attempt: 1,
    };
    let mut s = story("reading", 5, 30);
    s.watch_for = "a reading that gets lost, and that nobody sends again or misses.".into();
    s.topics = vec![log("metrics", 1)];
    s.producers = vec![Producer {
        acks: Acks::None,
        retries: 0,
        ..plain_producer("Web servers", "metrics")
    }];
    s.services = vec![service(
        "Dashboard",
        "metrics",
        EffectKind::Count,
        Guarantee::AtMostOnce,
    )];
    s.faults.placed = vec![lost(4), lost(11), lost(19)];
    s.expects = vec![
        expect("", "acked", "=", 30),
        expect("Dashboard", "lost", "=", 3),
        expect("Dashboard", "duplicated", "=", 0),
        expect("Dashboard", "held", "=", 1),
    ];
    s
}

/// Two sensors on the same bad radio: one sends once, one sends until it is answered.
pub(super) fn iot_sensor() -> Scenario {
    let mut s = story("reading", 6, 40);
    s.watch_for =
        "gaps in the readings of the one sensor, and repeats in those of the other.".into();
    s.topics = vec![log("send-once", 1), log("send-until-answered", 1)];
    s.producers = vec![
        Producer {
            acks: Acks::None,
            retries: 0,
            ..plain_producer("Sensor A", "send-once")
        },
        Producer {
            acks: Acks::Leader,
            ..plain_producer("Sensor B", "send-until-answered")
        },
    ];
    s.services = vec![
        service(
            "Chart A",
            "send-once",
            EffectKind::Count,
            Guarantee::AtMostOnce,
        ),
        service(
            "Chart B",
            "send-until-answered",
            EffectKind::Count,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.loss = Ratio::percent(20);
    s.faults.ack_loss = Ratio::percent(20);
    s.faults.placed = vec![Placed::LoseAck {
        message: 8,
        attempt: 1,
    }];
    s.expects = vec![
        expect("Chart A", "lost", ">=", 2),
        expect("Chart A", "duplicated", "=", 0),
        expect("Chart B", "lost", "=", 0),
        expect("Chart B", "duplicated", ">=", 2),
    ];
    s
}

/// A request is lost: with and without a second try.
pub(super) fn lost_message() -> Scenario {
    let lost = |message| Placed::LoseRequest {
        message,
        attempt: 1,
    };
    let mut s = story("order", 4, 16);
    s.watch_for =
        "order 5, which is lost for good, and order 6, which is lost and sent again.".into();
    s.topics = vec![log("sent-once", 1), log("sent-again", 1)];
    s.producers = vec![
        Producer {
            retries: 0,
            ..plain_producer("Without retries", "sent-once")
        },
        producer("With retries", "sent-again"),
    ];
    s.services = vec![
        service(
            "Kitchen A",
            "sent-once",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
        service(
            "Kitchen B",
            "sent-again",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.placed = vec![lost(5), lost(6)];
    s.expects = vec![
        expect("", "gave_up", "=", 1),
        expect("Kitchen A", "lost", "=", 1),
        expect("Kitchen B", "lost", "=", 0),
        expect("Kitchen B", "effects", "=", 8),
    ];
    s
}

/// The order is stored, the answer is lost, and the producer sends it again.
pub(super) fn lost_ack() -> Scenario {
    let mut s = story("order", 3, 12);
    s.watch_for = "order 4, which is in the log twice and is charged twice.".into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![plain_producer("Order API", "orders")];
    s.services = vec![service(
        "Payment",
        "orders",
        EffectKind::Charge,
        Guarantee::AtLeastOnce,
    )];
    s.faults.placed = vec![Placed::LoseAck {
        message: 4,
        attempt: 1,
    }];
    s.expects = vec![
        expect("", "acked", "=", 12),
        expect("Payment", "delivered", "=", 13),
        expect("Payment", "duplicated", "=", 1),
        expect("Payment", "lost", "=", 0),
    ];
    s
}

/// The network delivers a request twice: to a broker that counts, and to one that does not.
pub(super) fn network_duplicate() -> Scenario {
    let twice = |message| Placed::Duplicate {
        message,
        attempt: 1,
    };
    let mut s = story("order", 4, 16);
    s.watch_for = "orders 5 and 6: both arrive twice, but only one of them is stored twice.".into();
    s.topics = vec![log("unnumbered", 1), log("numbered", 1)];
    s.producers = vec![
        plain_producer("Without numbers", "unnumbered"),
        producer("With numbers", "numbered"),
    ];
    s.services = vec![
        service(
            "Payment A",
            "unnumbered",
            EffectKind::Charge,
            Guarantee::AtLeastOnce,
        ),
        service(
            "Payment B",
            "numbered",
            EffectKind::Charge,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.placed = vec![twice(5), twice(6)];
    s.expects = vec![
        expect("Payment A", "duplicated", "=", 1),
        expect("Payment B", "duplicated", "=", 0),
        expect("Payment B", "lost", "=", 0),
    ];
    s
}

/// The same lost answers, with and without `enable.idempotence`.
pub(super) fn idempotent_producer() -> Scenario {
    let mut s = story("order", 6, 40);
    s.watch_for =
        "an order sent again: one log stores it a second time, the other recognises its number."
            .into();
    s.topics = vec![log("unnumbered", 1), log("numbered", 1)];
    s.producers = vec![
        plain_producer("Plain", "unnumbered"),
        producer("Idempotent", "numbered"),
    ];
    s.services = vec![
        service(
            "Payment A",
            "unnumbered",
            EffectKind::Charge,
            Guarantee::AtLeastOnce,
        ),
        service(
            "Payment B",
            "numbered",
            EffectKind::Charge,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.ack_loss = Ratio::percent(20);
    s.faults.placed = vec![5, 6, 13, 14]
        .into_iter()
        .map(|message| Placed::LoseAck {
            message,
            attempt: 1,
        })
        .collect();
    s.expects = vec![
        expect("Payment A", "duplicated", ">=", 2),
        expect("Payment B", "duplicated", "=", 0),
        expect("Payment B", "lost", "=", 0),
        expect("Payment B", "out_of_order", "=", 0),
    ];
    s
}

/// A lost request and a lost answer look the same to the sender.
pub(super) fn two_generals() -> Scenario {
    let mut s = story("order", 3, 10);
    s.watch_for =
        "orders 3 and 5: the sender hears nothing about either, yet only one of them arrived."
            .into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![Producer {
        retries: 0,
        ..plain_producer("Order API", "orders")
    }];
    s.services = vec![service(
        "Payment",
        "orders",
        EffectKind::Charge,
        Guarantee::AtLeastOnce,
    )];
    s.faults.placed = vec![
        Placed::LoseRequest {
            message: 3,
            attempt: 1,
        },
        Placed::LoseAck {
            message: 5,
            attempt: 1,
        },
    ];
    s.expects = vec![
        expect("", "gave_up", "=", 2),
        expect("", "acked", "=", 8),
        expect("Payment", "effects", "=", 9),
        expect("Payment", "lost", "=", 1),
    ];
    s
}

/// A retry is overtaken by what was sent after it.
pub(super) fn retry_reorders() -> Scenario {
    let lost = |message| Placed::LoseRequest {
        message,
        attempt: 1,
    };
    let mut s = story("change", 10, 40);
    s.watch_for =
        "change 9, which is sent again and lands behind the ones that came after it.".into();
    s.load.users = 1;
    s.topics = vec![log("five-in-flight", 1), log("one-in-flight", 1)];
    s.producers = vec![
        plain_producer("Five in flight", "five-in-flight"),
        Producer {
            max_in_flight: 1,
            ..plain_producer("One in flight", "one-in-flight")
        },
    ];
    s.services = vec![
        service(
            "Account A",
            "five-in-flight",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
        service(
            "Account B",
            "one-in-flight",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
    ];
    for producer in &mut s.producers {
        producer.request_timeout = Span::ms(500);
    }
    s.faults.placed = vec![lost(9), lost(10)];
    s.expects = vec![
        expect("Account A", "out_of_order", ">=", 1),
        expect("Account A", "lost", "=", 0),
        expect("Account B", "out_of_order", "=", 0),
        expect("Account B", "lost", "=", 0),
    ];
    s
}
