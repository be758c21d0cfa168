use proptest::prelude::*;

use super::super::marks::MarkKind;
use super::*;
use crate::scenario::preset;
use crate::sim::{FaultKey, Site};
use crate::trace::{Kind, Leg};

fn stormy() -> Scenario {
    let mut scenario = preset("order-processing").expect("it is built in");
    scenario.load.rate = 40;
    scenario.duration = Span::s(4);
    scenario.faults.consumer_crash = Span::s(2);
    scenario.faults.broker_crash = Span::s(3);
    scenario
}

fn state(timeline: &Timeline) -> (u64, u64) {
    (
        timeline.run.world().traced(),
        timeline.run.world().trace_hash().value(),
    )
}

#[derive(Clone, Copy, Debug)]
enum Walk {
    Step,
    Back,
    Seek(u64),
    Event(u64),
    Next,
    Previous,
}

fn walks() -> impl Strategy<Value = Vec<Walk>> {
    let one = prop_oneof![
        4 => Just(Walk::Step),
        4 => Just(Walk::Back),
        1 => (0u64..5_000_000).prop_map(Walk::Seek),
        1 => (1u64..6_000).prop_map(Walk::Event),
        1 => Just(Walk::Next),
        1 => Just(Walk::Previous),
    ];
    prop::collection::vec(one, 1..40)
}

