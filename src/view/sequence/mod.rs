//! A message's life as a sequence diagram: lanes, arrows that arrive or do not, and notes; as data, as
//! Mermaid text, as SVG and as an ordered list of sentences.

mod build;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::story::{Line, Tag};
use crate::broker::wire::Micros;
use crate::scenario::Scenario;
use crate::trace::{Event, EventId};

/// Who or what a lane stands for, in the order of lanes from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneOf {
    /// A producer.
    Producer(u16),
    /// A partition, as (topic, partition).
    Partition(u16, u32),
    /// A queue, as (topic, queue).
    Queue(u16, u16),
    /// A topic, where it is not known which part of it.
    Topic(u16),
    /// An instance of a service.
    Member(u16, u16),
    /// Where a service's effects take place.
    Store(u16),
}

/// A lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lane {
    /// What it stands for.
    pub of: LaneOf,
    /// Its heading.
    pub name: String,
    /// True for effects beyond the line where exactly-once ends.
    pub outside: bool,
}

/// What became of something that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It arrives then, in µs.
    Arrives(Micros),
    /// It is lost.
    Lost,
    /// Nothing is known of it yet.
    OnTheWay,
}

/// Something that goes from one lane to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arrow {
    /// Position of the lane it leaves.
    pub from: usize,
    /// Position of the lane it goes to.
    pub to: usize,
    /// When it leaves, in µs.
    pub sent_at: Micros,
    /// What becomes of it.
    pub fate: Fate,
    /// What it is, in a few words.
    pub label: String,
    /// True for answers: acks and the like.
    pub answer: bool,
    /// Which attempt it is, from 1; 0 where it is not counted.
    pub attempt: u32,
    /// The event it leaves with.
    pub event: EventId,
    /// The event it is lost or answered with; 0 where that has a row of its own, or is not known.
    pub end: EventId,
    /// For its sign.
    pub tag: Tag,
}

/// Something that happens at a lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// Position of the lane.
    pub lane: usize,
    /// When, in µs.
    pub at: Micros,
    /// In a few words.
    pub text: String,
    /// The event.
    pub event: EventId,
    /// For its sign; a crash is marked on its lane.
    pub tag: Tag,
}

/// A row of the diagram.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// Something moves.
    Arrow(Arrow),
    /// Something happens.
    Note(Note),
}

impl Row {
    /// When it happens, or begins, in µs.
    pub fn at(&self) -> Micros {
        match self {
            Row::Arrow(arrow) => arrow.sent_at,
            Row::Note(note) => note.at,
        }
    }

    /// Where it and what it ends with stand in a chain of events, from 1.
    pub fn places_in(&self, chain: &[EventId]) -> Vec<usize> {
        let end = match self {
            Row::Arrow(arrow) => arrow.end,
            Row::Note(_) => 0,
        };
        let own = |id: &EventId| *id == self.event() || (end > 0 && *id == end);
        let places = chain.iter().zip(1..).filter(|(id, _)| own(id));
        places.map(|(_, place)| place).collect()
    }

    /// Its event.
    pub fn event(&self) -> EventId {
        match self {
            Row::Arrow(arrow) => arrow.event,
            Row::Note(note) => note.event,
        }
    }
}

/// A message's life.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sequence {
    /// What it shows: "The life of order 18".
    pub title: String,
    /// From left to right.
    pub lanes: Vec<Lane>,
    /// In order of time.
    pub rows: Vec<Row>,
    /// The same as sentences.
    pub sentences: Vec<Line>,
}

impl Sequence {
    /// The life of a message as far as these events know it (oldest first).
    pub fn of(scenario: &Scenario, events: &[Event], message: u64) -> Sequence {
        build::sequence(scenario, events, message)
    }
}
