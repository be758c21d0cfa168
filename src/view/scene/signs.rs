//! Shapes of services, widths of words, and the words for steps.

use super::Type;
use crate::scenario::HandlerStep;

/// The sign of a service: told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The first.
    Square,
    /// The second.
    Circle,
    /// The third.
    Diamond,
    /// The fourth.
    Triangle,
    /// The fifth.
    Hexagon,
    /// The sixth.
    Plus,
}

impl Shape {
    /// All, in the order of the services.
    pub const ALL: [Shape; 6] = [
        Shape::Square,
        Shape::Circle,
        Shape::Diamond,
        Shape::Triangle,
        Shape::Hexagon,
        Shape::Plus,
    ];

    /// The sign of the service with this number.
    pub fn of(service: u16) -> Shape {
        Self::ALL[service as usize % Self::ALL.len()]
    }

    /// Its corners around (0, 0), for a half size of 1; none for the circle.
    pub fn corners(self) -> &'static [(f64, f64)] {
        match self {
            Shape::Square => &[(-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)],
            Shape::Circle => &[],
            Shape::Diamond => &[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)],
            Shape::Triangle => &[(0.0, -1.05), (1.1, 0.95), (-1.1, 0.95)],
            Shape::Hexagon => &[
                (-0.55, -0.95),
                (0.55, -0.95),
                (1.1, 0.0),
                (0.55, 0.95),
                (-0.55, 0.95),
                (-1.1, 0.0),
            ],
            Shape::Plus => &PLUS,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Square => "square",
            Shape::Circle => "circle",
            Shape::Diamond => "diamond",
            Shape::Triangle => "triangle",
            Shape::Hexagon => "hexagon",
            Shape::Plus => "plus",
        }
    }
}

const PLUS: [(f64, f64); 12] = [
    (-0.4, -1.1),
    (0.4, -1.1),
    (0.4, -0.4),
    (1.1, -0.4),
    (1.1, 0.4),
    (0.4, 0.4),
    (0.4, 1.1),
    (-0.4, 1.1),
    (-0.4, 0.4),
    (-1.1, 0.4),
    (-1.1, -0.4),
    (-0.4, -0.4),
];

/// About how wide a text is. On the generous side: fonts differ, and a text must not run into its neighbour.
pub fn width(text: &str, style: Type) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' => 0.34,
            'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 0.42,
            'm' | 'w' | 'M' | 'W' | '…' | '—' => 0.98,
            c if c.is_ascii_digit() => 0.636,
            c if c.is_ascii_uppercase() => 0.72,
            _ => 0.61,
        })
        .sum();
    em * style.size * if style.bold { 1.1 } else { 1.0 }
}

/// Cuts what was written from `start` on to a width.
pub(super) fn cut(words: &mut String, start: usize, style: Type, room: f64) {
    if width(&words[start..], style) <= room {
        return;
    }
    while words.len() > start {
        words.pop();
        if width(&words[start..], style) + width("…", style) <= room {
            break;
        }
    }
    if words.len() > start {
        words.push('…');
    }
}

/// What an instance does, in a word.
pub(super) fn doing(step: HandlerStep, effects: &str) -> &'static str {
    match (step, effects) {
        (HandlerStep::Receive, _) => "reads",
        (HandlerStep::Check, _) => "checks",
        (HandlerStep::Record, _) => "notes",
        (HandlerStep::Commit | HandlerStep::TransactionCommit, _) => "commits",
        (HandlerStep::Effect, "charges") => "charges",
        (HandlerStep::Effect, "mails") => "mails",
        (HandlerStep::Effect, "decrements") => "books",
        (HandlerStep::Effect, "pushes") => "pushes",
        (HandlerStep::Effect, "records") => "writes",
        (HandlerStep::Effect, _) => "counts",
    }
}

/// A number as it is read: thousands apart, and short where it is long.
pub(super) struct Big(pub u64);

impl std::fmt::Display for Big {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            n if n < 10_000 => write!(f, "{n}"),
            n if n < 1_000_000 => write!(f, "{},{:03}", n / 1_000, n % 1_000),
            n => write!(f, "{}.{:02} M", n / 1_000_000, n % 1_000_000 / 10_000),
        }
    }
}
