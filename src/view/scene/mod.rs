//! The drawing of a moment as a list of marks, back to front. A painter only has to follow it.
//!
//! What the stage of a run that has not begun does not show is `inline(never)`: so the page can leave it to the part
//! of the program that comes after the first look.

pub mod bar;
mod chain;
mod crowd;
mod flows;
mod grounds;
mod log;
mod moving;
mod producers;
mod queues;
mod routes;
mod services;
mod signs;
#[cfg(test)]
mod tests;
mod veil;

use std::fmt::{self, Write};
use std::ops::Range;

use super::belief::Fog;
use super::flow::Flow;
use super::geometry::{Point, Rect};
use super::layout::{Hit, Layout, Mode};
use super::stage::Stage;
use crate::trace::{Event, EventId};

pub use signs::Shape;

/// What a mark is coloured with; the themes say which colour that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ink {
    /// Nothing is drawn.
    None,
    /// The ground.
    Paper,
    /// Cards.
    Panel,
    /// Things within cards.
    Shade,
    /// Text and what moves.
    Ink,
    /// Lesser text.
    Soft,
    /// Hairlines.
    Line,
    /// Inside of a cell.
    Cell,
    /// Outline of a cell.
    CellLine,
    /// Lost, or down.
    Lost,
    /// Twice, or again.
    Twice,
    /// Text on `Twice`.
    OnTwice,
    /// What has the focus or is picked.
    Focus,
    /// The service with this number; they repeat after six.
    Service(u16),
}

/// How an area is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Evenly.
    Plain,
    /// With slanted lines.
    Hatched,
    /// With dots.
    Dotted,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// To the right of it.
    Left,
    /// Around it.
    Center,
    /// To the left of it.
    Right,
}

/// A text's size and weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Type {
    /// Height of the letters' body, in CSS pixels.
    pub size: f64,
    /// Semi-bold.
    pub bold: bool,
}

/// One thing to draw.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// An area.
    Area {
        /// Where.
        rect: Rect,
        /// Radius of its corners.
        radius: f64,
        /// With what.
        ink: Ink,
        /// How.
        fill: Fill,
    },
    /// The outline of an area.
    Outline {
        /// Where.
        rect: Rect,
        /// Radius of its corners.
        radius: f64,
        /// With what.
        ink: Ink,
        /// Width of the line.
        width: f64,
        /// Broken into dashes.
        dashed: bool,
    },
    /// A line over corners, which are rounded.
    Line {
        /// Its corners, in [`Scene::corners`].
        corners: Range<usize>,
        /// With what.
        ink: Ink,
        /// Width of the line.
        width: f64,
        /// Broken into dashes.
        dashed: bool,
        /// How much of what is below shows through is 1 minus this.
        strength: f64,
    },
    /// A filled area between corners.
    Wedge {
        /// Its corners, in [`Scene::corners`].
        corners: Range<usize>,
        /// With what.
        ink: Ink,
    },
    /// A bow from one point to another, upwards.
    Bow {
        /// From.
        from: Point,
        /// To.
        to: Point,
        /// How far up.
        lift: f64,
        /// With what.
        ink: Ink,
    },
    /// A part of a circle, clockwise from the top.
    Arc {
        /// Its centre.
        center: Point,
        /// Its radius.
        radius: f64,
        /// How much of the circle, 0 to 1.
        part: f64,
        /// With what.
        ink: Ink,
    },
    /// A service's sign.
    Sign {
        /// Which.
        shape: Shape,
        /// Its middle.
        center: Point,
        /// Half its size.
        radius: f64,
        /// With what.
        ink: Ink,
        /// Only its outline.
        hollow: bool,
    },
    /// The same sign at many points.
    Swarm {
        /// Their middles, in [`Scene::corners`].
        points: Range<usize>,
        /// Which.
        shape: Shape,
        /// Half their size.
        radius: f64,
        /// With what.
        ink: Ink,
        /// Only their outlines.
        hollow: bool,
    },
    /// A cross: lost.
    Cross {
        /// Its middle.
        center: Point,
        /// Half its size.
        radius: f64,
        /// Width of the line.
        width: f64,
    },
    /// Words.
    Text {
        /// Where.
        at: Point,
        /// Which, in [`Scene::words`].
        words: Range<usize>,
        /// Size and weight.
        style: Type,
        /// With what.
        ink: Ink,
        /// On which side of the point.
        align: Align,
        /// Surrounded by paper, to be read over lines.
        halo: bool,
    },
}

