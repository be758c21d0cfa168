//! From events to lanes, arrows and notes.

mod lost;

use std::collections::BTreeMap;

use super::{Arrow, Fate, Lane, LaneOf, Note, Row, Sequence};
use crate::broker::wire::Micros;
use crate::scenario::Scenario;
use crate::trace::life;
use crate::trace::{Event, EventId, Kind, Party};
use crate::view::boundary::Ground;
use crate::view::names;
use crate::view::sentence::clause;
use crate::view::story::{self, Tag};
use crate::view::words::effect_done;

struct Drawing<'a> {
    scenario: &'a Scenario,
    message: u64,
    /// Rows with the lanes they are about; lanes get their positions at the end.
    arrows: Vec<(LaneOf, LaneOf, Arrow)>,
    notes: Vec<(LaneOf, Note)>,
    /// Arrows that have left and not arrived, by the event they left with.
    open: BTreeMap<EventId, usize>,
    producer: u16,
    /// Where the message is, or will be, kept.
    place: LaneOf,
    /// Every place it was put into, in this order.
    places: Vec<LaneOf>,
    /// Since when it can be read there.
    readable: Micros,
    /// The instance that has it last, by service.
    member: BTreeMap<u16, u16>,
    /// When it was last leased, by service and instance.
    leased: BTreeMap<(u16, u16), Micros>,
}

pub(super) fn sequence(scenario: &Scenario, events: &[Event], message: u64) -> Sequence {
    let life = life(events, message);
    let mut drawing = Drawing {
        scenario,
        message,
        arrows: Vec::new(),
        notes: Vec::new(),
        open: BTreeMap::new(),
        producer: 0,
        place: first_place(&life),
        places: Vec::new(),
        readable: 0,
        member: BTreeMap::new(),
        leased: BTreeMap::new(),
    };
    life.iter().for_each(|event| drawing.take(event));
    drawing.finish(&life)
}

/// Where the message goes: the first partition or queue that answers it, else its topic.
fn first_place(life: &[Event]) -> LaneOf {
    let known = life.iter().find_map(|event| place_of(&event.kind));
    let topic = life.iter().find_map(|event| match event.kind {
        Kind::Published { topic, .. } => Some(LaneOf::Topic(topic)),
        _ => None,
    });
    known.or(topic).unwrap_or(LaneOf::Topic(0))
}

fn place_of(kind: &Kind) -> Option<LaneOf> {
    match *kind {
        Kind::Appended {
            topic, partition, ..
        }
        | Kind::Recognised {
            topic, partition, ..
        }
        | Kind::Refused {
            topic, partition, ..
        } => Some(LaneOf::Partition(topic, partition)),
        Kind::Enqueued { topic, queue, .. } | Kind::Deduplicated { topic, queue, .. } => {
            Some(LaneOf::Queue(topic, queue))
        }
        _ => None,
    }
}

