//! Ready-made scenarios, each with a title, what to watch for, a seed that shows it, and what it expects.

mod broadcast;
mod consumers;
mod groups;
mod kit;
mod order;
mod orders;
mod producers;
mod queues;
mod repeats;
mod replication;
mod transactions;

use super::Scenario;

type Preset = (&'static str, fn() -> Scenario);

/// Every preset: its name and how it is made. The first is the default of page and command line.
const ALL: &[Preset] = &[
    ("order-processing", orders::order_processing),
    // Between producer and broker.
    (
        "fire-and-forget-metrics",
        producers::fire_and_forget_metrics,
    ),
    ("iot-sensor", producers::iot_sensor),
    ("lost-message", producers::lost_message),
    ("lost-ack", producers::lost_ack),
    ("two-generals", producers::two_generals),
    ("network-duplicate", producers::network_duplicate),
    ("idempotent-producer", producers::idempotent_producer),
    ("retry-reorders", producers::retry_reorders),
    // Brokers that die.
    (
        "broker-crash-before-store",
        replication::broker_crash_before_store,
    ),
    ("acks-0-1-all", replication::acks_0_1_all),
    ("unclean-election", replication::unclean_election),
    // When a consumer commits.
    ("commit-before", consumers::commit_before),
    ("commit-after", consumers::commit_after),
    ("auto-commit", consumers::auto_commit),
    ("never-commit", consumers::never_commit),
    ("batch-skips-failure", consumers::batch_skips_failure),
    ("two-readers", consumers::two_readers),
    // Groups of instances.
    ("fan-out", groups::fan_out),
    (
        "more-consumers-than-partitions",
        groups::more_consumers_than_partitions,
    ),
    ("rebalance-zombie", groups::rebalance_zombie),
    // Repeats.
    ("natural-idempotency", repeats::natural_idempotency),
    ("dedup-race", groups::dedup_race),
    ("dedup-window", repeats::dedup_window),
    // Order.
    ("partition-key-order", order::partition_key_order),
    ("cross-partition-order", order::cross_partition_order),
    // Transactions.
    ("kafka-transaction", transactions::kafka_transaction),
    (
        "transaction-with-outside-effect",
        transactions::transaction_with_outside_effect,
    ),
    // Queues.
    ("charge-50", queues::charge_50),
    ("checkout-billing", queues::checkout_billing),
    ("payment-intent", queues::payment_intent),
    ("visibility-timeout", queues::visibility_timeout),
    ("queue-crash-before-ack", queues::queue_crash_before_ack),
    ("dead-letter", queues::dead_letter),
    ("dead-letter-breaks-order", queues::dead_letter_breaks_order),
    ("push-notification", queues::push_notification),
    // One message for several services.
    ("photo-posted", broadcast::photo_posted),
    (
        "pubsub-nobody-listening",
        broadcast::pubsub_nobody_listening,
    ),
    ("slow-subscriber", broadcast::slow_subscriber),
    ("sns-to-queues", broadcast::sns_to_queues),
];

/// Names of all presets, in the order in which they are shown.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

/// The preset of this name.
pub fn preset(name: &str) -> Option<Scenario> {
    let (name, make) = ALL.iter().find(|(known, _)| *known == name)?;
    let mut scenario = make();
    scenario.name = (*name).into();
    Some(scenario)
}
