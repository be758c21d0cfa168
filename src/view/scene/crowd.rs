//! Many packets at a time: each is a small sign on its way, without its number.

use super::{Ink, Mark, Scene, Shape, flows, moving};
use crate::trace::Leg;
use crate::view::geometry::Point;
use crate::view::layout::Layout;
use crate::view::stage::{Moving, Stage};

/// What a packet looks like: shape, half its size, colour, hollow or not.
type Look = (Shape, f64, Ink, bool);

/// Half the size of a packet.
const SMALL: f64 = 3.2;
/// Of the same signs that are no further apart than this, one is drawn: the others could not be seen.
const GRAIN: f64 = 3.0;

#[inline(never)]
pub(super) fn draw(
    scene: &mut Scene,
    stage: &Stage,
    layout: &Layout,
    picked: Option<u64>,
    stepping: bool,
) {
    moving::losses(scene, stage, layout, 0);
    let mut swarms: Vec<(Look, Vec<Point>)> = Vec::new();
    let mut add = |look: Look, spot| match swarms.iter_mut().find(|(known, _)| *known == look) {
        Some((_, points)) => points.push(spot),
        None => swarms.push((look, vec![spot])),
    };
    for (packet, spot) in moving::spots(stage, layout, stepping) {
        let spot = beside(packet, spot);
        add(look(packet), spot);
        if packet.attempt > 1 {
            add((Shape::Circle, SMALL + 2.4, Ink::Twice, true), spot);
        }
        if packet.message == 0 {
            continue;
        }
        scene.pills.push((spot, packet.message));
        if picked == Some(packet.message) {
            add((Shape::Circle, SMALL + 5.0, Ink::Focus, true), spot);
        }
    }
    for ((shape, radius, ink, hollow), mut points) in swarms {
        let grain = |p: &Point| ((p.x / GRAIN) as i32, (p.y / GRAIN) as i32);
        points.sort_unstable_by_key(grain);
        points.dedup_by(|a, b| grain(a) == grain(b));
        let start = scene.corners.len();
        scene.corners.extend(points);
        scene.marks.push(Mark::Swarm {
            points: start..scene.corners.len(),
            shape,
            radius,
            ink,
            hollow,
        });
    }
    let words = format!(
        "{} on their way: too many for their numbers",
        scene.pills.len()
    );
    flows::note(scene, layout, &words);
}

/// As the single packet: requests are filled, answers hollow, deliveries wear the sign of their service.
fn look(packet: &Moving) -> Look {
    let service = moving::service_of(packet).unwrap_or_default();
    let own = |radius, hollow| (Shape::of(service), radius, Ink::Service(service), hollow);
    match packet.leg {
        Leg::Request => (Shape::Circle, SMALL, Ink::Ink, false),
        Leg::Ack if packet.refused => (Shape::Circle, SMALL, Ink::Lost, true),
        Leg::Ack => (Shape::Circle, SMALL, Ink::Ink, true),
        Leg::Delivery => own(SMALL, false),
        Leg::Commit | Leg::CommitAck => own(SMALL - 0.8, true),
        Leg::Replication | Leg::Control => (Shape::Circle, 2.0, Ink::Soft, false),
    }
}

/// Spread about the way, so that it is seen that there are many; a packet keeps its place beside it.
pub(super) fn beside(packet: &Moving, spot: Point) -> Point {
    let shift = |n: u64| (packet.packet * n % 13) as f64 - 6.0;
    spot.plus(shift(5), shift(7))
}
