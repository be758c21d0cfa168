//! Applications publish, and hand their messages to producers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::broker::wire::{BrokerId, ErrorCode, Message, Micros, TopicPartition};
use crate::client::partitioner::{StickyPartitioner, partition_for_key};
use crate::client::producer::{
    Acks, ProduceRequest, Produced, Producer, ProducerSettings, TxnPhase,
};
use crate::scenario;
use crate::sim::{FaultKey, Site, exponential};
use crate::trace::{EventId, Kind, NO_CAUSE};

use super::member::Seat;
use super::{Ev, World};

/// What has been published so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Publishing {
    /// Messages handed to producers; also the id of the last one.
    pub count: u64,
    /// Arrivals drawn, those turned away by a dead producer among them.
    pub(super) arrivals: u64,
    /// Messages of each key so far, where a service waits for order.
    pub(super) sequences: BTreeMap<u64, u32>,
    /// No more messages come.
    pub ended: bool,
}

/// A producer process.
#[derive(Clone, Debug)]
pub(super) struct ProducerActor {
    pub client: Producer,
    pub(super) sticky: StickyPartitioner,
    /// Number of this process's life; what was meant for an earlier life is dropped.
    pub life: u32,
    pub up: bool,
    /// Messages its application has handed to it.
    pub(super) handed: u64,
    pub acked: u64,
    pub gave_up: u64,
    pub(super) wake: Option<Micros>,
    pub out: Vec<Outstanding>,
    /// It has its producer id.
    pub ready: bool,
    /// The instance it belongs to, where it belongs to one.
    pub owner: Option<Seat>,
    /// Messages a transaction, 0 for none.
    pub every: u32,
    pub(super) in_transaction: u32,
    pub(super) backlog: VecDeque<(u16, Message)>,
    /// Messages that are stored as part of the open transaction, and the attempt at which they were.
    pub(super) undecided: Vec<(u16, Message, u32)>,
    /// What an application that sends again does not know to be stored after a restart.
    pub(super) again: Vec<(u16, Message)>,
    /// Messages the open transaction has written into logs.
    pub written: Vec<u64>,
    /// The producer id it has, or had last.
    pub id: Option<u64>,
    /// The latest event about it.
    pub latest: EventId,
}

/// A request that was sent and not heard back about.
#[derive(Clone, Debug)]
pub(super) struct Outstanding {
    pub request: u64,
    pub(super) connection: BrokerId,
    pub messages: Arc<[Message]>,
    pub attempt: u32,
    pub(super) first_sent: EventId,
}

/// A produce request as it travels.
#[derive(Clone, Debug)]
pub(super) struct ProduceCargo {
    pub producer: u16,
    pub life: u32,
    pub request: ProduceRequest,
}

/// The broker's answer as it travels.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProducedCargo {
    pub producer: u16,
    pub life: u32,
    pub request: u64,
    pub answer: Result<Produced, ErrorCode>,
}

/// The client's settings for a configured producer.
pub(super) fn settings_of(config: &scenario::Producer, index: u32) -> ProducerSettings {
    ProducerSettings {
        acks: match config.acks {
            scenario::Acks::None => Acks::Zero,
            scenario::Acks::Leader => Acks::One,
            scenario::Acks::All => Acks::All,
        },
        retries: config.retries,
        delivery_timeout: Some(config.delivery_timeout.0),
        request_timeout: config.request_timeout.0,
        retry_backoff: config.retry_backoff.0,
        retry_backoff_max: config.retry_backoff_max.0,
        max_in_flight: config.max_in_flight,
        batch_size: config.batch_records,
        linger: config.linger.0,
        max_buffered: 1_000_000,
        enable_idempotence: Some(config.idempotence),
        transactional_id: (config.transaction_messages > 0).then_some(index),
        ..ProducerSettings::default()
    }
}

impl ProducerActor {
    /// True when it has nothing left to send, and waits for nothing.
    pub fn is_done(&self) -> bool {
        let ended = matches!(
            self.client.txn_phase(),
            TxnPhase::Off | TxnPhase::Ready | TxnPhase::Initializing
        );
        self.client.buffered() == 0 && self.backlog.is_empty() && (ended || self.owner.is_none())
    }

