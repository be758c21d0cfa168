//! A still of the stage as SVG, for print and for where no program runs.

mod path;

use std::fmt::Write;

use super::geometry::{Point, Rect};
use super::layout::{Room, layout};
use super::scene::{self, Align, Attention, Fill, Ink, Mark, Motion, Scene, Shape, Type};
use super::stage::Stage;
use crate::scenario::Scenario;
use crate::timeline::Timeline;
use path::{Short, boxed, polygon, rounded};

/// Width of a poster, in CSS pixels; its height is what the drawing takes.
const WIDTH: f64 = 960.0;
/// Before this moment, in µs, there is little to see yet.
const EARLIEST: u64 = 1_000_000;
/// If nothing goes wrong before, this is the moment shown, in µs.
const LATEST: u64 = 4_000_000;

/// The themes' one home; a poster has its colours inside, because it stands alone.
const TOKENS: &str = include_str!("../../style/tokens.css");

/// Colours of a poster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Paper {
    /// Both.
    pub const ALL: [Paper; 2] = [Paper::Light, Paper::Dark];

    /// Its name, as in file names.
    pub fn name(self) -> &'static str {
        match self {
            Paper::Light => "light",
            Paper::Dark => "dark",
        }
    }

    /// The value of a custom property in this theme, as the style sheet has it.
    fn token(self, name: &str) -> &'static str {
        let light = block(":root {");
        let dark = block(":root[data-theme=\"dark\"] {");
        let own = match self {
            Paper::Light => None,
            Paper::Dark => value(dark, name),
        };
        own.or_else(|| value(light, name)).unwrap_or("none")
    }

    fn colour(self, ink: Ink) -> &'static str {
        let name = match ink {
            Ink::None => return "none",
            Ink::Paper => "paper",
            Ink::Panel => "panel",
            Ink::Shade => "shade",
            Ink::Ink => "ink",
            Ink::Soft => "soft",
            Ink::Line => "line",
            Ink::Cell => "cell",
            Ink::CellLine => "cell-line",
            Ink::Lost => "lost",
            Ink::Twice => "twice",
            Ink::OnTwice => "on-twice",
            Ink::Focus => "focus",
            Ink::Service(n) => {
                const SERVICES: [&str; 6] = [
                    "service-0",
                    "service-1",
                    "service-2",
                    "service-3",
                    "service-4",
                    "service-5",
                ];
                SERVICES[usize::from(n) % SERVICES.len()]
            }
        };
        self.token(name)
    }
}

/// What stands between the braces after this selector.
fn block(selector: &str) -> &'static str {
    let after = TOKENS.split_once(selector).map_or("", |(_, after)| after);
    after.split_once('}').map_or("", |(block, _)| block)
}

fn value(block: &'static str, name: &str) -> Option<&'static str> {
    let line = |line: &'static str| {
        let (found, value) = line.trim().split_once(':')?;
        (found.strip_prefix("--") == Some(name)).then(|| value.trim().trim_end_matches(';'))
    };
    block.lines().find_map(line)
}

/// The poster of a scenario: the moment at which something goes wrong, once it is under way.
///
/// # Errors
/// A sentence for each thing that keeps the scenario from running.
pub fn poster(scenario: &Scenario, paper: Paper) -> Result<String, Vec<crate::scenario::Problem>> {
    let mut timeline = Timeline::new(scenario.clone())?;
    timeline.advance(EARLIEST, usize::MAX);
    let before = timeline.marks().len();
    while timeline.marks().len() == before && timeline.now() < LATEST && !timeline.finished() {
        timeline.step();
    }
    let stage = Stage::of(timeline.run().world());
    let told = format!(
        "{} The moment shown is {} into the run with seed {}.",
        scenario.watch_for,
        super::names::span(timeline.now()),
        scenario.seed
    );
    Ok(still(&stage, &scenario.title, &told, paper))
}

