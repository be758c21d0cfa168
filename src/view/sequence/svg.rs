//! A sequence diagram as a picture that stands by itself.

use super::{Arrow, Fate, Note, Row, Sequence};
use crate::trace::EventId;
use crate::view::names::moment;
use crate::view::story::Tag;
use crate::view::svg::escaped;

const LEFT: usize = 104;
const APART: usize = 190;
const RIGHT: usize = 10;
const HEAD: usize = 24;
const TOP: usize = 76;
const ROW: usize = 40;
/// Letters of a note in one line, and of a lane's name, as far as they fit between two lanes.
const LETTERS: usize = 24;
const NAME: usize = 25;
/// Width of a letter, on the generous side.
const LETTER: usize = 7;

/// Where words stand, so that the lines of the lanes leave room for them.
struct Block {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

struct Drawing<'a> {
    sequence: &'a Sequence,
    chain: &'a [EventId],
    out: String,
    blocks: Vec<Block>,
}

impl Sequence {
    /// An SVG document: text as text, lines in the colour of the text around it, with title and description. The
    /// rows of these events, a chain in its order, are drawn thick and wear their number.
    pub fn to_svg(&self, chain: &[EventId]) -> String {
        let heights: Vec<usize> = self.rows.iter().map(height).collect();
        let foot = if self.boundary().is_some() { 30 } else { 16 };
        let (width, height) = (
            LEFT + self.lanes.len().max(1) * APART + RIGHT,
            TOP + heights.iter().sum::<usize>() + foot,
        );
        let mut drawing = Drawing {
            sequence: self,
            chain,
            out: String::new(),
            blocks: Vec::new(),
        };
        let mut y = TOP;
        for (row, height) in self.rows.iter().zip(heights) {
            drawing.row(row, y);
            y += height;
        }
        drawing.lanes(height - foot);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" \
             font-size=\"12\" fill=\"currentColor\" stroke-width=\"1.5\">\n<title>{}</title>\n<desc>{}</desc>\n{}</svg>\n",
            escaped(&self.title),
            escaped(&self.described()),
            drawing.out,
        )
    }

    /// The first lane beyond the line where exactly-once ends.
    fn boundary(&self) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.outside)
    }

    fn described(&self) -> String {
        let said: Vec<&str> = self.sentences.iter().map(|l| l.sentence.as_str()).collect();
        said.join(" ")
    }
}

fn x(lane: usize) -> usize {
    LEFT + APART / 2 + lane * APART
}

fn strong(lit: bool) -> &'static str {
    if lit { " font-weight=\"bold\"" } else { "" }
}

fn height(row: &Row) -> usize {
    match row {
        Row::Arrow(_) => ROW,
        Row::Note(note) => ROW / 2 + 14 * in_lines(&note.text, LETTERS).len(),
    }
}