    /// A producer process that has just started.
    pub fn new(config: &scenario::Producer, index: u32) -> Result<Self, Vec<String>> {
        Ok(ProducerActor {
            client: Producer::new(settings_of(config, index))?,
            sticky: StickyPartitioner::new(config.batch_records),
            life: 0,
            up: true,
            handed: 0,
            acked: 0,
            gave_up: 0,
            wake: None,
            out: Vec::new(),
            ready: false,
            owner: None,
            every: config.transaction_messages,
            in_transaction: 0,
            backlog: VecDeque::new(),
            undecided: Vec::new(),
            again: Vec::new(),
            written: Vec::new(),
            id: None,
            latest: NO_CAUSE,
        })
    }
}

impl World {
    /// The next message comes in from the applications.
    pub(super) fn publish(&mut self) {
        self.publishing.arrivals += 1;
        let producer = (self.publishing.arrivals - 1) % self.scenario.producers.len().max(1) as u64;
        self.publish_at(producer as u16);
        self.schedule_publish();
    }

    /// Plans the arrival of the next message, unless enough have come.
    pub(super) fn schedule_publish(&mut self) {
        let load = &self.scenario.load;
        let arrivals = self.publishing.arrivals;
        let mean = 1_000_000 / u64::from(load.rate.max(1));
        let key = FaultKey {
            site: Site::Arrival,
            party: 0,
            entity: arrivals + 1,
            attempt: 1,
        };
        let gap = if load.regular {
            mean
        } else {
            exponential(key.bits(&self.draw), mean)
        };
        let at = self.now + gap;
        let enough = load.messages > 0 && arrivals >= u64::from(load.messages);
        if enough || at > self.scenario.duration.0 {
            self.publishing.ended = true;
            for producer in 0..self.scenario.producers.len() {
                if self.producers[producer].every > 0 {
                    self.publish_backlog(producer as u16);
                    self.drive_producer(producer as u16);
                }
            }
        } else {
            self.queue.push(at, Ev::Publish);
        }
    }

    pub(super) fn publish_at(&mut self, producer: u16) {
        // A dead process takes no orders: whoever calls it hears so at once.
        let Some(actor) = self
            .producers
            .get(usize::from(producer))
            .filter(|actor| actor.up)
        else {
            return;
        };
        if actor.client.buffered() >= actor.client.settings().max_buffered {
            return;
        }
        self.publishing.count += 1;
        let id = self.publishing.count;
        let key = self.key_of(producer, id);
        let sequence = self.next_sequence(key);
        let topics = &self.producer_topics[usize::from(producer)];
        let actor = &mut self.producers[usize::from(producer)];
        let topic = topics[(actor.handed % topics.len() as u64) as usize];
        actor.handed += 1;
        let event = self.record(
            NO_CAUSE,
            Kind::Published {
                producer,
                topic,
                message: id,
                key,
            },
        );
        if let Some(row) = self.messages.get_mut(id) {
            row.last = event;
            row.sequence = sequence;
        }
        let message = Message { id, key };
        self.send_by_application(producer, topic, message);
        self.drive_producer(producer);
    }

    /// The application sends a message: at once, or in its turn within a transaction.
    pub(super) fn send_by_application(&mut self, producer: u16, topic: u16, message: Message) {
        let actor = &mut self.producers[usize::from(producer)];
        if actor.every > 0 {
            actor.backlog.push_back((topic, message));
            self.publish_backlog(producer);
        } else {
            self.hand_over(producer, topic, message);
        }
    }

    pub(super) fn key_of(&self, producer: u16, message: u64) -> u64 {
        let load = &self.scenario.load;
        let users = u64::from(load.users.max(1));
        if load.in_a_row > 0 {
            let handed = self.producers[usize::from(producer)].handed;
            let nth = handed / u64::from(load.in_a_row);
            return (nth * self.scenario.producers.len() as u64 + u64::from(producer)) % users;
        }
        let drawn = FaultKey {
            site: Site::Key,
            party: 0,
            entity: message,
            attempt: 1,
        };
        drawn.bits(&self.draw) % users
    }

