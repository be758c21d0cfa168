//! Every preset of a queue or channel shows what it says it shows, and ceases to when its mechanism is taken away.

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::Kind;

type Change = fn(&mut Scenario);

/// The presets of queues and channels, and for each a change that takes its mechanism away.
const OF_QUEUES: &[(&str, Change)] = &[
    ("charge-50", |s| {
        s.services[0].idempotency = Idempotency::IdempotencyKey;
    }),
    ("charge-50", |s| {
        s.services[0].idempotency = Idempotency::TableChecked;
        s.faults.placed[0] = s.faults.placed[1].clone();
    }),
    ("charge-50", |s| {
        s.services[1].idempotency = Idempotency::None
    }),
    ("charge-50", |s| {
        s.services[2].idempotency = Idempotency::IdempotencyKey;
    }),
    ("checkout-billing", |s| lease_of(s).fifo = false),
    ("checkout-billing", |s| {
        s.services[0].idempotency = Idempotency::None;
    }),
    ("payment-intent", |s| {
        s.services[0].idempotency = Idempotency::None;
    }),
    ("payment-intent", |s| s.faults.placed.clear()),
    ("visibility-timeout", |s| {
        lease_of(s).visibility_timeout = Span::s(10);
    }),
    ("visibility-timeout", |s| {
        s.services[1].extend_lease = false;
    }),
    ("queue-crash-before-ack", |s| {
        let at = Span::ms(1_666);
        s.faults.placed = vec![Placed::CrashBroker { broker: 0, at }];
    }),
    ("dead-letter", |s| lease_of(s).max_receive_count = 4),
    ("dead-letter", |s| s.faults.placed.clear()),
    ("dead-letter-breaks-order", |s| {
        lease_of(s).max_receive_count = 3;
    }),
    ("push-notification", |s| {
        s.services[0].promise(Guarantee::AtLeastOnce);
    }),
    ("photo-posted", |s| {
        s.services[0].idempotency = Idempotency::None;
    }),
    ("photo-posted", |s| {
        s.services[1].idempotency = Idempotency::None;
    }),
    ("pubsub-nobody-listening", |s| {
        s.services[0].start_at = Span(0);
    }),
    ("pubsub-nobody-listening", kept_in_queues),
    ("slow-subscriber", |s| match &mut s.topics[0].channel {
        Channel::PubSub(channel) => channel.output_buffer = 1_000,
        _ => panic!("no channel"),
    }),
    ("slow-subscriber", kept_in_queues),
    ("sns-to-queues", |s| {
        s.topics[0].channel = Channel::PubSub(PubSubChannel::default());
    }),
    ("sns-to-queues", |s| {
        s.topics[0].channel = Channel::Lease(LeaseChannel::default());
    }),
];

#[track_caller]
fn fails(name: &str, change: impl FnOnce(&mut Scenario)) {
    let mut scenario = preset(name).unwrap();
    change(&mut scenario);
    let expects = scenario.expects.clone();
    let mut run = Run::new(scenario).unwrap_or_else(|why| panic!("{name}: {why:?}"));
    run.to_end();
    assert_ne!(run.report().unmet(&expects), Vec::<String>::new(), "{name}");
}

fn lease_of(scenario: &mut Scenario) -> &mut LeaseChannel {
    match &mut scenario.topics[0].channel {
        Channel::Lease(lease) | Channel::Sns(lease) => lease,
        _ => panic!("no queue"),
    }
}

fn kept_in_queues(scenario: &mut Scenario) {
    scenario.topics[0].channel = Channel::Sns(LeaseChannel {
        visibility_timeout: Span::s(20),
        ..LeaseChannel::default()
    });
}

#[test]
fn presets_of_queues_fail_without_their_mechanism() {
    for (name, change) in OF_QUEUES {
        fails(name, change);
    }
}

#[test]
fn presets_of_queues_show_it_within_ten_seconds() {
    for (name, _) in OF_QUEUES {
        let mut run = Run::new(preset(name).unwrap()).unwrap();
        let mut seen = 0;
        run.advance(10_000_000, usize::MAX, &mut |event| {
            seen += u32::from(match event.kind {
                Kind::Effect { nth, .. } => nth > 1,
                Kind::Delivered { nth, .. } => nth > 1,
                Kind::DeadLettered { .. } | Kind::Dropped { .. } => true,
                Kind::Crashed { .. } => true,
                _ => *name == "sns-to-queues",
            });
        });
        assert!(seen > 0, "{name}");
        assert!(
            (1..=10).contains(&run.world().scenario().load.rate),
            "{name}"
        );
    }
}
