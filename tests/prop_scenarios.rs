//! Any preset under any parameters, and any scenario made of random parts: it can be run or says why not, comes to
//! an end, and its figures add up. Of presets also: what their settings rule out does not happen.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::trace::Event;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Events that a run of 40 messages may take at most, however it is set.
const ENDLESS: usize = 3_000_000;

/// A preset with some parameters at other values, as far as they go together, and little to do.
fn any_scenario() -> impl Strategy<Value = Scenario> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..12);
    (any::<prop::sample::Index>(), any::<u32>(), changes).prop_map(|(which, seed, changes)| {
        let names: Vec<&str> = preset_names().collect();
        let mut scenario = preset(names[which.index(names.len())]).expect("a preset");
        let handles = params::of(&scenario);
        for (which, bits) in changes {
            let handle = which.get(&handles);
            let stops = handle.param.kind.stops();
            let (least, most) = handle.param.kind.bounds();
            let raw = match stops.len() {
                0 => least + bits % (most - least + 1),
                several => stops[bits as usize % several],
            };
            let mut changed = scenario.clone();
            if handle.set_raw(&mut changed, raw).is_ok() && check(&changed).is_empty() {
                scenario = changed;
            }
        }
        scenario.seed = seed;
        scenario.load.messages = match scenario.load.messages {
            0 => 40,
            most => most.min(40),
        };
        scenario.duration = scenario.duration.min(Span::s(20));
        scenario.drain = scenario.drain.min(Span::s(60));
        scenario
    })
}

/// A number below `n`, from some of the bits.
fn pick(bits: &mut u64, n: u64) -> u64 {
    let picked = *bits % n;
    *bits /= n;
    picked
}

fn channel(mut bits: u64) -> Channel {
    let lease = |bits: &mut u64| LeaseChannel {
        fifo: pick(bits, 2) > 0,
        visibility_timeout: Span::ms(100 + 400 * pick(bits, 5)),
        max_receive_count: pick(bits, 4) as u32,
        double_delivery: Ratio::percent(10 * pick(bits, 3) as u32),
        redrive_at: Span::s(5 * pick(bits, 2)),
        ..LeaseChannel::default()
    };
    match pick(&mut bits, 8) {
        0 => Channel::Lease(lease(&mut bits)),
        1 => Channel::Sns(lease(&mut bits)),
        2 => Channel::Amqp(AmqpChannel {
            quorum: pick(&mut bits, 2) > 0,
            dead_letter: pick(&mut bits, 2) > 0,
            delivery_limit: pick(&mut bits, 3) as u32,
            ttl: Span::ms(500 * pick(&mut bits, 3)),
            max_length: 5 * pick(&mut bits, 2) as u32,
        }),
        3 => Channel::PubSub(PubSubChannel::default()),
        _ => Channel::Log(LogChannel {
            partitions: 1 + pick(&mut bits, 4) as u32,
            replication: 1 + pick(&mut bits, 3) as u32,
            min_insync: 1 + pick(&mut bits, 2) as u32,
            grow_at: Span::s(pick(&mut bits, 3)),
            grow_to: 6,
            ..LogChannel::default()
        }),
    }
}

fn topic_names(bits: &mut u64) -> Vec<String> {
    let first = pick(bits, 3);
    let names = (first..3).take(1 + pick(bits, 2) as usize);
    names.map(|nth| format!("topic {nth}")).collect()
}

fn random_producer(name: &str, mut bits: u64) -> Producer {
    let bits = &mut bits;
    let idempotence = pick(bits, 3) > 0;
    Producer {
        name: name.into(),
        topics: topic_names(bits),
        idempotence,
        acks: match pick(bits, 4) {
            0 if !idempotence => Acks::None,
            1 if !idempotence => Acks::Leader,
            _ => Acks::All,
        },
        retries: [0, 3, 1_000_000][pick(bits, 3) as usize],
        max_in_flight: 1 + pick(bits, 5) as u32,
        batch_records: 1 + 9 * pick(bits, 2) as u32,
        linger: Span::ms(20 * pick(bits, 2)),
        delivery_timeout: Span::s(1 + 10 * pick(bits, 2)),
        resend: pick(bits, 3) == 0,
        crash_every: Span::s(pick(bits, 3)),
        transaction_messages: if pick(bits, 3) == 0 { 3 } else { 0 },
        ..Producer::default()
    }
}

fn random_service(name: &str, mut bits: u64) -> Service {
    use EffectKind::*;
    use Idempotency::*;
    let bits = &mut bits;
    let mut service = Service {
        name: name.into(),
        topics: topic_names(bits),
        output: "topic 3".into(),
        instances: 1 + pick(bits, 3) as u32,
        effect: [Charge, Stock, Mail, Count, Push, Record][pick(bits, 6) as usize],
        ..Service::default()
    };
    service.promise(Guarantee::ALL[pick(bits, 4) as usize]);
    if pick(bits, 3) == 0 {
        let all = [
            None,
            TableChecked,
            SameTransaction,
            UniqueConstraint,
            IdempotencyKey,
            Natural,
            StoredOffset,
            KafkaTransaction,
        ];
        service.idempotency = all[pick(bits, 8) as usize];
    }
    service.max_poll = 1 + 9 * pick(bits, 2) as u32;
    service.transient = Ratio::percent(10 * pick(bits, 3) as u32);
    service.poison = Ratio::percent(3 * pick(bits, 2) as u32);
    service.attempts = 1 + pick(bits, 3) as u32;
    service.on_failure =
        [OnFailure::Skip, OnFailure::DeadLetter, OnFailure::Block][pick(bits, 3) as usize];
    service.early = [Early::Process, Early::Wait, Early::Retry][pick(bits, 3) as usize];
    service.read_committed = pick(bits, 2) > 0;
    service.static_members = pick(bits, 2) > 0;
    service.extend_lease = pick(bits, 2) > 0;
    service.assignor = [Assignor::Range, Assignor::CooperativeSticky][pick(bits, 2) as usize];
    service.pause = Span::s(2 * pick(bits, 2));
    service.pause_at = Span::s(1);
    service
}