/// A still of a moment, with its title and a description in words.
pub fn still(stage: &Stage, title: &str, description: &str, paper: Paper) -> String {
    let place = layout(
        stage,
        Room {
            width: WIDTH,
            height: 0.0,
            fixed: false,
        },
    );
    let mut drawing = Scene::default();
    scene::draw(
        &mut drawing,
        stage,
        &place,
        Motion::Gliding,
        Attention::default(),
    );
    let mut svg = Svg {
        text: String::new(),
        paper,
        patterns: Vec::new(),
    };
    for mark in &drawing.marks {
        svg.mark(&drawing, mark);
    }
    let (w, h) = (place.frame.w, place.frame.h);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
         aria-labelledby=\"t d\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" stroke-linejoin=\"round\">\n\
         <title id=\"t\">{}</title>\n<desc id=\"d\">{}</desc>\n<defs>{}</defs>\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>\n{}</svg>\n",
        escaped(title),
        escaped(description),
        svg.defs(),
        paper.colour(Ink::Paper),
        svg.text
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

struct Svg {
    text: String,
    paper: Paper,
    patterns: Vec<(Ink, Fill)>,
}

impl Svg {
    /// Adds an element. Writing to a string cannot fail.
    fn put(&mut self, element: std::fmt::Arguments) {
        let _ = self.text.write_fmt(element);
        self.text.push('\n');
    }

    fn mark(&mut self, scene: &Scene, mark: &Mark) {
        match *mark {
            Mark::Area {
                rect,
                radius,
                ink,
                fill,
            } => self.area(rect, radius, ink, fill),
            Mark::Outline {
                rect,
                radius,
                ink,
                width,
                dashed,
            } => {
                let (shape, line) = (boxed(rect, radius), self.line(ink, width, dashed));
                self.put(format_args!("<rect {shape} fill=\"none\"{line}/>"));
            }
            Mark::Line {
                ref corners,
                ink,
                width,
                dashed,
                strength,
            } => {
                let points = scene.corners.get(corners.clone()).unwrap_or_default();
                let (path, line) = (rounded(points), self.line(ink, width, dashed));
                self.put(format_args!(
                    "<path d=\"{path}\" fill=\"none\"{line} opacity=\"{strength}\"/>"
                ));
            }
            Mark::Wedge { ref corners, ink } => {
                let points = scene.corners.get(corners.clone()).unwrap_or_default();
                let (path, colour) = (polygon(points.iter().copied()), self.paper.colour(ink));
                self.put(format_args!("<path d=\"{path}\" fill=\"{colour}\"/>"));
            }
            Mark::Bow {
                from,
                to,
                lift,
                ink,
            } => self.bow(from, to, lift, ink),
            Mark::Arc { .. } | Mark::Sign { .. } | Mark::Swarm { .. } | Mark::Cross { .. } => {
                self.small(scene, mark)
            }
            Mark::Text {
                at,
                ref words,
                style,
                ink,
                align,
                halo,
            } => self.words(at, scene.read(words), style, ink, align, halo),
        }
    }

    /// The small signs: what tells states apart without colour.
    fn small(&mut self, scene: &Scene, mark: &Mark) {
        match *mark {
            Mark::Arc {
                center,
                radius,
                part,
                ink,
            } => self.arc(center, radius, part, ink),
            Mark::Sign {
                shape,
                center,
                radius,
                ink,
                hollow,
            } => self.sign(shape, center, radius, ink, hollow),
            Mark::Swarm {
                ref points,
                shape,
                radius,
                ink,
                hollow,
            } => {
                let points = scene.corners.get(points.clone()).unwrap_or_default();
                let mut sign = |center| self.sign(shape, center, radius, ink, hollow);
                points.iter().for_each(|point| sign(*point));
            }
            Mark::Cross {
                center,
                radius,
                width,
            } => self.cross(center, radius, width),
            _ => {}
        }
    }

    fn line(&self, ink: Ink, width: f64, dashed: bool) -> String {
        let dashes = if dashed {
            " stroke-dasharray=\"3 3\""
        } else {
            ""
        };
        let colour = self.paper.colour(ink);
        format!(" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}")
    }

    fn area(&mut self, rect: Rect, radius: f64, ink: Ink, fill: Fill) {
        let shape = boxed(rect, radius);
        if fill == Fill::Plain {
            let colour = self.paper.colour(ink);
            return self.put(format_args!("<rect {shape} fill=\"{colour}\"/>"));
        }
        let known = self.patterns.iter().position(|p| *p == (ink, fill));
        let nth = known.unwrap_or(self.patterns.len());
        if known.is_none() {
            self.patterns.push((ink, fill));
        }
        self.put(format_args!("<rect {shape} fill=\"url(#p{nth})\"/>"));
    }

    fn defs(&self) -> String {
        let one = |(nth, (ink, fill)): (usize, &(Ink, Fill))| {
            let colour = self.paper.colour(*ink);
            let (size, inside) = match fill {
                Fill::Dotted => (
                    4,
                    format!("<path d=\"M0 0h1.6v1.6h-1.6zM2 2h1.6v1.6h-1.6z\" fill=\"{colour}\"/>"),
                ),
                _ => (
                    6,
                    format!(
                        "<path d=\"M-1 1L1 -1M-1 7L7 -1M5 7L7 5\" stroke=\"{colour}\" stroke-width=\"2.2\"/>"
                    ),
                ),
            };
            format!(
                "<pattern id=\"p{nth}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\">{inside}</pattern>"
            )
        };
        self.patterns.iter().enumerate().map(one).collect()
    }

    fn bow(&mut self, from: Point, to: Point, lift: f64, ink: Ink) {
        let (top, line) = (from.y.min(to.y) - lift * 1.33, self.line(ink, 1.8, false));
        let (a, b, c, d, t) = (
            Short(from.x),
            Short(from.y),
            Short(to.x),
            Short(to.y),
            Short(top),
        );
        self.put(format_args!(
            "<path d=\"M{a} {b}C{a} {t} {c} {t} {c} {d}\" fill=\"none\"{line}/>"
        ));
    }

    /// A ring, of which a part is in ink: dashes as long as the part and as what is left.
    fn arc(&mut self, center: Point, radius: f64, part: f64, ink: Ink) {
        let (x, y, r) = (Short(center.x), Short(center.y), Short(radius));
        let ring = format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"none\"");
        let (quiet, line) = (self.line(Ink::Line, 2.4, false), self.line(ink, 2.4, false));
        let part = part.clamp(0.0, 1.0) * 100.0;
        let rest = 100.0 - part;
        self.put(format_args!(
            "{ring}{quiet}/>{ring}{line} pathLength=\"100\" stroke-dasharray=\"{part:.1} {rest:.1}\" transform=\"rotate(-90 {x} {y})\"/>"
        ));
    }

    fn sign(&mut self, shape: Shape, c: Point, r: f64, ink: Ink, hollow: bool) {
        let look = if hollow {
            let (fill, line) = (self.paper.colour(Ink::Paper), self.line(ink, 1.8, false));
            format!("fill=\"{fill}\"{line}")
        } else {
            format!("fill=\"{}\"", self.paper.colour(ink))
        };
        let corners = shape.corners();
        if corners.is_empty() {
            let (x, y, r) = (Short(c.x), Short(c.y), Short(r));
            return self.put(format_args!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {look}/>"
            ));
        }
        let path = polygon(corners.iter().map(|(x, y)| c.plus(x * r, y * r)));
        self.put(format_args!("<path d=\"{path}\" {look}/>"));
    }

    fn cross(&mut self, c: Point, r: f64, width: f64) {
        let line = self.line(Ink::Lost, width, false);
        let (left, right) = (Short(c.x - r), Short(c.x + r));
        let (top, bottom) = (Short(c.y - r), Short(c.y + r));
        self.put(format_args!(
            "<path d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}\"{line}/>"
        ));
    }

    fn words(&mut self, at: Point, words: &str, style: Type, ink: Ink, align: Align, halo: bool) {
        let anchor = match align {
            Align::Left => "start",
            Align::Center => "middle",
            Align::Right => "end",
        };
        let weight = if style.bold {
            " font-weight=\"600\""
        } else {
            ""
        };
        let around = match halo {
            true => format!(
                " stroke=\"{}\" stroke-width=\"4\" paint-order=\"stroke\"",
                self.paper.colour(Ink::Paper)
            ),
            false => String::new(),
        };
        // Not every program that shows SVG knows dominant-baseline.
        let (x, y) = (Short(at.x), Short(at.y + style.size * 0.36));
        let (size, colour, words) = (style.size, self.paper.colour(ink), escaped(words));
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\"{weight}{around}>{words}</text>"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{preset, preset_names};

    #[test]
    fn every_preset_has_a_poster_in_both_papers() {
        for name in preset_names() {
            let scenario = preset(name).expect("a listed preset");
            for paper in Paper::ALL {
                let svg = poster(&scenario, paper).expect("a preset runs");
                assert!(svg.contains(&escaped(&scenario.title)) && svg.contains("<desc"));
                assert!(svg.contains(paper.token("paper")));
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
                assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
                for open in ["<svg", "<defs", "<title", "<text"] {
                    let close = open.replace('<', "</");
                    assert_eq!(
                        svg.matches(open).count(),
                        svg.matches(&close).count(),
                        "{name} {open}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_two_papers_differ_and_know_every_ink() {
        assert_ne!(Paper::Light.token("ink"), Paper::Dark.token("ink"));
        for paper in Paper::ALL {
            for ink in [
                Ink::Paper,
                Ink::Lost,
                Ink::OnTwice,
                Ink::CellLine,
                Ink::Service(5),
                Ink::Service(9),
            ] {
                assert!(paper.colour(ink).starts_with('#'), "{paper:?} {ink:?}");
            }
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let mut scenario = preset_names().next().and_then(preset).expect("a preset");
        scenario.title = "</title><script>alert(1)</script>".into();
        scenario.services[0].name = "<b>&".into();
        if let Ok(svg) = poster(&scenario, Paper::Light) {
            assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        }
    }
}
