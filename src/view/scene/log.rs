//! Partitions: cells with offsets, marks of the broker, and a lane for each group.

use super::{Align, Attention, Fill, Ink, Mark, Scene, bold, plain, sizes};
use crate::view::geometry::{Rect, at, rect};
use crate::view::layout::{ChannelBox, Layout, Mode, RowBox};
use crate::view::stage::{
    Cell, CellKind, ChannelBody, ChannelView, Lane, PartitionView, Stage, Txn,
};

pub(super) fn title(
    scene: &mut Scene,
    channel: &ChannelView,
    place: &ChannelBox,
    stage: &Stage,
    mode: Mode,
) {
    let (size, small) = sizes(mode);
    let y = place.title.y + 10.0;
    let word = if mode == Mode::Wide { 66.0 } else { 8.0 };
    let brokers = match channel.body {
        ChannelBody::Log(_) => stage.brokers.len(),
        _ => 1,
    };
    let chips = brokers as f64 * 34.0 + word;
    let room = place.title.w - chips;
    let name_w = super::signs::width(&channel.name, bold(size));
    scene.fit(
        at(place.title.x, y),
        Align::Left,
        bold(size),
        Ink::Ink,
        room,
        format_args!("{}", channel.name),
    );
    let rest = room - name_w - 10.0;
    if rest < 70.0 {
        return;
    }
    let where_to = at(place.title.x + name_w + 10.0, y);
    let mut note = |words: std::fmt::Arguments| {
        scene.fit(where_to, Align::Left, plain(small), Ink::Soft, rest, words);
    };
    match &channel.body {
        ChannelBody::Log(p) if p.len() == 1 => note(format_args!("1 partition")),
        ChannelBody::Log(p) => note(format_args!("{} partitions", p.len())),
        ChannelBody::Queues(q) if q.len() == 1 => note(format_args!("queue")),
        ChannelBody::Queues(q) => note(format_args!("{} queues", q.len())),
        ChannelBody::Direct { .. } => note(format_args!("stores nothing")),
    }
}

pub(super) fn draw(
    scene: &mut Scene,
    channel: &ChannelView,
    place: &ChannelBox,
    about: Attention,
    mode: Mode,
) {
    let ChannelBody::Log(partitions) = &channel.body else {
        return;
    };
    for (i, (partition, row)) in partitions.iter().zip(&place.rows).enumerate() {
        label(scene, i, partition, row, mode);
        cells(scene, partition, row, about);
        broker_marks(scene, partition, row);
        copies(scene, partition, row);
        for (lane, bar) in partition.lanes.iter().zip(&row.lanes) {
            if mode == Mode::Wide && bar.h > 2.5 {
                let middle = at(bar.x - 9.0, bar.center().y);
                scene.sign(lane.service, middle, (bar.h * 0.55).min(3.2), false);
            }
            draw_lane(scene, lane, *bar, row, partition.end);
        }
    }
}

fn label(scene: &mut Scene, i: usize, partition: &PartitionView, row: &RowBox, mode: Mode) {
    let right = match mode {
        Mode::Wide => row.cells.x - 10.0,
        _ => row.cells.x - 6.0,
    };
    let lost = partition.leader.is_none();
    scene.text(
        at(right, row.cells.center().y),
        Align::Right,
        if lost { bold(12.0) } else { plain(12.0) },
        if lost { Ink::Lost } else { Ink::Soft },
        format_args!("P{i}"),
    );
    for (replica, square) in partition.replicas.iter().zip(&row.replicas) {
        let leads = partition.leader == Some(replica.broker);
        let ink = if !replica.in_sync {
            Ink::Lost
        } else if leads {
            Ink::Ink
        } else {
            Ink::CellLine
        };
        if leads {
            scene.area(*square, 3.0, Ink::Ink);
        } else {
            scene.outline(square.inset(0.5), 3.0, ink, 1.0, !replica.in_sync);
        }
        let on = if leads {
            Ink::Paper
        } else if replica.in_sync {
            Ink::Soft
        } else {
            Ink::Lost
        };
        scene.text(
            square.center(),
            Align::Center,
            plain(9.5),
            on,
            format_args!("{}", replica.broker),
        );
    }
}

fn cells(scene: &mut Scene, partition: &PartitionView, row: &RowBox, about: Attention) {
    let mut known = partition
        .cells
        .iter()
        .skip_while(|c| c.offset < row.first)
        .peekable();
    for i in 0..row.count {
        let offset = row.first + i as u64;
        let place = cell_place(row, offset);
        match known.next_if(|c| c.offset == offset) {
            Some(cell) => draw_cell(scene, cell, place, partition, about),
            None if offset == partition.end => {
                scene.outline(place, corner(place), Ink::CellLine, 1.0, true);
                let rest = place.right() + 3.0;
                if rest < row.cells.right() {
                    let y = place.center().y;
                    scene.line(
                        &[at(rest, y), at(row.cells.right(), y)],
                        Ink::Line,
                        1.2,
                        1.0,
                    );
                }
            }
            None => {}
        }
    }
}