/// A drawing.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Back to front.
    pub marks: Vec<Mark>,
    /// All texts, one after the other.
    pub words: String,
    /// All corners of lines, one after the other.
    pub corners: Vec<Point>,
    /// Things that move and can be picked: their middle and the message.
    pub pills: Vec<(Point, u64)>,
    /// Where words already stand, so that floating words keep clear of each other.
    taken: Vec<Rect>,
}

/// What the reader is about, besides the moment itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attention<'a> {
    /// What the pointer is over.
    pub hover: Option<Hit>,
    /// The message that is followed.
    pub picked: Option<u64>,
    /// What is hidden, because somebody cannot know it; the stage is then that of
    /// [`seen_by`](super::belief::seen_by).
    pub fog: Option<&'a Fog>,
    /// The events of an explanation, in their order, to be lit up to the event of this number.
    pub chain: (&'a [Event], EventId),
}

/// How finely motion is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion<'a> {
    /// Every message by itself, gliding.
    Gliding,
    /// Every message by itself, at three stations of its way.
    Stepping,
    /// Many, each a small sign without its number.
    Crowd {
        /// At three stations of their way, and not gliding.
        stepping: bool,
    },
    /// Too many to be seen: rates.
    Flow(&'a Flow),
}

/// Draws a moment.
pub fn draw(scene: &mut Scene, stage: &Stage, layout: &Layout, motion: Motion, about: Attention) {
    scene.clear();
    routes::to_services(scene, stage, layout);
    routes::to_rows(scene, stage, layout);
    if let Motion::Flow(flow) = motion {
        flows::bands(scene, stage, layout, flow);
    }
    producers::draw(scene, stage, layout, about);
    producers::brokers(scene, stage, layout, about);
    for (c, channel) in stage.channels.iter().enumerate() {
        if let Some(place) = layout.channels.get(c) {
            log::title(scene, channel, place, stage, layout.mode);
            queues::draw(scene, channel, place, stage, about);
            log::draw(scene, channel, place, about, layout.mode);
        }
    }
    services::draw(scene, stage, layout, about);
    grounds::legend(scene, stage, layout);
    if matches!(motion, Motion::Gliding | Motion::Stepping) {
        log::legend(scene, stage, layout);
    }
    if let Some(fog) = about.fog {
        veil::draw(scene, layout, fog);
    }
    let moves = !(stage.moving.is_empty() && stage.fallen.is_empty());
    match motion {
        Motion::Flow(flow) => flows::counters(scene, stage, layout, flow),
        Motion::Crowd { stepping } => crowd::draw(scene, stage, layout, about.picked, stepping),
        Motion::Gliding | Motion::Stepping if moves => {
            let stepping = motion == Motion::Stepping;
            moving::packets(scene, stage, layout, about, stepping);
        }
        Motion::Gliding | Motion::Stepping => {}
    }
    if motion == Motion::Stepping {
        scene.quarter_arcs();
    }
    if !about.chain.0.is_empty() {
        chain::light(scene, stage, layout, about.chain.0, about.chain.1);
    }
}

impl Scene {
    /// What runs down by itself does so in four steps.
    fn quarter_arcs(&mut self) {
        for mark in &mut self.marks {
            if let Mark::Arc { part, .. } = mark {
                *part = (*part * 4.0).ceil() / 4.0;
            }
        }
    }

