//! From a place on the stage to the way a packet takes.

use super::{Layout, Mode, RowBox, ServiceBox};
use crate::trace::{Leg, Party, Place};
use crate::view::geometry::{Point, Rect, Way, at};
use crate::view::stage::Moving;

impl Layout {
    /// The way of a packet from its sender to its receiver; `None` where one of the two is not shown.
    pub fn way(&self, packet: &Moving) -> Option<Way> {
        match (packet.from, packet.to) {
            (Place::Party(Party::Producer(p)), to) => self.at_producer(p, to, packet.leg),
            (from, Place::Party(Party::Producer(p))) => {
                self.at_producer(p, from, packet.leg).map(Way::back)
            }
            (Place::Party(Party::Member(s, m)), to) => self.to_member(to, s, m).map(Way::back),
            (from, Place::Party(Party::Member(s, m))) => self.to_member(from, s, m),
            _ => None,
        }
    }

    /// The row a place stands for.
    pub fn row(&self, place: Place) -> Option<&RowBox> {
        match place {
            Place::Partition(channel, row) | Place::Queue(channel, row) => {
                self.channels.get(channel as usize)?.rows.get(row as usize)
            }
            Place::Channel(channel) => self.channels.get(channel as usize)?.rows.first(),
            Place::Party(_) => None,
        }
    }

    /// The middle of what stands for a place.
    pub fn spot(&self, place: Place) -> Option<Point> {
        match place {
            Place::Party(Party::Producer(p)) => Some(self.producers.get(p as usize)?.port),
            Place::Party(Party::Broker(b)) => Some(self.brokers.get(b as usize)?.center()),
            Place::Party(Party::Member(s, m)) => {
                let service = self.services.get(s as usize)?;
                Some(member_spot(service, m).center())
            }
            _ => Some(self.row(place)?.cells.center()),
        }
    }

    fn at_producer(&self, producer: u16, row: Place, leg: Leg) -> Option<Way> {
        let port = self.producers.get(producer as usize)?.port;
        let ack = leg == Leg::Ack;
        let line = if ack {
            self.ack_line
        } else {
            self.request_line
        };
        let (start, shift) = match (self.mode, ack) {
            (Mode::Wide, false) => (port.plus(18.0, 0.0), -4.0),
            (Mode::Wide, true) => (port.plus(0.0, 30.0), 5.0),
            (_, false) => (port, -4.0),
            (_, true) => (at(self.ack_line, port.y), 5.0),
        };
        let end = match self.row(row) {
            Some(row) => at(row.mouth(), row.cells.center().y + shift),
            None => self.spot(row)?,
        };
        let mut points = vec![start, at(line, start.y), at(line, end.y), end];
        points.dedup();
        Some(Way::over(points))
    }

    fn to_member(&self, from: Place, service: u16, member: u16) -> Option<Way> {
        let service = self.services.get(service as usize)?;
        let start = match self.row(from) {
            Some(row) => at(row.head(), row.cells.center().y),
            None => self.spot(from)?,
        };
        let target = member_spot(service, member);
        let enters = at(target.center().x, target.y);
        let points = match self.mode {
            // The instances are too small to be entered one by one.
            Mode::Column => vec![
                start,
                at(service.line, start.y),
                at(service.line, service.entry),
                at(service.frame.right(), service.entry),
            ],
            Mode::Small => vec![
                start,
                at(service.line, start.y),
                at(service.line, service.entry),
                at(service.frame.x, service.entry),
            ],
            Mode::Wide => vec![
                start,
                at(service.line, start.y),
                at(service.line, service.entry),
                at(enters.x, service.entry),
                enters,
            ],
        };
        Some(Way::over(points))
    }
}

impl RowBox {
    /// Where requests enter and acks leave, left of the label.
    pub fn mouth(&self) -> f64 {
        self.cells.x - 36.0_f64.min(self.cells.x - self.frame.x)
    }

    /// Where deliveries leave: behind the last thing it holds.
    pub fn head(&self) -> f64 {
        (self.cells.x + self.filled as f64 * self.cell).min(self.cells.right())
    }
}

impl ServiceBox {
    /// Where its line meets its card.
    pub fn door(&self, mode: Mode) -> f64 {
        match mode {
            Mode::Column => self.frame.right(),
            _ => self.frame.x,
        }
    }
}

/// Where an instance stands; its service's heading where instances are not shown.
fn member_spot(service: &ServiceBox, member: u16) -> Rect {
    service
        .members
        .get(member as usize)
        .copied()
        .unwrap_or(service.head)
}
