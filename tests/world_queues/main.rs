//! Queues and channels without a log, run in the world: what each of them keeps, repeats and loses.
#![cfg(not(target_arch = "wasm32"))]

mod amqp;
mod broadcast;
mod lease;
mod random;

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::{Event, Kind, Leg, Why};
use delivery_lab::verdict::{Report, ServiceReport};
use delivery_lab::view::stage::{ChannelBody, QueueView, Stage};
use delivery_lab::world::World;

const SQS: Channel = Channel::Lease(LeaseChannel {
    fifo: false,
    visibility_timeout: Span::ms(500),
    max_receive_count: 0,
    double_delivery: Ratio(0),
    delay: Span(0),
    redrive_at: Span(0),
});

fn lease(change: impl FnOnce(&mut LeaseChannel)) -> LeaseChannel {
    let mut channel = LeaseChannel {
        visibility_timeout: Span::ms(500),
        ..LeaseChannel::default()
    };
    change(&mut channel);
    channel
}

fn amqp() -> Channel {
    Channel::Amqp(AmqpChannel::default())
}

fn service(name: &str) -> Service {
    Service {
        name: name.into(),
        topics: vec!["jobs".into()],
        service_time: Span::ms(20),
        varied: false,
        on_failure: OnFailure::Block,
        attempts: 1,
        effect: EffectKind::Mail,
        ..Service::default()
    }
}

/// Ten messages a second for ten seconds, one service, no jitter.
fn scenario(channel: Channel) -> Scenario {
    Scenario {
        duration: Span::s(10),
        load: Load {
            rate: 10,
            regular: true,
            users: 5,
            ..Load::default()
        },
        topics: vec![Topic {
            name: "jobs".into(),
            channel,
        }],
        producers: vec![Producer {
            topics: vec!["jobs".into()],
            ..Producer::default()
        }],
        services: vec![service("Worker")],
        faults: Faults {
            jitter: Span(0),
            ..Faults::default()
        },
        ..Scenario::default()
    }
}

struct Ended {
    report: Report,
    events: Vec<Event>,
    hash: String,
    now: u64,
}

impl Ended {
    fn service(&self, nth: usize) -> &ServiceReport {
        &self.report.services[nth]
    }

    fn count(&self, wanted: impl Fn(&Kind) -> bool) -> usize {
        self.events.iter().filter(|e| wanted(&e.kind)).count()
    }

    /// The messages in the order in which they took effect at a service.
    fn effects(&self, nth: u16) -> Vec<u64> {
        let effect = |e: &Event| match e.kind {
            Kind::Effect {
                service, message, ..
            } if service == nth => Some(message),
            _ => None,
        };
        self.events.iter().filter_map(effect).collect()
    }

    fn at(&self, wanted: impl Fn(&Kind) -> bool) -> u64 {
        let found = self.events.iter().find(|e| wanted(&e.kind));
        found.expect("an event of this kind").at
    }
}

fn run(scenario: &Scenario) -> Ended {
    let mut run = Run::new(scenario.clone()).unwrap_or_else(|p| panic!("{p:?}"));
    let mut events = Vec::new();
    run.advance(u64::MAX, usize::MAX, &mut |e| events.push(*e));
    let report = run.report();
    for s in &report.services {
        let taken = s.effects - s.duplicated;
        let accounted = taken + s.lost + s.pending + s.dead_lettered;
        assert_eq!(accounted, s.published, "{s:?}");
    }
    Ended {
        report,
        events,
        hash: format!("{:?}", run.world().trace_hash()),
        now: run.now(),
    }
}

fn fault(scenario: &mut Scenario, fault: Placed) {
    scenario.faults.placed.push(fault);
}

#[test]
fn without_failures_every_channel_brings_everything_once_and_settles() {
    let fifo = lease(|c| c.fifo = true);
    for channel in [
        SQS,
        Channel::Lease(fifo.clone()),
        amqp(),
        Channel::Amqp(AmqpChannel {
            quorum: true,
            ..AmqpChannel::default()
        }),
        Channel::PubSub(PubSubChannel::default()),
        Channel::Sns(fifo),
    ] {
        let ended = run(&scenario(channel.clone()));
        let s = ended.service(0);
        assert_eq!(
            (s.published, s.effects, s.duplicated, s.lost),
            (100, 100, 0, 0),
            "{channel:?}"
        );
        assert_eq!(s.out_of_order, 0);
        assert_eq!(ended.report.acked, 100);
        assert!(ended.now < 11_500_000, "{channel:?} {}", ended.now);
    }
}

#[test]
fn a_crash_between_effect_and_ack_repeats_the_effect() {
    for channel in [SQS, amqp()] {
        let mut s = scenario(channel);
        let crash = Placed::CrashAfter {
            service: "Worker".into(),
            message: 5,
            attempt: 1,
            step: HandlerStep::Effect,
        };
        fault(&mut s, crash);
        let ended = run(&s);
        assert_eq!((ended.service(0).duplicated, ended.service(0).lost), (1, 0));
        s.services[0].idempotency = Idempotency::IdempotencyKey;
        assert_eq!(run(&s).service(0).duplicated, 0);
    }
}

