//! Several instances of one service.

use super::kit::*;
use crate::scenario::*;

/// One topic, four services with 1, 3, 2 and 5 instances.
pub(super) fn fan_out() -> Scenario {
    let mut s = story("order", 5, 40);
    s.watch_for = "one order: each service gets it once, at only one of its instances.".into();
    s.load.users = 40;
    s.topics = vec![log("orders", 5)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = [
        ("Payment", EffectKind::Charge, 1),
        ("Inventory", EffectKind::Stock, 3),
        ("Notification", EffectKind::Mail, 2),
        ("Analytics", EffectKind::Count, 5),
    ]
    .map(|(name, effect, instances)| Service {
        instances,
        ..service(name, "orders", effect, Guarantee::AtLeastOnce)
    })
    .into();
    s.expects = ["Payment", "Inventory", "Notification", "Analytics"]
        .iter()
        .flat_map(|name| {
            [
                expect(name, "effects", "=", 40),
                expect(name, "delivered", "=", 40),
            ]
        })
        .collect();
    s
}

/// A partition has one reader in a group: more instances than partitions stand idle.
pub(super) fn more_consumers_than_partitions() -> Scenario {
    let mut s = story("order", 16, 96);
    s.watch_for =
        "three of Packing A's four instances, which have nothing to do while orders pile up."
            .into();
    s.load.users = 40;
    s.topics = vec![log("one-partition", 1), log("four-partitions", 4)];
    s.producers = vec![
        producer("Shop A", "one-partition"),
        producer("Shop B", "four-partitions"),
    ];
    s.services = [
        ("Packing A", "one-partition"),
        ("Packing B", "four-partitions"),
    ]
    .map(|(name, topic)| Service {
        instances: 4,
        service_time: Span::ms(200),
        ..service(name, topic, EffectKind::Stock, Guarantee::AtLeastOnce)
    })
    .into();
    s.expects = vec![
        expect("Packing A", "lost", "=", 0),
        expect("Packing A", "p99", ">=", 2_000_000),
        expect("Packing B", "lost", "=", 0),
        expect("Packing B", "p99", "<=", 1_500_000),
    ];
    s
}

/// Two services whose first instance stands still for longer than its session lasts.
fn paused(names: [&str; 2], pause_at: Span) -> Scenario {
    let mut s = story("order", 8, 48);
    s.load.users = 40;
    s.topics = vec![log("orders", 2)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = names
        .map(|name| Service {
            instances: 2,
            service_time: Span::ms(200),
            pause: Span::ms(2_500),
            pause_at,
            ..service(name, "orders", EffectKind::Mail, Guarantee::AtLeastOnce)
        })
        .into();
    s
}

/// An instance that was struck off while it stood still wakes up and goes on working.
pub(super) fn rebalance_zombie() -> Scenario {
    let mut s = paused(["Mails", "Takes from stock"], Span::ms(3_050));
    s.watch_for =
        "the first instances: they stand still, lose their partition, wake up and finish what is no longer theirs."
            .into();
    s.services[1].effect = EffectKind::Stock;
    s.services[1].promise(Guarantee::AtLeastOnceIdempotent);
    s.expects = vec![
        expect("Mails", "duplicated", ">=", 1),
        expect("Mails", "lost", "=", 0),
        expect("Takes from stock", "duplicated", "=", 0),
        expect("Takes from stock", "lost", "=", 0),
    ];
    s
}

/// Two instances between asking the table of processed ids and writing to it.
pub(super) fn dedup_race() -> Scenario {
    let mut s = paused(["Asks first", "Inserts first"], Span::ms(3_050));
    s.watch_for =
        "one order at two instances: both ask whether it is done before either has written so."
            .into();
    s.services[0].idempotency = Idempotency::TableChecked;
    s.services[1].idempotency = Idempotency::UniqueConstraint;
    for service in &mut s.services {
        service.guarantee = Guarantee::AtLeastOnceIdempotent;
    }
    s.expects = vec![
        expect("Asks first", "duplicated", ">=", 1),
        expect("Asks first", "held", "=", 0),
        expect("Inserts first", "duplicated", "=", 0),
        expect("Inserts first", "lost", "=", 0),
    ];
    s
}