fn go(timeline: &mut Timeline, walk: Walk) {
    match walk {
        Walk::Step => timeline.step(),
        Walk::Back => timeline.step_back(),
        Walk::Seek(at) => timeline.seek(at),
        Walk::Event(id) => timeline.seek_event(id),
        Walk::Next => drop(timeline.next_mark()),
        Walk::Previous => drop(timeline.previous_mark()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever a walk leads, the trace up to there is the one a straight run has.
    #[test]
    fn any_walk_sees_the_same_run(walk in walks()) {
        let mut timeline = Timeline::new(stormy()).expect("valid");
        timeline.seek(3_000_000);
        for one in walk {
            go(&mut timeline, one);
            let (traced, hash) = state(&timeline);
            let mut straight = Run::new(stormy()).expect("valid");
            while straight.world().traced() < traced {
                straight.step(&mut |_| {});
            }
            prop_assert_eq!((straight.world().traced(), straight.world().trace_hash().value()), (traced, hash));
        }
    }
}

#[test]
fn a_step_back_undoes_a_step() {
    let mut timeline = Timeline::new(stormy()).expect("valid");
    timeline.seek(1_500_000);
    timeline.step();
    for _ in 0..50 {
        let here = state(&timeline);
        timeline.step();
        let further = state(&timeline);
        assert_ne!(here, further);
        timeline.step_back();
        assert_eq!(state(&timeline), here);
        timeline.step();
        assert_eq!(state(&timeline), further);
    }
}

#[test]
fn an_intervention_in_the_past_makes_a_fork_and_both_go_on() {
    let mut timeline = Timeline::new(stormy()).expect("valid");
    timeline.seek(4_000_000);
    let original = state(&timeline);
    timeline.seek(2_000_000);
    let crash = Action::CrashConsumer {
        service: 0,
        instance: 0,
    };
    let applied = timeline.intervene(crash);
    if applied.is_err() {
        timeline.seek(2_900_000);
        timeline
            .intervene(Action::CrashConsumer {
                service: 0,
                instance: 0,
            })
            .expect("it is back by then");
    }
    assert_eq!(timeline.branches().len(), 2);
    timeline.seek(4_000_000);
    let other = state(&timeline);
    assert_ne!(original, other);
    assert!(timeline.switch(0));
    assert_eq!(state(&timeline), original);
    assert!(timeline.switch(1));
    assert_eq!(state(&timeline), other);
}

#[test]
fn inputs_from_a_link_run_as_they_were_made() {
    let mut made = Timeline::new(stormy()).expect("valid");
    made.seek(1_000_000);
    made.intervene(Action::Set {
        name: "loss".into(),
        value: "20%".into(),
    })
    .expect("live");
    made.seek(1_400_000);
    made.intervene(Action::CrashBroker { broker: 0 })
        .expect("it is up");
    made.seek(3_000_000);
    let mut linked =
        Timeline::with_inputs(stormy(), made.inputs().to_vec(), usize::MAX).expect("they apply");
    linked.seek(3_000_000);
    assert_eq!(state(&linked), state(&made));
}

/// What a hand does: waits so long and then does something.
fn deeds() -> impl Strategy<Value = Vec<(u64, Action)>> {
    let set = |name: &'static str| {
        (0..40u32).prop_map(move |n| Action::Set {
            name: name.into(),
            value: match name {
                "delay" => format!("{}ms", n + 1),
                "crash" => format!("{}ms", 1_000 + 50 * n),
                _ => format!("{n}%"),
            },
        })
    };
    let crash = (0..4u16).prop_map(|service| Action::CrashConsumer {
        service,
        instance: 0,
    });
    let wait = prop_oneof![4 => Just(0), 1 => 1..300_000u64];
    let deed = prop_oneof![3 => set("loss"), 2 => set("ackLoss"), 2 => set("delay"), 2 => set("crash"), 1 => crash];
    prop::collection::vec((wait, deed), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A drag of a slider while the run rests is one input, and the run is the one that a straight run with these
    /// inputs has.
    #[test]
    fn a_parameter_set_many_times_at_one_moment_was_set_once(deeds in deeds()) {
        let mut made = Timeline::new(stormy()).expect("valid");
        made.seek(700_000);
        for (wait, action) in deeds {
            made.seek(made.now() + wait);
            // Who is down cannot be crashed again.
            let _ = made.intervene(action);
        }
        let inputs = made.inputs().to_vec();
        for (nth, input) in inputs.iter().enumerate() {
            let at_once = inputs[nth + 1..].iter().take_while(|later| later.at == input.at);
            let mut names = at_once.map_while(|later| match &later.action {
                Action::Set { name, .. } => Some(name),
                _ => None,
            });
            if let Action::Set { name, .. } = &input.action {
                prop_assert!(names.all(|later| later != name), "{inputs:?}");
            }
        }
        let mut linked = Timeline::with_inputs(stormy(), inputs, usize::MAX).expect("they apply");
        made.seek(4_000_000);
        linked.seek(4_000_000);
        prop_assert_eq!(state(&linked), state(&made));
        prop_assert_eq!(linked.scenario(), made.scenario());
        let events = |t: &Timeline| t.events().copied().collect::<Vec<_>>();
        prop_assert_eq!(events(&linked), events(&made));
        let marks = |t: &Timeline| t.marks().to_vec();
        prop_assert_eq!(marks(&linked), marks(&made));
    }
}

#[test]
fn a_drag_while_the_run_rests_is_one_input_and_one_fork() {
    let set = |value: u32| Action::Set {
        name: "loss".into(),
        value: format!("{value}%"),
    };
    let mut made = Timeline::new(stormy()).expect("valid");
    made.seek(2_000_000);
    made.seek(1_000_000);
    for value in 1..=60 {
        made.intervene(set(value)).expect("live");
    }
    assert_eq!(made.branches().len(), 2, "one fork");
    let once = Intervention {
        at: Span(1_000_000),
        action: set(60),
    };
    assert_eq!(made.inputs(), [once]);
    made.seek(1_200_000);
    made.intervene(set(3)).expect("live");
    assert_eq!(made.inputs().len(), 2, "at another moment it is another");
}

#[test]
fn an_input_too_far_to_replay_is_named_before_the_time_is_spent() {
    let far = Intervention {
        at: Span::ms(3_600_000),
        action: Action::CrashBroker { broker: 0 },
    };
    let problems = Timeline::with_inputs(stormy(), vec![far], 500).expect_err("too far");
    let text = problems[0].to_string();
    assert!(
        text.contains("interventions[0]") && text.contains("more than 500 events"),
        "{text}"
    );
}

#[test]
fn inputs_keep_the_numbers_they_were_written_with_and_spans_have_an_end() {
    let input = |at, action| Intervention {
        at: Span::ms(at),
        action,
    };
    let for_ever = Span(u64::MAX);
    let cut = Action::CutBroker {
        broker: 0,
        lasting: for_ever,
    };
    let inputs = vec![
        input(2_000, Action::CrashBroker { broker: 0 }),
        input(100, cut),
        input(1_000, Action::CrashBroker { broker: 77 }),
    ];
    let problems = Timeline::with_inputs(stormy(), inputs, usize::MAX).expect_err("two are wrong");
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(text.len(), 2, "{text:?}");
    assert!(
        text[0].contains("interventions[1]") && text[0].contains("`lasting`"),
        "{text:?}"
    );
    assert!(
        text[1].contains("interventions[2]") && text[1].contains("77"),
        "{text:?}"
    );
    let mut timeline = Timeline::new(stormy()).expect("valid");
    timeline.seek(500_000);
    let delay = Action::Delay {
        packet: 1,
        by: for_ever,
    };
    let problem = timeline.intervene(delay).expect_err("too long");
    assert!(problem.to_string().contains("`by`"), "{problem}");
}

#[test]
fn inputs_that_do_not_apply_are_named_and_none_is_applied() {
    let input = |at, action| Intervention {
        at: Span::ms(at),
        action,
    };
    let problems = Timeline::with_inputs(
        stormy(),
        vec![
            input(
                100,
                Action::CrashConsumer {
                    service: 9,
                    instance: 0,
                },
            ),
            input(
                200,
                Action::Drop {
                    packet: 123_456_789,
                },
            ),
            input(
                300,
                Action::Set {
                    name: "partitions".into(),
                    value: "3".into(),
                },
            ),
            input(9_000_000, Action::CrashBroker { broker: 0 }),
        ],
        usize::MAX,
    )
    .expect_err("none applies");
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 4, "{text:?}");
    assert!(text[3].contains("after the end"), "{text:?}");
}

#[test]
fn a_dropped_packet_is_known_by_what_it_carried_and_is_a_cause() {
    let mut scenario = preset("lost-ack").expect("it is built in");
    scenario.faults.placed.clear();
    let mut timeline = Timeline::new(scenario).expect("valid");
    let ack = loop {
        timeline.step();
        let mut packets = timeline.run.world().packets();
        let ack = packets.find(|p| p.leg == Leg::Ack && p.about.message == 5 && !p.lost);
        if let Some(ack) = ack {
            break ack.number;
        }
    };
    let at = timeline.now();
    timeline.seek(at + 2_000_000);
    timeline.seek(at);
    timeline
        .intervene(Action::Drop { packet: ack })
        .expect("it is on its way");
    assert_eq!(timeline.current_branch(), 1, "in the past: a fork");
    assert_eq!(timeline.pointed_at(1, 0), Some((Leg::Ack, 5)));
    assert_eq!(timeline.pointed_at(1, 1), None);
    timeline.seek(at + 3_000_000);
    let repeated = |m: &&Mark| m.message == 5 && matches!(m.what, MarkKind::Anomaly { .. });
    assert!(
        timeline.marks().iter().any(|m| repeated(&m)),
        "it was sent again and stored twice"
    );
}

#[test]
fn a_held_up_ack_leaves_its_trace_and_can_be_left_out() {
    let mut scenario = preset("lost-ack").expect("it is built in");
    scenario.faults.placed.clear();
    let mut timeline = Timeline::new(scenario.clone()).expect("valid");
    let ack = loop {
        timeline.step();
        let mut packets = timeline.run.world().packets();
        if let Some(ack) = packets.find(|p| p.leg == Leg::Ack && p.about.message == 5) {
            break ack.number;
        }
    };
    let by = Span::s(3);
    timeline
        .intervene(Action::Delay { packet: ack, by })
        .expect("it is on its way");
    timeline.seek(timeline.now() + 4_000_000);
    let held = timeline.events().find_map(|e| match e.kind {
        crate::trace::Kind::PacketHeldUp {
            leg: Leg::Ack,
            message: 5,
            fault,
            ..
        } => Some(fault),
        _ => None,
    });
    let fault = held.expect("an event for it");
    let twice = |run: &Run| run.report().services[0].duplicated;
    assert_eq!(twice(timeline.run()), 1, "the producer sent it again");
    let mut plan = crate::sim::FaultPlan::default();
    plan.suppress(fault);
    let mut without = Run::with_faults(scenario, plan).expect("valid");
    let input = &timeline.inputs()[0];
    without.advance(input.at.0, usize::MAX, &mut |_| {});
    assert!(without.intervene(&input.action));
    without.advance(timeline.now(), usize::MAX, &mut |_| {});
    assert_eq!(twice(&without), 0);
}

/// A series at the end of a run, however the run was driven: by leaps, in small bites, event by event.
#[test]
fn the_series_depends_on_the_run_alone() {
    let straight = {
        let mut timeline = Timeline::new(stormy()).expect("it runs");
        timeline.seek(2_000_000);
        timeline
    };
    let mut bites = Timeline::new(stormy()).expect("it runs");
    while !bites.advance(2_000_000, 7) {}
    let mut stepped = Timeline::new(stormy()).expect("it runs");
    while stepped.now() < 700_000 {
        stepped.step();
    }
    stepped.seek(300_000);
    stepped.seek(2_000_000);
    let samples = straight.series().samples();
    assert!(samples.len() > 90 && samples.iter().any(|s| s.services.iter().any(|s| s.lag > 0)));
    assert_eq!(samples, bites.series().samples());
    assert_eq!(samples, stepped.series().samples());
}

#[test]
fn a_sample_says_what_the_report_says() {
    let mut timeline = Timeline::new(stormy()).expect("it runs");
    timeline.seek(3_000_000);
    let at = timeline.series().samples().len() / 2;
    let sample = timeline.series().samples()[at].clone();
    timeline.seek(sample.at);
    let report = timeline.report();
    assert_eq!(sample.published, report.published);
    for (sample, report) in sample.services.iter().zip(&report.services) {
        assert_eq!(sample.count.effects, report.effects);
        assert_eq!(sample.count.lost, report.lost);
        assert_eq!(sample.count.duplicated, report.duplicated);
    }
}

#[test]
fn a_long_series_keeps_its_size_and_its_steps_even() {
    let mut scenario = stormy();
    scenario.load.rate = 1;
    scenario.duration = Span::s(120);
    let mut timeline = Timeline::new(scenario).expect("it runs");
    timeline.seek(100_000_000);
    let (samples, step) = (timeline.series().samples(), timeline.series().step());
    assert!((128..256).contains(&samples.len()), "{}", samples.len());
    assert!(
        samples
            .iter()
            .enumerate()
            .all(|(i, s)| s.at == i as u64 * step)
    );
}

#[test]
fn a_fork_has_the_series_of_its_own_course() {
    let mut timeline = Timeline::new(stormy()).expect("it runs");
    timeline.seek(3_000_000);
    let first = timeline.series().samples().to_vec();
    timeline.seek(1_000_000);
    timeline
        .intervene(Action::CrashBroker { broker: 0 })
        .expect("it is up");
    timeline.seek(3_000_000);
    let fork = timeline.series().samples();
    let shared = fork.iter().filter(|s| s.at <= 1_000_000).count();
    assert_eq!(fork[..shared], first[..shared]);
    assert_ne!(fork, first);
    assert!(timeline.switch(0));
    assert_eq!(timeline.series().samples(), first);
}

#[test]
fn a_rate_of_crashes_changed_live_is_drawn_anew_for_those_it_is_about_only() {
    let crashes = |change: Option<(&str, &str)>| {
        let mut s = stormy();
        s.duration = Span::s(30);
        let mut timeline = Timeline::new(s).expect("valid");
        timeline.seek(2_000_000);
        if let Some((name, value)) = change {
            let (name, value) = (name.into(), value.into());
            timeline
                .intervene(Action::Set { name, value })
                .expect("live");
        }
        timeline.seek(30_000_000);
        let late = timeline.events().filter(|event| event.at > 2_000_000);
        let names = late.filter_map(|event| match event.kind {
            Kind::Crashed { fault, .. } => Some((event.at, fault)),
            _ => None,
        });
        names.collect::<Vec<_>>()
    };
    let of = |all: &[(u64, FaultKey)], site| {
        let those = all.iter().filter(|(_, key)| key.site == site);
        those.copied().collect::<Vec<_>>()
    };
    let (usual, dying) = (crashes(None), crashes(Some(("producerCrash", "2s"))));
    assert_eq!(of(&usual, Site::ProducerCrash), []);
    let producer = of(&dying, Site::ProducerCrash);
    assert!(producer.len() > 3, "{producer:?}");
    let names: std::collections::BTreeSet<_> = producer.iter().map(|(_, key)| key).collect();
    assert_eq!(names.len(), producer.len(), "no two crashes have one name");
    // Who keeps its rate keeps its crashes.
    assert_eq!(of(&usual, Site::BrokerCrash), of(&dying, Site::BrokerCrash));
    let fewer = crashes(Some(("crash", "never")));
    let late = of(&fewer, Site::ConsumerCrash);
    assert!(late.is_empty(), "{late:?}");
}