#[test]
fn a_broker_that_comes_back_has_its_queues_and_no_connections() {
    for channel in [SQS, amqp(), Channel::Sns(lease(|_| {}))] {
        let mut s = scenario(channel.clone());
        let at = Span::s(3);
        fault(&mut s, Placed::CrashBroker { broker: 0, at });
        let w = run(&s).service(0).clone();
        assert_eq!((w.lost, w.published), (0, 100), "{channel:?}");
        assert!(w.effects >= 100);
    }
}

/// A receive from the one queue goes unanswered while the other keeps its reader busy.
#[test]
fn a_reader_of_two_kinds_of_queue_does_not_wait_for_one_without_end() {
    let mut s = scenario(Channel::Sns(LeaseChannel::default()));
    s.topics.push(Topic {
        name: "other".into(),
        channel: amqp(),
    });
    s.producers.push(Producer {
        name: "other".into(),
        topics: vec!["other".into()],
        ..s.producers[0].clone()
    });
    s.services[0].topics.push("other".into());
    s.services[0].service_time = Span::ms(400);
    s.load.messages = 30;
    s.faults.broker_crash = Span::s(1);
    s.faults.broker_restart = Span::ms(300);
    s.faults.loss = Ratio::percent(10);
    (s.duration, s.drain) = (Span::s(10), Span::s(120));
    for seed in 1..=10 {
        s.seed = seed;
        let mut run = Run::new(s.clone()).unwrap();
        assert!(run.advance(u64::MAX, 1_000_000, &mut |_| {}), "seed {seed}");
    }
}

#[test]
fn what_a_queue_cannot_do_is_said() {
    let mut s = scenario(SQS);
    s.services[0].effect = EffectKind::Stock;
    s.services[0].promise(Guarantee::ExactlyOnce);
    let problems = Run::new(s).expect_err("a problem");
    assert!(problems[0].contains("Worker"), "{problems:?}");
}

/// The stage at the first moment, in steps of 1 ms, at which it shows this.
fn stage_with(scenario: Scenario, shows: impl Fn(&Stage) -> bool) -> Option<(World, Stage)> {
    let mut world = World::new(scenario).expect("a world");
    (1..15_000).find_map(|ms| {
        world.run_until(ms * 1_000, usize::MAX);
        let stage = Stage::of(&world);
        shows(&stage).then(|| (world.clone(), stage))
    })
}

fn queues_of(stage: &Stage) -> &[QueueView] {
    match &stage.channels[0].body {
        ChannelBody::Queues(queues) => queues,
        _ => &[],
    }
}

#[test]
fn the_stage_shows_leases_dead_letters_and_listeners() {
    let mut s = scenario(Channel::Lease(lease(|c| c.max_receive_count = 1)));
    let (service, message) = ("Worker".into(), 4);
    fault(&mut s, Placed::Poison { service, message });
    let leased = |stage: &Stage| queues_of(stage)[0].items.iter().any(|i| i.lease.is_some());
    let (world, stage) = stage_with(s.clone(), leased).expect("a lease");
    let queue = &queues_of(&stage)[0];
    let held = queue.items[0].lease.expect("a lease");
    assert_eq!(
        (queue.in_flight, queue.visible, queue.items[0].receives),
        (1, 0, 1)
    );
    assert_eq!(held.until - held.since, 500_000);
    assert!(held.since <= world.now());
    let buried = |stage: &Stage| queues_of(stage)[0].dead_total == 1;
    let (_, stage) = stage_with(s, buried).expect("a dead letter");
    assert_eq!(queues_of(&stage)[0].dead, [4]);
    let waits = |stage: &Stage| stage.services[0].lag > 3;
    let mut s = scenario(amqp());
    s.services[0].start_at = Span::s(1);
    let (_, stage) = stage_with(s, waits).expect("a backlog");
    assert!(queues_of(&stage)[0].visible > 3);
    let mut s = scenario(Channel::PubSub(PubSubChannel::default()));
    s.services[0].start_at = Span::s(1);
    let heard = |stage: &Stage| matches!(stage.channels[0].body, ChannelBody::Direct { sent, unheard } if sent > 0 && unheard > 5);
    assert!(stage_with(s, heard).is_some());
}

#[test]
fn a_copy_that_a_person_drops_between_topic_and_queue_is_handed_over_again() {
    let s = scenario(Channel::Sns(lease(|_| {})));
    let copy = |stage: &Stage| {
        stage
            .moving
            .iter()
            .any(|m| m.leg == Leg::Replication && m.message == 3)
    };
    let (mut world, stage) = stage_with(s, copy).expect("a copy");
    let moving = stage.moving.iter().find(|m| m.message == 3).expect("it");
    let packet = moving.packet;
    assert!(world.intervene(&Action::Drop { packet }));
    world.run_until(12_000_000, usize::MAX);
    let third = |e: Event| matches!(e.kind, Kind::Effect { message: 3, .. });
    assert!(world.take_events().any(third) && world.settled());
}
