//! How an instance settles what a queue gave it: ack, delete, reject, give back, hold longer.

use crate::broker::wire::TopicPartition;
use crate::client::consumer::ConsumerRecord;
use crate::scenario::CommitWhen;
use crate::trace::Leg;

use super::member::Seat;
use super::packet::{About, Way};
use super::queues::{Body, How, QueueCargo, Settlement};
use super::{Cargo, World};

impl World {
    /// Settles the record under work. `Some`: the answer is waited for.
    pub(super) fn ack_record(&mut self, seat: Seat, record: ConsumerRecord) -> Option<u64> {
        let (now, patience) = (self.now, self.patience());
        let receiver = self.receiver(seat)?;
        let rejects = std::mem::take(&mut receiver.rejects);
        let how = if rejects { How::Reject } else { How::Ack };
        match self.body(record.partition.topic)? {
            Body::Lease(_) => {
                let until = now + patience;
                self.receiver(seat)?.deleting = Some((record.offset, until));
                self.send_settlement(seat, record, How::Ack);
                self.wake_receiver(seat, until);
                Some(record.offset)
            }
            Body::Amqp(_) if !self.acks_itself(seat.service) => {
                self.send_settlement(seat, record, how);
                None
            }
            _ => None,
        }
    }

    /// The queue has answered a delete.
    pub(super) fn delete_settled(&mut self, seat: Seat, receipt: u64, done: bool) {
        let Some(receiver) = self.receiver(seat) else {
            return;
        };
        if receiver
            .deleting
            .is_some_and(|(awaited, _)| awaited == receipt)
        {
            receiver.deleting = None;
            self.delete_answered(seat, receipt, done);
        }
    }

    fn send_settlement(&mut self, seat: Seat, record: ConsumerRecord, how: How) {
        let at = record.partition;
        let Some(link) = self.receiver(seat).map(|receiver| receiver.taken_from) else {
            return;
        };
        let settlement = Settlement {
            seat,
            at,
            link,
            receipt: record.offset,
            message: record.message.id,
            how,
        };
        let about = About {
            message: record.message.id,
            count: 1,
            attempt: self.deliveries(seat.service, record.message.id),
            service: seat.service,
            refused: false,
        };
        let way = Way {
            leg: if how == How::Extend {
                Leg::Control
            } else {
                Leg::Commit
            },
            from: seat.place(),
            to: self.queue_place(at),
        };
        let cause = self.queue_cause(at, record.message.id);
        self.send(
            way,
            about,
            cause,
            Cargo::Queue(QueueCargo::Settle(settlement)),
        );
    }

    /// A record the handler gives back: RabbitMQ's is nacked, an SQS lease runs out on its own.
    pub(super) fn return_to_queue(&mut self, seat: Seat, record: ConsumerRecord) {
        let nacks = !self.acks_itself(seat.service);
        match self.body(record.partition.topic) {
            Some(Body::Amqp(_)) if nacks => self.send_settlement(seat, record, How::Requeue),
            Some(Body::Lease(_)) => self.leave_group(seat, record),
            _ => {}
        }
    }

    /// What follows a returned message in its FIFO group is left to its lease as well.
    fn leave_group(&mut self, seat: Seat, record: ConsumerRecord) {
        if self
            .lease_config(record.partition)
            .is_some_and(|config| config.fifo)
            && let Some(actor) = self.seated(seat)
        {
            actor.work.leave_group(record.message.key);
        }
    }

    /// The handler puts a message aside. True: by rejecting it, so the broker says what comes of it.
    pub(super) fn rejects(&mut self, seat: Seat, record: ConsumerRecord) -> bool {
        match self.body(record.partition.topic) {
            Some(Body::Lease(_)) => {
                self.send_to_dead(record.partition, record.message);
                false
            }
            Some(Body::Amqp(_)) if !self.acks_itself(seat.service) => {
                if let Some(receiver) = self.receiver(seat) {
                    receiver.rejects = true;
                }
                true
            }
            _ => false,
        }
    }

    pub(super) fn start_extending(&mut self, seat: Seat, at: TopicPartition) {
        let config = &self.scenario.services[usize::from(seat.service)];
        if !config.extend_lease || config.commit == CommitWhen::Before {
            return;
        }
        let half = self.lease_config(at).map(|c| c.visibility_timeout.0 / 2);
        let extend_at = half.map(|half| self.now + half.max(1));
        if let Some(receiver) = self.receiver(seat) {
            receiver.extend_at = extend_at;
        }
    }

    /// A heartbeat for the leases it holds, at half the visibility timeout.
    pub(super) fn extend_leases(&mut self, seat: Seat) {
        let now = self.now;
        let Some(actor) = self.seated(seat) else {
            return;
        };
        if actor.work.is_idle() {
            actor.receiver.extend_at = None;
        }
        if actor.receiver.extend_at.is_none_or(|at| at > now) {
            return;
        }
        let held: Vec<ConsumerRecord> = actor.work.held().to_vec();
        for &record in &held {
            self.send_settlement(seat, record, How::Extend);
        }
        if let Some(first) = held.first() {
            self.start_extending(seat, first.partition);
        }
    }
}
