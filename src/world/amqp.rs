//! RabbitMQ in the world: a fanout exchange with one queue for each service that reads the topic.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broker::amqp::{
    AmqpQueue, Closed, Config, Counted, Delivery, Exchange, ExchangeKind, Kind as QueueKind,
    Reason, Settle, State,
};
use crate::broker::wire::{Message, Micros, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::scenario::AmqpChannel;
use crate::sim::Rows;
use crate::trace::{EventId, Kind, NO_CAUSE, Why};

use super::member::Seat;
use super::queues::{Body, How, QueueCargo, Settlement};
use super::{MESSAGE_WINDOW, World};

/// How many dead letters are kept to be shown.
pub(super) const SHELF: usize = 16;

/// The exchange and its queues.
#[derive(Clone, Debug)]
pub(super) struct AmqpTopic {
    exchange: Exchange,
    pub queues: Vec<AmqpActor>,
}

/// A queue and who is connected to it.
#[derive(Clone, Debug)]
pub(super) struct AmqpActor {
    pub queue: AmqpQueue,
    /// The service that consumes from it.
    pub service: u16,
    conns: Vec<(Seat, u32)>,
    /// The newest dead letters.
    pub shelf: VecDeque<u64>,
    /// All there have been.
    pub dead: u64,
    timer: Option<Micros>,
    /// By message: the latest event of its life in this queue.
    pub story: Rows<EventId>,
}

impl AmqpTopic {
    /// A queue for each service, bound to the exchange.
    pub fn new(channel: &AmqpChannel, readers: Vec<u16>) -> Self {
        let mut exchange = Exchange::new(ExchangeKind::Fanout);
        (0..readers.len() as u32).for_each(|queue| exchange.bind(0, queue));
        let queue = |service| AmqpActor {
            queue: AmqpQueue::new(config_of(channel)),
            service,
            conns: Vec::new(),
            shelf: VecDeque::new(),
            dead: 0,
            timer: None,
            story: Rows::new(MESSAGE_WINDOW),
        };
        AmqpTopic {
            exchange,
            queues: readers.into_iter().map(queue).collect(),
        }
    }

    /// True when the queues hold nothing.
    pub fn is_done(&self) -> bool {
        let empty = |q: &AmqpActor| q.queue.ready() + q.queue.unacked() == 0;
        self.queues.iter().all(empty)
    }
}

fn config_of(channel: &AmqpChannel) -> Config {
    let kind = if channel.quorum {
        QueueKind::Quorum {
            delivery_limit: Some(channel.delivery_limit).filter(|&limit| limit > 0),
            counted: Counted::Failures,
        }
    } else {
        QueueKind::Classic
    };
    Config {
        message_ttl: Some(channel.ttl.0).filter(|&ttl| ttl > 0),
        max_length: Some(u64::from(channel.max_length)).filter(|&most| most > 0),
        ..Config::new(kind)
    }
}

/// A channel is an instance's connection with its number.
fn channel_of(seat: Seat, link: u32) -> u32 {
    u32::from(seat.member) << 16 | link & 0xffff
}

impl World {
    pub(super) fn amqp(&self, at: TopicPartition) -> Option<&AmqpActor> {
        match self.body(at.topic)? {
            Body::Amqp(topic) => topic.queues.get(at.partition as usize),
            _ => None,
        }
    }

    fn amqp_mut(&mut self, at: TopicPartition) -> Option<&mut AmqpActor> {
        match self.body_mut(at.topic)? {
            Body::Amqp(topic) => topic.queues.get_mut(at.partition as usize),
            _ => None,
        }
    }

    fn tell(&mut self, at: TopicPartition, message: u64, cause: EventId, kind: Kind) {
        let cause = if cause == NO_CAUSE {
            self.queue_cause(at, message)
        } else {
            cause
        };
        let event = self.record(cause, kind);
        let row = self
            .amqp_mut(at)
            .and_then(|queue| queue.story.get_mut(message));
        if let Some(row) = row {
            *row = event;
        }
    }

    /// `basic.publish`: every queue that is bound gets a copy. Queues drop from their head when they
    /// are full, so the confirm is always an ack.
    pub(super) fn publish_to_exchange(&mut self, topic: u32, message: Message, cause: EventId) {
        let Some(Body::Amqp(body)) = self.body(topic) else {
            return;
        };
        let routed: Vec<u32> = body.exchange.route(0).collect();
        let own = routed.len() > 1;
        let now = self.now;
        for partition in routed {
            let at = TopicPartition { topic, partition };
            let Some(actor) = self.amqp_mut(at) else {
                continue;
            };
            actor.queue.publish(now, message);
            let service = Some(actor.service).filter(|_| own);
            let event = self.record_enqueued(at, message.id, service, cause);
            if let Some(row) = self.amqp_mut(at).and_then(|q| q.story.get_mut(message.id)) {
                *row = event;
            }
            self.push_deliveries(at);
        }
    }

    /// `basic.consume` on a new connection.
    pub(super) fn consume(&mut self, at: TopicPartition, seat: Seat, link: u32) {
        let now = self.now;
        let (service, member) = (seat.service, seat.member);
        let prefetch = self.scenario.services[usize::from(service)].max_poll;
        let auto_ack = self.acks_itself(service);
        let earlier = self.amqp(at).and_then(|actor| {
            let mut conns = actor.conns.iter();
            conns.find(|(other, _)| other.member == member).copied()
        });
        match earlier {
            Some((other, newer)) if other == seat && newer >= link => return,
            Some((other, old)) => self.close_channel(at, other, old, NO_CAUSE),
            None => {}
        }
        let Some(actor) = self.amqp_mut(at) else {
            return;
        };
        actor
            .queue
            .consume(now, channel_of(seat, link), prefetch, auto_ack);
        actor.conns.push((seat, link));
        self.subscribed(seat, true, NO_CAUSE);
        let open = QueueCargo::Link {
            seat,
            at,
            link,
            up: true,
        };
        self.send_to_receiver(at, seat, open);
        self.push_deliveries(at);
    }

    /// An instance is connected, or not any more: since its own life or that of the server began or ended, or because
    /// of `reason`.
    pub(super) fn subscribed(&mut self, seat: Seat, connected: bool, reason: EventId) {
        let Seat {
            service, member, ..
        } = seat;
        let kind = Kind::Subscribed {
            service,
            member,
            connected,
        };
        let server = self.brokers[super::queues::HOME as usize].latest;
        let own = self
            .member(service, member)
            .map_or(NO_CAUSE, |actor| actor.died.max(actor.assigned));
        let cause = server.max(own).max(reason);
        self.record(cause, kind);
    }

    /// Delivers what can be delivered now, and does what time has brought.
    pub(super) fn push_deliveries(&mut self, at: TopicPartition) {
        let now = self.now;
        while let Some((channel, _)) = self.amqp_mut(at).and_then(|q| q.queue.pop_due(now)) {
            self.channel_was_closed(at, channel);
        }
        while self.queues_up()
            && let Some(delivery) = self.amqp_mut(at).and_then(|q| q.queue.next_delivery(now))
        {
            self.push(at, delivery);
        }
        self.bury_letters(at);
        let Some(actor) = self.amqp_mut(at) else {
            return;
        };
        if actor.timer.is_some_and(|planned| planned <= now) {
            actor.timer = None;
        }
        let Some(next) = actor.queue.next_deadline() else {
            return;
        };
        if actor.timer.is_none_or(|planned| planned > next) {
            actor.timer = Some(next);
            self.plan_queue(at, next);
        }
    }

    /// `basic.deliver`.
    fn push(&mut self, at: TopicPartition, delivery: Delivery) {
        let Some(actor) = self.amqp(at) else { return };
        let mut conns = actor.conns.iter();
        let found = conns.find(|(seat, link)| channel_of(*seat, *link) == delivery.channel);
        let Some(&(seat, link)) = found else { return };
        let message = delivery.message.id;
        let cause = self.queue_cause(at, message);
        if delivery.auto_ack {
            let kind = Kind::Deleted {
                service: seat.service,
                member: seat.member,
                message,
            };
            self.tell(at, message, NO_CAUSE, kind);
        }
        let record = ConsumerRecord {
            delivery: 0,
            partition: at,
            offset: delivery.tag,
            message: delivery.message,
        };
        self.deliver_records(at, seat, link, Arc::from([record]), cause);
    }

    /// An ack, nack or reject has arrived.
    pub(super) fn settle_delivery(&mut self, settlement: Settlement, cause: EventId) {
        let Settlement {
            seat,
            at,
            link,
            receipt,
            message,
            how,
        } = settlement;
        let now = self.now;
        let (service, member) = (seat.service, seat.member);
        let channel = channel_of(seat, link);
        let settle = match how {
            How::Ack | How::Extend => Settle::Ack,
            How::Requeue => Settle::Requeue,
            How::Reject => Settle::Reject,
        };
        let Some(actor) = self.amqp_mut(at) else {
            return;
        };
        let open = actor.queue.is_open(channel);
        let result = actor.queue.settle(now, channel, receipt, false, settle);
        match (open, result, how) {
            // The message went back when the channel was closed.
            (false, ..) => {
                let kind = Kind::StaleReceipt {
                    service,
                    member,
                    message,
                };
                self.record(cause, kind);
            }
            (true, Err(Closed::UnknownTag | Closed::ConsumerTimeout), _) => {
                self.channel_was_closed(at, channel);
            }
            (true, Ok(()), How::Requeue) => {
                self.tell(at, message, cause, Kind::Requeued { service, message });
            }
            (true, Ok(()), How::Reject) => {}
            (true, Ok(()), _) => {
                let kind = Kind::Deleted {
                    service,
                    member,
                    message,
                };
                self.tell(at, message, cause, kind);
            }
        }
        self.push_deliveries(at);
    }

    /// The broker has closed a channel by itself, and its consumer hears of it.
    fn channel_was_closed(&mut self, at: TopicPartition, channel: u32) {
        let Some(actor) = self.amqp_mut(at) else {
            return;
        };
        let mut conns = actor.conns.iter();
        let Some(place) = conns.position(|(seat, link)| channel_of(*seat, *link) == channel) else {
            return;
        };
        let (seat, link) = actor.conns.remove(place);
        self.subscribed(seat, false, NO_CAUSE);
        let closed = QueueCargo::Link {
            seat,
            at,
            link,
            up: false,
        };
        self.send_to_receiver(at, seat, closed);
    }

    /// A connection is gone: what it had not settled goes back.
    pub(super) fn close_channel(
        &mut self,
        at: TopicPartition,
        seat: Seat,
        link: u32,
        cause: EventId,
    ) {
        let now = self.now;
        let channel = channel_of(seat, link);
        let Some(actor) = self.amqp_mut(at) else {
            return;
        };
        let mut conns = actor.conns.iter();
        let Some(place) = conns.position(|conn| conn.1 == link && conn.0.member == seat.member)
        else {
            return;
        };
        actor.conns.remove(place);
        let held = |state| matches!(state, State::Unacked { channel: by, .. } if by == channel);
        let unacked: Vec<u64> = actor
            .queue
            .iter()
            .filter(|entry| held(entry.state))
            .map(|entry| entry.message.id)
            .collect();
        actor.queue.channel_closed(now, channel);
        let service = seat.service;
        self.subscribed(seat, false, NO_CAUSE);
        let died = self
            .member(service, seat.member)
            .map_or(NO_CAUSE, |actor| actor.died);
        let cause = if cause == NO_CAUSE { died } else { cause };
        for message in unacked {
            self.tell(at, message, cause, Kind::Requeued { service, message });
        }
        self.push_deliveries(at);
    }

    /// What left the queue unconsumed goes to the dead-letter exchange, if there is one.
    fn bury_letters(&mut self, at: TopicPartition) {
        use crate::scenario::Channel;
        let channel = self
            .scenario
            .topics
            .get(at.topic as usize)
            .map(|t| &t.channel);
        let kept = matches!(channel, Some(Channel::Amqp(amqp)) if amqp.dead_letter);
        while let Some(letter) = self.amqp_mut(at).and_then(|q| q.queue.pop_dead_letter()) {
            let message = letter.message.id;
            let why = match letter.reason {
                Reason::Rejected => Why::Rejected,
                Reason::Expired => Why::Expired,
                Reason::MaxLen => Why::QueueFull,
                Reason::DeliveryLimit => Why::ReceivedTooOften,
            };
            let Some(actor) = self.amqp_mut(at) else {
                return;
            };
            let service = actor.service;
            let kind = if kept {
                actor.dead += 1;
                actor.shelf.push_back(message);
                if actor.shelf.len() > SHELF {
                    actor.shelf.pop_front();
                }
                Kind::DeadLettered {
                    service,
                    message,
                    why,
                }
            } else {
                Kind::Dropped {
                    service,
                    message,
                    why,
                }
            };
            self.tell(at, message, NO_CAUSE, kind);
        }
    }

    /// The broker's process dies. Messages are on its disk; its connections are gone.
    pub(super) fn amqp_server_dies(&mut self, topic: u32) {
        let Some(Body::Amqp(body)) = self.body(topic) else {
            return;
        };
        for partition in 0..body.queues.len() as u32 {
            let at = TopicPartition { topic, partition };
            let conns = self.amqp(at).map_or(Vec::new(), |q| q.conns.clone());
            for (seat, link) in conns {
                self.close_link(at, seat, link, NO_CAUSE);
                let closed = QueueCargo::Link {
                    seat,
                    at,
                    link,
                    up: false,
                };
                self.send_to_receiver(at, seat, closed);
            }
        }
    }
}
