//! When a consumer commits, and what a crash then leaves.

use super::kit::*;
use crate::scenario::*;

/// Mails, and two services that differ only in when they commit.
fn two_commits(watch_for: &str, step: HandlerStep) -> Scenario {
    let mut s = story("order", 6, 30);
    s.watch_for = watch_for.into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![
        service(
            "Commits before",
            "orders",
            EffectKind::Mail,
            Guarantee::AtMostOnce,
        ),
        service(
            "Commits after",
            "orders",
            EffectKind::Mail,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.faults.placed = vec![
        crash_after("Commits before", 9, step),
        crash_after("Commits after", 9, step),
    ];
    s
}

/// A crash after the commit and before the mail.
pub(super) fn commit_before() -> Scenario {
    let mut s = two_commits(
        "order 9: both instances die with it in hand, and one of them has told the broker it was done.",
        HandlerStep::Receive,
    );
    s.expects = vec![
        expect("Commits before", "lost_acknowledged", ">=", 1),
        expect("Commits before", "duplicated", "=", 0),
        expect("Commits after", "lost", "=", 0),
    ];
    s
}

/// A crash after the mail and before the commit.
pub(super) fn commit_after() -> Scenario {
    let mut s = two_commits(
        "order 9: its mail goes out, the instance dies before it can say so, and the mail goes out again.",
        HandlerStep::Effect,
    );
    s.expects = vec![
        expect("Commits after", "duplicated", ">=", 1),
        expect("Commits after", "lost", "=", 0),
        expect("Commits before", "duplicated", "=", 0),
    ];
    s
}

/// `enable.auto.commit`: what was polled since the last interval comes again.
pub(super) fn auto_commit() -> Scenario {
    let mut s = story("order", 8, 48);
    s.watch_for =
        "the crash at 5 s: everything since the last automatic commit is mailed again.".into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    let mut by_interval = service(
        "By interval",
        "orders",
        EffectKind::Mail,
        Guarantee::AtLeastOnce,
    );
    by_interval.commit = CommitWhen::Auto;
    by_interval.auto_commit_interval = Span::s(1);
    let mut by_hand = service(
        "After each",
        "orders",
        EffectKind::Mail,
        Guarantee::AtLeastOnce,
    );
    by_hand.commit = CommitWhen::AfterEach;
    for service in [&mut by_interval, &mut by_hand] {
        service.service_time = Span::ms(60);
    }
    s.faults.placed = ["By interval", "After each"]
        .map(|service| Placed::CrashConsumer {
            service: service.into(),
            instance: 0,
            at: Span::s(5),
        })
        .into();
    s.services = vec![by_interval, by_hand];
    s.expects = vec![
        expect("By interval", "duplicated", ">=", 3),
        expect("By interval", "lost", "=", 0),
        expect("After each", "duplicated", "<=", 1),
        expect("After each", "lost", "=", 0),
    ];
    s
}

/// A consumer without commits starts over after every crash.
pub(super) fn never_commit() -> Scenario {
    let mut s = story("order", 5, 25);
    s.watch_for =
        "what the instance reads first when it is back: everything, from the start.".into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![service(
        "Notification",
        "orders",
        EffectKind::Mail,
        Guarantee::AtLeastOnce,
    )];
    s.services[0].commit = CommitWhen::Never;
    s.faults.placed = vec![crash_after("Notification", 15, HandlerStep::Effect)];
    s.expects = vec![
        expect("Notification", "duplicated", "=", 15),
        expect("Notification", "lost", "=", 0),
    ];
    s
}

/// One record of a poll fails, and the commit passes over it.
pub(super) fn batch_skips_failure() -> Scenario {
    let mut s = story("order", 6, 30);
    s.watch_for =
        "order 7, which fails once: one service commits past it and never sees it again.".into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    let kinds = [
        ("Goes on", OnFailure::Skip),
        ("Goes back", OnFailure::Block),
        ("Puts aside", OnFailure::DeadLetter),
    ];
    for (name, on_failure) in kinds {
        let mut each = service(name, "orders", EffectKind::Stock, Guarantee::AtLeastOnce);
        each.attempts = 1;
        each.on_failure = on_failure;
        s.services.push(each);
        s.faults.placed.push(Placed::FailEffect {
            service: name.into(),
            message: 7,
            attempt: 1,
        });
    }
    s.expects = vec![
        expect("Goes on", "lost_acknowledged", "=", 1),
        expect("Goes on", "held", "=", 0),
        expect("Goes back", "lost", "=", 0),
        expect("Goes back", "duplicated", "=", 0),
        expect("Puts aside", "dead_lettered", "=", 1),
        expect("Puts aside", "lost", "=", 0),
    ];
    s
}

/// Two groups read one log, each at its own pace.
pub(super) fn two_readers() -> Scenario {
    let mut s = story("order", 5, 40);
    s.watch_for =
        "Search, which starts 4 s late and misses nothing, and Billing, which dies and goes on where it was."
            .into();
    s.topics = vec![log("orders", 1)];
    s.producers = vec![producer("Order API", "orders")];
    s.services = vec![
        service(
            "Billing",
            "orders",
            EffectKind::Stock,
            Guarantee::AtLeastOnceIdempotent,
        ),
        service(
            "Search",
            "orders",
            EffectKind::Stock,
            Guarantee::AtLeastOnce,
        ),
    ];
    s.services[1].start_at = Span::s(4);
    s.services[1].service_time = Span::ms(50);
    s.faults.placed = vec![crash_after("Billing", 25, HandlerStep::TransactionCommit)];
    s.expects = vec![
        expect("Billing", "effects", "=", 40),
        expect("Billing", "duplicated", "=", 0),
        expect("Search", "effects", "=", 40),
        expect("Search", "p99", ">=", 3_000_000),
    ];
    s
}
