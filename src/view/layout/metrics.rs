//! The measures that follow from the room and from how much there is to show.

use super::{Mode, ProducerBox, Room, row_count};
use crate::view::geometry::{Rect, at, rect};
use crate::view::stage::{ChannelBody, ChannelView, Stage};

/// Below this width everything stands in one column.
pub const ONE_COLUMN: f64 = 760.0;
const PAD: f64 = 14.0;
const TITLE: f64 = 26.0;
/// Height of what explains the marks of grounds: two lines.
const GROUNDS: f64 = 34.0;

pub(super) struct Metrics {
    pub mode: Mode,
    pub height: f64,
    /// Where channels stand, headings included.
    pub channels: Rect,
    /// Where services stand.
    pub services: Rect,
    pub legend: Rect,
    pub grounds: Rect,
    pub request_line: f64,
    pub ack_line: f64,
    /// Width left of the cells for label and replicas.
    pub gutter: f64,
    /// Height of a channel's heading.
    pub title: f64,
    /// Height of a row.
    pub row: f64,
    /// x of the first service's line, and the distance to the next.
    pub first_line: f64,
    pub line_step: f64,
    producers: Rect,
}

struct Amounts {
    rows: f64,
    titles: f64,
    lanes: f64,
    services: f64,
    producers: f64,
}

impl Amounts {
    fn of(stage: &Stage) -> Amounts {
        let lanes = stage.channels.iter().map(|c| match &c.body {
            ChannelBody::Log(p) => p.iter().map(|p| p.lanes.len()).max().unwrap_or(0),
            _ => 1,
        });
        Amounts {
            rows: stage
                .channels
                .iter()
                .map(|c| row_count(&c.body))
                .sum::<usize>()
                .max(1) as f64,
            titles: stage.channels.len().max(1) as f64,
            lanes: lanes.max().unwrap_or(0) as f64,
            services: stage.services.len().max(1) as f64,
            producers: stage.producers.len().max(1) as f64,
        }
    }

    /// The least height of a row in which its lanes can still be told apart.
    fn least_row(&self, cells: f64) -> f64 {
        cells + 9.0 + self.lanes * 3.2
    }
}

impl Metrics {
    pub fn of(stage: &Stage, room: Room) -> Metrics {
        let n = Amounts::of(stage);
        if room.width >= ONE_COLUMN {
            wide(&n, room)
        } else if room.fixed {
            small(&n, room)
        } else {
            column(&n, room)
        }
    }

    pub fn producers(&self, stage: &Stage) -> Vec<ProducerBox> {
        let n = stage.producers.len();
        let gap = 14.0;
        let each = (self.producers.h - gap * (n.max(1) - 1) as f64) / n.max(1) as f64;
        let boxes = (0..n).map(|i| {
            let y = self.producers.y + i as f64 * (each + gap);
            rect(self.producers.x, y, self.producers.w, each)
        });
        match self.mode {
            Mode::Wide => boxes.map(producer_card).collect(),
            _ => {
                let line = self.producers.h / n.max(1) as f64;
                (0..n)
                    .map(|i| {
                        let y = self.producers.y + i as f64 * line;
                        self.producer_line(rect(self.producers.x, y, self.producers.w, line))
                    })
                    .collect()
            }
        }
    }

    fn producer_line(&self, frame: Rect) -> ProducerBox {
        let chip = 46.0;
        let h = frame.h.min(26.0);
        let name = rect(frame.x, frame.y, (frame.w * 0.38).min(130.0), h);
        let room = ((frame.right() - name.right() - 4.0) / (chip + 6.0)).floor();
        let slots = (0..room.max(0.0) as usize)
            .map(|i| {
                let x = name.right() + 4.0 + i as f64 * (chip + 6.0);
                rect(x, frame.y + 2.0, chip, h - 4.0)
            })
            .collect();
        ProducerBox {
            frame,
            name,
            slots,
            port: at(self.request_line, frame.bottom()),
        }
    }

    pub fn brokers(&self, stage: &Stage) -> Vec<Rect> {
        // Queues and channels are all on the first broker.
        let logs = |c: &ChannelView| matches!(c.body, ChannelBody::Log(_));
        let n = match stage.channels.iter().any(logs) {
            true => stage.brokers.len(),
            false => stage.brokers.len().min(1),
        };
        let (w, gap) = (if self.mode == Mode::Wide { 30.0 } else { 26.0 }, 4.0);
        let right = self.channels.right();
        (0..n)
            .map(|i| {
                let x = right - (n - i) as f64 * (w + gap) + gap;
                rect(x, self.channels.y - 2.0, w, 24.0_f64.min(self.title))
            })
            .collect()
    }
}

fn producer_card(frame: Rect) -> ProducerBox {
    let name = rect(frame.x, frame.y, frame.w, 44.0);
    let list = rect(
        frame.x + 8.0,
        name.bottom() + 26.0,
        frame.w - 16.0,
        frame.bottom() - name.bottom() - 34.0,
    );
    let step = 34.0;
    let count = ((list.h + 6.0) / step).floor().clamp(0.0, 4.0);
    let slots = (0..count as usize)
        .map(|i| rect(list.x, list.y + i as f64 * step, list.w, step - 6.0))
        .collect();
    ProducerBox {
        frame,
        name,
        slots,
        port: at(frame.right(), list.y + 11.0),
    }
}