fn cell_place(row: &RowBox, offset: u64) -> Rect {
    let x = row.cells.x + (offset - row.first) as f64 * row.cell;
    rect(x + 1.0, row.cells.y, row.cell - 2.0, row.cells.h)
}

fn corner(place: Rect) -> f64 {
    (place.h * 0.15).clamp(2.0, 4.0)
}

#[inline(never)]
fn draw_cell(
    scene: &mut Scene,
    cell: &Cell,
    place: Rect,
    partition: &PartitionView,
    about: Attention,
) {
    let size = (place.h * 0.4)
        .clamp(8.5, 14.0)
        .max((place.h * 0.62).min(11.5));
    let radius = corner(place);
    let replicated = cell.offset < partition.high_watermark;
    let (mut line, mut ink, mut dashed) = (Ink::CellLine, Ink::Ink, false);
    if !replicated {
        (line, ink, dashed) = (Ink::CellLine, Ink::Soft, true);
    }
    match cell.kind {
        CellKind::Marker { commit } => {
            scene.area(place, radius, Ink::Soft);
            let sign = if commit { "✓" } else { "✕" };
            scene.text(
                place.center(),
                Align::Center,
                bold(size),
                Ink::Paper,
                format_args!("{sign}"),
            );
            return;
        }
        CellKind::Message { transaction, .. } => {
            scene.area(place, radius, Ink::Cell);
            match transaction {
                Txn::Open => scene.filled(place.inset(1.0), radius, Ink::Line, Fill::Dotted),
                Txn::Aborted => {
                    scene.filled(place.inset(1.0), radius, Ink::Line, Fill::Hatched);
                    ink = Ink::Soft;
                }
                Txn::None | Txn::Committed => {}
            }
        }
    }
    if let CellKind::Message {
        message, copy_of, ..
    } = cell.kind
    {
        let picked = about.picked == Some(message);
        if copy_of.is_some() {
            scene.outline(place.inset(3.0), 2.0, Ink::Twice, 1.4, false);
            line = Ink::Twice;
        }
        if picked {
            line = Ink::Focus;
        }
        let width = if copy_of.is_some() || picked {
            2.2
        } else {
            1.0
        };
        scene.outline(place, radius, line, width, dashed);
        let style = if picked { bold(size) } else { plain(size) };
        scene.text(
            place.center(),
            Align::Center,
            style,
            ink,
            format_args!("{}", cell.offset),
        );
    }
}

/// Ties records that are in the log twice to their first copy.
#[inline(never)]
fn copies(scene: &mut Scene, partition: &PartitionView, row: &RowBox) {
    let shown =
        |cell: &&Cell| cell.offset >= row.first && cell.offset < row.first + row.count as u64;
    let pairs = partition.cells.iter().filter(shown).filter_map(|cell| {
        let CellKind::Message { copy_of, .. } = cell.kind else {
            return None;
        };
        let first = copy_of.filter(|first| *first >= row.first)?;
        Some((cell, cell_place(row, first), cell_place(row, cell.offset)))
    });
    let lift = (row.cells.y - row.frame.y + 3.0).min(10.0);
    for (_, one, two) in pairs.clone() {
        scene.outline(one, corner(one), Ink::Twice, 2.2, false);
        let (from, to) = (one.center().x, two.center().x);
        scene.marks.push(Mark::Bow {
            from: at(from, one.y - 1.0),
            to: at(to, two.y - 1.0),
            lift,
            ink: Ink::Twice,
        });
        let bow = rect(from, one.y - 1.0 - lift, to - from, lift);
        scene.taken.push(bow);
    }
    for (cell, one, two) in pairs {
        words_of_copy(scene, cell, (one, two), row);
    }
}

/// Says beside the bow which message it is.
#[inline(never)]
fn words_of_copy(scene: &mut Scene, cell: &Cell, (one, two): (Rect, Rect), row: &RowBox) {
    let CellKind::Message { message, .. } = cell.kind else {
        return;
    };
    let style = plain(11.5);
    let words = format!("{message} is in the log twice");
    let wide = super::signs::width(&words, style);
    // Beside the bow, on whichever side there is room.
    let right = two.center().x + 10.0;
    let x = match right + wide <= row.cells.right() {
        true => right,
        false => one.center().x - 10.0 - wide,
    };
    let y = row.cells.y - 8.0;
    if x < row.cells.x || y < row.frame.y {
        return;
    }
    let ground = rect(x, y - 6.0, wide, 12.0);
    if scene.clear_of(ground) {
        scene.taken.push(ground);
        let words = format_args!("{words}");
        scene.write(at(x, y), Align::Left, style, Ink::Ink, words, None, true);
    }
}

