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

struct Preset {
    name: &'static str,
    title: &'static str,
    make: fn() -> Scenario,
}

const fn preset_of(name: &'static str, title: &'static str, make: fn() -> Scenario) -> Preset {
    Preset { name, title, make }
}

/// Presets about one thing.
struct Group {
    title: &'static str,
    presets: &'static [Preset],
}

/// Every preset. The first is the default of page and command line.
const GROUPS: &[Group] = &[
    Group {
        title: "Start here",
        presets: &[preset_of(
            "order-processing",
            "Order processing",
            orders::order_processing,
        )],
    },
    Group {
        title: "Between producer and broker",
        presets: &[
            preset_of(
                "fire-and-forget-metrics",
                "Fire and forget: metrics",
                producers::fire_and_forget_metrics,
            ),
            preset_of(
                "iot-sensor",
                "Two sensors on a bad radio",
                producers::iot_sensor,
            ),
            preset_of(
                "lost-message",
                "A message gets lost",
                producers::lost_message,
            ),
            preset_of("lost-ack", "An ack gets lost", producers::lost_ack),
            preset_of("two-generals", "Two generals", producers::two_generals),
            preset_of(
                "network-duplicate",
                "The network delivers twice",
                producers::network_duplicate,
            ),
            preset_of(
                "idempotent-producer",
                "The idempotent producer",
                producers::idempotent_producer,
            ),
            preset_of(
                "retry-reorders",
                "A retry changes the order",
                producers::retry_reorders,
            ),
        ],
    },
    Group {
        title: "Brokers that die",
        presets: &[
            preset_of(
                "broker-crash-before-store",
                "The broker dies before it stores",
                replication::broker_crash_before_store,
            ),
            preset_of(
                "acks-0-1-all",
                "acks = 0, 1 and all",
                replication::acks_0_1_all,
            ),
            preset_of(
                "unclean-election",
                "Unclean election",
                replication::unclean_election,
            ),
        ],
    },
    Group {
        title: "When a consumer commits",
        presets: &[
            preset_of(
                "commit-before",
                "Commit before the work",
                consumers::commit_before,
            ),
            preset_of(
                "commit-after",
                "Commit after the work",
                consumers::commit_after,
            ),
            preset_of("auto-commit", "Automatic commits", consumers::auto_commit),
            preset_of("never-commit", "Never committing", consumers::never_commit),
            preset_of(
                "batch-skips-failure",
                "A commit passes over a failure",
                consumers::batch_skips_failure,
            ),
            preset_of(
                "two-readers",
                "Two readers of one log",
                consumers::two_readers,
            ),
        ],
    },
    Group {
        title: "Groups of instances",
        presets: &[
            preset_of("fan-out", "Fan-out", groups::fan_out),
            preset_of(
                "more-consumers-than-partitions",
                "More consumers than partitions",
                groups::more_consumers_than_partitions,
            ),
            preset_of(
                "rebalance-zombie",
                "A zombie wakes up",
                groups::rebalance_zombie,
            ),
        ],
    },
    Group {
        title: "Repeats",
        presets: &[
            preset_of(
                "natural-idempotency",
                "SET against ADD",
                repeats::natural_idempotency,
            ),
            preset_of(
                "dedup-race",
                "A race for the deduplication table",
                groups::dedup_race,
            ),
            preset_of(
                "dedup-window",
                "A repeat that comes too late",
                repeats::dedup_window,
            ),
        ],
    },
    Group {
        title: "Order",
        presets: &[
            preset_of(
                "partition-key-order",
                "Adding partitions moves keys",
                order::partition_key_order,
            ),
            preset_of(
                "cross-partition-order",
                "The order comes before its account",
                order::cross_partition_order,
            ),
        ],
    },
    Group {
        title: "Transactions",
        presets: &[
            preset_of(
                "kafka-transaction",
                "A pipeline in transactions",
                transactions::kafka_transaction,
            ),
            preset_of(
                "transaction-with-outside-effect",
                "A card outside the transaction",
                transactions::transaction_with_outside_effect,
            ),
        ],
    },
    Group {
        title: "Queues",
        presets: &[
            preset_of("charge-50", "Charged 50 twice", queues::charge_50),
            preset_of(
                "checkout-billing",
                "From checkout to billing",
                queues::checkout_billing,
            ),
            preset_of(
                "payment-intent",
                "One intent, one payment",
                queues::payment_intent,
            ),
            preset_of(
                "visibility-timeout",
                "A lease shorter than the work",
                queues::visibility_timeout,
            ),
            preset_of(
                "queue-crash-before-ack",
                "The queue forgets an ack",
                queues::queue_crash_before_ack,
            ),
            preset_of(
                "dead-letter",
                "A poison message and the dead-letter queue",
                queues::dead_letter,
            ),
            preset_of(
                "dead-letter-breaks-order",
                "A dead-letter queue breaks the order",
                queues::dead_letter_breaks_order,
            ),
            preset_of(
                "push-notification",
                "Push notifications, at most once",
                queues::push_notification,
            ),
        ],
    },
    Group {
        title: "One message for several services",
        presets: &[
            preset_of("photo-posted", "A photo is posted", broadcast::photo_posted),
            preset_of(
                "pubsub-nobody-listening",
                "Nobody is listening",
                broadcast::pubsub_nobody_listening,
            ),
            preset_of(
                "slow-subscriber",
                "A slow subscriber",
                broadcast::slow_subscriber,
            ),
            preset_of(
                "sns-to-queues",
                "A topic with a queue for each service",
                broadcast::sns_to_queues,
            ),
        ],
    },
];

fn all() -> impl Iterator<Item = &'static Preset> {
    GROUPS.iter().flat_map(|group| group.presets)
}

/// Names of all presets, in the order in which they are shown.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    all().map(|preset| preset.name)
}

/// The presets by what they are about: the title of each group, and the name and title of each preset in it.
pub fn preset_groups() -> impl Iterator<
    Item = (
        &'static str,
        impl Iterator<Item = (&'static str, &'static str)>,
    ),
> {
    GROUPS.iter().map(|group| {
        let titles = |preset: &Preset| (preset.name, preset.title);
        (group.title, group.presets.iter().map(titles))
    })
}

/// The preset of this name.
pub fn preset(name: &str) -> Option<Scenario> {
    let preset = all().find(|known| known.name == name)?;
    let mut scenario = (preset.make)();
    scenario.name = preset.name.into();
    scenario.title = preset.title.into();
    Some(scenario)
}
/// The preset that a scenario was made from; one of no preset is its own.
pub fn origin_of(scenario: &Scenario) -> Scenario {
    let known = preset(&scenario.name).filter(|known| akin(known, scenario));
    known.unwrap_or_else(|| scenario.clone())
}

/// Whether two scenarios have one name and the same parties, so that a party's number means the same in both.
pub fn akin(a: &Scenario, b: &Scenario) -> bool {
    let services = |s: &Scenario| {
        s.services
            .iter()
            .map(|v| v.name.clone())
            .collect::<Vec<_>>()
    };
    let producers = |s: &Scenario| {
        s.producers
            .iter()
            .map(|p| p.name.clone())
            .collect::<Vec<_>>()
    };
    a.name == b.name && services(a) == services(b) && producers(a) == producers(b)
}
