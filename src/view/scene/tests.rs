//! What is drawn is what there is.

use super::*;
use crate::scenario::{Scenario, preset, preset_names};
use crate::timeline::Run;
use crate::view::layout::{Room, layout};

const ROOMS: [Room; 4] = [
    Room {
        width: 984.0,
        height: 565.0,
        fixed: false,
    },
    Room {
        width: 390.0,
        height: 600.0,
        fixed: false,
    },
    Room {
        width: 480.0,
        height: 220.0,
        fixed: true,
    },
    Room {
        width: 320.0,
        height: 208.0,
        fixed: true,
    },
];

/// Stages of a busy moment of every preset.
fn moments() -> Vec<(Scenario, Stage)> {
    let mut moments = Vec::new();
    for name in preset_names() {
        let mut scenario = preset(name).expect("a listed preset");
        scenario.load.rate = 200;
        let mut run = Run::new(scenario.clone()).expect("a preset that runs");
        for until in (1..40).map(|i| i * 47_111) {
            run.advance(until, usize::MAX, &mut |_| {});
            moments.push((scenario.clone(), Stage::of(run.world())));
        }
    }
    moments
}

fn drawn(stage: &Stage, room: Room, motion: Motion) -> (Scene, Layout) {
    let place = layout(stage, room);
    let mut scene = Scene::default();
    draw(&mut scene, stage, &place, motion, Attention::default());
    (scene, place)
}

#[test]
fn every_packet_that_is_about_a_message_is_a_mark_that_can_be_picked() {
    let mut seen = 0;
    for (_, stage) in moments() {
        for room in ROOMS {
            let (scene, place) = drawn(&stage, room, Motion::Gliding);
            let shown = stage.moving.iter().filter(|m| m.message > 0);
            let expected = shown.filter(|m| place.way(m).is_some()).count();
            assert_eq!(scene.pills.len(), expected);
            seen += expected;
            for other in [
                Motion::Stepping,
                Motion::Crowd { stepping: false },
                Motion::Crowd { stepping: true },
            ] {
                let (scene, _) = drawn(&stage, room, other);
                assert_eq!(scene.pills.len(), expected, "{other:?} shows as much");
            }
        }
    }
    assert!(seen > 50, "the moments are busy: {seen}");
}

/// What cannot be seen apart is drawn once, and a retry wears a ring, as it has no number.
#[test]
fn in_a_crowd_every_packet_is_under_a_sign_and_a_retry_in_a_ring() {
    let mut retries = 0;
    for (_, stage) in moments() {
        let (scene, place) = drawn(&stage, ROOMS[0], Motion::Crowd { stepping: false });
        let signs = |ring: bool| {
            let of = move |mark: &&Mark| matches!(mark, Mark::Swarm { ink, .. } if (*ink == Ink::Twice) == ring);
            scene.marks.iter().filter(of).flat_map(|mark| match mark {
                Mark::Swarm { points, .. } => scene.corners[points.clone()].iter(),
                _ => [].iter(),
            })
        };
        let (mut all, mut again) = (0, 0);
        for (packet, spot) in moving::spots(&stage, &place, false) {
            let spot = crowd::beside(packet, spot);
            let near = |ring| signs(ring).any(|p| p.distance(spot) < 5.0);
            assert!(
                near(false) && (packet.attempt < 2 || near(true)),
                "{packet:?}"
            );
            all += 1;
            again += usize::from(packet.attempt > 1);
        }
        assert!(signs(false).count() <= all && signs(true).count() <= again);
        retries += again;
    }
    assert!(retries > 20, "some are tried again: {retries}");
}

#[test]
fn no_text_leaves_the_stage() {
    for (scenario, stage) in moments() {
        for room in ROOMS {
            let (scene, place) = drawn(&stage, room, Motion::Gliding);
            for mark in &scene.marks {
                let Mark::Text {
                    at,
                    words,
                    style,
                    align,
                    ..
                } = mark
                else {
                    continue;
                };
                let text = scene.read(words);
                let w = signs::width(text, *style);
                let left = match align {
                    Align::Left => at.x,
                    Align::Center => at.x - w / 2.0,
                    Align::Right => at.x - w,
                };
                // The estimate of widths is generous, so a little over the edge is not.
                let inside = left >= -4.0
                    && left + w <= place.frame.right() + 8.0
                    && at.y >= 0.0
                    && at.y <= place.frame.bottom();
                assert!(
                    inside,
                    "{}: `{text}` at {at:?}, {w} wide, {room:?}",
                    scenario.name
                );
            }
        }
    }
}

#[test]
fn offsets_are_written_in_the_cells_that_are_shown() {
    for (_, stage) in moments() {
        let (scene, place) = drawn(&stage, ROOMS[0], Motion::Gliding);
        for (channel, boxes) in stage.channels.iter().zip(&place.channels) {
            let crate::view::stage::ChannelBody::Log(partitions) = &channel.body else {
                continue;
            };
            for (partition, row) in partitions.iter().zip(&boxes.rows) {
                for cell in partition.cells.iter().filter(|c| c.offset >= row.first) {
                    let crate::view::stage::CellKind::Message { .. } = cell.kind else {
                        continue;
                    };
                    let found = scene.marks.iter().any(|mark| match mark {
                        Mark::Text { at, words, .. } => {
                            row.cells.contains(*at) && scene.read(words) == cell.offset.to_string()
                        }
                        _ => false,
                    });
                    assert!(found, "offset {} of a row at {:?}", cell.offset, row.cells);
                }
            }
        }
    }
}

