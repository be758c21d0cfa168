//! An instance of a service that reads queues or channels: it asks or connects, takes in, and settles.
//!
//! SQS: one long-poll receive at a time, again when what it brought is handled. RabbitMQ and Redis: one
//! connection for each queue or channel, on which the broker pushes.

use std::collections::VecDeque;

use crate::broker::wire::{Micros, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::scenario::CommitWhen;
use crate::trace::{EventId, Kind, Leg, NO_CAUSE, Why};

use super::member::Seat;

use super::queues::{Body, QueueCargo, QueueEv};
use super::{Ev, World};

/// `WaitTimeSeconds` of the lab's receivers; SQS allows up to 20 s.
pub(super) const RECEIVE_WAIT: Micros = 1_000_000;
/// How long a client waits before it connects again; the Java client of RabbitMQ waits 5 s.
const RECONNECT: Micros = 500_000;

/// What a receiving instance knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Receiver {
    /// Handed over by the network and not yet by the client to the handler, with their connection.
    inbox: VecDeque<(u32, ConsumerRecord)>,
    links: Vec<Link>,
    /// Requests and connections so far, over all lives.
    numbers: u32,
    /// The connection of what is under work.
    pub taken_from: u32,
    /// What is under work is rejected, not acked.
    pub rejects: bool,
    /// A delete that is not answered yet, and until when it is waited for.
    pub deleting: Option<(u64, Micros)>,
    /// When leases are extended next.
    pub extend_at: Option<Micros>,
}

/// What an instance has to do with one queue or channel.
#[derive(Clone, Copy, Debug)]
struct Link {
    at: TopicPartition,
    /// Number of the receive or connection.
    number: u32,
    state: LinkState,
    /// When it was asked for.
    since: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkState {
    /// Not connected, or not asking; again at this time.
    Down { again: Micros },
    /// Asked; no answer by then means to ask again.
    Asking { until: Micros },
    /// Connected.
    Open,
}

impl Link {
    fn is_down(&self) -> bool {
        matches!(self.state, LinkState::Down { .. })
    }
}

impl Receiver {
    /// Messages it has taken in and not begun.
    pub fn waiting(&self) -> u64 {
        self.inbox.len() as u64
    }

    /// A receive whose answer never came is sent again when the instance has nothing to do, not before.
    fn next_wake(&self, idle: bool, now: Micros) -> Option<Micros> {
        let links = self.links.iter().filter_map(|link| match link.state {
            LinkState::Down { again } => idle.then_some(again),
            LinkState::Asking { until } => Some(until).filter(|&until| idle || until > now),
            LinkState::Open => None,
        });
        let deleting = self.deleting.map(|(_, until)| until);
        links.chain(deleting).chain(self.extend_at).min()
    }
}

impl World {
    pub(super) fn receiver(&mut self, seat: Seat) -> Option<&mut Receiver> {
        self.seated(seat).map(|actor| &mut actor.receiver)
    }

    /// How long a client waits for an answer that should come at once.
    pub(super) fn patience(&self) -> Micros {
        let faults = &self.scenario.faults;
        200_000 + 4 * faults.latency.0 + 40 * faults.jitter.0
    }

    /// Lets a receiver do all it can do now, and sets its alarm.
    pub(super) fn drive_receiver(&mut self, seat: Seat) {
        self.make_links(seat);
        let now = self.now;
        let Some(receiver) = self.receiver(seat) else {
            return;
        };
        if let Some((receipt, _)) = receiver.deleting.filter(|&(_, until)| until <= now) {
            receiver.deleting = None;
            self.delete_answered(seat, receipt, false);
        }
        self.take_up(seat);
        self.ask(seat);
        self.extend_leases(seat);
        self.plan_receiver(seat);
    }

    fn make_links(&mut self, seat: Seat) {
        if self
            .receiver(seat)
            .is_none_or(|receiver| !receiver.links.is_empty())
        {
            return;
        }
        let topics = std::sync::Arc::clone(&self.services[usize::from(seat.service)].topics);
        let now = self.now;
        let links: Vec<Link> = topics
            .iter()
            .filter_map(|&topic| self.queue_of(topic, seat.service))
            .map(|at| Link {
                at,
                number: 0,
                state: LinkState::Down { again: now },
                since: now,
            })
            .collect();
        if let Some(receiver) = self.receiver(seat) {
            receiver.links = links;
        }
    }

    fn idle(&mut self, seat: Seat) -> bool {
        self.seated(seat).is_some_and(|actor| actor.work.is_idle())
    }

    fn leases(&self, at: TopicPartition) -> bool {
        matches!(self.body(at.topic), Some(Body::Lease(_)))
    }

