//! Applications publish; producers send, wait, and send again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::broker::wire::{BrokerId, ErrorCode, Message, Micros, TopicPartition};
use crate::client::partitioner::{StickyPartitioner, partition_for_key};
use crate::client::producer::{
    Acks, FailReason, ProduceRequest, Produced, Producer, ProducerEvent, ProducerSettings, TxnPhase,
};
use crate::scenario;
use crate::sim::{FaultKey, PPM, Site, exponential};
use crate::trace::{Code, EventId, Kind, Leg, NO_CAUSE, Party, Place, Why};

use super::member::Seat;
use super::packet::{About, Way};
use super::{Cargo, Ev, World};

/// What has been published so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Publishing {
    /// Messages handed to producers; also the id of the last one.
    pub count: u64,
    /// Arrivals drawn, those turned away by a dead producer among them.
    arrivals: u64,
    /// Messages of each key so far, where a service waits for order.
    sequences: BTreeMap<u64, u32>,
    /// No more messages come.
    pub ended: bool,
}

/// A producer process.
#[derive(Clone, Debug)]
pub(super) struct ProducerActor {
    pub client: Producer,
    sticky: StickyPartitioner,
    /// Number of this process's life; what was meant for an earlier life is dropped.
    pub life: u32,
    pub up: bool,
    /// Messages its application has handed to it.
    handed: u64,
    pub acked: u64,
    pub gave_up: u64,
    wake: Option<Micros>,
    pub out: Vec<Outstanding>,
    /// It has its producer id.
    pub ready: bool,
    /// The instance it belongs to, where it belongs to one.
    pub owner: Option<Seat>,
    /// Messages a transaction, 0 for none.
    pub every: u32,
    in_transaction: u32,
    backlog: VecDeque<(u16, Message)>,
    /// Messages the open transaction has written into logs.
    pub written: Vec<u64>,
}

