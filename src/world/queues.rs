//! Channels without a log: what stands behind a topic, and who gets what arrives for it.
//!
//! All of them live on broker 0. An SQS topic is one queue for all services that read it, which then
//! compete; behind an SNS topic and a RabbitMQ fanout exchange every service has a queue of its own; a
//! Redis channel holds nothing, and each instance is a subscriber.

use std::sync::Arc;

use crate::broker::sns::Attempt;
use crate::broker::wire::{Message, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::client::producer::{Acks, Produced};
use crate::scenario::{Channel, Scenario};
use crate::trace::{EventId, Kind, NO_CAUSE, Place};

use super::amqp::AmqpTopic;
use super::broadcast::PubSubTopic;
use super::lease::LeaseTopic;
use super::member::Seat;
use super::packet::About;
use super::publish::{ProduceCargo, ProducedCargo};
use super::{Ev, MAX_SERVICES, World};

/// The broker that queues and channels are on.
pub(super) const HOME: u32 = 0;

/// What is behind a topic.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Partitions.
    Log,
    /// SQS, alone or behind SNS.
    Lease(LeaseTopic),
    /// RabbitMQ.
    Amqp(AmqpTopic),
    /// Redis Pub/Sub.
    PubSub(PubSubTopic),
}

/// What can be due at a queue. `at` is the topic and the number of the queue in it.
#[derive(Clone, Copy, Debug)]
pub(super) enum QueueEv {
    /// A lease, a delay, a time to live or a pause before another try is over.
    Due(TopicPartition),
    /// A receive has waited long enough.
    Waited {
        at: TopicPartition,
        seat: Seat,
        request: u32,
    },
    /// A delete that arrived is recorded.
    Write { at: TopicPartition, receipt: u64 },
    /// Dead letters are moved back.
    Redrive(TopicPartition),
    /// No heartbeat has come from an instance for too long.
    Silent(Seat),
}

/// What packets between a queue and its receivers carry.
#[derive(Clone, Debug)]
pub(super) enum QueueCargo {
    /// `ReceiveMessage`.
    Receive {
        seat: Seat,
        at: TopicPartition,
        request: u32,
    },
    /// `basic.consume` or `SUBSCRIBE`, on a new connection with this number.
    Open {
        seat: Seat,
        at: TopicPartition,
        link: u32,
    },
    /// The connection is open, or it is closed.
    Link {
        seat: Seat,
        at: TopicPartition,
        link: u32,
        up: bool,
    },
    /// The other side's process is gone; its operating system closed the connection.
    Gone {
        seat: Seat,
        at: TopicPartition,
        link: u32,
    },
    /// Messages for a receiver, in answer to its receive or on its connection.
    Records {
        seat: Seat,
        link: u32,
        records: Arc<[ConsumerRecord]>,
    },
    /// A receiver settles a message.
    Settle(Settlement),
    /// The answer to a delete.
    Settled {
        seat: Seat,
        receipt: u64,
        done: bool,
    },
    /// SNS hands a copy to a queue.
    Copy { topic: u16, attempt: Attempt },
}

/// What a receiver says about a message it was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settlement {
    pub seat: Seat,
    pub at: TopicPartition,
    /// The connection the message came on.
    pub link: u32,
    /// Receipt handle or delivery tag.
    pub receipt: u64,
    pub message: u64,
    pub how: How,
}

/// The ways to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Ack or delete.
    Ack,
    /// `basic.nack` with requeue.
    Requeue,
    /// `basic.reject` without requeue.
    Reject,
    /// `ChangeMessageVisibility`: hold it longer.
    Extend,
}

impl Body {
    /// What the scenario puts behind its topic number `topic`.
    pub fn new(scenario: &Scenario, topic: usize) -> Result<Body, String> {
        let config = &scenario.topics[topic];
        let readers = readers(scenario, &config.name);
        Ok(match &config.channel {
            Channel::Log(_) => Body::Log,
            Channel::Lease(lease) => Body::Lease(LeaseTopic::shared(lease, readers)?),
            Channel::Sns(lease) => Body::Lease(LeaseTopic::for_each(lease, readers)?),
            Channel::Amqp(amqp) => Body::Amqp(AmqpTopic::new(amqp, readers)),
            Channel::PubSub(pubsub) => Body::PubSub(PubSubTopic::new(pubsub, readers)),
        })
    }
}

/// The services that read a topic.
fn readers(scenario: &Scenario, name: &String) -> Vec<u16> {
    let services = scenario.services.iter().zip(0..);
    services
        .filter(|(service, _)| service.topics.contains(name))
        .map(|(_, index)| index)
        .collect()
}

