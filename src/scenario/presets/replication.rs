//! Brokers die: what the log keeps.

use super::kit::*;
use crate::scenario::*;

/// The broker dies while a request is on its way to it.
pub(super) fn broker_crash_before_store() -> Scenario {
    let mut s = story("order", 4, 24);
    s.watch_for =
        "order 8, which reaches a dead broker and is stored by the next leader instead.".into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![service(
        "Payment",
        "orders",
        EffectKind::Charge,
        Guarantee::AtLeastOnceIdempotent,
    )];
    s.faults.placed = vec![Placed::CrashBroker {
        broker: 0,
        at: Span::ms(2_010),
    }];
    s.expects = vec![
        expect("", "acked", "=", 24),
        expect("", "gave_up", "=", 0),
        expect("Payment", "lost", "=", 0),
        expect("Payment", "duplicated", "=", 0),
        expect("Payment", "p99", ">=", 400_000),
    ];
    s
}

/// Three producers and one leader that dies while its follower is behind.
pub(super) fn acks_0_1_all() -> Scenario {
    let mut s = story("order", 9, 72);
    s.cluster.replica_lag_max = Span::s(3);
    s.watch_for = "the orders that were acknowledged and are gone when broker 0 dies.".into();
    s.topics = vec![log("acks-0", 1), log("acks-1", 1), log("acks-all", 1)];
    s.producers = vec![
        Producer {
            acks: Acks::None,
            retries: 0,
            ..plain_producer("Nobody answers", "acks-0")
        },
        Producer {
            acks: Acks::Leader,
            ..plain_producer("The leader answers", "acks-1")
        },
        producer("All in-sync replicas", "acks-all"),
    ];
    s.services = vec![
        service(
            "Reader 0",
            "acks-0",
            EffectKind::Stock,
            Guarantee::AtMostOnce,
        ),
        service(
            "Reader 1",
            "acks-1",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
        service(
            "Reader all",
            "acks-all",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.placed = vec![
        Placed::CutBroker {
            broker: 1,
            at: Span::ms(2_000),
            lasting: Span::ms(1_450),
        },
        Placed::CrashBroker {
            broker: 0,
            at: Span::ms(3_400),
        },
    ];
    s.expects = vec![
        expect("Reader 0", "lost_acknowledged", ">=", 1),
        expect("Reader 1", "lost_acknowledged", ">=", 1),
        expect("Reader 1", "held", "=", 0),
        expect("Reader all", "lost", "=", 0),
        expect("Reader all", "held", "=", 1),
    ];
    s
}

/// A follower that fell behind becomes the leader.
pub(super) fn unclean_election() -> Scenario {
    let mut s = story("order", 4, 40);
    s.watch_for =
        "broker 1, which missed some orders, becomes the leader: they are cut off the log.".into();
    s.cluster.unclean_election = true;
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![service(
        "Payment",
        "orders",
        EffectKind::Charge,
        Guarantee::AtLeastOnceIdempotent,
    )];
    // The service is away meanwhile, as nobody's copy would be missed otherwise.
    s.services[0].start_at = Span::s(6);
    s.faults.placed = vec![
        Placed::CutBroker {
            broker: 1,
            at: Span::ms(2_000),
            lasting: Span::ms(2_200),
        },
        Placed::CrashBroker {
            broker: 0,
            at: Span::ms(4_100),
        },
    ];
    s.expects = vec![
        expect("Payment", "lost_acknowledged", ">=", 3),
        expect("Payment", "held", "=", 0),
    ];
    s
}