/// The high watermark, and the last stable offset where it lags behind.
fn broker_marks(scene: &mut Scene, partition: &PartitionView, row: &RowBox) {
    let last = row.first + row.count as u64;
    let mut mark = |offset: u64, sign: &str| {
        if offset <= row.first || offset > last {
            return;
        }
        let x = row.cells.x + (offset - row.first) as f64 * row.cell;
        let (top, bottom) = (row.cells.y - 3.0, row.cells.bottom() + 3.0);
        scene.line(&[at(x, top), at(x, bottom)], Ink::Ink, 2.0, 1.0);
        if row.cells.y - row.frame.y >= 9.0 {
            let words = format_args!("{sign}");
            scene.text(
                at(x, top - 5.0),
                Align::Center,
                plain(9.5),
                Ink::Soft,
                words,
            );
            let ground = scene.marks.last().and_then(|mark| scene.ground(mark));
            scene.taken.extend(ground);
        }
    };
    if partition.high_watermark < partition.end {
        mark(partition.high_watermark, "HW");
    }
    if partition.last_stable < partition.high_watermark {
        mark(partition.last_stable, "LSO");
    }
}

/// Solid up to what is committed, hatched what is done and not committed, outlined what is in hand;
/// dotted what was committed before it was done.
#[inline(never)]
fn draw_lane(scene: &mut Scene, lane: &Lane, bar: Rect, row: &RowBox, end: u64) {
    let last = row.first + row.count as u64;
    let x = |offset: u64| {
        let shown = offset.clamp(row.first, last) - row.first;
        bar.x + shown as f64 * row.cell
    };
    let part = |from: u64, to: u64| rect(x(from), bar.y, (x(to) - x(from)).max(0.0), bar.h);
    let ink = Ink::Service(lane.service);
    let y = bar.center().y;
    scene.line(&[at(bar.x, y), at(x(end), y)], Ink::Line, 1.0, 1.0);
    if lane.delivered < row.first {
        // Its frontier lies to the left of what is shown.
        let tip = at(bar.x - 1.0, y);
        scene.wedge([tip, tip.plus(6.0, -3.5), tip.plus(6.0, 3.5)], ink);
    }
    let sure = lane.committed.min(lane.processed);
    scene.area(part(row.first, sure), 0.0, ink);
    let (fill, upto) = if lane.processed >= lane.committed {
        (Fill::Hatched, lane.processed)
    } else {
        (Fill::Dotted, lane.committed)
    };
    let unsure = part(sure, upto);
    if unsure.w > 0.0 {
        scene.filled(unsure, 0.0, ink, fill);
        scene.outline(unsure.inset(0.4), 0.0, ink, 0.9, false);
    }
    let in_hand = part(upto, lane.delivered);
    if in_hand.w > 0.0 {
        scene.outline(in_hand.inset(0.5), 0.0, ink, 1.1, false);
    }
}

/// What the fillings of the lanes mean.
pub(super) fn legend(scene: &mut Scene, stage: &Stage, layout: &Layout) {
    let logs = stage
        .channels
        .iter()
        .filter_map(|c| match &c.body {
            ChannelBody::Log(p) => Some(p),
            _ => None,
        })
        .flatten();
    let mut lanes = logs.flat_map(|p| &p.lanes).peekable();
    if lanes.peek().is_none() || layout.legend.w < 100.0 {
        return;
    }
    let early = lanes.any(|l| l.committed > l.processed);
    let mut items = vec![
        ("committed", Some(Fill::Plain)),
        ("done: a crash repeats it", Some(Fill::Hatched)),
    ];
    if early {
        items.push(("committed early: a crash loses it", Some(Fill::Dotted)));
    }
    items.push(("in hand", None));
    let style = plain(if layout.mode == Mode::Wide {
        12.0
    } else {
        11.0
    });
    let y = layout.legend.center().y;
    let wide = if layout.mode == Mode::Wide {
        18.0
    } else {
        12.0
    };
    let mut x = layout.legend.x;
    for (words, fill) in items {
        let width = super::signs::width(words, style);
        if x + wide + 6.0 + width > layout.legend.right() + 8.0 {
            continue;
        }
        let sample = rect(x, y - 3.5, wide, 7.0);
        if let Some(fill) = fill {
            scene.filled(sample, 0.0, Ink::Soft, fill);
        }
        if fill != Some(Fill::Plain) {
            scene.outline(sample.inset(0.5), 0.0, Ink::Soft, 1.0, false);
        }
        scene.text(
            at(x + wide + 6.0, y),
            Align::Left,
            style,
            Ink::Soft,
            format_args!("{words}"),
        );
        x += wide + 6.0 + width + 12.0;
    }
}
