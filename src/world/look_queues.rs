//! What can be seen of queues and channels.

use crate::broker::amqp;
use crate::broker::lease;
use crate::broker::wire::{Micros, TopicPartition};

use super::World;
use super::amqp::{AmqpActor, SHELF};
use super::lease::LeaseActor;
use super::queues::Body;

/// Most messages of a queue that are listed.
const ITEMS: usize = 64;

/// A queue, with its dead-letter queue.
#[derive(Clone, Debug)]
pub struct QueueLook {
    /// The service that receives from it, if it is only one.
    pub service: Option<u16>,
    /// What it holds, in queue order, at most 64.
    pub items: Vec<ItemLook>,
    /// How many can be received, or wait for their delay.
    pub visible: u64,
    /// How many somebody holds.
    pub in_flight: u64,
    /// The newest dead letters, at most 16.
    pub dead: Vec<u64>,
    /// How many there are; of RabbitMQ's, how many there have been.
    pub dead_total: u64,
}

/// A message in a queue.
#[derive(Clone, Copy, Debug)]
pub struct ItemLook {
    /// The message.
    pub message: u64,
    /// How often it was given to a receiver.
    pub receives: u32,
    /// Who holds it, since when, and until when; RabbitMQ's have no such end, and it is `since` again.
    pub lease: Option<(u16, Micros, Micros)>,
}

impl World {
    /// The queues behind a topic; none where it is a log, or stores nothing.
    pub fn queue_looks(&self, topic: u16) -> Vec<QueueLook> {
        match self.body(u32::from(topic)) {
            Some(Body::Lease(body)) => body.queues.iter().map(lease_look).collect(),
            Some(Body::Amqp(body)) => body.queues.iter().map(amqp_look).collect(),
            _ => Vec::new(),
        }
    }

    /// Of a channel that stores nothing: messages that were heard by somebody, and by nobody.
    pub fn channel_look(&self, topic: u16) -> Option<(u64, u64)> {
        match self.body(u32::from(topic))? {
            Body::PubSub(body) => Some((body.sent, body.unheard)),
            _ => None,
        }
    }

    /// Messages that wait for a service in queues or output buffers.
    pub fn backlog(&self, service: u16) -> u64 {
        let Some(actor) = self.services.get(usize::from(service)) else {
            return 0;
        };
        let of = |&topic| match self.body(topic) {
            Some(Body::PubSub(body)) => body.buffered_for(service) as u64,
            Some(Body::Log) | None => 0,
            Some(_) => self
                .queue_of(topic, service)
                .map_or(0, |at| self.ready_in(at)),
        };
        actor.topics.iter().map(of).sum()
    }

    fn ready_in(&self, at: TopicPartition) -> u64 {
        let leased = |actor: &LeaseActor| {
            actor
                .queue
                .len()
                .saturating_sub(u64::from(actor.queue.in_flight()))
        };
        let lease = self.lease(at).map(leased);
        lease
            .or_else(|| self.amqp(at).map(|actor| actor.queue.ready()))
            .unwrap_or(0)
    }
}

fn lease_look(actor: &LeaseActor) -> QueueLook {
    let item = |entry: lease::Entry| ItemLook {
        message: entry.message.id,
        receives: entry.receive_count,
        lease: match entry.state {
            lease::State::InFlight {
                holder,
                since,
                until,
            } => Some((holder as u16, since, until)),
            _ => None,
        },
    };
    let in_flight = u64::from(actor.queue.in_flight());
    let newest = actor.dead.len().saturating_sub(SHELF as u64) as usize;
    QueueLook {
        service: actor
            .readers
            .first()
            .copied()
            .filter(|_| actor.readers.len() == 1),
        items: actor.queue.iter().take(ITEMS).map(item).collect(),
        visible: actor.queue.len().saturating_sub(in_flight),
        in_flight,
        dead: actor
            .dead
            .iter()
            .skip(newest)
            .map(|entry| entry.message.id)
            .collect(),
        dead_total: actor.dead.len(),
    }
}

fn amqp_look(actor: &AmqpActor) -> QueueLook {
    let item = |entry: amqp::Entry| ItemLook {
        message: entry.message.id,
        receives: entry.deliveries,
        lease: match entry.state {
            amqp::State::Unacked { channel, since, .. } => {
                Some(((channel >> 16) as u16, since, since))
            }
            amqp::State::Ready => None,
        },
    };
    QueueLook {
        service: Some(actor.service),
        items: actor.queue.iter().take(ITEMS).map(item).collect(),
        visible: actor.queue.ready(),
        in_flight: actor.queue.unacked(),
        dead: actor.shelf.iter().copied().collect(),
        dead_total: actor.dead,
    }
}
