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
            assert_eq!(outside(&scene, &place), None, "{}: {room:?}", scenario.name);
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

/// Every text of a drawing: its place among the marks, its words and the ground it covers.
fn words_of(scene: &Scene) -> Vec<(usize, &str, Rect)> {
    let marks = scene.marks.iter().enumerate();
    let texts = marks.filter_map(|(nth, mark)| match mark {
        Mark::Text { words, .. } => Some((nth, scene.read(words), scene.ground(mark)?)),
        _ => None,
    });
    texts.collect()
}

/// A text that sticks out of the stage. The estimate of widths is generous, so a little over the edge is not.
fn outside<'a>(scene: &'a Scene, place: &Layout) -> Option<(&'a str, Rect)> {
    let frame = place.frame;
    let inside = |ground: &Rect| {
        let middle = ground.y + ground.h * 0.45 / 0.85;
        let within = ground.x >= -4.0 && ground.right() <= frame.right() + 8.0;
        within && middle >= 0.0 && middle <= frame.bottom()
    };
    let mut words = words_of(scene).into_iter();
    let found = words.find(|(.., ground)| !inside(ground));
    found.map(|(_, text, ground)| (text, ground))
}

/// Whether a text stands on a ground of its own that hides what is below: a message passes over what stands.
fn on_own_ground(scene: &Scene, below: usize, text: (usize, &str, Rect)) -> bool {
    let between = &scene.marks[below..text.0];
    between.iter().any(|mark| match mark {
        Mark::Area {
            rect,
            fill: Fill::Plain,
            ..
        } => rect.contains(text.2.center()) && rect.w + 3.0 >= text.2.w && rect.h + 3.0 >= text.2.h,
        _ => false,
    })
}

/// Where two texts run into each other.
fn collisions(scene: &Scene) -> Vec<String> {
    let words = words_of(scene);
    let mut found = Vec::new();
    for (i, (below, one, a)) in words.iter().enumerate() {
        for (nth, other, b) in &words[i + 1..] {
            let wide = a.right().min(b.right()) - a.x.max(b.x);
            let high = a.bottom().min(b.bottom()) - a.y.max(b.y);
            let touch = wide > 1.5 && high > 1.0;
            if touch && !on_own_ground(scene, *below, (*nth, other, *b)) {
                found.push(format!("`{other}` over `{one}`"));
            }
        }
    }
    found
}

/// The stage as it is looked at on the page at 1280x800 and 390x844, and in a figure of 480x270.
const LOOKED_AT: [Room; 3] = [ROOMS[0], ROOMS[1], ROOMS[2]];

/// Moments at rest and later of every preset, and of the order scenario with few and many partitions and instances.
fn looks() -> Vec<(String, Stage)> {
    let mut looks = Vec::new();
    let mut look = |name: String, scenario: Scenario| {
        let mut run = Run::new(scenario).expect("it runs");
        for until in [0, 700_000, 1_600_000, 3_300_000, 7_100_000, 12_000_000] {
            run.advance(until, usize::MAX, &mut |_| {});
            looks.push((format!("{name} at {until}"), Stage::of(run.world())));
        }
    };
    for name in preset_names() {
        look(name.into(), preset(name).expect("a listed preset"));
    }
    for partitions in 3..=12 {
        for instances in 1..=5 {
            let mut scenario = preset("order-processing").expect("a preset");
            let set = crate::scenario::params::set;
            set(&mut scenario, "partitions", &partitions.to_string()).expect("a number");
            scenario.load.rate = 30;
            scenario
                .services
                .iter_mut()
                .for_each(|s| s.instances = instances);
            look(
                format!("{partitions} partitions, {instances} instances"),
                scenario,
            );
        }
    }
    looks
}

#[test]
fn no_words_run_into_others() {
    let mut wrong = Vec::new();
    for (name, stage) in looks() {
        for room in LOOKED_AT {
            for motion in [Motion::Gliding, Motion::Stepping] {
                let (scene, place) = drawn(&stage, room, motion);
                let found = collisions(&scene);
                if !found.is_empty() {
                    wrong.push(format!("{name}, {} wide: {found:?}", room.width));
                }
                assert_eq!(outside(&scene, &place), None, "{name}, {room:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
