//! Queues: leases, deletes, dead letters, and what a worker that dies leaves behind.

use super::kit::*;
use crate::scenario::*;

/// An SQS queue with this visibility timeout.
fn queue(name: &str, visibility_timeout: Span) -> Topic {
    Topic {
        name: name.into(),
        channel: Channel::Lease(LeaseChannel {
            visibility_timeout,
            ..LeaseChannel::default()
        }),
    }
}

/// A RabbitMQ exchange with a queue for each service.
fn exchange(name: &str) -> Topic {
    Topic {
        name: name.into(),
        channel: Channel::Amqp(AmqpChannel::default()),
    }
}

/// A service that leaves what it cannot process to the queue.
fn worker(name: &str, topic: &str, effect: EffectKind, guarantee: Guarantee) -> Service {
    Service {
        on_failure: OnFailure::Block,
        attempts: 1,
        ..service(name, topic, effect, guarantee)
    }
}

/// Work that outlasts its lease, with and without a heartbeat for the lease.
pub(super) fn visibility_timeout() -> Scenario {
    let mut s = story("video", 2, 16);
    s.watch_for = "a lease that ends while its worker is still at it: somebody else gets the video too, unless the lease is extended.".into();
    let channel = LeaseChannel {
        visibility_timeout: Span::s(1),
        ..LeaseChannel::default()
    };
    s.topics = vec![Topic {
        name: "videos".into(),
        channel: Channel::Sns(channel),
    }];
    s.producers = vec![producer("Upload", "videos")];
    s.services = ["Mails a preview", "Extends its lease"]
        .map(|name| Service {
            instances: 2,
            service_time: Span::ms(600),
            varied: true,
            max_poll: 1,
            ..worker(name, "videos", EffectKind::Mail, Guarantee::AtLeastOnce)
        })
        .into();
    s.services[1].extend_lease = true;
    s.expects = vec![
        expect("Mails a preview", "duplicated", ">=", 2),
        expect("Mails a preview", "lost", "=", 0),
        expect("Extends its lease", "duplicated", "=", 0),
        expect("Extends its lease", "lost", "=", 0),
    ];
    s
}

/// A delete arrives, and the queue dies before it is written down.
pub(super) fn queue_crash_before_ack() -> Scenario {
    let mut s = story("job", 2, 12);
    s.watch_for = "job 3: its delete arrives, the queue's server dies before writing it down, and the job comes again.".into();
    s.topics = vec![queue("jobs", Span::s(2))];
    s.producers = vec![producer("Scheduler", "jobs")];
    s.services = vec![worker(
        "Mailer",
        "jobs",
        EffectKind::Mail,
        Guarantee::AtLeastOnce,
    )];
    // Job 3: published at 1.5 s, two ways and its work later deleted; the delete takes 5 ms to record.
    s.faults.placed = vec![Placed::CrashBroker {
        broker: 0,
        at: Span::ms(1_663),
    }];
    s.faults.broker_restart = Span::s(1);
    s.expects = vec![
        expect("Mailer", "duplicated", "=", 1),
        expect("Mailer", "lost", "=", 0),
        expect("Mailer", "held", "=", 1),
    ];
    s
}

/// A message that nobody can process is put aside after three receives.
pub(super) fn dead_letter() -> Scenario {
    let mut s = story("order", 2, 14);
    s.watch_for = "order 4: received three times, never processed, and then put aside so that it stops costing work.".into();
    s.topics = vec![Topic {
        name: "orders".into(),
        channel: Channel::Lease(LeaseChannel {
            visibility_timeout: Span::s(1),
            max_receive_count: 3,
            ..LeaseChannel::default()
        }),
    }];
    s.producers = vec![producer("Shop", "orders")];
    s.services = vec![worker(
        "Warehouse",
        "orders",
        EffectKind::Stock,
        Guarantee::AtLeastOnce,
    )];
    s.faults.placed = vec![Placed::Poison {
        service: "Warehouse".into(),
        message: 4,
    }];
    s.expects = vec![
        expect("Warehouse", "dead_lettered", "=", 1),
        expect("Warehouse", "delivered", "=", 16),
        expect("Warehouse", "effects", "=", 13),
        expect("Warehouse", "lost", "=", 0),
    ];
    s
}

/// A FIFO queue whose dead letter comes back behind those that had waited for it.
pub(super) fn dead_letter_breaks_order() -> Scenario {
    let mut s = story("booking", 2, 12);
    s.watch_for = "booking 3 of the one account: put aside after two failures, brought back at 8 s, and now the last of all.".into();
    s.load.users = 1;
    s.topics = vec![Topic {
        name: "bookings".into(),
        channel: Channel::Lease(LeaseChannel {
            fifo: true,
            visibility_timeout: Span::s(1),
            max_receive_count: 2,
            redrive_at: Span::s(8),
            ..LeaseChannel::default()
        }),
    }];
    s.producers = vec![producer("Bank", "bookings")];
    s.services = vec![Service {
        max_poll: 1,
        ..worker(
            "Ledger",
            "bookings",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        )
    }];
    // The first try of its first receive, and the first of its second.
    s.faults.placed = [1, 101]
        .map(|attempt| Placed::FailEffect {
            service: "Ledger".into(),
            message: 3,
            attempt,
        })
        .into();
    s.expects = vec![
        expect("Ledger", "out_of_order", "=", 1),
        expect("Ledger", "lost", "=", 0),
        expect("Ledger", "effects", "=", 12),
        expect("Ledger", "duplicated", "=", 0),
    ];
    s
}