    /// Sends the receives and connects where it is time.
    fn ask(&mut self, seat: Seat) {
        let (now, patience) = (self.now, self.patience());
        let links = self
            .receiver(seat)
            .map_or(0, |receiver| receiver.links.len());
        for nth in 0..links {
            let idle = self.idle(seat);
            let Some(receiver) = self.receiver(seat) else {
                return;
            };
            let full = !idle || !receiver.inbox.is_empty();
            let link = receiver.links[nth];
            let due = match link.state {
                LinkState::Down { again } => again <= now,
                LinkState::Asking { until } => until <= now,
                LinkState::Open => false,
            };
            let leases = self.leases(link.at);
            if !due || leases && full {
                continue;
            }
            let wait = if leases { RECEIVE_WAIT } else { 0 };
            let Some(receiver) = self.receiver(seat) else {
                return;
            };
            receiver.numbers += 1;
            let number = receiver.numbers;
            receiver.links[nth] = Link {
                number,
                state: LinkState::Asking {
                    until: now + wait + patience,
                },
                since: now,
                ..link
            };
            let at = link.at;
            let cargo = if leases {
                QueueCargo::Receive {
                    seat,
                    at,
                    request: number,
                }
            } else {
                QueueCargo::Open {
                    seat,
                    at,
                    link: number,
                }
            };
            self.send_to_queue(at, seat, cargo);
        }
    }

    /// Gives the handler what came: all that a receive brought, or the next message of a connection.
    fn take_up(&mut self, seat: Seat) {
        if !self.idle(seat) {
            return;
        }
        let Some(receiver) = self.receiver(seat) else {
            return;
        };
        let Some(&(link, first)) = receiver.inbox.front() else {
            return;
        };
        let same = receiver
            .inbox
            .iter()
            .take_while(|(l, _)| *l == link)
            .count();
        let count = if self.leases(first.partition) {
            same
        } else {
            1
        };
        let Some(receiver) = self.receiver(seat) else {
            return;
        };
        let records: Vec<ConsumerRecord> = receiver.inbox.drain(..count).map(|(_, r)| r).collect();
        receiver.taken_from = link;
        self.start_extending(seat, first.partition);
        self.taken_from_socket(first.partition, seat, Some(link), 1);
        self.begin_batch(seat, records);
    }

    fn plan_receiver(&mut self, seat: Seat) {
        let (idle, now) = (self.idle(seat), self.now);
        let next = self
            .receiver(seat)
            .and_then(|receiver| receiver.next_wake(idle, now));
        if let Some(at) = next {
            self.wake_receiver(seat, at.max(self.now));
        }
    }

    pub(super) fn wake_receiver(&mut self, seat: Seat, at: Micros) {
        let now = self.now;
        let Some(actor) = self.seated(seat) else {
            return;
        };
        if actor
            .wake
            .is_none_or(|planned| planned > at || planned < now)
        {
            actor.wake = Some(at);
            self.queue.push(at, Ev::MemberTimer(seat));
        }
    }

    /// Something came for an instance: it looks at it now, or when it does not stand still any more.
    fn look_up(&mut self, seat: Seat) {
        match self.paused(seat) {
            Some(until) => self.wake_receiver(seat, until),
            None => self.drive_member(seat),
        }
    }

    /// Messages have reached an instance, or an empty answer has.
    pub(super) fn records_arrive(&mut self, seat: Seat, number: u32, records: &[ConsumerRecord]) {
        let now = self.now;
        let answer = records
            .first()
            .is_none_or(|first| self.leases(first.partition));
        let known = self.receiver(seat).and_then(|receiver| {
            let mut links = receiver.links.iter_mut();
            links.find(|link| link.number == number && !link.is_down())
        });
        let Some(link) = known else {
            return self.nobody_there(seat, records);
        };
        link.state = if answer {
            LinkState::Down { again: now }
        } else {
            LinkState::Open
        };
        for &record in records {
            let delivery = self.record_delivery(seat, &record);
            if let Some(receiver) = self.receiver(seat) {
                let record = ConsumerRecord { delivery, ..record };
                receiver.inbox.push_back((number, record));
            }
        }
        self.look_up(seat);
    }

    fn record_delivery(&mut self, seat: Seat, record: &ConsumerRecord) -> EventId {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        let nth = self.count_delivery(service, message);
        let cause = self.queue_cause(record.partition, message);
        let kind = Kind::Delivered {
            service,
            member,
            partition: record.partition.partition,
            offset: record.offset,
            message,
            nth,
        };
        self.record(cause, kind)
    }

    /// The latest event of a message's life in its queue, or outside of services where it had none.
    pub(super) fn queue_cause(&self, at: TopicPartition, message: u64) -> EventId {
        let story = match self.body(at.topic) {
            Some(Body::Lease(_)) => self.lease(at).map(|queue| &queue.story),
            Some(Body::Amqp(_)) => self.amqp(at).map(|queue| &queue.story),
            _ => None,
        };
        let told = story.and_then(|story| story.get(message)).copied();
        let last = || self.messages.get(message).map(|row| row.last);
        told.filter(|&event| event != NO_CAUSE)
            .or_else(last)
            .unwrap_or(NO_CAUSE)
    }

