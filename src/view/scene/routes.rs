//! The lines between producers, rows and services, as on a plan of a city's trains.

use super::{Ink, Scene};
use crate::view::geometry::{Point, at, rect};
use crate::view::layout::{Layout, Mode, ProducerBox, RowBox, ServiceBox};
use crate::view::stage::{ChannelBody, Stage};

/// How strongly the lines are drawn: what moves on them comes first.
const PALE: f64 = 0.42;

/// The corners of the line from a producer to a row.
pub(super) fn request(layout: &Layout, producer: &ProducerBox, row: &RowBox) -> [Point; 4] {
    let mouth = at(row.mouth(), row.cells.center().y - 4.0);
    [
        producer.port,
        at(layout.request_line, producer.port.y),
        at(layout.request_line, mouth.y),
        mouth,
    ]
}

/// The rows of these channels.
pub(super) fn rows_of<'a>(layout: &'a Layout, topics: &[u16]) -> Vec<&'a RowBox> {
    let boxes = topics
        .iter()
        .filter_map(|t| layout.channels.get(usize::from(*t)));
    boxes.flat_map(|c| &c.rows).collect()
}

/// The rows a service gets its messages from: in a channel of queues, only its own.
fn read_by<'a>(stage: &Stage, layout: &'a Layout, service: usize) -> Vec<&'a RowBox> {
    let Some(view) = stage.services.get(service) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for topic in &view.topics {
        let (Some(channel), Some(place)) = (
            stage.channels.get(usize::from(*topic)),
            layout.channels.get(usize::from(*topic)),
        ) else {
            continue;
        };
        let own = |i: usize| match &channel.body {
            ChannelBody::Queues(queues) => queues
                .get(i)
                .is_some_and(|q| q.service.is_none_or(|s| usize::from(s) == service)),
            _ => true,
        };
        let each = place.rows.iter().enumerate();
        rows.extend(each.filter(|(i, _)| own(*i)).map(|(_, row)| row));
    }
    rows
}

/// The lines on which requests and acks run.
pub(super) fn to_rows(scene: &mut Scene, stage: &Stage, layout: &Layout) {
    for (view, producer) in stage.producers.iter().zip(&layout.producers) {
        for row in rows_of(layout, &view.topics) {
            let corners = request(layout, producer, row);
            scene.line(&corners, Ink::Line, 1.5, 1.0);
            scene.arrow(corners[3]);
            if layout.mode == Mode::Wide {
                let y = row.cells.center().y + 5.0;
                let home = producer.port.plus(0.0, 30.0);
                let back = [
                    at(row.mouth(), y),
                    at(layout.ack_line, y),
                    at(layout.ack_line, home.y),
                    home,
                ];
                scene.dashes(&back, Ink::Line);
            }
        }
    }
}

/// From the rows to the services. Where all read the same rows, one road for all: what travels on it wears the
/// service's sign. Otherwise a line for each service shows what it reads, and what it writes.
pub(super) fn to_services(scene: &mut Scene, stage: &Stage, layout: &Layout) {
    let reads: Vec<Vec<&RowBox>> = (0..layout.services.len())
        .map(|service| read_by(stage, layout, service))
        .collect();
    let writes = stage
        .services
        .iter()
        .any(|service| service.output.is_some());
    let together = !writes && reads.windows(2).all(|two| two[0] == two[1]);
    if let (true, Some(rows)) = (together, reads.first()) {
        return road(scene, layout, rows);
    }
    for (i, (place, rows)) in layout.services.iter().zip(&reads).enumerate() {
        let output = stage.services.get(i).and_then(|s| s.output);
        let written = rows_of(layout, output.as_slice());
        for row in rows.iter().chain(&written) {
            let y = row.cells.center().y;
            let stub = [at(row.cells.right() + 1.0, y), at(place.line, y)];
            scene.line(&stub, Ink::Line, 1.2, 1.0);
        }
        line(scene, layout.mode, i as u16, place, rows, &written);
    }
}

/// A road with a lane for each service.
fn road(scene: &mut Scene, layout: &Layout, rows: &[&RowBox]) {
    let (Some(first), Some(last)) = (layout.services.first(), layout.services.last()) else {
        return;
    };
    let stops = || {
        let doors = layout.services.iter().map(|place| place.entry);
        doors.chain(rows.iter().map(|row| row.cells.center().y))
    };
    let edge = 6.0;
    let (left, right) = (first.line - edge, last.line + edge);
    let top = stops().fold(f64::INFINITY, f64::min) - edge;
    let bottom = stops().fold(0.0, f64::max) + edge;
    for row in rows {
        let y = row.cells.center().y;
        scene.line(
            &[at(row.cells.right() + 1.0, y), at(left, y)],
            Ink::Line,
            1.5,
            1.0,
        );
    }
    for place in &layout.services {
        let door = at(place.door(layout.mode), place.entry);
        scene.line(&[at(right, place.entry), door], Ink::Line, 1.5, 1.0);
        if layout.mode == Mode::Wide {
            scene.arrow(door.plus(-2.0, 0.0));
        }
    }
    scene.area(
        rect(left, top, right - left, bottom - top),
        edge,
        Ink::Shade,
    );
}

fn line(
    scene: &mut Scene,
    mode: Mode,
    service: u16,
    place: &ServiceBox,
    rows: &[&RowBox],
    written: &[&RowBox],
) {
    let ink = Ink::Service(service);
    let stops = || rows.iter().chain(written).map(|r| r.cells.center().y);
    let top = stops().fold(place.entry, f64::min);
    let bottom = stops().fold(place.entry, f64::max);
    scene.line(
        &[at(place.line, top), at(place.line, bottom)],
        ink,
        2.0,
        PALE,
    );
    let door = at(place.door(mode), place.entry);
    scene.line(&[at(place.line, place.entry), door], ink, 2.0, PALE);
    for row in rows {
        scene.area(stop(place.line, row, 2.0), 2.0, ink);
    }
    for row in written {
        scene.area(stop(place.line, row, 3.0), 3.0, Ink::Paper);
        scene.outline(stop(place.line, row, 3.0), 3.0, ink, 1.4, false);
    }
}

fn stop(x: f64, row: &RowBox, radius: f64) -> crate::view::geometry::Rect {
    let y = row.cells.center().y;
    rect(x - radius, y - radius, 2.0 * radius, 2.0 * radius)
}
