//! A chart as a drawing: each line has the sign, the colour and the dashes of its service.

use super::{Chart, Figure};
use crate::broker::wire::Micros;
use crate::view::names;
use crate::view::scene::Shape;

/// The drawing's size; it is scaled to the room there is.
pub const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 88.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = HEIGHT - 16.0;

/// Dashes of the services' lines, which repeat like their signs.
const DASHES: [&str; 6] = ["", "7 3", "2 2.5", "9 3 2 3", "4 4", "12 3 2 3 2 3"];

impl Chart {
    /// The moment under a place of the drawing; `part` of its width from the left, 0 to 1.
    pub fn moment(&self, part: f64) -> Micros {
        let part = (part * WIDTH - LEFT) / (RIGHT - LEFT);
        (part.clamp(0.0, 1.0) * self.end() as f64) as Micros
    }

    /// An SVG element without words of its own for a screen reader: [`Chart::described`] has them.
    pub fn to_svg(&self, moment: usize) -> String {
        let top = ceiling(self.highest());
        let mut out = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">");
        self.axes(&mut out, top);
        let at = self.times.get(moment).copied().unwrap_or(0);
        let x = self.x(at);
        out.push_str(&format!(
            "<path class=\"cursor\" d=\"M{x:.1} {TOP}V{BOTTOM}\"/>"
        ));
        for curve in &self.curves {
            let class = match curve.service {
                Some(service) => format!("service-{}", service % 6),
                None => "published".into(),
            };
            let dash = curve.service.map_or("", |s| DASHES[usize::from(s % 6)]);
            let line = self.line(&curve.values, top);
            out.push_str(&format!(
                "<g class=\"{class}\"><path class=\"curve\" stroke-dasharray=\"{dash}\" d=\"{line}\"/>"
            ));
            if let (Some(service), Some(Some(value))) = (curve.service, curve.values.get(moment)) {
                out.push_str(&sign(Shape::of(service), x, y(*value, top)));
            }
            out.push_str("</g>");
        }
        out.push_str("</svg>");
        out
    }

    fn x(&self, at: Micros) -> f64 {
        LEFT + (RIGHT - LEFT) * at as f64 / self.end().max(1) as f64
    }

    fn axes(&self, out: &mut String, top: f64) {
        for value in [0.0, top / 2.0, top] {
            let y = y(value, top);
            out.push_str(&format!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>"
            ));
        }
        let mut word = |x: f64, y: f64, anchor: &str, words: &str| {
            out.push_str(&format!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
            ));
        };
        word(LEFT - 5.0, BOTTOM + 4.0, "end", "0");
        word(LEFT - 5.0, TOP + 4.0, "end", &self.at_axis(top));
        word(LEFT, HEIGHT - 3.0, "start", "0 s");
        word(RIGHT, HEIGHT - 3.0, "end", &names::span(self.end()));
    }

    /// A round value in so few letters that it fits left of the axis.
    fn at_axis(&self, value: f64) -> String {
        const LETTERS: usize = 6;
        let full = self.figure.show(value);
        if full.len() <= LETTERS || self.figure == Figure::Latency {
            return full;
        }
        let mut short = self.figure.show(value / 1_000.0);
        let digits = short.find(|c: char| !c.is_ascii_digit());
        short.insert(digits.unwrap_or(short.len()), 'k');
        short
    }

    /// The corners of a line; it begins anew behind a gap.
    fn line(&self, values: &[Option<f64>], top: f64) -> String {
        let mut line = String::new();
        let mut pen = 'M';
        for (at, value) in self.times.iter().zip(values) {
            let Some(value) = value else {
                pen = 'M';
                continue;
            };
            line.push_str(&format!("{pen}{:.1} {:.1}", self.x(*at), y(*value, top)));
            pen = 'L';
        }
        line
    }
}

fn y(value: f64, top: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * value / top
}

/// The least of 1, 2 and 5 with zeros that is not below a value.
fn ceiling(value: f64) -> f64 {
    let mut power = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if value <= power * step {
                return power * step;
            }
        }
        power *= 10.0;
    }
}

fn sign(shape: Shape, x: f64, y: f64) -> String {
    const SIZE: f64 = 4.0;
    if shape.corners().is_empty() {
        return format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{SIZE}\"/>");
    }
    let mut corners = String::new();
    for (dx, dy) in shape.corners() {
        corners.push_str(&format!("{:.1},{:.1} ", x + dx * SIZE, y + dy * SIZE));
    }
    format!("<polygon points=\"{corners}\"/>")
}