/// An event's cause for a message further back in a batch whose first one has this cause.
fn nth_cause(first: EventId, nth: u64) -> EventId {
    if first == NO_CAUSE {
        NO_CAUSE
    } else {
        first + nth
    }
}

impl World {
    /// Whether queues and channels can be reached.
    pub(super) fn queues_up(&self) -> bool {
        self.broker_up(HOME)
    }

    pub(super) fn body(&self, topic: u32) -> Option<&Body> {
        self.topics.get(topic as usize).map(|topic| &topic.body)
    }

    pub(super) fn body_mut(&mut self, topic: u32) -> Option<&mut Body> {
        self.topics
            .get_mut(topic as usize)
            .map(|topic| &mut topic.body)
    }

    /// The place of a partition or queue, as producers see it.
    pub(super) fn channel_place(&self, at: TopicPartition) -> Place {
        let (topic, nth) = (at.topic as u16, at.partition as u16);
        match self.body(at.topic) {
            Some(Body::Lease(lease)) if lease.sns.is_none() => Place::Queue(topic, nth),
            Some(Body::Lease(_) | Body::PubSub(_)) => Place::Channel(topic),
            Some(Body::Amqp(amqp)) if amqp.queues.len() == 1 => Place::Queue(topic, nth),
            Some(Body::Amqp(_)) => Place::Channel(topic),
            Some(Body::Log) | None => Place::Partition(topic, nth),
        }
    }

    /// The place that a receiver talks to.
    pub(super) fn queue_place(&self, at: TopicPartition) -> Place {
        match self.body(at.topic) {
            Some(Body::PubSub(_)) => Place::Channel(at.topic as u16),
            _ => Place::Queue(at.topic as u16, at.partition as u16),
        }
    }

    /// The queue of a topic from which a service receives; `None` where the topic is a log.
    pub(super) fn queue_of(&self, topic: u32, service: u16) -> Option<TopicPartition> {
        let nth = match self.body(topic)? {
            Body::Log => return None,
            Body::PubSub(_) => 0,
            Body::Lease(lease) => lease.queue_of(service)?,
            Body::Amqp(amqp) => amqp.queues.iter().position(|q| q.service == service)?,
        };
        let partition = nth as u32;
        Some(TopicPartition { topic, partition })
    }

    /// A batch is at the broker: in the log, or for a queue or channel.
    pub(super) fn produce(&mut self, cargo: &ProduceCargo, about: About, cause: EventId) {
        let at = cargo.request.partition;
        if matches!(self.body(at.topic), Some(Body::Log) | None) {
            return self.produce_at_log(cargo, about, cause);
        }
        if !self.queues_up() {
            return;
        }
        for (message, nth) in cargo.request.batch.messages.iter().zip(0..) {
            let taken = self.accept(at, *message, nth_cause(cause, nth));
            if let Some(seat) = self.producers[usize::from(cargo.producer)].owner
                && taken
            {
                self.effect(seat, message.id, nth_cause(cause, nth));
            }
        }
        if cargo.request.acks != Acks::Zero {
            let stored = Produced {
                base_offset: None,
                duplicate: false,
            };
            let answer = ProducedCargo {
                producer: cargo.producer,
                life: cargo.life,
                request: cargo.request.id,
                answer: Ok(stored),
            };
            self.answer_producer(at, answer, about, cause);
        }
    }

    /// False when the queue recognised the message as one it has had already.
    fn accept(&mut self, at: TopicPartition, message: Message, cause: EventId) -> bool {
        match self.body(at.topic) {
            Some(Body::Lease(lease)) if lease.sns.is_some() => {
                self.publish_to_sns(at.topic as u16, message);
            }
            Some(Body::Lease(_)) => return self.enqueue(at, message, cause),
            Some(Body::Amqp(_)) => self.publish_to_exchange(at.topic, message, cause),
            Some(Body::PubSub(_)) => self.publish_to_channel(at, message, cause),
            Some(Body::Log) | None => {}
        }
        true
    }

    /// Writes down that a queue took a message in. `own`: the service whose queue it is, where others
    /// have queues of their own.
    pub(super) fn record_enqueued(
        &mut self,
        at: TopicPartition,
        message: u64,
        own: Option<u16>,
        cause: EventId,
    ) -> EventId {
        let copy = match (self.messages.get_mut(message), own) {
            (None, _) => 1,
            (Some(row), None) => {
                row.copies = row.copies.saturating_add(1);
                u32::from(row.copies)
            }
            (Some(row), Some(service)) => {
                let copies = &mut row.queued[usize::from(service) % MAX_SERVICES];
                *copies = copies.saturating_add(1);
                let most = u16::from(*copies).max(row.copies);
                row.copies = most;
                u32::from(row.queued[usize::from(service) % MAX_SERVICES])
            }
        };
        let (topic, queue) = (at.topic as u16, at.partition as u16);
        let kind = Kind::Enqueued {
            topic,
            queue,
            message,
            copy,
        };
        let event = self.record(cause, kind);
        if let Some(row) = self.messages.get_mut(message) {
            row.last = event;
        }
        event
    }

