//! Colours, patterns and fonts, read from the style sheet: the themes have one home.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement};

use crate::view::scene::{Fill, Ink, Type};

/// The inks in the order of their slots, with the custom property each is taken from.
const INKS: [(Ink, &str); 19] = [
    (Ink::None, "--none"),
    (Ink::Paper, "--paper"),
    (Ink::Panel, "--panel"),
    (Ink::Shade, "--shade"),
    (Ink::Ink, "--ink"),
    (Ink::Soft, "--soft"),
    (Ink::Line, "--line"),
    (Ink::Cell, "--cell"),
    (Ink::CellLine, "--cell-line"),
    (Ink::Lost, "--lost"),
    (Ink::Twice, "--twice"),
    (Ink::OnTwice, "--on-twice"),
    (Ink::Focus, "--focus"),
    (Ink::Service(0), "--service-0"),
    (Ink::Service(1), "--service-1"),
    (Ink::Service(2), "--service-2"),
    (Ink::Service(3), "--service-3"),
    (Ink::Service(4), "--service-4"),
    (Ink::Service(5), "--service-5"),
];

/// What the painter draws with.
pub struct Palette {
    colours: Vec<String>,
    hatched: Vec<Option<CanvasPattern>>,
    dotted: Vec<Option<CanvasPattern>>,
    family: String,
    dashes: Array,
    no_dashes: Array,
}

impl Palette {
    /// Reads it from the computed style of the canvas.
    pub fn read(canvas: &HtmlCanvasElement) -> Palette {
        let style = web_sys::window().and_then(|w| w.get_computed_style(canvas).ok().flatten());
        let value = |name: &str| {
            let value = style.as_ref().and_then(|s| s.get_property_value(name).ok());
            value.unwrap_or_default().trim().to_string()
        };
        let colours: Vec<String> = INKS
            .iter()
            .map(|(ink, name)| match ink {
                Ink::None => "transparent".to_string(),
                _ => value(name),
            })
            .collect();
        let all = |fill| colours.iter().map(|c| pattern(canvas, c, fill)).collect();
        Palette {
            hatched: all(Fill::Hatched),
            dotted: all(Fill::Dotted),
            family: value("font-family"),
            dashes: Array::of2(&JsValue::from_f64(3.0), &JsValue::from_f64(3.0)),
            no_dashes: Array::new(),
            colours,
        }
    }

    /// The colour of an ink.
    pub fn colour(&self, ink: Ink) -> &str {
        &self.colours[slot(ink)]
    }

    /// The pattern in an ink.
    pub fn pattern(&self, ink: Ink, fill: Fill) -> Option<&CanvasPattern> {
        let patterns = match fill {
            Fill::Plain => return None,
            Fill::Hatched => &self.hatched,
            Fill::Dotted => &self.dotted,
        };
        patterns[slot(ink)].as_ref()
    }

    /// The font for a style.
    pub fn font(&self, style: Type) -> String {
        let weight = if style.bold { "600 " } else { "" };
        format!("{weight}{}px {}", style.size, self.family)
    }

    pub fn dashes(&self) -> &JsValue {
        &self.dashes
    }

    pub fn no_dashes(&self) -> &JsValue {
        &self.no_dashes
    }
}

fn slot(ink: Ink) -> usize {
    let ink = match ink {
        Ink::Service(n) => Ink::Service(n % 6),
        ink => ink,
    };
    INKS.iter().position(|(i, _)| *i == ink).unwrap_or(0)
}

/// A small tile, drawn once for each colour.
fn pattern(canvas: &HtmlCanvasElement, colour: &str, fill: Fill) -> Option<CanvasPattern> {
    let tile = canvas.owner_document()?.create_element("canvas").ok()?;
    let tile: HtmlCanvasElement = tile.dyn_into().ok()?;
    let size = if fill == Fill::Hatched { 6.0 } else { 4.0 };
    tile.set_width(size as u32);
    tile.set_height(size as u32);
    let ctx: CanvasRenderingContext2d = tile.get_context("2d").ok()??.dyn_into().ok()?;
    ctx.set_fill_style_str(colour);
    ctx.set_stroke_style_str(colour);
    if fill == Fill::Hatched {
        ctx.set_line_width(2.2);
        ctx.begin_path();
        for shift in [-size, 0.0, size] {
            ctx.move_to(shift - 1.0, size + 1.0);
            ctx.line_to(shift + size + 1.0, -1.0);
        }
        ctx.stroke();
    } else {
        ctx.fill_rect(0.0, 0.0, 1.6, 1.6);
        ctx.fill_rect(2.0, 2.0, 1.6, 1.6);
    }
    ctx.create_pattern_with_html_canvas_element(&tile, "repeat")
        .ok()?
}