/// The customer who pays 50 twice, and a dedup store that prevents it when it was written in time.
pub(super) fn charge_50() -> Scenario {
    let mut s = story("charge of 50", 1, 6);
    s.watch_for = "charge 2: every worker dies before its ack and gets it again; without a dedup store the customer pays 50 twice, with one only where the worker died before writing to it.".into();
    s.topics = vec![exchange("charges")];
    s.producers = vec![producer("Shop", "charges")];
    let workers = [
        ("No dedup store", Idempotency::None, HandlerStep::Effect),
        (
            "Dedup store",
            Idempotency::TableChecked,
            HandlerStep::Record,
        ),
        (
            "Store, dies sooner",
            Idempotency::TableChecked,
            HandlerStep::Effect,
        ),
    ];
    for (name, idempotency, last_step) in workers {
        let idempotent = Guarantee::AtLeastOnceIdempotent;
        s.services.push(Service {
            idempotency,
            ..worker(name, "charges", EffectKind::Charge, idempotent)
        });
        s.faults.placed.push(crash_after(name, 2, last_step));
        s.expects.push(expect(name, "lost", "=", 0));
    }
    s.services[0].guarantee = Guarantee::AtLeastOnce;
    s.expects.extend([
        expect("No dedup store", "effects", "=", 7),
        expect("No dedup store", "duplicated", "=", 1),
        expect("Dedup store", "delivered", "=", 7),
        expect("Dedup store", "effects", "=", 6),
        expect("Dedup store", "held", "=", 1),
        expect("Store, dies sooner", "duplicated", "=", 1),
        expect("Store, dies sooner", "held", "=", 0),
    ]);
    s
}

/// A checkout that hands its bill to a worker, with every repeat recognised on the way.
pub(super) fn checkout_billing() -> Scenario {
    let mut s = story("bill", 2, 14);
    s.watch_for = "bill 3, sent twice and recognised by the queue, and bill 6, worked on twice and recognised by the card processor.".into();
    s.topics = vec![Topic {
        name: "bills".into(),
        channel: Channel::Lease(LeaseChannel {
            fifo: true,
            ..LeaseChannel::default()
        }),
    }];
    s.producers = vec![producer("Checkout", "bills")];
    s.services = vec![worker(
        "Billing",
        "bills",
        EffectKind::Charge,
        Guarantee::AtLeastOnceIdempotent,
    )];
    s.faults.placed = vec![
        Placed::LoseAck {
            message: 3,
            attempt: 1,
        },
        crash_after("Billing", 6, HandlerStep::Effect),
    ];
    s.expects = vec![
        expect("Billing", "delivered", "=", 15),
        expect("Billing", "effects", "=", 14),
        expect("Billing", "duplicated", "=", 0),
        expect("Billing", "lost", "=", 0),
        expect("Billing", "held", "=", 1),
    ];
    s
}

/// A confirm that is lost makes two copies, and only an idempotency key makes one payment of them.
pub(super) fn payment_intent() -> Scenario {
    let mut s = story("payment", 2, 12);
    s.watch_for = "payment 4, in the queue twice because its confirm was lost: with the intent's id as idempotency key it is charged once.".into();
    s.topics = vec![exchange("payments")];
    s.producers = vec![producer("Shop", "payments")];
    s.services = vec![
        worker(
            "With a key",
            "payments",
            EffectKind::Charge,
            Guarantee::AtLeastOnceIdempotent,
        ),
        worker(
            "Without a key",
            "payments",
            EffectKind::Charge,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.placed = vec![Placed::LoseAck {
        message: 4,
        attempt: 1,
    }];
    s.expects = vec![
        expect("With a key", "delivered", "=", 13),
        expect("With a key", "duplicated", "=", 0),
        expect("With a key", "held", "=", 1),
        expect("Without a key", "duplicated", "=", 1),
        expect("Without a key", "lost", "=", 0),
    ];
    s
}

/// Pushes that are acked when they are sent: a worker that dies loses what it held.
pub(super) fn push_notification() -> Scenario {
    let mut s = story("push", 8, 48);
    s.watch_for = "the worker's death at 3 s: the pushes it held are gone, as the queue had forgotten them, and nobody's phone rings twice.".into();
    s.topics = vec![exchange("pushes")];
    s.producers = vec![producer("App", "pushes")];
    s.services = vec![Service {
        service_time: Span::ms(200),
        ..worker(
            "Notifier",
            "pushes",
            EffectKind::Push,
            Guarantee::AtMostOnce,
        )
    }];
    s.faults.placed = vec![Placed::CrashConsumer {
        service: "Notifier".into(),
        instance: 0,
        at: Span::s(3),
    }];
    s.expects = vec![
        expect("Notifier", "lost_acknowledged", ">=", 2),
        expect("Notifier", "duplicated", "=", 0),
        expect("Notifier", "held", "=", 1),
    ];
    s
}