/// A request that was sent and not heard back about.
#[derive(Clone, Debug)]
pub(super) struct Outstanding {
    pub request: u64,
    connection: BrokerId,
    pub messages: Arc<[Message]>,
    pub attempt: u32,
    first_sent: EventId,
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
            written: Vec::new(),
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
        } else {
            self.queue.push(at, Ev::Publish);
        }
    }

    fn publish_at(&mut self, producer: u16) {
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
        if self.producers[usize::from(producer)].every > 0 {
            self.producers[usize::from(producer)]
                .backlog
                .push_back((topic, message));
            self.publish_backlog(producer);
        } else {
            self.hand_over(producer, topic, message);
        }
        self.drive_producer(producer);
    }

    fn key_of(&self, producer: u16, message: u64) -> u64 {
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
    fn next_sequence(&mut self, key: u64) -> u32 {
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
            if actor.every == 0 || actor.backlog.is_empty() {
                return;
            }
            match actor.client.txn_phase() {
                TxnPhase::Ready => {
                    if actor.client.begin().is_err() {
                        return;
                    }
                    actor.in_transaction = 0;
                    let (service, member) = (u16::MAX, 0);
                    self.record(
                        NO_CAUSE,
                        Kind::TransactionBegan {
                            producer,
                            service,
                            member,
                        },
                    );
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

    fn transaction_ended(&mut self, producer: u16, committed: bool) {
        match self.producers[usize::from(producer)].owner {
            Some(seat) => self.batch_transaction_ended(seat, committed),
            None => self.publish_backlog(producer),
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

    /// The messages of a request that is not answered yet.
    pub(super) fn outstanding(&self, producer: u16, request: u64) -> Vec<u64> {
        let out = self.producers[usize::from(producer)]
            .out
            .iter()
            .find(|out| out.request == request);
        out.map_or(Vec::new(), |out| {
            out.messages.iter().map(|m| m.id).collect()
        })
    }

    /// A fenced producer is of no use any more; its owner makes a new one.
    pub(super) fn replace_producer(&mut self, producer: u16) {
        self.producers[usize::from(producer)].life += 1;
        self.producer_returns(producer);
        if let Some(seat) = self.producers[usize::from(producer)].owner {
            self.batch_transaction_ended(seat, false);
        }
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

    fn pick_partition(&mut self, producer: u16, topic: u16, message: Message) -> u32 {
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

    /// Lets the producer do what is due: send requests, tell its application, set its alarm.
    pub(super) fn drive_producer(&mut self, producer: u16) {
        let now = self.now;
        let mut requests = Vec::new();
        let actor = &mut self.producers[usize::from(producer)];
        if !actor.up {
            return;
        }
        actor.client.poll(now, &mut requests);
        for request in requests {
            self.send_produce(producer, request);
        }
        self.drive_control(producer);
        self.tell_application(producer);
        let actor = &mut self.producers[usize::from(producer)];
        if let Some(at) = actor.client.next_wake(now) {
            let at = at.max(now + 1);
            if actor
                .wake
                .is_none_or(|planned| planned > at || planned <= now)
            {
                actor.wake = Some(at);
                let life = actor.life;
                self.queue.push(at, Ev::ProducerTimer { producer, life });
            }
        }
    }

    pub(super) fn producer_timer(&mut self, producer: u16, life: u32) {
        let draw = self.draw;
        let now = self.now;
        let actor = &mut self.producers[usize::from(producer)];
        if !actor.up || actor.life != life {
            return;
        }
        actor.wake = None;
        actor
            .client
            .on_timer(now, &mut |request| jitter(&draw, producer, request));
        self.drive_producer(producer);
    }

    fn send_produce(&mut self, producer: u16, request: ProduceRequest) {
        let attempt = request.attempt;
        let messages = Arc::clone(&request.batch.messages);
        let mut first_sent = NO_CAUSE;
        for message in messages.iter() {
            let cause = self
                .messages
                .get(message.id)
                .map_or(NO_CAUSE, |row| row.last);
            let sent = self.record(
                cause,
                Kind::Sent {
                    producer,
                    message: message.id,
                    attempt,
                },
            );
            if first_sent == NO_CAUSE {
                first_sent = sent;
            }
            if let Some(row) = self.messages.get_mut(message.id) {
                row.last = sent;
            }
        }
        let (at, connection) = (request.partition, request.connection);
        let answered = request.acks != Acks::Zero;
        let way = Way {
            leg: Leg::Request,
            from: self.producer_place(producer),
            to: self.channel_place(at),
        };
        let first = messages.first().map_or(0, |message| message.id);
        let about = About {
            message: first,
            count: messages.len() as u32,
            attempt,
            ..About::default()
        };
        let actor = &mut self.producers[usize::from(producer)];
        let life = actor.life;
        if answered {
            let request = request.id;
            actor.out.push(Outstanding {
                request,
                connection,
                messages,
                attempt,
                first_sent,
            });
        }
        let cargo = ProduceCargo {
            producer,
            life,
            request,
        };
        self.maybe_double(way, about, first_sent, &cargo);
        self.send(way, about, first_sent, Cargo::Produce(cargo));
    }

    /// The network may deliver the request a second time.
    fn maybe_double(&mut self, way: Way, about: About, cause: EventId, cargo: &ProduceCargo) {
        let fault = FaultKey {
            site: Site::Duplication,
            party: 0,
            entity: about.message,
            attempt: about.attempt,
        };
        if !self
            .plan
            .fires(&self.draw, fault, self.scenario.faults.duplicate.0)
        {
            return;
        }
        let (leg, attempt) = (Leg::Request, about.attempt);
        for (message, nth) in cargo.request.batch.messages.iter().zip(0..) {
            self.record(
                cause + nth,
                Kind::PacketDoubled {
                    leg,
                    message: message.id,
                    attempt,
                    fault,
                },
            );
        }
        self.send_double(way, about, cause, Cargo::Produce(cargo.clone()));
    }

    /// The broker's answer has reached the producer.
    pub(super) fn produced(&mut self, cargo: ProducedCargo) {
        let producer = cargo.producer;
        let draw = jitter(&self.draw, producer, cargo.request);
        let now = self.now;
        let actor = &mut self.producers[usize::from(producer)];
        if !actor.up || actor.life != cargo.life {
            return;
        }
        actor
            .client
            .on_response(cargo.request, cargo.answer, now, draw);
        self.tell_application(producer);
        let actor = &mut self.producers[usize::from(producer)];
        actor.out.retain(|out| out.request != cargo.request);
        self.drive_producer(producer);
    }

    /// Writes down what the producer tells its application, and does what the application then does.
    fn tell_application(&mut self, producer: u16) {
        while let Some(event) = self.producers[usize::from(producer)].client.next_event() {
            match event {
                ProducerEvent::Acknowledged { messages, .. } => {
                    self.acknowledged(producer, &messages)
                }
                ProducerEvent::Failed {
                    messages,
                    reason,
                    partition,
                    ..
                } => {
                    self.failed(producer, &messages, reason, partition);
                }
                ProducerEvent::ConnectionClosed { connection } => {
                    self.timed_out(producer, connection)
                }
                ProducerEvent::TransactionEnded { committed } => {
                    self.transaction_ended(producer, committed)
                }
            }
        }
    }

    fn acknowledged(&mut self, producer: u16, messages: &[Message]) {
        let actor = &mut self.producers[usize::from(producer)];
        actor.acked += messages.len() as u64;
        let out = actor
            .out
            .iter()
            .find(|out| out.messages.first() == messages.first());
        let attempt = out.map_or(1, |out| out.attempt);
        let owner = actor.owner;
        for message in messages {
            let cause = self
                .messages
                .get(message.id)
                .map_or(NO_CAUSE, |row| row.last);
            self.record(
                cause,
                Kind::Acked {
                    producer,
                    message: message.id,
                    attempt,
                },
            );
            if let Some(seat) = owner {
                self.output_answered(seat, message.id, true);
            }
        }
    }

    fn failed(
        &mut self,
        producer: u16,
        messages: &[Message],
        reason: FailReason,
        at: TopicPartition,
    ) {
        self.producers[usize::from(producer)].gave_up += messages.len() as u64;
        let why = match reason {
            FailReason::DeliveryTimeout => Why::DeliveryTimeout,
            FailReason::Refused(ErrorCode::NetworkException) => Why::RetriesUsedUp,
            FailReason::Refused(code) => Why::Answer(Code(code)),
            FailReason::TransactionAborted => Why::Aborted,
        };
        for message in messages {
            let cause = self
                .messages
                .get(message.id)
                .map_or(NO_CAUSE, |row| row.last);
            self.record(
                cause,
                Kind::GaveUp {
                    producer,
                    message: message.id,
                    why,
                },
            );
            match self.producers[usize::from(producer)].owner {
                Some(seat) => self.output_answered(seat, message.id, false),
                None if self.scenario.producers[usize::from(producer)].resend => {
                    self.hand_over(producer, at.topic as u16, *message);
                }
                None => {}
            }
        }
        if self.producers[usize::from(producer)].every > 0 || self.in_open_transaction(producer) {
            self.abort_transaction(producer);
        }
    }

    fn in_open_transaction(&self, producer: u16) -> bool {
        let phase = self.producers[usize::from(producer)].client.txn_phase();
        matches!(phase, TxnPhase::MustAbort(_) | TxnPhase::Fatal(_))
    }

    /// Requests on a connection were given up: nobody knows what became of them.
    fn timed_out(&mut self, producer: u16, connection: BrokerId) {
        let actor = &mut self.producers[usize::from(producer)];
        let (late, kept) = actor
            .out
            .drain(..)
            .partition(|out| out.connection == connection);
        actor.out = kept;
        let late: Vec<Outstanding> = late;
        for out in late {
            let attempt = out.attempt;
            for (message, nth) in out.messages.iter().zip(0..) {
                let message = message.id;
                let event = self.record(
                    out.first_sent + nth,
                    Kind::TimedOut {
                        producer,
                        message,
                        attempt,
                    },
                );
                if let Some(row) = self.messages.get_mut(message) {
                    row.last = event;
                }
            }
        }
    }

    /// The producer's process dies: what it had buffered or in flight is gone, and so is its producer id.
    pub(super) fn producer_dies(&mut self, producer: u16, cause: EventId) {
        let actor = &mut self.producers[usize::from(producer)];
        actor.up = false;
        actor.life += 1;
        actor.wake = None;
        let lost: Vec<Message> = actor
            .out
            .drain(..)
            .flat_map(|out| out.messages.to_vec())
            .collect();
        actor.gave_up += lost.len() as u64;
        for message in lost {
            self.record(
                cause,
                Kind::GaveUp {
                    producer,
                    message: message.id,
                    why: Why::ProducerDied,
                },
            );
        }
    }

    /// And it comes back, empty.
    pub(super) fn producer_returns(&mut self, producer: u16) {
        let actor = &mut self.producers[usize::from(producer)];
        if let Ok(fresh) = Producer::new(actor.client.settings().clone()) {
            actor.client = fresh;
            actor.up = true;
            actor.ready = false;
            actor.out.clear();
            actor.written.clear();
            self.drive_producer(producer);
        }
    }

    /// A new leader is known to the producers as soon as there is one.
    pub(super) fn leader_changed(&mut self, at: TopicPartition) {
        let leader = self.leader_of(at);
        for producer in 0..self.producers.len() {
            self.producers[producer].client.set_leader(at, leader);
            self.drive_producer(producer as u16);
        }
    }
}

/// Chance for a producer's backoff, in parts per million.
pub(super) fn jitter(draw: &crate::sim::Draw, producer: u16, request: u64) -> u32 {
    let key = FaultKey {
        site: Site::Backoff,
        party: u32::from(producer),
        entity: request,
        attempt: 1,
    };
    (key.bits(draw) % u64::from(PPM)) as u32
}

/// The place of a producer.
pub(super) fn producer_place(producer: u16) -> Place {
    Place::Party(Party::Producer(producer))
}
