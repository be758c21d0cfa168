//! SQS in the world: deletes, longer leases, dead letters and their way back.

use crate::broker::lease::{Deleted, ReceiptHandle, Transfer};
use crate::broker::wire::{Message, Micros, TopicPartition};
use crate::trace::{EventId, Kind, Leg, Why};

use super::packet::{About, Way};
use super::queues::{Body, How, QueueCargo, QueueEv, Settlement};
use super::{Cargo, Ev, World};

/// From a delete's arrival to its being recorded on the queue's servers.
const WRITE: Micros = 5_000;

impl World {
    /// A delete or a longer lease is asked for.
    pub(super) fn settle_lease(&mut self, settlement: Settlement, cause: EventId) {
        let Settlement {
            seat,
            at,
            receipt,
            message,
            how,
            ..
        } = settlement;
        self.pop_leases(at);
        let now = self.now;
        let Some(actor) = self.lease_mut(at) else {
            return;
        };
        let handle = ReceiptHandle(receipt);
        let taken = match how {
            How::Extend => {
                let timeout = actor.queue.config().visibility_timeout;
                actor.queue.change_visibility(now, handle, timeout).is_ok()
            }
            _ => actor.queue.delete_arrived(now, handle).is_ok(),
        };
        let (service, member) = (seat.service, seat.member);
        match (taken, how) {
            (false, _) => self.stale(settlement, cause),
            (true, How::Extend) => {
                let until = now + self.lease_config(at).map_or(0, |c| c.visibility_timeout.0);
                let kind = Kind::LeaseExtended {
                    service,
                    member,
                    message,
                    until,
                };
                self.happened(at, message, kind);
            }
            (true, _) => {
                if let Some(actor) = self.lease_mut(at) {
                    actor.writing.push((settlement, cause));
                }
                let write = QueueEv::Write { at, receipt };
                self.queue.push(now + WRITE, Ev::Queue(write));
            }
        }
        self.serve_receives(at);
    }

    /// A FIFO queue refuses the receipt, or it changes nothing.
    fn stale(&mut self, settlement: Settlement, cause: EventId) {
        let Settlement { seat, message, .. } = settlement;
        let (service, member) = (seat.service, seat.member);
        let kind = Kind::StaleReceipt {
            service,
            member,
            message,
        };
        let event = self.record(cause, kind);
        if settlement.how == How::Ack {
            self.answer_delete(settlement, false, event);
        }
    }

    /// The queue's servers have recorded a delete, unless one of them crashed before.
    pub(super) fn delete_written(&mut self, at: TopicPartition, receipt: u64) {
        self.pop_leases(at);
        let now = self.now;
        let Some(actor) = self.lease_mut(at) else {
            return;
        };
        let same = |(s, _): &(Settlement, EventId)| s.receipt == receipt;
        let Some(place) = actor.writing.iter().position(same) else {
            return;
        };
        let (settlement, cause) = actor.writing.remove(place);
        let result = actor.queue.delete_recorded(now, ReceiptHandle(receipt));
        let Settlement { seat, message, .. } = settlement;
        let (service, member) = (seat.service, seat.member);
        match result {
            Some(Ok(Deleted::Removed(_))) => {
                let kind = Kind::Deleted {
                    service,
                    member,
                    message,
                };
                let event = self.record(cause, kind);
                self.remember(at, message, event);
                self.answer_delete(settlement, true, event);
            }
            // To its sender a delete that changed nothing looks like any other.
            Some(Ok(_)) => {
                let kind = Kind::StaleReceipt {
                    service,
                    member,
                    message,
                };
                let event = self.record(cause, kind);
                self.answer_delete(settlement, true, event);
            }
            Some(Err(_)) => self.stale(settlement, cause),
            None => {}
        }
        self.serve_receives(at);
    }

    fn answer_delete(&mut self, settlement: Settlement, done: bool, cause: EventId) {
        let Settlement {
            seat,
            at,
            receipt,
            message,
            ..
        } = settlement;
        let way = Way {
            leg: Leg::CommitAck,
            from: self.queue_place(at),
            to: seat.place(),
        };
        let about = About {
            message,
            count: 1,
            attempt: self.deliveries(seat.service, message),
            service: seat.service,
            refused: !done,
        };
        let cargo = QueueCargo::Settled {
            seat,
            receipt,
            done,
        };
        self.send(way, about, cause, Cargo::Queue(cargo));
    }

    /// Received as often as it may be: instead of one receive more it goes to the dead-letter queue.
    pub(super) fn bury(&mut self, at: TopicPartition, letter: Transfer) {
        let now = self.now;
        let Some(actor) = self.lease_mut(at) else {
            return;
        };
        actor.dead.accept_dead_letter(now, letter);
        let readers = actor.readers.clone();
        let (message, why) = (letter.message.id, Why::ReceivedTooOften);
        for service in readers {
            let kind = Kind::DeadLettered {
                service,
                message,
                why,
            };
            self.happened(at, message, kind);
        }
    }

    /// The application sends a message to the dead-letter queue itself.
    pub(super) fn send_to_dead(&mut self, at: TopicPartition, message: Message) {
        let now = self.now;
        if let Some(actor) = self.lease_mut(at) {
            let letter = Transfer {
                message,
                group: message.key,
                sent_at: now,
                receive_count: 0,
            };
            actor.dead.accept_dead_letter(now, letter);
        }
    }

    /// The dead letters go back to where they came from.
    pub(super) fn redrive(&mut self, at: TopicPartition) {
        let now = self.now;
        self.pop_leases(at);
        let Some(actor) = self.lease_mut(at) else {
            return;
        };
        let letters = actor.dead.redrive(now, u32::MAX);
        let readers = actor.readers.clone();
        for &letter in &letters {
            actor.queue.accept_redriven(now, letter);
        }
        for letter in letters {
            let message = letter.message.id;
            for &service in &readers {
                self.happened(at, message, Kind::Redriven { service, message });
            }
        }
        self.serve_receives(at);
    }

    /// One of the queue's servers is gone, and with it the deletes that were not recorded.
    pub(super) fn lease_server_dies(&mut self, topic: u32) {
        if let Some(Body::Lease(topic)) = self.body_mut(topic) {
            for actor in &mut topic.queues {
                actor.queue.crash();
                actor.writing.clear();
                actor.waiting.clear();
            }
        }
    }
}
