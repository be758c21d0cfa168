//! SNS in the world: one copy of each message for every subscribed service's queue.

use crate::broker::sns::{Attempt, SnsTopic};
use crate::broker::wire::{Message, TopicPartition};
use crate::trace::{EventId, Leg, NO_CAUSE};

use super::packet::{About, Way};
use super::queues::{Body, QueueCargo};
use super::{Cargo, World};

impl World {
    fn sns(&mut self, topic: u16) -> Option<&mut SnsTopic> {
        match self.body_mut(u32::from(topic))? {
            Body::Lease(topic) => topic.sns.as_mut(),
            _ => None,
        }
    }

    /// `Publish`: SNS has it, and hands a copy to each queue.
    pub(super) fn publish_to_sns(&mut self, topic: u16, message: Message) {
        let now = self.now;
        if let Some(sns) = self.sns(topic) {
            sns.publish(now, message);
        }
        self.fan_out(topic);
    }

    pub(super) fn fan_out(&mut self, topic: u16) {
        let now = self.now;
        while let Some(attempt) = self.sns(topic).and_then(|sns| sns.pop_due(now)) {
            let at = TopicPartition {
                topic: u32::from(topic),
                partition: attempt.subscription,
            };
            let message = attempt.message.id;
            let about = About {
                message,
                count: 1,
                attempt: attempt.retry + 1,
                service: attempt.subscription as u16,
                refused: false,
            };
            let way = Way {
                leg: Leg::Replication,
                from: self.channel_place(at),
                to: self.queue_place(at),
            };
            let cause = self.messages.get(message).map_or(NO_CAUSE, |row| row.last);
            let cargo = QueueCargo::Copy { topic, attempt };
            self.send(way, about, cause, Cargo::Queue(cargo));
        }
        if let Some(next) = self.sns(topic).and_then(|sns| sns.next_deadline()) {
            let at = TopicPartition {
                topic: u32::from(topic),
                partition: u32::MAX,
            };
            self.plan_queue(at, next);
        }
    }

    /// A copy is at its queue; SNS hears at once whether the queue took it.
    pub(super) fn copy_arrives(&mut self, topic: u16, attempt: Attempt, cause: EventId) {
        let at = TopicPartition {
            topic: u32::from(topic),
            partition: attempt.subscription,
        };
        if !self.queues_up() {
            return self.copy_failed(topic, attempt.delivery);
        }
        if let Some(sns) = self.sns(topic) {
            sns.delivered(attempt.delivery);
        }
        self.enqueue(at, attempt.message, cause);
    }

    fn copy_failed(&mut self, topic: u16, delivery: u64) {
        let now = self.now;
        if let Some(sns) = self.sns(topic) {
            sns.failed(now, delivery, 0);
        }
        self.fan_out(topic);
    }

    /// A copy was lost on its way to the queue.
    pub(super) fn copy_fell(&mut self, topic: u16, queue: u16, message: u64) {
        let sns = self.sns(topic);
        let delivery = sns.and_then(|sns| sns.under_way(u32::from(queue), message));
        if let Some(delivery) = delivery {
            self.copy_failed(topic, delivery);
        }
    }
}
