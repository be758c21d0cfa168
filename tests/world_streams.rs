//! What the world adds to the machines of a stream: restarts, groups, retries, and when an output is an effect.
#![cfg(not(target_arch = "wasm32"))]

mod weather;

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::{Event, Kind};
use weather::{Weather, finished, orders, reader};

/// Five orders a second over ways of 20 ms, and one service.
fn calm(service: Service) -> Scenario {
    let mut s = preset("lost-ack").unwrap();
    s.faults.placed.clear();
    s.expects.clear();
    s.load.rate = 5;
    s.load.messages = 20;
    s.topics[0].name = "order-events".into();
    s.producers[0] = Producer {
        topics: vec!["order-events".into()],
        ..Producer::default()
    };
    s.services = vec![service];
    s
}

fn log(s: &mut Scenario) -> &mut LogChannel {
    match &mut s.topics[0].channel {
        Channel::Log(log) => log,
        _ => panic!("no log"),
    }
}

fn traced(scenario: Scenario) -> (Run, Vec<Event>) {
    let mut run = Run::new(scenario).unwrap();
    let mut events = Vec::new();
    run.advance(u64::MAX, usize::MAX, &mut |event| events.push(*event));
    (run, events)
}

fn count(events: &[Event], is: impl Fn(Kind) -> bool) -> usize {
    events.iter().filter(|event| is(event.kind)).count()
}

/// Order 5 is published at 1 s and stored a way later (two ways more in a transaction); its producer dies before it
/// hears of that, and its application sends it again.
fn restarted(at: Span, change: impl Fn(&mut Producer)) -> (Run, Vec<Event>) {
    let mut mail = reader("Mail", 1, EffectKind::Mail, Guarantee::AtLeastOnce);
    mail.read_committed = true;
    let mut s = calm(mail);
    s.producers[0].resend = true;
    change(&mut s.producers[0]);
    s.faults.placed = vec![Placed::CrashProducer { producer: 0, at }];
    traced(s)
}

#[test]
fn a_restart_without_a_transactional_id_forgets_what_it_had_sent() {
    let copies = |events: &[Event]| {
        count(events, |kind| {
            matches!(kind, Kind::Appended { message: 5, .. })
        })
    };
    let (run, events) = restarted(Span::ms(1_030), |_| {});
    let mail = &run.report().services[0];
    assert_eq!(
        copies(&events),
        2,
        "numbered, and stored twice all the same"
    );
    assert_eq!((mail.duplicated, mail.lost), (1, 0), "{mail:?}");

    let (run, events) = restarted(Span::ms(1_030), |producer| producer.resend = false);
    let mail = &run.report().services[0];
    assert_eq!((copies(&events), mail.duplicated), (1, 0), "{mail:?}");

    let (run, events) = restarted(Span::ms(1_070), |producer| {
        producer.transaction_messages = 1
    });
    let mail = &run.report().services[0];
    assert_eq!(
        copies(&events),
        2,
        "the first one in a transaction that is aborted"
    );
    assert_eq!((mail.duplicated, mail.lost), (0, 0), "{mail:?}");
}

#[test]
fn a_message_in_a_transaction_is_acknowledged_with_its_commit() {
    let mut aborted = 0;
    for seed in 1..=30 {
        let mut stock = reader(
            "Inventory",
            2,
            EffectKind::Stock,
            Guarantee::AtLeastOnceIdempotent,
        );
        stock.read_committed = true;
        let mut s = Weather {
            ack_loss: 100,
            ..Weather::calm(seed)
        }
        .over(orders());
        s.services = vec![stock];
        s.producers[0].transaction_messages = 4;
        s.producers[0].crash_every = Span::s(1);
        let (run, events) = traced(s);
        let report = run.report();
        aborted += count(&events, |kind| {
            matches!(kind, Kind::MarkerWritten { commit: false, .. })
        });
        assert!(report.acked > 0, "{report:?}");
        assert_eq!(report.services[0].lost_acknowledged, 0, "seed {seed}");
    }
    assert!(aborted > 0);
}

#[test]
fn the_last_transaction_is_committed_though_it_is_not_full() {
    let mut stock = reader("Inventory", 1, EffectKind::Stock, Guarantee::AtLeastOnce);
    stock.read_committed = true;
    let mut s = calm(stock);
    s.producers[0].transaction_messages = 8;
    let (run, events) = traced(s);
    let inventory = &run.report().services[0];
    assert_eq!((inventory.published, inventory.effects), (20, 20));
    let committed = count(&events, |kind| {
        matches!(kind, Kind::TransactionDecided { commit: true, .. })
    });
    assert_eq!(committed, 3, "of 8, 8 and 4 messages");
}