impl Drawing<'_> {
    fn put(&mut self, element: String) {
        self.out.push_str(&element);
        self.out.push('\n');
    }

    /// Words around a point; `style` are further attributes.
    fn words(&mut self, (x, y): (usize, usize), style: &str, words: &str) {
        let half = words.chars().count() * LETTER / 2 + 4;
        self.blocks.push(Block {
            left: x.saturating_sub(half),
            right: x + half,
            top: y.saturating_sub(13),
            bottom: y + 5,
        });
        let words = escaped(words);
        self.put(format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\"{style}>{words}</text>"
        ));
    }

    fn row(&mut self, row: &Row, y: usize) {
        let places: Vec<String> = row
            .places_in(self.chain)
            .iter()
            .map(usize::to_string)
            .collect();
        let lit = !places.is_empty();
        self.put(format!(
            "<text x=\"58\" y=\"{}\" text-anchor=\"end\" fill-opacity=\"0.75\"{}>{}</text>",
            y + 4,
            strong(lit),
            moment(row.at())
        ));
        if lit {
            let words = places.join(" ");
            let wide = words.len() * 7 + 11;
            self.put(format!(
                "<rect class=\"place\" x=\"63\" y=\"{}\" width=\"{wide}\" height=\"18\" rx=\"9\" fill=\"none\" \
                 stroke=\"currentColor\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" \
                 font-weight=\"bold\">{words}</text>",
                y - 9,
                63 + wide / 2,
                y + 4
            ));
        }
        match row {
            Row::Arrow(arrow) => self.arrow(arrow, y, lit),
            Row::Note(note) => self.note(note, y, lit),
        }
    }

    fn note(&mut self, note: &Note, y: usize, lit: bool) {
        let x = x(note.lane);
        let crash = note.tag == Tag::Crash;
        let weight = if crash || lit {
            " font-weight=\"bold\""
        } else {
            ""
        };
        let style = format!(" font-style=\"italic\"{weight}");
        let lines = in_lines(&note.text, LETTERS);
        for (line, n) in lines.iter().zip(0..) {
            self.words((x, y + 4 + 14 * n), &style, line);
        }
        let longest = lines
            .iter()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0);
        let half = longest * LETTER / 2 + 8;
        if crash {
            self.cross(x.saturating_sub(half + 8), y);
        }
        if lit {
            let tall = 14 * lines.len() + 6;
            self.put(format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{tall}\" rx=\"5\" fill=\"none\" stroke=\"currentColor\"/>",
                x.saturating_sub(half),
                y.saturating_sub(10),
                2 * half
            ));
        }
    }

    fn arrow(&mut self, arrow: &Arrow, y: usize, lit: bool) {
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
        let width = if lit { " stroke-width=\"3\"" } else { "" };
        self.put(format!(
            "<line x1=\"{from}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\" stroke=\"currentColor\"{dash}{width}/>"
        ));
        if lost {
            self.cross(end, y);
        } else {
            let back = if to >= from {
                end.saturating_sub(8)
            } else {
                end + 8
            };
            self.put(format!(
                "<path d=\"M{back} {} L{end} {y} L{back} {}\" fill=\"none\" stroke=\"currentColor\"{width}/>",
                y - 4,
                y + 4
            ));
        }
        let words = format!("{}{}", arrow.label, if lost { " (lost)" } else { "" });
        // Beside the lane it leaves, where it goes past others.
        let middle = match from.abs_diff(to) > APART {
            true if to > from => from + APART / 2,
            true => from - APART / 2,
            false => (from + to) / 2,
        };
        // Clear of the cross.
        let above = if lost { 10 } else { 6 };
        self.words((middle, y - above), strong(lit), &words);
    }

    fn cross(&mut self, x: usize, y: usize) {
        let (left, right, top, bottom) = (x - 6, x + 6, y - 6, y + 6);
        self.put(format!(
            "<path d=\"M{left} {top} L{right} {bottom} M{left} {bottom} L{right} {top}\" \
             stroke=\"currentColor\" stroke-width=\"2.5\"/>"
        ));
    }

    /// The lanes with their names, down to `foot`; and the line where exactly-once ends.
    fn lanes(&mut self, foot: usize) {
        for (n, lane) in self.sequence.lanes.iter().enumerate() {
            let names = in_lines(&lane.name, NAME);
            for (line, i) in names.iter().zip(0..) {
                let y = HEAD + 15 * i;
                let line = escaped(line);
                self.put(format!(
                    "<text x=\"{}\" y=\"{y}\" text-anchor=\"middle\" font-weight=\"bold\">{line}</text>",
                    x(n)
                ));
            }
            for (top, bottom) in self.free(x(n), HEAD + 24, foot) {
                self.put(format!(
                    "<line x1=\"{0}\" y1=\"{top}\" x2=\"{0}\" y2=\"{bottom}\" stroke=\"currentColor\" \
                     stroke-opacity=\"0.35\"/>",
                    x(n)
                ));
            }
        }
        if let Some(lane) = self.sequence.boundary() {
            let line = x(lane).saturating_sub(APART / 2);
            for (top, bottom) in self.free(line, 8, foot) {
                self.put(format!(
                    "<line x1=\"{line}\" y1=\"{top}\" x2=\"{line}\" y2=\"{bottom}\" stroke=\"currentColor\" \
                     stroke-width=\"3\" stroke-dasharray=\"3 6\" stroke-opacity=\"0.7\"/>"
                ));
            }
            let style = " font-weight=\"bold\"";
            self.words((line, foot + 20), style, "exactly-once ends here");
        }
    }

    /// The stretches of an upright line that meet no words.
    fn free(&self, x: usize, top: usize, bottom: usize) -> Vec<(usize, usize)> {
        let meets = |block: &&Block| block.left < x && x < block.right;
        let mut blocks: Vec<&Block> = self.blocks.iter().filter(meets).collect();
        blocks.sort_by_key(|block| block.top);
        let mut free = Vec::new();
        let mut from = top;
        for block in blocks {
            if block.top > from {
                free.push((from, block.top));
            }
            from = from.max(block.bottom);
        }
        if bottom > from {
            free.push((from, bottom));
        }
        free
    }
}

/// A text in lines of at most so many letters, unless a word is longer.
fn in_lines(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}