    fn clear(&mut self) {
        self.marks.clear();
        self.words.clear();
        self.corners.clear();
        self.pills.clear();
        self.taken.clear();
    }

    fn area(&mut self, rect: Rect, radius: f64, ink: Ink) {
        self.filled(rect, radius, ink, Fill::Plain);
    }

    fn filled(&mut self, rect: Rect, radius: f64, ink: Ink, fill: Fill) {
        if rect.w > 0.05 {
            self.marks.push(Mark::Area {
                rect,
                radius,
                ink,
                fill,
            });
        }
    }

    fn outline(&mut self, rect: Rect, radius: f64, ink: Ink, width: f64, dashed: bool) {
        self.marks.push(Mark::Outline {
            rect,
            radius,
            ink,
            width,
            dashed,
        });
    }

    fn line(&mut self, points: &[Point], ink: Ink, width: f64, strength: f64) {
        let start = self.corners.len();
        self.corners.extend_from_slice(points);
        self.marks.push(Mark::Line {
            corners: start..self.corners.len(),
            ink,
            width,
            dashed: false,
            strength,
        });
    }

    /// The head of an arrow to the right, its tip a little beyond this point.
    fn arrow(&mut self, tip: Point) {
        let corners = [(-5.0, -4.0), (2.0, 0.0), (-5.0, 4.0)];
        self.wedge(corners.map(|(dx, dy)| tip.plus(dx, dy)), Ink::CellLine);
    }

    fn wedge(&mut self, corners: [Point; 3], ink: Ink) {
        let start = self.corners.len();
        self.corners.extend(corners);
        self.marks.push(Mark::Wedge {
            corners: start..self.corners.len(),
            ink,
        });
    }

    fn dashes(&mut self, points: &[Point], ink: Ink) {
        self.line(points, ink, 1.2, 1.0);
        if let Some(Mark::Line { dashed, .. }) = self.marks.last_mut() {
            *dashed = true;
        }
    }

    fn sign(&mut self, service: u16, center: Point, radius: f64, hollow: bool) {
        self.marks.push(Mark::Sign {
            shape: Shape::of(service),
            center,
            radius,
            ink: Ink::Service(service),
            hollow,
        });
    }

    /// Writes words. `y` of the point is the middle of the small letters.
    fn text(&mut self, at: Point, align: Align, style: Type, ink: Ink, words: fmt::Arguments) {
        self.write(at, align, style, ink, words, None, false);
    }

    /// Writes words, cut to this width.
    fn fit(
        &mut self,
        at: Point,
        align: Align,
        style: Type,
        ink: Ink,
        width: f64,
        words: fmt::Arguments,
    ) {
        self.write(at, align, style, ink, words, Some(width), false);
    }

    #[allow(clippy::too_many_arguments)]
    fn write(
        &mut self,
        at: Point,
        align: Align,
        style: Type,
        ink: Ink,
        words: fmt::Arguments,
        width: Option<f64>,
        halo: bool,
    ) {
        let start = self.words.len();
        // Writing to a string cannot fail.
        let _ = self.words.write_fmt(words);
        if let Some(width) = width {
            signs::cut(&mut self.words, start, style, width);
        }
        if self.words.len() > start {
            self.marks.push(Mark::Text {
                at,
                words: start..self.words.len(),
                style,
                ink,
                align,
                halo,
            });
        }
    }

    /// The words of a text.
    pub fn read(&self, words: &Range<usize>) -> &str {
        self.words.get(words.clone()).unwrap_or_default()
    }
}

/// Usual sizes of text in a mode: body, small.
fn sizes(mode: Mode) -> (f64, f64) {
    match mode {
        Mode::Wide => (14.0, 12.0),
        Mode::Column => (14.0, 12.0),
        Mode::Small => (12.0, 11.0),
    }
}

const fn plain(size: f64) -> Type {
    Type { size, bold: false }
}

const fn bold(size: f64) -> Type {
    Type { size, bold: true }
}
