//! Queues with leases and dead letters, and channels that store nothing.

use super::signs::Big;
use super::{Align, Attention, Ink, Mark, Scene, bold, plain};
use crate::view::geometry::{Rect, at, rect};
use crate::view::layout::{ChannelBox, RowBox};
use crate::view::stage::{ChannelBody, ChannelView, QueueItem, QueueView, Stage};

pub(super) fn draw(
    scene: &mut Scene,
    channel: &ChannelView,
    place: &ChannelBox,
    stage: &Stage,
    about: Attention,
) {
    match &channel.body {
        ChannelBody::Log(_) => {}
        ChannelBody::Queues(queues) => {
            for (queue, row) in queues.iter().zip(&place.rows) {
                draw_queue(scene, queue, row, stage, about);
            }
        }
        ChannelBody::Direct { sent, unheard } => {
            if let Some(row) = place.rows.first() {
                pipe(scene, row, *sent, *unheard);
            }
        }
    }
}

#[inline(never)]
fn draw_queue(scene: &mut Scene, queue: &QueueView, row: &RowBox, stage: &Stage, about: Attention) {
    if let Some(service) = queue.service {
        let middle = at(row.cells.x - 12.0, row.cells.center().y);
        scene.sign(service, middle, 5.0, false);
    }
    let under = row.cells.bottom() + 10.0;
    scene.fit(
        at(row.cells.x, under),
        Align::Left,
        plain(11.0),
        Ink::Soft,
        row.cells.w * if queue.dead_total > 0 { 0.52 } else { 1.0 },
        format_args!(
            "{} · {} visible, {} leased",
            queue.name,
            Big(queue.visible),
            Big(queue.in_flight)
        ),
    );
    for (i, item) in queue.items.iter().take(row.count).enumerate() {
        draw_item(scene, item, item_place(row, i), stage, about);
    }
    let shown = queue.items.len().min(row.count);
    let rest = row.cells.x + shown as f64 * row.cell + 2.0;
    if rest < row.cells.right() - 2.0 {
        let y = row.cells.center().y;
        scene.line(
            &[at(rest, y), at(row.cells.right(), y)],
            Ink::Line,
            1.2,
            1.0,
        );
    }
    if queue.dead_total > 0 {
        dead_letters(scene, queue, row, under);
    }
}

fn item_place(row: &RowBox, i: usize) -> Rect {
    let x = row.cells.x + i as f64 * row.cell;
    rect(x + 1.0, row.cells.y, row.cell - 3.0, row.cells.h)
}

#[inline(never)]
fn draw_item(scene: &mut Scene, item: &QueueItem, place: Rect, stage: &Stage, about: Attention) {
    let picked = about.picked == Some(item.message);
    let line = if picked {
        Ink::Focus
    } else if item.receives > 1 {
        Ink::Twice
    } else {
        Ink::CellLine
    };
    scene.area(
        place,
        4.0,
        if item.lease.is_some() {
            Ink::Shade
        } else {
            Ink::Cell
        },
    );
    let strong = picked || item.receives > 1;
    scene.outline(place, 4.0, line, if strong { 2.0 } else { 1.0 }, false);
    let text = if item.lease.is_some() {
        place.x + 16.0
    } else {
        place.x + 5.0
    };
    scene.fit(
        at(text, place.center().y),
        Align::Left,
        plain(11.0),
        Ink::Ink,
        place.right() - text - 2.0,
        format_args!("{}", item.message),
    );
    if let Some(lease) = item.lease {
        let whole = lease.until.saturating_sub(lease.since);
        let left = lease.until.saturating_sub(stage.now);
        let part = if whole == 0 {
            1.0
        } else {
            left as f64 / whole as f64
        };
        scene.marks.push(Mark::Arc {
            center: at(place.x + 9.0, place.center().y),
            radius: 4.5,
            part: part.clamp(0.0, 1.0),
            ink: Ink::Ink,
        });
    }
    if item.receives > 1 {
        scene.text(
            at(place.right() - 3.0, place.y - 4.0),
            Align::Right,
            bold(9.5),
            Ink::Ink,
            format_args!("{}×", item.receives),
        );
    }
}

/// The shelf at the end: what was put aside.
#[inline(never)]
fn dead_letters(scene: &mut Scene, queue: &QueueView, row: &RowBox, y: f64) {
    let right = row.cells.right();
    let shown = queue.dead.iter().rev().take(3);
    let mut x = right;
    for message in shown {
        let place = rect(x - 34.0, y - 8.0, 32.0, 16.0);
        scene.outline(place, 3.0, Ink::Lost, 1.4, true);
        scene.fit(
            place.center(),
            Align::Center,
            plain(10.5),
            Ink::Lost,
            30.0,
            format_args!("{message}"),
        );
        x -= 36.0;
    }
    scene.text(
        at(x - 4.0, y),
        Align::Right,
        bold(11.0),
        Ink::Lost,
        format_args!("dead letters {}", Big(queue.dead_total)),
    );
}

fn pipe(scene: &mut Scene, row: &RowBox, sent: u64, unheard: u64) {
    let tube = row.cells;
    scene.outline(tube, tube.h / 2.0, Ink::CellLine, 1.2, true);
    scene.fit(
        tube.center(),
        Align::Center,
        plain(12.0),
        Ink::Soft,
        tube.w - 20.0,
        format_args!("passes on, keeps nothing: {} sent", Big(sent)),
    );
    if unheard > 0 {
        scene.text(
            at(tube.center().x, tube.bottom() + 12.0),
            Align::Center,
            bold(11.5),
            Ink::Lost,
            format_args!("✕ {} unheard", Big(unheard)),
        );
    }
}