    /// A packet of a queue or a receiver has arrived.
    pub(super) fn queue_packet(&mut self, cargo: QueueCargo, cause: EventId) {
        match cargo {
            QueueCargo::Link {
                seat, at, link, up, ..
            } => self.link_changed(seat, at, link, up),
            QueueCargo::Records {
                seat,
                link,
                records,
            } => self.records_arrive(seat, link, &records),
            QueueCargo::Settled {
                seat,
                receipt,
                done,
            } => self.delete_settled(seat, receipt, done),
            QueueCargo::Copy { topic, attempt } => self.copy_arrives(topic, attempt, cause),
            QueueCargo::Gone { seat, at, link } => self.close_link(at, seat, link, cause),
            _ if !self.queues_up() => {}
            QueueCargo::Receive { seat, at, request } => self.receive_arrives(at, seat, request),
            QueueCargo::Open { seat, at, link } => self.open_link(at, seat, link),
            QueueCargo::Settle(settlement) => match self.body(settlement.at.topic) {
                Some(Body::Lease(_)) => self.settle_lease(settlement, cause),
                Some(Body::Amqp(_)) => self.settle_delivery(settlement, cause),
                _ => {}
            },
        }
    }

    /// Plans the moves back from dead-letter queues.
    pub(super) fn plan_redrives(&mut self) {
        for topic in 0..self.topics.len() as u32 {
            let Some(Body::Lease(body)) = self.body(topic) else {
                continue;
            };
            for partition in 0..body.queues.len() as u32 {
                let at = TopicPartition { topic, partition };
                let when = self.lease_config(at).map_or(0, |c| c.redrive_at.0);
                if when > 0 {
                    self.queue.push(when, Ev::Queue(QueueEv::Redrive(at)));
                }
            }
        }
    }

    fn open_link(&mut self, at: TopicPartition, seat: Seat, link: u32) {
        // Whoever asked is dead by now: nobody completes the connection.
        if self.seated(seat).is_none() {
            return;
        }
        match self.body(at.topic) {
            Some(Body::Amqp(_)) => self.consume(at, seat, link),
            Some(Body::PubSub(_)) => self.subscribe(at, seat, link),
            _ => {}
        }
    }

    /// The broker's end of a connection is closed.
    pub(super) fn close_link(&mut self, at: TopicPartition, seat: Seat, link: u32, cause: EventId) {
        match self.body(at.topic) {
            Some(Body::Lease(_)) => self.forget_receives(at, seat),
            Some(Body::Amqp(_)) => self.close_channel(at, seat, link, cause),
            Some(Body::PubSub(_)) => self.unsubscribe(at, seat, link, cause),
            Some(Body::Log) | None => {}
        }
    }

    /// Something is due at a queue.
    pub(super) fn queue_due(&mut self, event: QueueEv) {
        match event {
            QueueEv::Due(at) => match self.body(at.topic) {
                Some(Body::Lease(_)) => self.leases_due(at),
                Some(Body::Amqp(_)) => self.push_deliveries(at),
                _ => {}
            },
            QueueEv::Waited { at, seat, request } => self.receive_waited(at, seat, request),
            QueueEv::Write { at, receipt } => self.delete_written(at, receipt),
            QueueEv::Redrive(at) => self.redrive(at),
            QueueEv::Silent(seat) => self.silent(seat),
        }
    }

    /// Plans a look at a queue's clock.
    pub(super) fn plan_queue(&mut self, at: TopicPartition, when: u64) {
        self.queue.push(when, Ev::Queue(QueueEv::Due(at)));
    }

    pub(super) fn queues_die(&mut self, broker: u16) {
        if u32::from(broker) != HOME {
            return;
        }
        for topic in 0..self.topics.len() as u32 {
            match self.body(topic) {
                Some(Body::Lease(_)) => self.lease_server_dies(topic),
                Some(Body::Amqp(_)) => self.amqp_server_dies(topic),
                Some(Body::PubSub(_)) => self.pubsub_server_dies(topic),
                Some(Body::Log) | None => {}
            }
        }
    }

    /// Leases have run on, and what SNS could not hand over is tried again at its time.
    pub(super) fn queues_return(&mut self, _broker: u16) {}
}
