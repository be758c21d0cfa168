//! A sequence diagram as a picture that stands by itself.

use super::{Arrow, Fate, Row, Sequence};
use crate::view::names::moment;
use crate::view::story::Tag;

const LEFT: usize = 90;
const APART: usize = 190;
const TOP: usize = 64;
const ROW: usize = 40;
/// Letters of a note in one line, as far as they fit between two lanes.
const LETTERS: usize = 30;

impl Sequence {
    /// An SVG document: text as text, lines in the colour of the text around it, with title and description.
    pub fn to_svg(&self) -> String {
        let heights: Vec<usize> = self.rows.iter().map(height).collect();
        let (width, height) = (
            LEFT + self.lanes.len().max(1) * APART,
            TOP + heights.iter().sum::<usize>() + 16,
        );
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" \
             font-size=\"12\" fill=\"currentColor\" stroke-width=\"1.5\">\n<title>{}</title>\n<desc>{}</desc>\n",
            escaped(&self.title),
            escaped(&self.described()),
        );
        for (lane, n) in self.lanes.iter().zip(0..) {
            let x = x(n);
            out.push_str(&format!(
                "<text x=\"{x}\" y=\"24\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>\n\
                 <line x1=\"{x}\" y1=\"36\" x2=\"{x}\" y2=\"{}\" stroke=\"currentColor\" \
                 stroke-opacity=\"0.35\"/>\n",
                escaped(&lane.name),
                height - 8
            ));
        }
        let mut y = TOP;
        for (row, height) in self.rows.iter().zip(heights) {
            out.push_str(&drawn(row, y));
            y += height;
        }
        out.push_str("</svg>\n");
        out
    }

    fn described(&self) -> String {
        let said: Vec<&str> = self.sentences.iter().map(|l| l.sentence.as_str()).collect();
        said.join(" ")
    }
}

fn x(lane: usize) -> usize {
    LEFT + APART / 2 + lane * APART
}

fn height(row: &Row) -> usize {
    match row {
        Row::Arrow(_) => ROW,
        Row::Note(note) => ROW / 2 + 14 * in_lines(&note.text).len(),
    }
}

fn drawn(row: &Row, y: usize) -> String {
    let time = format!(
        "<text x=\"8\" y=\"{}\" fill-opacity=\"0.75\">{}</text>\n",
        y + 4,
        moment(row.at())
    );
    match row {
        Row::Arrow(arrow) => time + &drawn_arrow(arrow, y),
        Row::Note(note) => {
            let x = x(note.lane);
            let weight = if note.tag == Tag::Crash {
                "bold"
            } else {
                "normal"
            };
            let mut out = time;
            if note.tag == Tag::Crash {
                out.push_str(&cross(x, y.saturating_sub(10)));
            }
            for (line, n) in in_lines(&note.text).iter().zip(0..) {
                out.push_str(&format!(
                    "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" font-style=\"italic\" \
                     font-weight=\"{weight}\">{}</text>\n",
                    y + 4 + 14 * n,
                    escaped(line)
                ));
            }
            out
        }
    }
}

fn drawn_arrow(arrow: &Arrow, y: usize) -> String {
    let (from, to) = (x(arrow.from), x(arrow.to));
    let lost = arrow.fate == Fate::Lost;
    // A lost one is cut on its way.
    let end = match (lost, to >= from) {
        (false, _) => to,
        (true, true) => from + (to - from) * 3 / 5,
        (true, false) => from - (from - to) * 3 / 5,
    };
    let dash = if arrow.answer {
        " stroke-dasharray=\"5 4\""
    } else {
        ""
    };
    let mut out = format!(
        "<line x1=\"{from}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\" stroke=\"currentColor\"{dash}/>\n"
    );
    if lost {
        out.push_str(&cross(end, y));
    } else {
        let back = if to >= from {
            end.saturating_sub(8)
        } else {
            end + 8
        };
        out.push_str(&format!(
            "<path d=\"M{back} {} L{end} {y} L{back} {}\" fill=\"none\" stroke=\"currentColor\"/>\n",
            y - 4,
            y + 4
        ));
    }
    out.push_str(&format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}{}</text>\n",
        (from + to) / 2,
        y - 6,
        escaped(&arrow.label),
        if lost { " (lost)" } else { "" }
    ));
    out
}

fn cross(x: usize, y: usize) -> String {
    format!(
        "<path d=\"M{} {} L{} {} M{} {} L{} {}\" stroke=\"currentColor\" stroke-width=\"2.5\"/>\n",
        x - 6,
        y.saturating_sub(6),
        x + 6,
        y + 6,
        x - 6,
        y + 6,
        x + 6,
        y.saturating_sub(6)
    )
}

/// A text in lines that fit beside each other's lanes.
fn in_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LETTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

fn escaped(text: &str) -> String {
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
