//! A sequence diagram as Mermaid text.

use super::{Arrow, Fate, Row, Sequence};
use crate::view::names::moment;

impl Sequence {
    /// Text of a Mermaid `sequenceDiagram`: a cross ends the arrows that do not arrive, answers are dashed, and a box
    /// holds what lies beyond the line where exactly-once ends.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("sequenceDiagram\n");
        for (lane, n) in self.lanes.iter().zip(0..) {
            // What lies outside stands together, behind all others.
            if lane.outside && !out.contains("    box ") {
                out.push_str("    box transparent exactly-once ends here\n");
            }
            out.push_str(&format!(
                "    participant L{n} as {}\n",
                escaped(&lane.name)
            ));
        }
        if self.lanes.iter().any(|lane| lane.outside) {
            out.push_str("    end\n");
        }
        for row in &self.rows {
            let line = match row {
                Row::Arrow(arrow) => format!(
                    "L{}{}L{}: {} {}",
                    arrow.from,
                    line_of(arrow),
                    arrow.to,
                    moment(arrow.sent_at),
                    escaped(&arrow.label)
                ),
                Row::Note(note) => format!(
                    "Note over L{}: {} {}",
                    note.lane,
                    moment(note.at),
                    escaped(&note.text)
                ),
            };
            out.push_str(&format!("    {line}\n"));
        }
        out
    }
}

fn line_of(arrow: &Arrow) -> &'static str {
    match (arrow.answer, arrow.fate) {
        (false, Fate::Arrives(_)) => "->>",
        (true, Fate::Arrives(_)) => "-->>",
        (false, Fate::Lost) => "-x",
        (true, Fate::Lost) => "--x",
        (false, Fate::OnTheWay) => "-)",
        (true, Fate::OnTheWay) => "--)",
    }
}

/// Mermaid ends a line at `;`, begins a code at `#`, and takes a bare `end` for its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ';' | '#' | '<' | '>' | '%' | '"' | '&' | '`' => {
                out.push_str(&format!("#{};", u32::from(letter)));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    let words = out.split(' ').map(|word| match word {
        "end" => "#101;nd",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}
