//! Producers send, wait, and send again.

use super::packet::{About, Way};
use super::publish::{Outstanding, ProduceCargo, ProducedCargo};
use super::{Cargo, Ev, World};
use crate::broker::wire::{BrokerId, ErrorCode, Message, TopicPartition};
use crate::client::producer::{
    Acks, FailReason, ProduceRequest, Producer, ProducerEvent, TxnPhase,
};
use crate::sim::{FaultKey, PPM, Site};
use crate::trace::{Code, EventId, Kind, Leg, NO_CAUSE, Party, Place, Why};
use std::sync::Arc;

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

impl World {
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
        let actor = &mut self.producers[usize::from(producer)];
        actor.life += 1;
        let latest = actor.latest;
        self.producer_returns(producer, latest);
        if let Some(seat) = self.producers[usize::from(producer)].owner {
            self.batch_transaction_ended(seat, false);
        }
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

    pub(super) fn send_produce(&mut self, producer: u16, request: ProduceRequest) {
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
            self.producers[usize::from(producer)].latest = sent;
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
    pub(super) fn maybe_double(
        &mut self,
        way: Way,
        about: About,
        cause: EventId,
        cargo: &ProduceCargo,
    ) {
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
    pub(super) fn tell_application(&mut self, producer: u16) {
        while let Some(event) = self.producers[usize::from(producer)].client.next_event() {
            match event {
                ProducerEvent::Acknowledged {
                    messages,
                    partition,
                    ..
                } => self.acknowledged(producer, &messages, partition),
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

    pub(super) fn acknowledged(&mut self, producer: u16, messages: &[Message], at: TopicPartition) {
        let actor = &mut self.producers[usize::from(producer)];
        let out = actor
            .out
            .iter()
            .find(|out| out.messages.first() == messages.first());
        let attempt = out.map_or(1, |out| out.attempt);
        let owner = actor.owner;
        if actor.every > 0 {
            let topic = at.topic as u16;
            let stored = messages.iter().map(|message| (topic, *message, attempt));
            return actor.undecided.extend(stored);
        }
        for message in messages {
            self.known_to_be_stored(producer, message.id, attempt);
            if let Some(seat) = owner {
                self.output_answered(seat, message.id, true);
            }
        }
    }

    fn known_to_be_stored(&mut self, producer: u16, message: u64, attempt: u32) {
        self.producers[usize::from(producer)].acked += 1;
        let row = self.messages.get(message);
        let cause = row.map_or(NO_CAUSE, |row| row.last);
        self.record(
            cause,
            Kind::Acked {
                producer,
                message,
                attempt,
            },
        );
    }

    /// The transaction of an application has ended: only now is what it stored there to stay, or not.
    pub(super) fn decided(&mut self, producer: u16, committed: bool) {
        let undecided = std::mem::take(&mut self.producers[usize::from(producer)].undecided);
        for (topic, message, attempt) in undecided {
            if committed {
                self.known_to_be_stored(producer, message.id, attempt);
            } else {
                self.given_up(producer, message, topic, Why::Aborted);
            }
        }
    }

    /// The application learns that a message failed, and may send it again.
    fn given_up(&mut self, producer: u16, message: Message, topic: u16, why: Why) {
        let row = self.messages.get(message.id);
        let cause = row.map_or(NO_CAUSE, |row| row.last);
        self.producers[usize::from(producer)].gave_up += 1;
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
                self.send_by_application(producer, topic, message);
            }
            None => {}
        }
    }

    pub(super) fn failed(
        &mut self,
        producer: u16,
        messages: &[Message],
        reason: FailReason,
        at: TopicPartition,
    ) {
        let why = match reason {
            FailReason::DeliveryTimeout => Why::DeliveryTimeout,
            FailReason::Refused(ErrorCode::NetworkException) => Why::RetriesUsedUp,
            FailReason::Refused(code) => Why::Answer(Code(code)),
            FailReason::TransactionAborted => Why::Aborted,
        };
        for message in messages {
            self.given_up(producer, *message, at.topic as u16, why);
        }
        if self.producers[usize::from(producer)].every > 0 || self.in_open_transaction(producer) {
            self.abort_transaction(producer);
        }
    }

    pub(super) fn in_open_transaction(&self, producer: u16) -> bool {
        let phase = self.producers[usize::from(producer)].client.txn_phase();
        matches!(phase, TxnPhase::MustAbort(_) | TxnPhase::Fatal(_))
    }

    /// Requests on a connection were given up: nobody knows what became of them.
    pub(super) fn timed_out(&mut self, producer: u16, connection: BrokerId) {
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

    /// The producer's process dies: what it had buffered or in flight is gone, and so is its producer id. An
    /// application that keeps its messages elsewhere until they are stored sends them again when it is back.
    pub(super) fn producer_dies(&mut self, producer: u16, cause: EventId) {
        let resend = self.scenario.producers.get(usize::from(producer));
        let resend = resend.is_some_and(|config| config.resend);
        let actor = &mut self.producers[usize::from(producer)];
        actor.up = false;
        actor.life += 1;
        actor.wake = None;
        actor.out.clear();
        let undecided = actor.undecided.drain(..).map(|(topic, m, _)| (topic, m));
        let unfinished = actor.client.unfinished().into_iter();
        let unfinished = unfinished.map(|(at, message)| (at.topic as u16, message));
        let mut lost: Vec<(u16, Message)> = undecided.chain(unfinished).collect();
        lost.extend(actor.backlog.drain(..));
        lost.sort_by_key(|(_, message)| message.id);
        lost.dedup();
        actor.gave_up += lost.len() as u64;
        if resend {
            actor.again.clone_from(&lost);
        }
        for (_, message) in lost {
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
    pub(super) fn producer_returns(&mut self, producer: u16, cause: EventId) {
        let actor = &mut self.producers[usize::from(producer)];
        actor.latest = cause;
        if let Ok(fresh) = Producer::new(actor.client.settings().clone()) {
            actor.client = fresh;
            actor.up = true;
            actor.ready = false;
            actor.out.clear();
            for (topic, message) in std::mem::take(&mut actor.again) {
                self.send_by_application(producer, topic, message);
            }
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
