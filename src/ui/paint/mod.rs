//! Draws a scene on a canvas. Everything there is to decide has been decided in `view`.

mod palette;

use std::f64::consts::{FRAC_PI_2, TAU};

use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::view::geometry::{Point, Rect};
use crate::view::scene::{Align, Fill, Ink, Mark, Scene, Shape, Type};
pub use palette::Palette;

/// A canvas with what is needed to draw on it.
pub struct Painter {
    canvas: HtmlCanvasElement,
    ctx: CanvasRenderingContext2d,
    palette: Palette,
    /// What was set last, so that setting it again is spared.
    last: Last,
}

/// What a drawing context was told last.
#[derive(Default)]
struct Last {
    font: Option<Type>,
    align: Option<Align>,
    fill: Option<Ink>,
    stroke: Option<Ink>,
}

impl Painter {
    /// For this canvas; `None` where the browser gives no drawing context.
    pub fn new(canvas: HtmlCanvasElement) -> Option<Painter> {
        use wasm_bindgen::JsCast;
        let ctx = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let palette = Palette::read(&canvas);
        Some(Painter {
            canvas,
            ctx,
            palette,
            last: Last::default(),
        })
    }

    /// Takes the colours anew, after the theme changed.
    pub fn recolour(&mut self) {
        self.palette = Palette::read(&self.canvas);
    }

    /// Sets the size of the drawing, in CSS pixels, for a screen of this density.
    pub fn resize(&mut self, width: f64, height: f64, density: f64) {
        let (w, h) = (
            (width * density).round() as u32,
            (height * density).round() as u32,
        );
        if (self.canvas.width(), self.canvas.height()) != (w, h) {
            self.canvas.set_width(w);
            self.canvas.set_height(h);
        }
        let _ = self.ctx.set_transform(density, 0.0, 0.0, density, 0.0, 0.0);
        self.last = Last::default();
    }

    /// Draws a scene over everything that was there.
    pub fn draw(&mut self, scene: &Scene, width: f64, height: f64) {
        self.ctx.clear_rect(0.0, 0.0, width, height);
        self.ctx.set_text_baseline("middle");
        self.ctx.set_line_join("round");
        self.last = Last::default();
        for mark in &scene.marks {
            self.mark(scene, mark);
        }
    }

    /// Leaves beside the drawing how many messages it shows on their way and lost, to be held against the words.
    pub fn tell(&self, scene: &Scene) {
        let count = |name, n: usize| self.canvas.set_attribute(name, &n.to_string());
        let lost = scene
            .marks
            .iter()
            .filter(|m| matches!(m, Mark::Cross { .. }));
        let _ = count("data-moving", scene.pills.len());
        let _ = count("data-lost", lost.count());
    }

    fn mark(&mut self, scene: &Scene, mark: &Mark) {
        match mark {
            Mark::Area {
                rect,
                radius,
                ink,
                fill,
            } => self.area(*rect, *radius, *ink, *fill),
            Mark::Outline {
                rect,
                radius,
                ink,
                width,
                dashed,
            } => {
                self.round(*rect, *radius);
                self.stroke(*ink, *width, *dashed);
            }
            Mark::Line {
                corners,
                ink,
                width,
                dashed,
                strength,
            } => {
                self.corners(scene.corners.get(corners.clone()).unwrap_or_default());
                self.ctx.set_global_alpha(*strength);
                self.stroke(*ink, *width, *dashed);
                self.ctx.set_global_alpha(1.0);
            }
            Mark::Wedge { corners, ink } => {
                self.ctx.begin_path();
                for p in scene.corners.get(corners.clone()).unwrap_or_default() {
                    self.ctx.line_to(p.x, p.y);
                }
                self.fill(*ink);
            }
            Mark::Bow {
                from,
                to,
                lift,
                ink,
            } => {
                self.ctx.begin_path();
                self.ctx.move_to(from.x, from.y);
                let top = from.y.min(to.y) - lift * 1.33;
                self.ctx.bezier_curve_to(from.x, top, to.x, top, to.x, to.y);
                self.stroke(*ink, 1.8, false);
            }
            Mark::Arc { .. } | Mark::Sign { .. } | Mark::Swarm { .. } | Mark::Cross { .. } => {
                self.sign(scene, mark)
            }
            Mark::Text {
                at,
                words,
                style,
                ink,
                align,
                halo,
            } => {
                self.text(*at, scene.read(words), *style, *ink, *align, *halo);
            }
        }
    }

    /// The small signs: what tells states apart without colour.
    fn sign(&mut self, scene: &Scene, mark: &Mark) {
        match mark {
            Mark::Arc {
                center,
                radius,
                part,
                ink,
            } => self.arc(*center, *radius, *part, *ink),
            Mark::Sign {
                shape,
                center,
                radius,
                ink,
                hollow,
            } => {
                self.ctx.begin_path();
                self.shape(*shape, *center, *radius);
                self.solid(*ink, *hollow);
            }
            Mark::Swarm {
                points,
                shape,
                radius,
                ink,
                hollow,
            } => {
                // One path over all of them would take far longer: its outlines are sought in every row of pixels.
                for point in scene.corners.get(points.clone()).unwrap_or_default() {
                    self.ctx.begin_path();
                    self.shape(*shape, *point, *radius);
                    self.solid(*ink, *hollow);
                }
            }
            Mark::Cross {
                center,
                radius,
                width,
            } => {
                self.ctx.begin_path();
                for side in [1.0, -1.0] {
                    self.ctx
                        .move_to(center.x - radius, center.y - radius * side);
                    self.ctx
                        .line_to(center.x + radius, center.y + radius * side);
                }
                self.stroke(Ink::Lost, *width, false);
            }
            _ => {}
        }
    }

