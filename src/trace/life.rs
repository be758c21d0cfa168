//! The life of a message: every event about it, and those of others that its life hangs on.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, EventId, Kind, Party};
use crate::broker::wire::Offset;

/// Where a service has the message.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// Instance that was handed it last.
    member: u16,
    partition: u32,
    /// Behind it, once it was handed out.
    end: Offset,
    /// Progress is past it.
    committed: bool,
    /// The instance died, stood still or lost its partitions with the message in hand.
    troubled: bool,
}

/// Walks over a trace, event by event, and keeps what belongs to one message.
#[derive(Clone, Debug)]
pub struct Life {
    walk: Walk,
    kept: Vec<Event>,
    /// Crashes that did not meet it, as far as can be told when they happen.
    crashes: Vec<Event>,
}

#[derive(Clone, Debug)]
struct Walk {
    message: u64,
    producer: Option<u16>,
    /// It was sent, and the producer waits.
    waiting: bool,
    /// Where it was appended last: topic, partition, offset.
    place: Option<(u16, u32, Offset)>,
    readable: bool,
    /// It was put into a queue.
    queued: bool,
    held: BTreeMap<u16, Held>,
}

impl Life {
    /// Of this message, before its first event.
    pub fn of(message: u64) -> Life {
        let walk = Walk {
            message,
            producer: None,
            waiting: false,
            place: None,
            readable: false,
            queued: false,
            held: BTreeMap::new(),
        };
        Life {
            walk,
            kept: Vec::new(),
            crashes: Vec::new(),
        }
    }

    /// The next event of the trace.
    pub fn see(&mut self, event: &Event) {
        if self.walk.takes(&event.kind) {
            self.kept.push(*event);
        } else if matches!(event.kind, Kind::Crashed { .. }) {
            self.crashes.push(*event);
        }
    }

    /// Its events up to the one of this number, oldest first: those about it, the crashes that met it in somebody's
    /// hands, the rebalances that brought it to somebody else, the elections its partition went through
    /// and the commits that moved past it.
    pub fn events(&self, last: EventId) -> Vec<Event> {
        let mut events: Vec<Event> = self.kept.iter().filter(|e| e.id <= last).copied().collect();
        let causes: BTreeSet<EventId> = events.iter().map(|event| event.cause).collect();
        // A crash that made the coordinator strike a member off, or that rolled something back.
        let crashes = self.crashes.iter();
        events.extend(crashes.filter(|crash| causes.contains(&crash.id)));
        events.sort_by_key(|event| event.id);
        events
    }
}

/// The life of a message in a part of a trace, as [`Life::events`] tells it.
pub fn life(events: &[Event], message: u64) -> Vec<Event> {
    let mut life = Life::of(message);
    events.iter().for_each(|event| life.see(event));
    life.events(EventId::MAX)
}

impl Walk {
    fn takes(&mut self, kind: &Kind) -> bool {
        if kind.message() == Some(self.message) {
            self.own(kind);
            return true;
        }
        match *kind {
            Kind::Crashed { party, .. } | Kind::Paused { party, .. } => self.trouble(party),
            Kind::Restarted { party } => self.is_troubled(party),
            Kind::Removed {
                service, member, ..
            } => self.trouble(Party::Member(service, member)) || self.waits_for_owner(service),
            Kind::Rebalancing { service, .. } => self.waits_for_owner(service),
            Kind::Grown { topic, .. } => self.place.is_none_or(|place| place.0 == topic),
            Kind::Assigned {
                service,
                partitions,
                ..
            } => {
                self.waits_for_owner(service)
                    && self.held[&service].partition < 32
                    && partitions & (1 << self.held[&service].partition) != 0
            }
            Kind::Committed {
                service,
                partition,
                offset,
                ..
            } => self.committed(service, partition, offset),
            Kind::CommitSent {
                service,
                partition,
                offset,
                ..
            }
            | Kind::CommitRefused {
                service,
                partition,
                offset,
                ..
            } => self.moves_past(service, partition, offset),
            _ => self.of_partition(kind),
        }
    }