fn wide(n: &Amounts, room: Room) -> Metrics {
    let w = room.width;
    let producer_w = (w * 0.135).clamp(108.0, 150.0);
    let services_w = (w * 0.245).clamp(190.0, 320.0);
    let way = (w * 0.085).clamp(66.0, 100.0);
    let gutter = 62.0;
    let line_step = if n.services > 4.0 { 8.0 } else { 9.0 };
    let lines = line_step * n.services + 34.0;
    let legend_h = 26.0;
    let heads = n.titles * TITLE + 16.0;
    let least = heads + n.rows * n.least_row(16.0) + legend_h + 12.0;
    let least = least.max(n.services * 86.0 + 14.0 + GROUNDS).max(260.0);
    let height = if room.fixed {
        room.height
    } else {
        room.height.max(least)
    };
    let row = ((height - heads - legend_h - 14.0) / n.rows).min(150.0);
    let used = heads + row * n.rows + legend_h;
    let top = ((height - used) / 2.0).clamp(8.0, 150.0);
    let left = PAD + producer_w + way;
    let channels_w = w - PAD - services_w - lines - left;
    let channels = rect(left, top, channels_w, used - legend_h);
    let rows_top = top + TITLE + 10.0;
    let list_h = (height - rows_top - 20.0).min(n.producers * 340.0);
    Metrics {
        mode: Mode::Wide,
        height,
        channels,
        services: rect(
            w - PAD - services_w,
            top,
            services_w,
            height - top - 14.0 - GROUNDS,
        ),
        legend: rect(
            left + 20.0,
            channels.bottom() + 4.0,
            w - PAD - services_w - left - 30.0,
            16.0,
        ),
        grounds: rect(
            w - PAD - services_w,
            height - 6.0 - GROUNDS,
            services_w,
            GROUNDS,
        ),
        request_line: PAD + producer_w + way * 0.36,
        ack_line: PAD + producer_w + way * 0.8,
        gutter,
        title: TITLE,
        row,
        first_line: channels.right() + 18.0,
        line_step,
        producers: rect(PAD, top, producer_w, list_h),
    }
}

fn small(n: &Amounts, room: Room) -> Metrics {
    let (w, height) = (room.width, room.height);
    let pad = 6.0;
    let services_w = (w * 0.3).clamp(92.0, 190.0);
    let line_step = (18.0 / n.services).clamp(3.0, 6.0);
    let lines = line_step * n.services + 8.0;
    let head = 22.0 * n.producers;
    let title = 20.0;
    let channels = rect(
        pad,
        pad + head,
        w - 2.0 * pad - services_w - lines,
        height - head - 2.0 * pad,
    );
    Metrics {
        mode: Mode::Small,
        height,
        channels,
        services: rect(w - pad - services_w, pad, services_w, height - 2.0 * pad),
        legend: Rect::default(),
        grounds: Rect::default(),
        request_line: pad + 8.0,
        ack_line: pad + 16.0,
        gutter: 40.0,
        title,
        row: ((channels.h - title * n.titles) / n.rows).min(72.0),
        first_line: channels.right() + 5.0,
        line_step,
        producers: rect(pad, pad, w - 2.0 * pad - services_w - lines, head),
    }
}

fn column(n: &Amounts, room: Room) -> Metrics {
    let w = room.width;
    let line_step = (32.0 / n.services).clamp(5.0, 9.0);
    let lines = line_step * n.services + 8.0;
    let head = 34.0 * n.producers;
    let title = 30.0;
    let cells = if n.rows > 4.0 { 22.0 } else { 26.0 };
    let row = cells + 14.0 + n.lanes * 6.0;
    let channels = rect(
        PAD,
        8.0 + head + 14.0,
        w - 2.0 * PAD - lines,
        title * n.titles + row * n.rows,
    );
    let legend = rect(PAD, channels.bottom() + 2.0, w - 2.0 * PAD - lines, 18.0);
    let card = if w < 380.0 { 66.0 } else { 46.0 };
    let services = rect(
        PAD,
        legend.bottom() + 12.0,
        w - 2.0 * PAD - lines,
        n.services * (card + 8.0) - 8.0,
    );
    // What the first of several sends passes the names of the others.
    let aside = if n.producers > 1.0 { 28.0 } else { 0.0 };
    Metrics {
        mode: Mode::Column,
        height: services.bottom() + 12.0 + GROUNDS,
        channels,
        grounds: rect(PAD, services.bottom() + 8.0, services.w, GROUNDS),
        services,
        legend,
        request_line: PAD + 6.0,
        ack_line: PAD + 18.0,
        gutter: 50.0,
        title,
        row,
        first_line: channels.right() + 6.0,
        line_step,
        producers: rect(PAD + aside, 8.0, w - 2.0 * PAD - aside, head),
    }
}