    /// Messages reach a process that is gone, or a connection that is closed. A queue still has them,
    /// unless sending was enough for it.
    fn nobody_there(&mut self, seat: Seat, records: &[ConsumerRecord]) {
        for record in records {
            let at = record.partition;
            let kept = match self.body(at.topic) {
                Some(Body::Lease(_)) => true,
                Some(Body::Amqp(_)) => !self.acks_itself(seat.service),
                _ => false,
            };
            if !kept {
                self.unheard(at, seat.service, record.message.id, Why::NobodyListening);
            }
        }
    }

    /// A message is lost for a service because nobody of it took it.
    pub(super) fn unheard(&mut self, at: TopicPartition, service: u16, message: u64, why: Why) {
        let cause = self.queue_cause(at, message);
        let kind = Kind::Dropped {
            service,
            message,
            why,
        };
        self.record(cause, kind);
    }

    /// RabbitMQ's autoAck: the service reports progress before it works.
    pub(super) fn acks_itself(&self, service: u16) -> bool {
        self.scenario.services[usize::from(service)].commit == CommitWhen::Before
    }

    /// A connection is open, or closed by the other side.
    pub(super) fn link_changed(&mut self, seat: Seat, at: TopicPartition, number: u32, up: bool) {
        let now = self.now;
        // What a closed channel brought cannot be acked any more, and comes again.
        let forgets =
            matches!(self.body(at.topic), Some(Body::Amqp(_))) && !self.acks_itself(seat.service);
        let Some(receiver) = self.receiver(seat) else {
            return;
        };
        let mut links = receiver.links.iter_mut();
        let Some(link) = links.find(|link| link.at == at && link.number == number) else {
            return;
        };
        link.state = if up {
            LinkState::Open
        } else {
            LinkState::Down {
                again: now + RECONNECT,
            }
        };
        if !up && forgets {
            receiver.inbox.retain(|(link, _)| *link != number);
        }
        self.look_up(seat);
    }

    /// Whether messages can come to an instance that reads queues or channels.
    pub(super) fn receiver_connected(&self, service: u16, member: u16) -> bool {
        let Some(actor) = self.member(service, member) else {
            return false;
        };
        let mut links = actor.receiver.links.iter();
        actor.up
            && !actor.receiver.links.is_empty()
            && links.all(|link| self.leases(link.at) || link.state == LinkState::Open)
    }

    /// A packet of a RabbitMQ connection was lost for good: TCP gives up, and both sides know.
    pub(super) fn stream_broke(&mut self, at: TopicPartition, seat: Seat, packet: &super::Packet) {
        if !matches!(self.body(at.topic), Some(Body::Amqp(_))) {
            return;
        }
        let link = self.receiver(seat).and_then(|receiver| {
            let found = receiver.links.iter().find(|link| link.at == at);
            found.copied()
        });
        if packet.leg == Leg::Delivery && self.acks_itself(seat.service) {
            let message = packet.about.message;
            self.unheard(at, seat.service, message, Why::NobodyListening);
        }
        let Some(link) = link.filter(|l| !l.is_down() && l.since <= packet.sent) else {
            return;
        };
        self.close_link(at, seat, link.number, packet.cause);
        self.link_changed(seat, at, link.number, false);
    }

    /// The process is gone; its operating system closes its connections.
    pub(super) fn receiver_dies(&mut self, service: u16, member: u16) {
        let Some(actor) = self.member_mut(service, member) else {
            return;
        };
        let links = std::mem::take(&mut actor.receiver.links);
        actor.receiver = Receiver {
            numbers: actor.receiver.numbers,
            ..Receiver::default()
        };
        let life = actor.life.saturating_sub(1);
        let seat = Seat {
            service,
            member,
            life,
        };
        for Link { at, number, .. } in links {
            let gone = QueueCargo::Gone {
                seat,
                at,
                link: number,
            };
            self.send_to_queue(at, seat, gone);
        }
    }

    /// A process stands still: no heartbeats of its connections go out.
    pub(super) fn receiver_pauses(&mut self, service: u16, member: u16, until: Micros) {
        let patience = self.scenario.services[usize::from(service)].session_timeout;
        let at = self.now + patience.0;
        if at < until {
            let seat = self.seat(service, member);
            self.queue.push(at, Ev::Queue(QueueEv::Silent(seat)));
        }
        self.wake_receiver(self.seat(service, member), until);
    }

    /// RabbitMQ closes a connection on which no heartbeat came; Redis does not look.
    pub(super) fn silent(&mut self, seat: Seat) {
        if self.paused(seat).is_none() {
            return;
        }
        let links = self.receiver(seat).map_or(Vec::new(), |r| r.links.clone());
        for Link {
            at, number, state, ..
        } in links
        {
            let amqp = matches!(self.body(at.topic), Some(Body::Amqp(_)));
            if amqp && state == LinkState::Open {
                self.close_link(at, seat, number, NO_CAUSE);
                let cargo = QueueCargo::Link {
                    seat,
                    at,
                    link: number,
                    up: false,
                };
                self.send_to_receiver(at, seat, cargo);
            }
        }
    }
}