    fn own(&mut self, kind: &Kind) {
        match *kind {
            Kind::Published { producer, .. } => self.producer = Some(producer),
            Kind::Sent { producer, .. } => {
                self.producer = Some(producer);
                self.waiting = true;
            }
            Kind::Acked { .. } | Kind::GaveUp { .. } => self.waiting = false,
            Kind::Enqueued { .. } => self.queued = true,
            Kind::Deleted { service, .. } => {
                if let Some(held) = self.held.get_mut(&service) {
                    held.committed = true;
                }
            }
            Kind::Appended {
                topic,
                partition,
                offset,
                ..
            } => {
                self.place = Some((topic, partition, offset));
                self.readable = false;
            }
            Kind::Delivered {
                service,
                member,
                partition,
                offset,
                ..
            } => {
                let held = self.held.entry(service).or_default();
                *held = Held {
                    member,
                    partition,
                    end: offset + 1,
                    committed: held.committed,
                    troubled: false,
                };
            }
            _ => {}
        }
    }

    fn of_partition(&mut self, kind: &Kind) -> bool {
        let Some((topic, partition, offset)) = self.place else {
            return false;
        };
        match *kind {
            Kind::HighWatermark {
                topic: t,
                partition: p,
                offset: mark,
            } => {
                let first = (t, p) == (topic, partition) && mark > offset && !self.readable;
                self.readable |= first;
                first
            }
            Kind::Elected {
                topic: t,
                partition: p,
                ..
            }
            | Kind::Leaderless {
                topic: t,
                partition: p,
            } => (t, p) == (topic, partition) && !self.done(),
            Kind::Expired {
                topic: t,
                partition: p,
                below,
            } => (t, p) == (topic, partition) && below > offset && !self.done(),
            _ => false,
        }
    }

    /// Whether every service that was handed the message has moved past it.
    fn done(&self) -> bool {
        !self.waiting && !self.held.is_empty() && self.held.values().all(|held| held.committed)
    }

    /// Whether a broker has it, and is to keep it.
    fn at_broker(&self) -> bool {
        (self.place.is_some() || self.queued) && !self.done()
    }

    /// A process died or stood still. True if that met the message.
    fn trouble(&mut self, party: Party) -> bool {
        match party {
            Party::Producer(producer) => self.waiting && self.producer == Some(producer),
            Party::Broker(_) => self.at_broker(),
            Party::Member(service, member) => match self.held.get_mut(&service) {
                Some(held) if held.member == member && !held.committed => {
                    held.troubled = true;
                    true
                }
                _ => false,
            },
        }
    }

    fn is_troubled(&self, party: Party) -> bool {
        match party {
            Party::Member(service, member) => self
                .held
                .get(&service)
                .is_some_and(|held| held.troubled && held.member == member),
            Party::Producer(producer) => self.waiting && self.producer == Some(producer),
            Party::Broker(_) => self.at_broker(),
        }
    }

    fn waits_for_owner(&self, service: u16) -> bool {
        self.held.get(&service).is_some_and(|held| held.troubled)
    }

    fn moves_past(&self, service: u16, partition: u32, offset: Offset) -> bool {
        let held = self.held.get(&service);
        held.is_some_and(|held| {
            held.partition == partition && offset >= held.end && !held.committed
        }) || self.not_yet_handed(service, partition, offset)
    }

    /// A service that commits first may move past what it never takes up.
    fn not_yet_handed(&self, service: u16, partition: u32, offset: Offset) -> bool {
        !self.held.contains_key(&service)
            && self
                .place
                .is_some_and(|(_, p, at)| p == partition && offset == at + 1)
    }

    fn committed(&mut self, service: u16, partition: u32, offset: Offset) -> bool {
        let past = self.moves_past(service, partition, offset);
        if let Some(held) = self.held.get_mut(&service).filter(|_| past) {
            held.committed = true;
        }
        past
    }
}
