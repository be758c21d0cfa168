//! Where exactly-once ends, at each service's count of effects: a frame holds what is inside a transaction, and a
//! thick broken line stands before what lies beyond.

use super::signs::{Shape, width};
use super::{Align, Ink, Mark, Scene, bold, plain};
use crate::view::boundary::Ground;
use crate::view::geometry::{Point, Rect, at, rect};
use crate::view::layout::Layout;
use crate::view::stage::Stage;

/// Width of a key, with the room behind it.
const KEY: f64 = 17.0;
/// Height of a line of the legend.
const LINE: f64 = 17.0;

/// The room that a ground's mark takes before the count and behind it.
pub(super) fn room(ground: Ground) -> (f64, f64) {
    match ground {
        Ground::Log => (8.0, 7.0),
        Ground::Transaction => (6.0, 5.0),
        Ground::Outside => (9.0, 0.0),
        Ground::Recognised | Ground::Harmless => (9.0 + KEY, 0.0),
    }
}

/// Marks the ground of what is counted by the words in this place.
pub(super) fn mark(scene: &mut Scene, ground: Ground, words: Rect) {
    let (before, behind) = room(ground);
    let (x, middle) = (words.x - before, words.center().y);
    let high = if ground == Ground::Log { 11.0 } else { 9.0 };
    let half = (words.h / 2.0).min(high);
    if !ground.is_outside() {
        let frame = rect(x, middle - half, words.w + before + behind, 2.0 * half);
        return edges(scene, ground, frame);
    }
    ends_here(scene, at(x + 2.0, middle), half);
    known(scene, ground, at(x + 9.0, middle));
}

/// One edge: a transaction of its own. Two: the log's.
fn edges(scene: &mut Scene, ground: Ground, frame: Rect) {
    scene.outline(frame.inset(0.5), 4.0, Ink::Ink, 1.2, false);
    if ground == Ground::Log {
        scene.outline(frame.inset(3.2), 2.5, Ink::Ink, 1.2, false);
    }
}

/// The line where exactly-once ends.
fn ends_here(scene: &mut Scene, middle: Point, half: f64) {
    scene.dashes(&[middle.plus(0.0, -half), middle.plus(0.0, half)], Ink::Ink);
    if let Some(Mark::Line { width, .. }) = scene.marks.last_mut() {
        *width = 3.0;
    }
}

/// What makes a repeat beyond the line harmless: a key that is known there, or that it changes nothing.
fn known(scene: &mut Scene, ground: Ground, left: Point) {
    if ground == Ground::Harmless {
        let words = format_args!("=");
        return scene.text(
            left.plus(6.0, 0.0),
            Align::Center,
            bold(13.0),
            Ink::Ink,
            words,
        );
    }
    if ground != Ground::Recognised {
        return;
    }
    scene.marks.push(Mark::Sign {
        shape: Shape::Circle,
        center: left.plus(3.0, 0.0),
        radius: 2.8,
        ink: Ink::Ink,
        hollow: true,
    });
    let tooth = |dx: f64| left.plus(dx, 3.5);
    let shaft = [left.plus(6.5, 0.0), left.plus(12.5, 0.0), tooth(12.5)];
    scene.line(&shaft, Ink::Ink, 1.6, 1.0);
    scene.line(&[left.plus(9.5, 0.0), tooth(9.5)], Ink::Ink, 1.6, 1.0);
}

/// What these marks mean, as far as they are on the stage and there is room.
pub(super) fn legend(scene: &mut Scene, stage: &Stage, layout: &Layout) {
    let place = layout.grounds;
    let style = plain(11.5);
    let mut spot = at(place.x, place.y + LINE / 2.0);
    for (ground, words) in MEANINGS {
        let shown = match ground {
            Ground::Outside => stage.services.iter().any(|s| s.ground.is_outside()),
            own => stage.services.iter().any(|s| s.ground == own),
        };
        let sample = if ground.is_outside() { 18.0 } else { 22.0 };
        let wide = sample + width(words, style);
        if !shown {
            continue;
        }
        if spot.x + wide > place.right() {
            spot = at(place.x, spot.y + LINE);
        }
        if spot.y > place.bottom() || wide > place.w {
            return;
        }
        match ground {
            Ground::Outside => ends_here(scene, spot.plus(6.0, 0.0), 7.0),
            ground if ground.is_outside() => known(scene, ground, spot),
            ground => edges(scene, ground, rect(spot.x, spot.y - 6.0, 16.0, 12.0)),
        }
        let at = spot.plus(sample, 0.0);
        scene.text(at, Align::Left, style, Ink::Soft, format_args!("{words}"));
        spot.x += wide + 12.0;
    }
}

const MEANINGS: [(Ground, &str); 5] = [
    (Ground::Outside, "exactly-once ends"),
    (Ground::Recognised, "repeats known"),
    (Ground::Harmless, "repeats harmless"),
    (Ground::Transaction, "own transaction"),
    (Ground::Log, "log's transaction"),
];
