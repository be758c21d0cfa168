//! What the small pictures that stand in running text have in common: text as text, in the colour around it.

use std::fmt::Write;

/// A picture under way.
pub(super) struct Svg {
    body: String,
    width: u32,
}

impl Svg {
    /// An empty one, so many CSS pixels wide.
    pub fn new(width: u32) -> Self {
        Svg {
            body: String::new(),
            width,
        }
    }

    /// Words: where, how they stand to that point (`start`, `middle`, `end`), and whether they are strong.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: &str, strong: bool, words: &str) {
        let weight = if strong { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{weight}>{}</text>",
            escaped(words)
        );
    }

    /// A line, in this width, broken into dashes or not.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), width: f64, dashed: bool) {
        let dash = if dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        let _ = writeln!(
            self.body,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"currentColor\" \
             stroke-width=\"{width}\"{dash}/>",
            from.0, from.1, to.0, to.1
        );
    }

    /// A box, filled so much (0: only its outline).
    pub fn area(&mut self, x: f64, y: f64, (w, h): (f64, f64), strength: f64, dashed: bool) {
        let dash = if dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"4\" \
             fill-opacity=\"{strength}\" stroke=\"currentColor\" stroke-opacity=\"0.55\"{dash}/>"
        );
    }

    /// A ring, or a filled dot.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, hollow: bool) {
        let fill = if hollow { " fill=\"none\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" stroke=\"currentColor\" stroke-width=\"2\"{fill}/>"
        );
    }

    /// The whole, this high, with a title and a description for those who do not see it.
    pub fn done(self, height: u32, title: &str, described: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\" \
             fill=\"currentColor\">\n<title>{}</title>\n<desc>{}</desc>\n{}</svg>\n",
            escaped(title),
            escaped(described),
            self.body,
            width = self.width,
        )
    }
}

/// Text as it may stand in a picture.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