fn random_faults(mut bits: u64) -> Faults {
    let bits = &mut bits;
    let mut rate = |most| Ratio::percent(most * pick(bits, 3) as u32);
    let rates = [rate(10), rate(10), rate(5), rate(10), rate(5), rate(5)];
    Faults {
        loss: rates[0],
        ack_loss: rates[1],
        delivery_loss: rates[2],
        commit_loss: rates[3],
        duplicate: rates[4],
        crash_before_commit: rates[5],
        consumer_crash: Span::s(2 * pick(bits, 2)),
        broker_crash: Span::s(2 * pick(bits, 3)),
        broker_restart: Span::ms(500 + 2_000 * pick(bits, 2)),
        ..Faults::default()
    }
}

/// Random topics, producers and services, of which those that go together are kept.
fn any_parts() -> impl Strategy<Value = Scenario> {
    let some = |most: usize| prop::collection::vec(any::<u64>(), 1..=most);
    (
        any::<u32>(),
        [any::<u64>(); 4],
        some(2),
        some(3),
        any::<u64>(),
    )
        .prop_filter_map(
            "parts that do not go together",
            |(seed, channels, producers, services, faults)| {
                let topics = channels.into_iter().zip(0..).map(|(bits, nth)| Topic {
                    name: format!("topic {nth}"),
                    channel: channel(bits),
                });
                let named = |kind: &str, nth: usize| format!("{kind} {nth}");
                let producers = producers.into_iter().enumerate();
                let services = services.into_iter().enumerate();
                let scenario = Scenario {
                    seed,
                    topics: topics.collect(),
                    producers: producers
                        .map(|(i, bits)| random_producer(&named("producer", i), bits))
                        .collect(),
                    services: services
                        .map(|(i, bits)| random_service(&named("service", i), bits))
                        .collect(),
                    faults: random_faults(faults),
                    cluster: Cluster {
                        brokers: 3,
                        unclean_election: faults % 5 == 0,
                        ..Cluster::default()
                    },
                    load: Load {
                        messages: 40,
                        users: 5,
                        keyed: seed % 4 > 0,
                        ..Load::default()
                    },
                    duration: Span::s(5),
                    drain: Span::s(90),
                    ..Scenario::default()
                };
                check(&scenario).is_empty().then_some(scenario)
            },
        )
}

/// A run to its end, with every event of it.
fn traced(scenario: &Scenario) -> Result<(Run, Vec<Event>), String> {
    let mut run = Run::new(scenario.clone()).map_err(|why| format!("checked, but {why:?}"))?;
    let mut events = Vec::new();
    run.advance(u64::MAX, ENDLESS, &mut |event| events.push(*event));
    if !run.finished() {
        return Err(format!("no end: {} µs, {:?}", run.now(), events.last()));
    }
    Ok((run, events))
}

/// Everything that must be true of a finished run; the first thing that is not.
fn wrong(scenario: &Scenario) -> Result<Run, String> {
    let (run, events) = traced(scenario)?;
    for (event, nth) in events.iter().zip(1..) {
        let before = events.get((nth as usize).wrapping_sub(2));
        let in_time = before.is_none_or(|before| before.at <= event.at);
        if event.id != nth || event.cause >= event.id || !in_time {
            return Err(format!(
                "out of place, number {nth} after {before:?}: {event:?}"
            ));
        }
    }
    let report = run.report();
    if report.acked > report.published {
        return Err(format!("more acknowledged than published: {report:?}"));
    }
    for service in &report.services {
        let first = service.effects - service.duplicated;
        let accounted = first + service.lost + service.pending + service.dead_lettered;
        if accounted != service.published || service.processed > service.delivered {
            return Err(format!("the figures do not add up: {service:?}"));
        }
        if run.world().settled() && service.pending > 0 {
            return Err(format!("settled, but to come: {service:?}"));
        }
    }
    Ok(run)
}

/// The first of the things that the settings rule out and that happened.
fn ruled_out(scenario: &Scenario, run: &Run) -> Result<(), String> {
    for (service, i) in run.report().services.iter().zip(0..) {
        let kept = kept_by_settings(scenario, i);
        let lost = service.lost_acknowledged > 0 && kept.loses.is_empty();
        if lost || service.duplicated > 0 && kept.repeats.is_empty() {
            return Err(format!("ruled out by {kept:?}: {service:?}"));
        }
    }
    Ok(())
}

proptest! {
    // Always the same scenarios, unless `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others.
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(2),
        failure_persistence: None,
        ..ProptestConfig::with_cases(80)
    })]

    #[test]
    fn any_preset_under_any_parameters_keeps_the_rules(scenario in any_scenario()) {
        let outcome = wrong(&scenario).and_then(|run| ruled_out(&scenario, &run));
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn any_parts_that_go_together_keep_the_rules(scenario in any_parts()) {
        let outcome = wrong(&scenario).map(drop);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}