    /// The message's number within its key, which a service needs that waits for order.
    pub(super) fn next_sequence(&mut self, key: u64) -> u32 {
        if self.services.iter().all(|service| service.turns.is_none()) {
            return 0;
        }
        let next = self.publishing.sequences.entry(key).or_default();
        *next = next.saturating_add(1);
        *next - 1
    }

    /// A producer that publishes in transactions takes messages only while one is open.
    pub(super) fn publish_backlog(&mut self, producer: u16) {
        loop {
            let actor = &mut self.producers[usize::from(producer)];
            if actor.every == 0 {
                return;
            }
            if actor.backlog.is_empty() {
                return self.close_last(producer);
            }
            match actor.client.txn_phase() {
                TxnPhase::Ready => {
                    if actor.client.begin().is_err() {
                        return;
                    }
                    actor.in_transaction = 0;
                    let (service, member) = (u16::MAX, 0);
                    let kind = Kind::TransactionBegan {
                        producer,
                        service,
                        member,
                    };
                    let cause = actor.latest;
                    let began = self.record(cause, kind);
                    self.producers[usize::from(producer)].latest = began;
                }
                TxnPhase::Open if actor.in_transaction >= actor.every => {
                    let _ = actor.client.commit();
                }
                TxnPhase::Open => {
                    actor.in_transaction += 1;
                    let Some((topic, message)) = actor.backlog.pop_front() else {
                        return;
                    };
                    self.hand_over(producer, topic, message);
                }
                TxnPhase::MustAbort(_) | TxnPhase::Fatal(_) => {
                    return self.abort_transaction(producer);
                }
                _ => return,
            }
            let actor = &mut self.producers[usize::from(producer)];
            if actor.in_transaction >= actor.every && actor.client.txn_phase() == TxnPhase::Open {
                let _ = actor.client.commit();
                return;
            }
        }
    }

    /// When nothing more comes in, the application commits what it has begun.
    fn close_last(&mut self, producer: u16) {
        let ended = self.publishing.ended;
        let actor = &mut self.producers[usize::from(producer)];
        if ended && actor.in_transaction > 0 && actor.client.txn_phase() == TxnPhase::Open {
            // It is open, which is all that could be wrong.
            let _ = actor.client.commit();
        }
    }

    pub(super) fn transaction_ended(&mut self, producer: u16, committed: bool) {
        match self.producers[usize::from(producer)].owner {
            Some(seat) => self.batch_transaction_ended(seat, committed),
            None => {
                self.decided(producer, committed);
                self.publish_backlog(producer);
            }
        }
    }

    /// Sends the output record of an instance.
    pub(super) fn send_output(&mut self, seat: Seat, message: Message) {
        let Some(producer) = self
            .member(seat.service, seat.member)
            .and_then(|actor| actor.producer)
        else {
            return;
        };
        let Some(&topic) = self.producer_topics[usize::from(producer)].first() else {
            return;
        };
        self.hand_over(producer, topic, message);
        self.drive_producer(producer);
    }

    /// Gives a message to the producer for one of the topic's partitions (or its one queue).
    pub(super) fn hand_over(&mut self, producer: u16, topic: u16, message: Message) {
        let at = TopicPartition {
            topic: u32::from(topic),
            partition: self.pick_partition(producer, topic, message),
        };
        let leader = self.leader_of(at);
        let actor = &mut self.producers[usize::from(producer)];
        actor.client.set_leader(at, leader);
        // The buffer was checked before; a transaction that cannot take it drops it, as the application would.
        let _ = actor.client.send(message, at, self.now);
    }

    pub(super) fn pick_partition(&mut self, producer: u16, topic: u16, message: Message) -> u32 {
        let partitions = self.partitions_of(topic);
        if self.scenario.load.keyed {
            return partition_for_key(message.key, partitions);
        }
        let key = FaultKey {
            site: Site::Key,
            party: 1,
            entity: message.id,
            attempt: 1,
        };
        let draw = key.bits(&self.draw) as u32;
        let actor = &mut self.producers[usize::from(producer)];
        let queues: Vec<Option<u32>> = (0..partitions)
            .map(|partition| {
                Some(actor.client.queue(TopicPartition {
                    topic: u32::from(topic),
                    partition,
                }))
            })
            .collect();
        actor.sticky.next(&queues, draw)
    }
}
