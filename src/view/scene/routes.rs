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

/// One line for each service, from the rows it reads to its instances, and on to the row it writes.
pub(super) fn to_services(scene: &mut Scene, stage: &Stage, layout: &Layout) {
    for (i, place) in layout.services.iter().enumerate() {
        let rows = read_by(stage, layout, i);
        let output = stage.services.get(i).and_then(|s| s.output);
        let written = rows_of(layout, output.as_slice());
        for row in rows.iter().chain(&written) {
            let y = row.cells.center().y;
            let stub = [at(row.cells.right() + 1.0, y), at(place.line, y)];
            scene.line(&stub, Ink::Line, 1.2, 1.0);
        }
        line(scene, layout.mode, i as u16, place, &rows, &written);
    }
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
