//! Cards of services with their instances.

use super::metrics::Metrics;
use super::{Mode, ServiceBox};
use crate::view::geometry::{Rect, rect};
use crate::view::stage::Stage;

pub(super) fn place(stage: &Stage, m: &Metrics) -> Vec<ServiceBox> {
    let n = stage.services.len().max(1) as f64;
    let gap = if m.mode == Mode::Wide { 12.0 } else { 6.0 };
    let most = if m.mode == Mode::Wide { 104.0 } else { 66.0 };
    let each = ((m.services.h - gap * (n - 1.0)) / n).min(most);
    // Spread over the height of the rows, so that the ways between them stay short.
    let spare = m.services.h - each * n - gap * (n - 1.0);
    let spread = if m.mode == Mode::Wide && n > 1.0 {
        (spare / (n - 1.0)).min(70.0)
    } else {
        0.0
    };
    let cards = stage.services.iter().enumerate().map(|(i, service)| {
        let y = m.services.y + i as f64 * (each + gap + spread);
        let frame = rect(m.services.x, y, m.services.w, each);
        let line = m.first_line + i as f64 * m.line_step;
        let members = service.members.len();
        match m.mode {
            Mode::Wide => card(frame, members, line),
            Mode::Small => tile(frame, members, line),
            Mode::Column => strip(frame, members, line),
        }
    });
    cards.collect()
}

fn card(frame: Rect, members: usize, line: f64) -> ServiceBox {
    let head = rect(frame.x + 10.0, frame.y + 4.0, frame.w - 20.0, 26.0);
    let entry = head.bottom() + 3.0;
    let area = rect(
        frame.x + 10.0,
        entry + 5.0,
        frame.w - 20.0,
        frame.bottom() - entry - 13.0,
    );
    ServiceBox {
        frame,
        head,
        members: area.columns(members, 6.0),
        line,
        entry,
    }
}

fn tile(frame: Rect, members: usize, line: f64) -> ServiceBox {
    let head = rect(
        frame.x + 5.0,
        frame.y,
        frame.w - 10.0,
        20.0_f64.min(frame.h),
    );
    let left = frame.bottom() - head.bottom() - 4.0;
    let size = left.min(24.0);
    let squares = if size >= 10.0 {
        let w = ((frame.w - 10.0) / members.max(1) as f64 - 3.0).min(24.0);
        (0..members)
            .map(|i| rect(head.x + i as f64 * (w + 3.0), head.bottom() + 1.0, w, size))
            .collect()
    } else {
        Vec::new()
    };
    ServiceBox {
        frame,
        head,
        members: squares,
        line,
        entry: head.center().y,
    }
}

fn strip(frame: Rect, members: usize, line: f64) -> ServiceBox {
    let two_lines = frame.h > 60.0;
    let square = 26.0;
    let head = rect(
        frame.x + 10.0,
        frame.y + if two_lines { 3.0 } else { 10.0 },
        frame.w - 20.0,
        26.0,
    );
    let (x, y) = if two_lines {
        (head.x, head.bottom() + 5.0)
    } else {
        // Between the name and the count.
        let squares = members as f64 * (square + 4.0);
        let x = (frame.right() - 96.0 - squares).max(frame.x + 100.0);
        (x, frame.y + 10.0)
    };
    ServiceBox {
        frame,
        head,
        members: (0..members)
            .map(|i| rect(x + i as f64 * (square + 4.0), y, square, square))
            .collect(),
        line,
        entry: frame.center().y,
    }
}
