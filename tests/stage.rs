//! The stage as it is drawn and the stage in words are one; with little motion nothing is drawn in between.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::{Scenario, params, preset, preset_names};
use delivery_lab::timeline::Timeline;
use delivery_lab::view::geometry::{Point, Rect};
use delivery_lab::view::layout::{Layout, Room, RowBox, layout};
use delivery_lab::view::scene::{self, Attention, Fill, Ink, Mark, Motion, Scene};
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

/// The numbers in a line, in their order.
fn numbers(line: &str) -> Vec<u64> {
    let parts = line.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// What is drawn of a channel, a row each: as the drawing has it, and as the words have it.
#[derive(Debug, Default, PartialEq)]
struct Held {
    /// Offsets in the cells.
    cells: Vec<u64>,
    bows: usize,
    /// Where the solid part of each lane ends, and where all of it does, in cells.
    lanes: Vec<(u64, u64)>,
    /// Messages in a queue's cells, those with a lease and those with a count of tries.
    queued: Vec<u64>,
    leased: usize,
    again: usize,
    dead: usize,
}

fn row_drawn(scene: &Scene, row: &RowBox) -> Held {
    let mut held = Held::default();
    let in_cell = |at: Point| row.cells.contains(at) && (at.y - row.cells.center().y).abs() < 0.01;
    for mark in &scene.marks {
        match mark {
            Mark::Text { words, at, .. } => {
                let words = scene.read(words);
                let number = words.parse::<u64>().ok();
                let column = ((at.x - row.cells.x) / row.cell).floor().max(0.0) as u64;
                let middle = row.cells.x + (column as f64 + 0.5) * row.cell;
                let cell = number == Some(row.first + column) || ["✓", "✕"].contains(&words);
                if in_cell(*at) && cell && (at.x - middle).abs() < 0.01 {
                    held.cells.push(row.first + column);
                }
                let starts = [5.0, 16.0].map(|x| row.cells.x + column as f64 * row.cell + 1.0 + x);
                if in_cell(*at) && starts.iter().any(|x| (at.x - x).abs() < 0.01) {
                    held.queued.extend(number);
                }
                held.again += usize::from(row.frame.contains(*at) && words.ends_with('×'));
            }
            Mark::Bow { from, .. } => held.bows += usize::from(row.frame.contains(*from)),
            Mark::Arc { center, .. } => held.leased += usize::from(in_cell(*center)),
            Mark::Outline {
                rect,
                ink: Ink::Lost,
                dashed: true,
                ..
            } => {
                let shelf = row.frame.contains(rect.center()) && rect.w == 32.0;
                held.dead += usize::from(shelf);
            }
            _ => {}
        }
    }
    let cells = |bar: &Rect, right: f64| ((right - bar.x) / row.cell).round() as u64;
    held.lanes = row
        .lanes
        .iter()
        .map(|bar| {
            let parts = scene.marks.iter().filter_map(|mark| match mark {
                Mark::Area {
                    rect,
                    fill,
                    ink: Ink::Service(_),
                    ..
                } => Some((*rect, *fill == Fill::Plain)),
                Mark::Outline {
                    rect,
                    ink: Ink::Service(_),
                    ..
                } => Some((*rect, false)),
                _ => None,
            });
            let own = parts.filter(|(rect, _)| {
                (rect.center().y - bar.center().y).abs() < 0.6 && rect.h <= bar.h
            });
            let own: Vec<_> = own
                .map(|(rect, sure)| (cells(bar, rect.right()), sure))
                .collect();
            let furthest = |only_sure: bool| {
                own.iter()
                    .filter(|(_, sure)| *sure || !only_sure)
                    .map(|(x, _)| *x)
                    .max()
                    .unwrap_or(0)
            };
            (furthest(true), furthest(false))
        })
        .collect();
    held
}

/// The same from the lines about one partition or queue: `lanes` about its lanes, `inside` about what it holds.
fn row_told(lanes: &[&String], inside: &[String], row: &RowBox) -> Held {
    let mut held = Held::default();
    let shown = |offset: &u64| (row.first..row.first + row.count as u64).contains(offset);
    for line in inside.iter().filter(|line| line.starts_with("offset ")) {
        let offset = numbers(line)[0];
        if !shown(&offset) {
            continue;
        }
        held.cells.push(offset);
        let first = line
            .split_once("first at offset ")
            .map(|(_, rest)| numbers(rest)[0]);
        held.bows += usize::from(first.is_some_and(|first| first >= row.first));
    }
    let x = |offset: u64| offset.clamp(row.first, row.first + row.count as u64) - row.first;
    held.lanes = lanes
        .iter()
        .map(|line| {
            let (_, below) = line.split_once(": committed").expect("a lane");
            let [committed, processed, delivered] = numbers(below)[..] else {
                panic!("{line}")
            };
            let most = committed.max(processed).max(delivered);
            (x(committed.min(processed)), x(most))
        })
        .collect();
    let dead = |line: &&String| line.ends_with(": a dead letter");
    held.dead = inside.iter().filter(dead).count().min(3);
    let queued = inside
        .iter()
        .filter(|line| !line.starts_with("offset ") && !dead(line));
    for line in queued.take(row.count) {
        let (message, rest) = line.split_once(": ").expect("a message");
        held.queued.extend(numbers(message).last());
        held.leased += usize::from(rest.starts_with("held by "));
        held.again += usize::from(rest.contains("received "));
    }
    held
}

#[test]
fn what_is_drawn_of_logs_and_queues_has_its_row_in_words() {
    let mut all = Held::default();
    for name in preset_names() {
        let scenario = preset(name).expect("a listed preset");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        for at in 1..40_u64 {
            timeline.advance(at * 263_009, usize::MAX);
            let stage = Stage::of(timeline.run().world());
            let (scene, place) = drawn(&stage, Motion::Gliding);
            let parts = details(&stage, &scenario);
            let lines = |title: String| {
                parts
                    .iter()
                    .find(|p| p.title == title)
                    .map_or(&[][..], |p| &p.lines)
            };
            for (c, (channel, own)) in stage.channels.iter().zip(&place.channels).enumerate() {
                let about = lines(scenario.topics[c].name.clone());
                for (r, row) in own.rows.iter().enumerate() {
                    let title = match &channel.body {
                        ChannelBody::Log(_) => {
                            format!("Records in partition {r} of {}", scenario.topics[c].name)
                        }
                        ChannelBody::Queues(queues) => format!("Messages in {}", queues[r].name),
                        ChannelBody::Direct { .. } => continue,
                    };
                    let lane = format!("partition {r}, ");
                    let lanes: Vec<&String> = about
                        .iter()
                        .filter(|l| l.starts_with(&lane) && l.contains(": committed below"))
                        .collect();
                    let drawing = row_drawn(&scene, row);
                    assert_eq!(
                        drawing,
                        row_told(&lanes, lines(title), row),
                        "{name} at {} µs, row {r}",
                        stage.now
                    );
                    all.cells.extend(drawing.cells);
                    all.bows += drawing.bows;
                    all.lanes.extend(drawing.lanes);
                    all.queued.extend(drawing.queued);
                    all.leased += drawing.leased;
                    all.again += drawing.again;
                    all.dead += drawing.dead;
                }
            }
        }
    }
    let seen = [
        all.cells.len(),
        all.bows,
        all.lanes.len(),
        all.queued.len(),
        all.leased,
        all.again,
        all.dead,
    ];
    assert!(seen.iter().all(|&n| n > 20), "each kind was seen: {seen:?}");
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