impl Drawing<'_> {
    fn take(&mut self, event: &Event) {
        match event.kind {
            Kind::Published { producer, .. } => {
                self.producer = producer;
                self.note(self.of_producer(producer), event);
            }
            Kind::Sent {
                producer, attempt, ..
            } => self.sent(event, producer, attempt),
            Kind::PacketLost { leg, .. } => self.lost(event, leg),
            Kind::Appended { .. }
            | Kind::Recognised { .. }
            | Kind::Refused { .. }
            | Kind::Enqueued { .. }
            | Kind::Deduplicated { .. } => self.at_broker(event),
            Kind::HighWatermark { .. } => self.readable = event.at,
            Kind::Acked { producer, .. } => self.acked(event, producer),
            Kind::Leased {
                service, member, ..
            } => {
                self.leased.insert((service, member), event.at);
            }
            Kind::Delivered {
                service,
                member,
                nth,
                ..
            } => self.delivered(event, service, member, nth),
            Kind::Effect {
                service,
                member,
                nth,
                ..
            } => self.effect(event, service, member, nth),
            Kind::CommitSent {
                service, member, ..
            } => self.commit(event, service, member, Fate::OnTheWay),
            Kind::Deleted {
                service, member, ..
            } => self.commit(event, service, member, Fate::Arrives(event.at)),
            Kind::Committed { .. } | Kind::CommitRefused { .. } => self.committed(event),
            Kind::Step { .. } | Kind::Processed { .. } => {}
            _ => {
                let lane = self.lane_of(&event.kind);
                self.note(lane, event);
            }
        }
    }

    fn arrow(&mut self, from: LaneOf, to: LaneOf, event: &Event, label: String) -> &mut Arrow {
        let arrow = Arrow {
            from: 0,
            to: 0,
            sent_at: event.at,
            fate: Fate::Arrives(event.at),
            label,
            answer: false,
            attempt: 0,
            event: event.id,
            end: 0,
            tag: story::tag(&event.kind),
        };
        self.arrows.push((from, to, arrow));
        let last = self.arrows.len() - 1;
        &mut self.arrows[last].2
    }

    fn note(&mut self, lane: LaneOf, event: &Event) {
        let note = Note {
            lane: 0,
            at: event.at,
            text: clause(&event.kind, self.scenario),
            event: event.id,
            tag: story::tag(&event.kind),
        };
        self.notes.push((lane, note));
    }

    fn sent(&mut self, event: &Event, producer: u16, attempt: u32) {
        let it = names::message(self.scenario, self.message);
        let label = match attempt {
            0 | 1 => it,
            n => format!("{it}, attempt {n}"),
        };
        let (from, place) = (self.of_producer(producer), self.place);
        let arrow = self.arrow(from, place, event, label);
        arrow.fate = Fate::OnTheWay;
        arrow.attempt = attempt;
        self.open.insert(event.id, self.arrows.len() - 1);
    }

    /// The request is at the broker: its arrow arrives. A second copy of it is an arrow of its own.
    fn at_broker(&mut self, event: &Event) {
        if let Some(place) = place_of(&event.kind) {
            self.place = place;
            self.places.push(place);
        }
        self.readable = event.at;
        let place = self.place;
        match self.open.remove(&event.cause) {
            Some(index) => {
                let (_, to, arrow) = &mut self.arrows[index];
                *to = place;
                arrow.fate = Fate::Arrives(event.at.max(arrow.sent_at));
            }
            None => {
                let sent = self.arrows.iter().rposition(|a| a.2.event == event.cause);
                if let Some(index) = sent {
                    let (from, to, arrow) = &self.arrows[index];
                    let (from, elsewhere) = (*from, *to != place);
                    let mut copy = arrow.clone();
                    copy.fate = Fate::Arrives(event.at.max(copy.sent_at));
                    // A topic hands it to each of its queues; to the same place it comes twice only by the network.
                    if !elsewhere {
                        copy.label = format!("{} (the network's second copy)", copy.label);
                        copy.tag = Tag::Duplicate;
                    }
                    self.arrows.push((from, place, copy));
                }
            }
        }
        self.note(place, event);
    }

    /// A topic with a queue for each reader answers once, for all of them.
    fn ack(&self) -> String {
        match self.place {
            LaneOf::Queue(topic, queue) if names::reader(self.scenario, topic, queue).is_some() => {
                format!("ack of {}", names::topic(self.scenario, topic))
            }
            _ => "ack".into(),
        }
    }

    fn acked(&mut self, event: &Event, producer: u16) {
        let (place, sent_at) = (self.place, self.readable.min(event.at));
        if sent_at == 0 {
            return self.note(self.of_producer(producer), event);
        }
        let (to, label) = (self.of_producer(producer), self.ack());
        let arrow = self.arrow(place, to, event, label);
        arrow.sent_at = sent_at;
        arrow.answer = true;
    }

    fn delivered(&mut self, event: &Event, service: u16, member: u16, nth: u32) {
        self.member.insert(service, member);
        let it = names::message(self.scenario, self.message);
        let label = match nth {
            0 | 1 => it,
            n => format!("{it}, {} time", names::ordinal(n)),
        };
        let leased = self.leased.get(&(service, member)).copied();
        let sent_at = match (leased, nth) {
            (Some(at), _) => at,
            (None, 0 | 1) if self.readable > 0 => self.readable,
            _ => event.at,
        };
        let place = self.source(service);
        let arrow = self.arrow(place, LaneOf::Member(service, member), event, label);
        arrow.sent_at = sent_at.min(event.at);
    }

    fn effect(&mut self, event: &Event, service: u16, member: u16, nth: u32) {
        let config = self.scenario.services.get(usize::from(service));
        let done = config.map_or("done", |config| effect_done(config.effect));
        let label = match nth {
            0 | 1 => done.to_string(),
            n => format!("{done} for the {} time", names::ordinal(n)),
        };
        let (from, to) = (LaneOf::Member(service, member), LaneOf::Store(service));
        self.arrow(from, to, event, label);
    }

    fn commit(&mut self, event: &Event, service: u16, member: u16, fate: Fate) {
        let label = match event.kind {
            Kind::CommitSent { offset, .. } => format!("commit {offset}"),
            _ => names::commit_word(self.scenario, service).to_string(),
        };
        let place = self.source(service);
        let arrow = self.arrow(LaneOf::Member(service, member), place, event, label);
        arrow.fate = fate;
        arrow.answer = true;
        self.open.insert(event.id, self.arrows.len() - 1);
    }

    fn committed(&mut self, event: &Event) {
        let refused = matches!(event.kind, Kind::CommitRefused { .. });
        match self.open.remove(&event.cause) {
            Some(index) => {
                let arrow = &mut self.arrows[index].2;
                arrow.fate = Fate::Arrives(event.at.max(arrow.sent_at));
                arrow.end = event.id;
                if refused {
                    arrow.label = format!("{}: refused", arrow.label);
                    arrow.tag = Tag::Failure;
                }
            }
            None => {
                let lane = self.lane_of(&event.kind);
                self.note(lane, event);
            }
        }
    }

    /// Where a producer stands: that of an instance stands where the instance does.
    fn of_producer(&self, producer: u16) -> LaneOf {
        match names::owner_of_producer(self.scenario, producer) {
            Some((service, member)) => LaneOf::Member(service, member),
            None => LaneOf::Producer(producer),
        }
    }

    /// Where a service has it from: the last place that it reads.
    fn source(&self, service: u16) -> LaneOf {
        let s = self.scenario;
        let reads = |topic: u16| {
            let name = s.topics.get(usize::from(topic)).map(|topic| &topic.name);
            let service = s.services.get(usize::from(service));
            service.is_some_and(|service| name.is_some_and(|name| service.topics.contains(name)))
        };
        let its_own = |place: &&LaneOf| match **place {
            LaneOf::Queue(topic, queue) => match names::reader(s, topic, queue) {
                Some(reader) => reader == service,
                None => reads(topic),
            },
            LaneOf::Partition(topic, _) => reads(topic),
            _ => false,
        };
        let place = self.places.iter().rfind(its_own);
        place.copied().unwrap_or(self.place)
    }

    /// The lane of whoever an event is about.
    fn lane_of(&self, kind: &Kind) -> LaneOf {
        let of_party = |party| match party {
            Party::Producer(p) => self.of_producer(p),
            Party::Broker(_) => self.place,
            Party::Member(s, m) => LaneOf::Member(s, m),
        };
        match *kind {
            Kind::Crashed { party, .. }
            | Kind::Restarted { party }
            | Kind::Paused { party, .. }
            | Kind::Fenced { party } => of_party(party),
            Kind::TimedOut { producer, .. } | Kind::GaveUp { producer, .. } => {
                self.of_producer(producer)
            }
            Kind::Skipped {
                service, member, ..
            }
            | Kind::RolledBack {
                service, member, ..
            }
            | Kind::Failed {
                service, member, ..
            }
            | Kind::HeldBack {
                service, member, ..
            }
            | Kind::Removed {
                service, member, ..
            }
            | Kind::Assigned {
                service, member, ..
            }
            | Kind::Joined {
                service, member, ..
            }
            | Kind::LeaseExtended {
                service, member, ..
            }
            | Kind::StaleReceipt {
                service, member, ..
            }
            | Kind::Subscribed {
                service, member, ..
            }
            | Kind::Committed {
                service, member, ..
            }
            | Kind::CommitRefused {
                service, member, ..
            } => LaneOf::Member(service, member),
            Kind::Dropped { service, .. } | Kind::DeadLettered { service, .. } => {
                match self.member.get(&service) {
                    Some(&member) => LaneOf::Member(service, member),
                    None => self.source(service),
                }
            }
            Kind::Rebalancing { service, .. }
            | Kind::LeaseExpired { service, .. }
            | Kind::Requeued { service, .. }
            | Kind::Redriven { service, .. } => self.source(service),
            _ => self.place,
        }
    }

    fn finish(self, life: &[Event]) -> Sequence {
        let used = self.arrows.iter().flat_map(|(from, to, _)| [*from, *to]);
        let noted = self.notes.iter().map(|(lane, _)| *lane);
        let mut all: Vec<LaneOf> = used.chain(noted).collect();
        // What lies outside stands together, beyond the line where exactly-once ends.
        all.sort_by_key(|lane| (is_outside(self.scenario, *lane), *lane));
        all.dedup();
        let position = |lane: LaneOf| all.iter().position(|l| *l == lane).unwrap_or(0);
        let arrows = self.arrows.into_iter().map(|(from, to, arrow)| {
            Row::Arrow(Arrow {
                from: position(from),
                to: position(to),
                ..arrow
            })
        });
        let notes = self.notes.into_iter().map(|(lane, note)| {
            Row::Note(Note {
                lane: position(lane),
                ..note
            })
        });
        let mut rows: Vec<Row> = arrows.chain(notes).collect();
        rows.sort_by_key(|row| (row.at(), row.event()));
        Sequence {
            title: format!(
                "The life of {}",
                names::message(self.scenario, self.message)
            ),
            lanes: all
                .iter()
                .map(|&of| Lane {
                    of,
                    name: lane_name(self.scenario, of),
                    outside: is_outside(self.scenario, of),
                })
                .collect(),
            rows,
            sentences: story::lines(self.scenario, life),
        }
    }
}

fn is_outside(scenario: &Scenario, lane: LaneOf) -> bool {
    let LaneOf::Store(s) = lane else {
        return false;
    };
    let service = scenario.services.get(usize::from(s));
    service.is_some_and(|service| Ground::of(service).is_outside())
}

fn lane_name(scenario: &Scenario, lane: LaneOf) -> String {
    match lane {
        LaneOf::Producer(p) => names::producer(scenario, p),
        LaneOf::Partition(topic, partition) => names::partition(scenario, topic, partition),
        LaneOf::Queue(topic, queue) => names::queue(scenario, topic, queue),
        LaneOf::Topic(topic) => names::topic(scenario, topic),
        LaneOf::Member(s, m) => names::member(scenario, s, m),
        LaneOf::Store(s) => {
            let config = scenario.services.get(usize::from(s));
            let what = config.map_or("effects", |c| crate::view::effects_noun(c.effect));
            format!("{} ({what})", names::service(scenario, s))
        }
    }
}
