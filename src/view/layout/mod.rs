//! Where everything on the stage stands: a pure function of what there is and of the room for it.
//!
//! The drawing, the hit test and the ways of the messages all come from this one picture.

mod channels;
mod metrics;
mod places;
mod services;
#[cfg(test)]
mod tests;

use super::geometry::{Point, Rect, rect};
use super::stage::{ChannelBody, Stage};
use metrics::Metrics;

/// How the stage is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Left to right, producers in a column of their own.
    Wide,
    /// One column, top to bottom, as tall as it needs.
    Column,
    /// Left to right in little room: producers are a line at the top, instances small squares.
    Small,
}

/// The room there is, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// True: the height cannot grow (a figure in a frame).
    pub fixed: bool,
}

/// The stage, laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// How.
    pub mode: Mode,
    /// Everything lies within this; it may be taller than the room unless that is fixed.
    pub frame: Rect,
    /// One for each producer.
    pub producers: Vec<ProducerBox>,
    /// One for each broker.
    pub brokers: Vec<Rect>,
    /// One for each channel.
    pub channels: Vec<ChannelBox>,
    /// One for each service.
    pub services: Vec<ServiceBox>,
    /// Where the signs of the lanes are explained; empty where there is no room.
    pub legend: Rect,
    /// Where the marks of grounds are explained; empty where there is no room.
    pub grounds: Rect,
    /// Where requests run up and down between producers and rows, as x.
    pub request_line: f64,
    /// Where acks run, as x.
    pub ack_line: f64,
}

/// A producer.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerBox {
    /// All of it.
    pub frame: Rect,
    /// Its name.
    pub name: Rect,
    /// Room for what it has not heard back about.
    pub slots: Vec<Rect>,
    /// Where its packets leave.
    pub port: Point,
}

/// A channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelBox {
    /// Its heading.
    pub title: Rect,
    /// Its partitions or queues.
    pub rows: Vec<RowBox>,
}

/// A partition, a queue, or a channel that stores nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct RowBox {
    /// All of it.
    pub frame: Rect,
    /// Its label, left of the cells.
    pub label: Rect,
    /// Its replicas, one square each.
    pub replicas: Vec<Rect>,
    /// The row of cells.
    pub cells: Rect,
    /// Width of a cell.
    pub cell: f64,
    /// How many cells there is room for.
    pub count: usize,
    /// The offset of the first cell.
    pub first: u64,
    /// How many cells hold something.
    pub filled: u64,
    /// One for each lane.
    pub lanes: Vec<Rect>,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceBox {
    /// All of it.
    pub frame: Rect,
    /// Shape, name and count.
    pub head: Rect,
    /// Its instances.
    pub members: Vec<Rect>,
    /// The x of its own line between rows and instances.
    pub line: f64,
    /// The y at which the line runs along its instances.
    pub entry: f64,
}

/// What is under a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A producer.
    Producer(u16),
    /// A broker.
    Broker(u16),
    /// An instance, as (service, member).
    Member(u16, u16),
    /// A message: in a cell, a queue or a producer's list.
    Message(u64),
}

/// Lays out a stage.
pub fn layout(stage: &Stage, room: Room) -> Layout {
    let metrics = Metrics::of(stage, room);
    let mut layout = Layout {
        mode: metrics.mode,
        frame: rect(0.0, 0.0, room.width, metrics.height),
        producers: metrics.producers(stage),
        brokers: metrics.brokers(stage),
        channels: channels::place(stage, &metrics),
        services: Vec::new(),
        legend: metrics.legend,
        grounds: metrics.grounds,
        request_line: metrics.request_line,
        ack_line: metrics.ack_line,
    };
    layout.services = services::place(stage, &metrics);
    if let Some(last) = layout.services.last() {
        layout.grounds.y = last.frame.bottom() + 8.0;
    }
    layout
}

/// How many rows a channel takes.
fn row_count(body: &ChannelBody) -> usize {
    match body {
        ChannelBody::Log(partitions) => partitions.len(),
        ChannelBody::Queues(queues) => queues.len(),
        ChannelBody::Direct { .. } => 1,
    }
}

impl Layout {
    /// What stands at this point.
    pub fn hit(&self, stage: &Stage, p: Point) -> Option<Hit> {
        for (s, service) in self.services.iter().enumerate() {
            if let Some(m) = service.members.iter().position(|r| r.contains(p)) {
                return Some(Hit::Member(s as u16, m as u16));
            }
        }
        if let Some(b) = self.brokers.iter().position(|r| r.contains(p)) {
            return Some(Hit::Broker(b as u16));
        }
        for (i, producer) in self.producers.iter().enumerate() {
            if let Some(slot) = producer.slots.iter().position(|r| r.contains(p)) {
                let waiting = stage.producers.get(i)?.waiting.get(slot);
                return waiting.map(|w| Hit::Message(w.message));
            }
            if producer.frame.contains(p) {
                return Some(Hit::Producer(i as u16));
            }
        }
        channels::hit(self, stage, p).map(Hit::Message)
    }
}