/// A chain of events is lit up to the cursor: as many places as it has by then, the newest one solid.
#[test]
fn a_chain_is_lit_where_it_happened_up_to_the_cursor() {
    use crate::explain::{Case, explain, first_anomaly};
    let mut lit = 0;
    for name in preset_names() {
        let case = Case::of(preset(name).expect("a listed preset"));
        let Some(anomaly) = first_anomaly(&case, &|_| true).expect("it runs") else {
            continue;
        };
        let chain = explain(&case, &anomaly).expect("an explanation").chain;
        let mut run = Run::new(case.scenario).expect("it runs");
        run.advance(anomaly.at, usize::MAX, &mut |_| {});
        let stage = Stage::of(run.world());
        for room in ROOMS {
            let place = layout(&stage, room);
            let frames = |upto: u64| {
                let about = Attention {
                    chain: (&chain, upto),
                    ..Attention::default()
                };
                let mut scene = Scene::default();
                draw(&mut scene, &stage, &place, Motion::Gliding, about);
                let focus = |solid: bool| {
                    let lit = |mark: &&Mark| matches!(mark, Mark::Outline { ink: Ink::Focus, dashed, width, .. } if *dashed != solid && *width != 1.5);
                    scene.marks.iter().filter(lit).count()
                };
                (focus(true), focus(false))
            };
            assert_eq!(frames(0), (0, 0), "{name}: nothing has happened yet");
            let (here, before) = frames(anomaly.event);
            assert_eq!(here, 1, "{name}: the cursor is at one of them");
            assert!(before < chain.len(), "{name}");
            lit += before;
        }
    }
    assert!(lit > 200, "{lit}");
}

#[test]
fn fog_covers_what_a_party_cannot_see_and_nothing_else() {
    use crate::trace::Party;
    use crate::view::belief::{fog, seen_by};
    let scenario = preset("order-processing").expect("a preset");
    let mut run = Run::new(scenario).expect("it runs");
    run.advance(1_500_000, usize::MAX, &mut |_| {});
    let stage = Stage::of(run.world());
    let covered = |party| {
        let fog = fog(&stage, party);
        let seen = seen_by(&stage, &fog);
        let place = layout(&seen, ROOMS[0]);
        let about = Attention {
            fog: Some(&fog),
            ..Attention::default()
        };
        let mut scene = Scene::default();
        draw(&mut scene, &seen, &place, Motion::Gliding, about);
        let hatched: Vec<Rect> = scene
            .marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Area {
                    rect,
                    fill: Fill::Hatched,
                    ..
                } => Some(*rect),
                _ => None,
            })
            .collect();
        let covers = |r: &Rect| hatched.iter().any(|h| h.contains(r.center()));
        let cells = place.channels[0].rows.iter().all(|row| covers(&row.cells));
        let members: Vec<bool> = place.services[1].members.iter().map(covers).collect();
        (cells, members, scene.pills.len())
    };
    assert!(covered(Party::Producer(0)).0);
    assert!(!covered(Party::Broker(0)).0);
    let (cells, members, _) = covered(Party::Member(1, 1));
    assert!(cells && !members[1] && members[0], "{members:?}");
    let sent = stage
        .moving
        .iter()
        .filter(|m| m.leg == crate::trace::Leg::Request);
    assert_eq!(
        covered(Party::Producer(0)).2,
        sent.count(),
        "it knows what it sent"
    );
}

/// Each service's count of effects has the mark of its ground: broken lines before what is outside, one edge around
/// what is in a transaction of its own, two around what is in the log's.
#[test]
fn where_exactly_once_ends_is_drawn_at_every_count_of_effects() {
    use crate::view::boundary::Ground;
    let mut seen = std::collections::BTreeSet::new();
    for (scenario, stage) in moments() {
        for room in [ROOMS[0], ROOMS[1]] {
            let (scene, place) = drawn(&stage, room, Motion::Gliding);
            for (view, place) in stage.services.iter().zip(&place.services) {
                let head = place.head;
                let lines = scene.marks.iter().filter(|mark| match mark {
                    Mark::Line {
                        corners,
                        width,
                        dashed: true,
                        ..
                    } => *width == 3.0 && head.contains(scene.corners[corners.start]),
                    _ => false,
                });
                let edges = scene.marks.iter().filter(|mark| match mark {
                    Mark::Outline {
                        rect,
                        ink: Ink::Ink,
                        ..
                    } => head.inset(-1.0).holds(rect),
                    _ => false,
                });
                let expected = match view.ground {
                    Ground::Log => (0, 2),
                    Ground::Transaction => (0, 1),
                    _ => (1, 0),
                };
                assert_eq!(
                    (lines.count(), edges.count()),
                    expected,
                    "{}, {} in {room:?}",
                    scenario.name,
                    view.name
                );
                seen.insert(view.ground);
            }
        }
    }
    assert_eq!(seen.len(), 5, "every ground is in some preset: {seen:?}");
}
