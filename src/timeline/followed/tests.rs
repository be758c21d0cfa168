use crate::scenario::{Action, Scenario, Span, preset};
use crate::timeline::Timeline;
use crate::trace::{Event, Kind, life};

/// Far more events than are kept.
fn long() -> Scenario {
    let mut scenario = preset("order-processing").expect("built in");
    scenario.load.rate = 200;
    scenario.duration = Span::s(30);
    for service in &mut scenario.services {
        service.service_time = Span::ms(2);
    }
    scenario.faults.consumer_crash = Span::s(3);
    scenario
}

/// The trace of a run from its beginning to a moment.
fn trace(until: u64) -> Vec<Event> {
    let mut run = super::super::Run::new(long()).expect("valid");
    let mut events = Vec::new();
    run.advance(until, usize::MAX, &mut |event| events.push(*event));
    events
}

#[test]
fn what_was_before_is_told_wherever_one_goes() {
    let whole = trace(30_000_000);
    assert!(whole.len() > 100_000, "{}", whole.len());
    let mut timeline = Timeline::new(long()).expect("valid");
    timeline.seek(30_000_000);
    for at in [
        29_000_000, 4_000_000, 3_900_000, 12_345_678, 500_000, 28_000_000, 0, 30_000_000,
    ] {
        timeline.seek(at);
        let told: Vec<Event> = timeline.events().copied().collect();
        let before = whole.partition_point(|event| event.at <= at);
        assert_eq!(told.last(), whole[..before].last(), "{at}");
        assert_eq!(told[..], whole[before - told.len()..before], "{at}");
        assert!(
            told.len() >= before.min(5_000),
            "{at}: {} of {before}",
            told.len()
        );
    }
    // The marks are told once each.
    let mut marks: Vec<u64> = timeline.marks().iter().map(|mark| mark.event).collect();
    let all = marks.len();
    marks.dedup();
    assert!(marks.len() * 2 > all && marks.is_sorted());
}

#[test]
fn a_message_that_is_followed_has_its_whole_life() {
    let whole = trace(30_000_000);
    let repeated = whole.iter().find_map(|event| match event.kind {
        Kind::Delivered {
            nth: 2, message, ..
        } => Some(message),
        _ => None,
    });
    let message = repeated.expect("a crash repeats one");
    let expected = |at: u64| {
        let before = whole.partition_point(|event| event.at <= at);
        life(&whole[..before], message)
    };
    let mut timeline = Timeline::new(long()).expect("valid");
    timeline.seek(30_000_000);
    assert_ne!(
        life(&timeline.told_of(message), message),
        expected(30_000_000)
    );
    timeline.follow(Some(message));
    let first = expected(30_000_000)[0].at;
    for at in [
        30_000_000,
        29_000_000,
        first + 20_000,
        15_000_000,
        first,
        30_000_000,
        60_000_000,
    ] {
        timeline.seek(at);
        let told = life(&timeline.told_of(message), message);
        assert_eq!(told, expected(at), "{at}");
        assert!(timeline.knows_all_of(message));
    }
}

#[test]
fn a_fork_knows_its_own_life_of_a_message() {
    let mut timeline = Timeline::new(long()).expect("valid");
    timeline.seek(20_000_000);
    timeline.follow(Some(300));
    let published = timeline.told_of(300);
    let at = published.iter().find(|event| {
        matches!(
            event.kind,
            Kind::Delivered {
                message: 300,
                service: 0,
                ..
            }
        )
    });
    let at = at.expect("it is delivered").at;
    timeline.seek(at);
    let crash = Action::CrashConsumer {
        service: 0,
        instance: 0,
    };
    timeline.intervene(crash).expect("it is up");
    timeline.seek(20_000_000);
    let told = life(&timeline.told_of(300), 300);
    let crashed = |event: &Event| event.at == at && matches!(event.kind, Kind::Crashed { .. });
    assert!(told.iter().any(crashed), "{told:?}");
    assert!(timeline.switch(0));
    let told = life(&timeline.told_of(300), 300);
    assert!(!told.iter().any(crashed) && !told.is_empty());
}
