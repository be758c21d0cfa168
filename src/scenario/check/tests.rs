use super::*;

fn orders() -> Scenario {
    Scenario {
        expects: Vec::new(),
        ..preset("order-processing").unwrap()
    }
}

#[track_caller]
fn one_problem(change: impl FnOnce(&mut Scenario), words: &str) {
    let mut s = orders();
    change(&mut s);
    let problems = check(&s);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].sentence.contains(words), "{}", problems[0]);
}

#[test]
fn every_preset_can_be_run() {
    for name in preset_names() {
        assert_eq!(check(&preset(name).unwrap()), [], "{name}");
    }
}

#[test]
fn each_mistake_is_one_sentence() {
    let log = |s: &mut Scenario, change: fn(&mut LogChannel)| match &mut s.topics[0].channel {
        Channel::Log(settings) => change(settings),
        _ => unreachable!(),
    };
    one_problem(
        |s| s.services[2].topics = vec!["mails".into()],
        "`Notification` reads `mails`",
    );
    one_problem(|s| s.producers[0].topics.clear(), "publishes to no topic");
    one_problem(|s| log(s, |l| l.replication = 3), "only 2 brokers");
    one_problem(|s| log(s, |l| l.min_insync = 3), "min.insync.replicas");
    one_problem(
        |s| log(s, |l| (l.grow_at, l.grow_to) = (Span::s(1), 4)),
        "only be added",
    );
    one_problem(
        |s| log(s, |l| l.partitions = 13),
        "`partitions` cannot be `13`",
    );
    one_problem(
        |s| s.services[1].instances = 0,
        "`inventory.instances` cannot be `0`",
    );
    one_problem(|s| s.load.rate = 10_001, "`rate`");
    one_problem(
        |s| s.services[0].idempotency = Idempotency::SameTransaction,
        "outside any transaction",
    );
    one_problem(
        |s| s.services[1].idempotency = Idempotency::IdempotencyKey,
        "takes such keys",
    );
    one_problem(
        |s| s.services[0].heartbeat = Span::s(2),
        "session.timeout.ms",
    );
    one_problem(
        |s| s.services[3].name = "Payment".into(),
        "called `payment`",
    );
    one_problem(|s| s.version = 2, "version 2");
}

#[test]
fn each_mistake_of_a_placed_fault_or_an_expectation_is_one_sentence() {
    one_problem(
        |s| {
            s.faults.placed.push(Placed::CrashBroker {
                broker: 2,
                at: Span(0),
            })
        },
        "broker 2 (from 0)",
    );
    one_problem(
        |s| {
            s.faults.placed.push(Placed::LoseAck {
                message: 0,
                attempt: 1,
            })
        },
        "counted from 1",
    );
    one_problem(
        |s| {
            s.faults.placed.push(Placed::LoseAck {
                message: 1,
                attempt: 0,
            })
        },
        "attempts are counted from 1",
    );
    one_problem(
        |s| {
            s.faults.placed.push(Placed::CutBroker {
                broker: 1,
                at: Span(0),
                lasting: Span(u64::MAX),
            })
        },
        "allowed is up to 1440min",
    );
    one_problem(
        |s| s.expects.push(expect("Payment", "loss", "=")),
        "`lost_acknowledged`",
    );
    one_problem(
        |s| s.expects.push(expect("Paymant", "lost", "=")),
        "is no service",
    );
    one_problem(|s| s.expects.push(expect("", "acked", "==")), "`>=`");
}

#[test]
fn each_conflict_of_client_settings_is_one_sentence() {
    one_problem(|s| s.producers[0].acks = Acks::Leader, "needs acks=all");
    one_problem(|s| s.producers[0].retries = 0, "needs retries above 0");
    one_problem(|s| s.producers[0].max_in_flight = 6, "up to 5");
    one_problem(
        |s| s.producers[0].delivery_timeout = Span::ms(199),
        "delivery.timeout.ms",
    );
    one_problem(
        |s| {
            (
                s.producers[0].transaction_messages,
                s.producers[0].idempotence,
            ) = (3, false)
        },
        "need enable.idempotence=true",
    );
    one_problem(
        |s| s.services[0].topics.push("order-events".into()),
        "reads `order-events` twice",
    );
    one_problem(
        |s| (s.services[1].memory, s.services[1].memory_for) = (5, Span::s(1)),
        "one of the two",
    );
}

fn expect(service: &str, figure: &str, is: &str) -> Expect {
    let (service, figure, is) = (service.into(), figure.into(), is.into());
    Expect {
        service,
        figure,
        is,
        value: 0,
    }
}

#[test]
fn all_problems_come_at_once() {
    let mut s = orders();
    let one = s.services[0].clone();
    s.services = (0..9)
        .map(|i| Service {
            name: format!("S{i}"),
            ..one.clone()
        })
        .collect();
    s.load.rate = 0;
    s.faults.latency = Span::s(61);
    assert_eq!(check(&s).len(), 3);
    assert_eq!(
        check(&Scenario::default()).len(),
        3,
        "no services, topics, producers"
    );
}

#[test]
fn what_a_service_writes_does_not_come_back_to_it() {
    let mut s = orders();
    s.topics.push(Topic {
        name: "priced".into(),
        ..Topic::default()
    });
    let mut writes = |i: usize, reads: &str, output: &str| {
        s.services[i].effect = EffectKind::Record;
        s.services[i].promise(Guarantee::ExactlyOnce);
        s.services[i].topics = vec![reads.into()];
        s.services[i].output = output.into();
        check(&s)
    };
    assert_eq!(writes(0, "order-events", "priced"), []);
    assert_eq!(
        writes(1, "priced", "order-events").len(),
        2,
        "a circle of two"
    );
    let own = writes(1, "priced", "priced");
    assert_eq!(own.len(), 1);
    assert!(own[0].sentence.contains("comes back to it"));
}

#[test]
fn a_queue_has_no_offsets_and_no_transactions() {
    let mut s = orders();
    s.topics[0].channel = Channel::Lease(LeaseChannel::default());
    assert_eq!(check(&s), []);
    s.services[0].promise(Guarantee::ExactlyOnce);
    s.services[1].promise(Guarantee::ExactlyOnce);
    s.services[2].commit = CommitWhen::Auto;
    assert_eq!(check(&s).len(), 3);
}
