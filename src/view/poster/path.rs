//! Outlines as SVG writes them.

use std::fmt::Write;

use crate::view::geometry::{Point, Rect};

/// Tenths of a pixel are fine enough, and short.
pub(super) struct Short(pub f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (self.0 * 10.0).round() / 10.0)
    }
}

/// Place and size of a box, as attributes.
pub(super) fn boxed(rect: Rect, radius: f64) -> String {
    let round = radius.min(rect.w / 2.0).min(rect.h / 2.0).max(0.0);
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"",
        Short(rect.x),
        Short(rect.y),
        Short(rect.w.max(0.0)),
        Short(rect.h.max(0.0)),
        Short(round)
    )
}

/// A closed way over points.
pub(super) fn polygon(points: impl Iterator<Item = Point>) -> String {
    let mut path = String::new();
    for (i, p) in points.enumerate() {
        let letter = if i == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{} {}", Short(p.x), Short(p.y));
    }
    path.push('Z');
    path
}

/// A line over corners, which are rounded as on the stage.
pub(super) fn rounded(points: &[Point]) -> String {
    const ROUND: f64 = 9.0;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return String::new();
    };
    let mut path = format!("M{} {}", Short(first.x), Short(first.y));
    for three in points.windows(3) {
        let (before, corner, after) = (three[0], three[1], three[2]);
        let (come, go) = (before.distance(corner), corner.distance(after));
        let room = (come.min(go) / 2.0).min(ROUND);
        if room < 0.1 {
            continue;
        }
        let (a, b) = (
            corner.towards(before, room / come),
            corner.towards(after, room / go),
        );
        let _ = write!(
            path,
            "L{} {}Q{} {} {} {}",
            Short(a.x),
            Short(a.y),
            Short(corner.x),
            Short(corner.y),
            Short(b.x),
            Short(b.y)
        );
    }
    let _ = write!(path, "L{} {}", Short(last.x), Short(last.y));
    path
}
