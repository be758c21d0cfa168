//! The stage as it is drawn and the stage in words are one; with little motion nothing is drawn in between.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::{Scenario, params, preset, preset_names};
use delivery_lab::timeline::Timeline;
use delivery_lab::view::layout::{Layout, Room, layout};
use delivery_lab::view::scene::{self, Attention, Mark, Motion, Scene};
use delivery_lab::view::stage::{ChannelBody, MemberState, Stage};
use delivery_lab::view::twin::details;

const ROOM: Room = Room {
    width: 984.0,
    height: 565.0,
    fixed: false,
};

fn drawn(stage: &Stage, motion: Motion) -> (Scene, Layout) {
    let place = layout(stage, ROOM);
    let mut scene = Scene::default();
    scene::draw(&mut scene, stage, &place, motion, Attention::default());
    (scene, place)
}

/// What a reader can count in a drawing or in its words.
#[derive(Debug, Default, PartialEq)]
struct Count {
    moving: usize,
    lost: usize,
    down: usize,
}

fn in_drawing(stage: &Stage) -> Count {
    let (scene, place) = drawn(stage, Motion::Gliding);
    let crosses = scene
        .marks
        .iter()
        .filter(|m| matches!(m, Mark::Cross { .. }));
    let texts = scene.marks.iter().filter_map(|m| match m {
        Mark::Text { words, at, .. } => Some((scene.read(words), *at)),
        _ => None,
    });
    let within = |at| {
        let members = || place.services.iter().flat_map(|s| &s.members);
        members().any(|r| r.contains(at))
    };
    let down = texts.filter(|(words, at)| words.starts_with('✕') && within(*at));
    Count {
        moving: scene.pills.len(),
        lost: crosses.count(),
        down: down.count(),
    }
}

fn in_words(stage: &Stage, scenario: &Scenario) -> Count {
    let parts = details(stage, scenario);
    let lines = |title: &str| {
        let part = parts.iter().find(|p| p.title == title);
        part.map_or(&[][..], |p| &p.lines).iter()
    };
    let about = format!(" of {} ", stage.noun);
    let services = parts.iter().filter(|p| p.title.contains(": "));
    let down = services
        .flat_map(|p| &p.lines)
        .filter(|line| line.contains(": down"));
    Count {
        moving: lines("On the way").filter(|l| l.contains(&about)).count(),
        lost: lines("Lost a moment ago").count(),
        down: down.count(),
    }
}

#[test]
fn the_words_count_what_the_drawing_shows() {
    let mut all = Count::default();
    for name in preset_names() {
        let mut scenario = preset(name).expect("a listed preset");
        scenario.load.rate = scenario.load.rate.max(40);
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        for at in 1..60_u64 {
            timeline.advance(at * 97_003, usize::MAX);
            let stage = Stage::of(timeline.run().world());
            let (drawing, words) = (in_drawing(&stage), in_words(&stage, &scenario));
            let ways = &stage.moving;
            assert_eq!(drawing, words, "{name} at {} µs: {ways:?}", stage.now);
            let truly = stage.services.iter().flat_map(|s| &s.members);
            let truly = truly.filter(|m| m.state == MemberState::Down).count();
            assert_eq!(drawing.down, truly, "{name}");
            all.moving += words.moving;
            all.lost += words.lost;
            all.down += words.down;
        }
    }
    assert!(
        all.moving > 500 && all.lost > 20 && all.down > 20,
        "{all:?}"
    );
}

/// How many drawings more than there are discrete ones were seen while the stage stayed the same, and in how many
/// looks at moments close to each other.
fn in_between(preset: &Scenario, motion: Motion) -> (usize, usize) {
    let mut scenario = preset.clone();
    for (name, value) in [("latency", "40ms"), ("jitter", "0"), ("rate", "5")] {
        params::set(&mut scenario, name, value).expect("a parameter");
    }
    let mut timeline = Timeline::new(scenario).expect("it runs");
    let (mut most, mut looks) = (0, 0);
    let (mut state, mut seen) = (Stage::default(), Vec::new());
    for at in 1..6_000_u64 {
        timeline.advance(at * 250, usize::MAX);
        let stage = Stage::of(timeline.run().world());
        let (scene, _) = drawn(&stage, motion);
        let still = Stage { now: 0, ..stage };
        if still != state {
            (state, seen) = (still, Vec::new());
        }
        looks += 1;
        if !seen.contains(&scene.marks) {
            seen.push(scene.marks);
        }
        // A packet stands at three places: where it leaves, half way, where it arrives. A lease is drawn in quarters.
        let queues = state.channels.iter().filter_map(|c| match &c.body {
            ChannelBody::Queues(queues) => Some(queues),
            _ => None,
        });
        let leased: u64 = queues.flatten().map(|q| q.in_flight).sum();
        let allowed = 1 + 2 * state.moving.len() + 4 * leased as usize;
        most = most.max(seen.len().saturating_sub(allowed));
    }
    (most, looks)
}

#[test]
fn with_little_motion_nothing_is_drawn_in_between() {
    for name in ["order-processing", "visibility-timeout"] {
        let scenario = preset(name).expect("a preset");
        let (stepping, looks) = in_between(&scenario, Motion::Stepping);
        assert!(looks > 5_000);
        assert_eq!(stepping, 0, "{name}: drawings more than there are states");
        let (gliding, _) = in_between(&scenario, Motion::Gliding);
        assert!(gliding > 10, "{name}: gliding does differ ({gliding})");
    }
}
