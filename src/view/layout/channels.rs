//! Rows of cells with their lanes.

use super::metrics::Metrics;
use super::{ChannelBox, Layout, Mode, RowBox};
use crate::view::geometry::{Point, Rect, rect};
use crate::view::stage::{CellKind, ChannelBody, PartitionView, Stage};

pub(super) fn place(stage: &Stage, m: &Metrics) -> Vec<ChannelBox> {
    let mut y = m.channels.y;
    let mut boxes = Vec::with_capacity(stage.channels.len());
    for channel in &stage.channels {
        let title = rect(m.channels.x + m.gutter, y, m.channels.w - m.gutter, m.title);
        y += m.title + if m.mode == Mode::Wide { 10.0 } else { 0.0 };
        let mut rows = Vec::new();
        let mut add = |row: RowBox| {
            y += m.row;
            rows.push(row);
        };
        let frame = |i: usize| {
            let top = title.bottom() + if m.mode == Mode::Wide { 10.0 } else { 0.0 };
            rect(m.channels.x, top + i as f64 * m.row, m.channels.w, m.row)
        };
        match &channel.body {
            ChannelBody::Log(partitions) => {
                for (i, p) in partitions.iter().enumerate() {
                    add(partition_row(p, frame(i), m));
                }
            }
            ChannelBody::Queues(queues) => {
                for (i, queue) in queues.iter().enumerate() {
                    let mut row = plain_row(frame(i), m, 46.0);
                    row.filled = queue.items.len() as u64;
                    add(row);
                }
            }
            ChannelBody::Direct { .. } => add(plain_row(frame(0), m, 46.0)),
        }
        boxes.push(ChannelBox { title, rows });
    }
    boxes
}

/// Space above the cells, height of the cells, and of one lane with its gap, in a row of this height.
fn heights(row: f64, lanes: usize) -> (f64, f64, f64) {
    let head = (row * 0.2).clamp(2.0, 24.0);
    let cells = (row * 0.3).clamp(13.0, 36.0);
    let spare = row - head - cells - 2.0;
    let pitch = (spare / (lanes as f64 + FIRST_GAP)).clamp(1.0, 13.0);
    (head, cells, pitch)
}

/// The gap between cells and lanes, as a part of the lanes' distance.
const FIRST_GAP: f64 = 0.6;

fn partition_row(p: &PartitionView, frame: Rect, m: &Metrics) -> RowBox {
    let (head, height, pitch) = heights(frame.h, p.lanes.len());
    let mut row = row_of(
        frame,
        m,
        head,
        height,
        cell_width(p.end, m.mode).max(height * 1.15),
    );
    row.first = first_shown(p.end, row.count);
    row.filled = p.end.saturating_sub(row.first);
    row.lanes = (0..p.lanes.len())
        .map(|i| {
            let y = row.cells.bottom() + (FIRST_GAP + i as f64) * pitch;
            rect(row.cells.x, y, row.cells.w, (pitch * 0.68).max(1.2))
        })
        .collect();
    row.replicas = replicas(&row, p.replicas.len(), m.mode);
    row
}

fn replicas(row: &RowBox, n: usize, mode: Mode) -> Vec<Rect> {
    let n = n.min(3);
    let below = row.frame.bottom() - row.cells.bottom();
    let (size, right, y) = if mode == Mode::Small {
        return Vec::new();
    } else if below >= 18.0 {
        (13.0, row.cells.x - 22.0, row.cells.bottom() + 3.0)
    } else if below >= 14.0 {
        (12.0, row.cells.x - 22.0, row.cells.bottom() + 1.0)
    } else {
        (10.0, row.label.right(), row.cells.center().y - 5.0)
    };
    (0..n)
        .map(|i| rect(right - (n - i) as f64 * (size + 2.0), y, size, size))
        .filter(|r| r.x >= row.frame.x)
        .collect()
}

fn plain_row(frame: Rect, m: &Metrics, cell: f64) -> RowBox {
    let (head, height, _) = heights(frame.h, 1);
    row_of(frame, m, head, height.max(frame.h * 0.4).min(34.0), cell)
}

fn row_of(frame: Rect, m: &Metrics, head: f64, height: f64, wish: f64) -> RowBox {
    let cells = rect(
        frame.x + m.gutter,
        frame.y + head,
        frame.w - m.gutter,
        height,
    );
    let count = (cells.w / wish).floor().max(1.0);
    RowBox {
        frame,
        label: rect(frame.x, cells.y, m.gutter - 28.0, height),
        replicas: Vec::new(),
        cells,
        cell: cells.w / count,
        count: count as usize,
        first: 0,
        filled: 0,
        lanes: Vec::new(),
    }
}

/// Wide enough for the offsets that will be in it soon.
fn cell_width(end: u64, mode: Mode) -> f64 {
    let digits = (end + 20).to_string().len() as f64;
    let base: f64 = if mode == Mode::Small { 24.0 } else { 31.0 };
    base.max(digits * 7.2 + 9.0)
}

/// The log is turned on by quarters of what is visible, so that cells stand still for most of the time.
fn first_shown(end: u64, count: usize) -> u64 {
    let count = count as u64;
    let over = (end + 1).saturating_sub(count);
    let step = (count / 4).max(1);
    over.div_ceil(step) * step
}

pub(super) fn hit(layout: &Layout, stage: &Stage, p: Point) -> Option<u64> {
    for (channel, place) in stage.channels.iter().zip(&layout.channels) {
        for (i, row) in place.rows.iter().enumerate() {
            if !row.cells.contains(p) {
                continue;
            }
            let nth = ((p.x - row.cells.x) / row.cell).floor() as u64;
            return match &channel.body {
                ChannelBody::Log(parts) => message_at(parts.get(i)?, row.first + nth),
                ChannelBody::Queues(queues) => {
                    Some(queues.get(i)?.items.get(nth as usize)?.message)
                }
                ChannelBody::Direct { .. } => None,
            };
        }
    }
    None
}

fn message_at(partition: &PartitionView, offset: u64) -> Option<u64> {
    let cell = partition.cells.iter().find(|c| c.offset == offset)?;
    match cell.kind {
        CellKind::Message { message, .. } => Some(message),
        CellKind::Marker { .. } => None,
    }
}