#[test]
fn a_budget_stops_the_retries_of_a_service_that_fails_anyway() {
    let failures = |retry_budget| {
        let mut stock = reader("Inventory", 1, EffectKind::Stock, Guarantee::AtLeastOnce);
        stock.transient = Ratio::percent(100);
        stock.attempts = 5;
        stock.retry_budget = retry_budget;
        let (run, events) = traced(calm(stock));
        assert_eq!(run.report().services[0].lost, 20);
        count(&events, |kind| matches!(kind, Kind::Failed { .. }))
    };
    assert_eq!(failures(0), 20 * 5, "no budget: every attempt is made");
    assert_eq!(
        failures(10),
        4 + 20,
        "half of the tokens are for retries, less the first failure"
    );
}

/// One of three instances dies at 2 s and is back so much later; its session lasts 1 s.
fn crashed(assignor: Assignor, static_members: bool, back: Span) -> Vec<Event> {
    let mut stock = reader("Inventory", 3, EffectKind::Stock, Guarantee::AtLeastOnce);
    (stock.assignor, stock.static_members) = (assignor, static_members);
    let mut s = calm(stock);
    s.load.messages = 60;
    log(&mut s).partitions = 7;
    s.faults.consumer_restart = back;
    s.faults.placed = vec![Placed::CrashConsumer {
        service: "Inventory".into(),
        instance: 0,
        at: Span::s(2),
    }];
    let (run, events) = traced(s);
    assert!(run.world().settled());
    assert_eq!(run.report().services[0].lost, 0);
    events
}

#[test]
fn a_static_member_that_comes_back_in_time_causes_no_rebalance() {
    let late = |static_members, back| {
        let is = |e: &&Event| e.at > 1_500_000 && matches!(e.kind, Kind::Rebalancing { .. });
        let events = crashed(Assignor::Range, static_members, back);
        events.iter().filter(is).count()
    };
    assert_eq!(late(true, Span::ms(400)), 0);
    assert!(late(true, Span::s(2)) > 0, "its session is over by then");
    assert!(late(false, Span::ms(400)) > 0);
}

#[test]
fn a_cooperative_rebalance_takes_two_rounds_and_lets_members_keep_what_stays_with_them() {
    let generation = |events: &[Event]| {
        let assigned = events.iter().filter_map(|event| match event.kind {
            Kind::Assigned { generation, .. } => Some(generation),
            _ => None,
        });
        assigned.max().unwrap()
    };
    let [eager, cooperative] = [Assignor::Sticky, Assignor::CooperativeSticky]
        .map(|assignor| crashed(assignor, false, Span::s(2)));
    assert_eq!((generation(&eager), generation(&cooperative)), (3, 4));
    // What a member is newly given: with the eager protocol all of it, each time.
    let given = |events: &[Event]| {
        let partitions = events.iter().filter_map(|event| match event.kind {
            Kind::Assigned { partitions, .. } => Some(partitions.count_ones()),
            _ => None,
        });
        partitions.sum::<u32>()
    };
    assert_eq!(given(&eager), 3 * 7);
    assert!(given(&cooperative) < 3 * 7);
}

/// The leader of the output topic dies while its follower is behind: what it alone had was never an effect.
#[test]
fn an_output_is_an_effect_when_the_high_watermark_has_passed_it() {
    let mut pricing = reader("Pricing", 1, EffectKind::Record, Guarantee::AtLeastOnce);
    pricing.output = "priced".into();
    pricing.service_time = Span::ms(10);
    let mut s = calm(pricing);
    s.load.messages = 40;
    s.cluster.replica_lag_max = Span::s(3);
    s.topics.push(Topic {
        name: "priced".into(),
        ..s.topics[0].clone()
    });
    log(&mut s).replication = 1;
    s.faults.placed = vec![
        Placed::CutBroker {
            broker: 1,
            at: Span::ms(2_010),
            lasting: Span::ms(1_400),
        },
        Placed::CrashBroker {
            broker: 0,
            at: Span::ms(3_400),
        },
    ];
    let (run, events) = traced(s);
    let (mut ends, mut seen, mut cut) = (Vec::new(), 0, 0);
    for event in &events {
        match event.kind {
            Kind::Appended {
                topic: 1,
                offset,
                message,
                ..
            } => ends.push((message, offset + 1)),
            Kind::HighWatermark {
                topic: 1, offset, ..
            } => seen = offset,
            Kind::Truncated { topic: 1, .. } => cut += 1,
            Kind::Effect { message, .. } => {
                assert!(ends.iter().any(|&(m, end)| m == message && end <= seen));
            }
            _ => {}
        }
    }
    let pricing = &run.report().services[0];
    assert!(cut > 0 && ends.len() > 40, "{cut} cut off");
    assert_eq!(
        (pricing.effects, pricing.duplicated),
        (40, 0),
        "{pricing:?}"
    );
    assert_eq!(
        finished(run.world().scenario().clone()).report(),
        run.report()
    );
}