    fn area(&mut self, rect: Rect, radius: f64, ink: Ink, fill: Fill) {
        if fill != Fill::Plain {
            if let Some(pattern) = self.palette.pattern(ink, fill) {
                self.ctx.set_fill_style_canvas_pattern(pattern);
                self.last.fill = None;
                self.ctx.fill_rect(rect.x, rect.y, rect.w, rect.h);
            }
        } else if radius < 1.0 {
            self.ink_fills(ink);
            self.ctx.fill_rect(rect.x, rect.y, rect.w, rect.h);
        } else {
            self.round(rect, radius);
            self.fill(ink);
        }
    }

    fn arc(&mut self, center: Point, radius: f64, part: f64, ink: Ink) {
        self.ctx.begin_path();
        let _ = self.ctx.arc(center.x, center.y, radius, 0.0, TAU);
        self.stroke(Ink::Line, 2.4, false);
        self.ctx.begin_path();
        let end = TAU * part - FRAC_PI_2;
        let _ = self.ctx.arc(center.x, center.y, radius, -FRAC_PI_2, end);
        self.stroke(ink, 2.4, false);
    }

    fn ink_fills(&mut self, ink: Ink) {
        if self.last.fill.replace(ink) != Some(ink) {
            self.ctx.set_fill_style_str(self.palette.colour(ink));
        }
    }

    fn ink_strokes(&mut self, ink: Ink) {
        if self.last.stroke.replace(ink) != Some(ink) {
            self.ctx.set_stroke_style_str(self.palette.colour(ink));
        }
    }

    fn fill(&mut self, ink: Ink) {
        self.ink_fills(ink);
        self.ctx.fill();
    }

    fn stroke(&mut self, ink: Ink, width: f64, dashed: bool) {
        self.ink_strokes(ink);
        self.ctx.set_line_width(width);
        if dashed {
            let _ = self.ctx.set_line_dash(self.palette.dashes());
        }
        self.ctx.stroke();
        if dashed {
            let _ = self.ctx.set_line_dash(self.palette.no_dashes());
        }
    }

    fn round(&self, rect: Rect, radius: f64) {
        self.ctx.begin_path();
        if radius < 1.0 {
            self.ctx.rect(rect.x, rect.y, rect.w, rect.h);
        } else {
            let radius = radius.min(rect.w / 2.0).min(rect.h / 2.0);
            let _ = self
                .ctx
                .round_rect_with_f64(rect.x, rect.y, rect.w, rect.h, radius);
        }
    }

    fn corners(&self, points: &[Point]) {
        self.ctx.begin_path();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return;
        };
        self.ctx.move_to(first.x, first.y);
        for three in points.windows(3) {
            let (corner, next) = (three[1], three[2]);
            let room = three[0].distance(corner).min(corner.distance(next)) / 2.0;
            let _ = self
                .ctx
                .arc_to(corner.x, corner.y, next.x, next.y, room.min(9.0));
        }
        self.ctx.line_to(last.x, last.y);
    }

    /// Adds a shape to the path.
    fn shape(&self, shape: Shape, c: Point, r: f64) {
        let mut corners = shape.corners().iter();
        match corners.next() {
            Some((x, y)) => self.ctx.move_to(c.x + x * r, c.y + y * r),
            None => {
                self.ctx.move_to(c.x + r, c.y);
                let _ = self.ctx.arc(c.x, c.y, r, 0.0, TAU);
            }
        }
        for (x, y) in corners {
            self.ctx.line_to(c.x + x * r, c.y + y * r);
        }
        self.ctx.close_path();
    }

    /// Draws the path as an area, or as an outline on paper.
    fn solid(&mut self, ink: Ink, hollow: bool) {
        if hollow {
            self.fill(Ink::Paper);
            self.stroke(ink, 1.8, false);
        } else {
            self.fill(ink);
        }
    }

    fn text(&mut self, at: Point, words: &str, style: Type, ink: Ink, align: Align, halo: bool) {
        if self.last.font.replace(style) != Some(style) {
            self.ctx.set_font(&self.palette.font(style));
        }
        if self.last.align.replace(align) != Some(align) {
            self.ctx.set_text_align(match align {
                Align::Left => "left",
                Align::Center => "center",
                Align::Right => "right",
            });
        }
        // The middle of a font's box lies a little above the middle of its digits.
        let y = at.y + style.size * 0.06;
        if halo {
            self.ink_strokes(Ink::Paper);
            self.ctx.set_line_width(4.0);
            let _ = self.ctx.stroke_text(words, at.x, y);
        }
        self.ink_fills(ink);
        let _ = self.ctx.fill_text(words, at.x, y);
    }
}
