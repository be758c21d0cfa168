//! A queue of an AMQP 0-9-1 broker, as RabbitMQ has it: the broker pushes to consumers up to their
//! prefetch, a consumer settles by delivery tag, and what is unsettled when a channel closes comes
//! back. Sources: RabbitMQ's guides on confirms, consumer prefetch, dead letter exchanges, TTL and
//! quorum queues, release notes 4.0.1 and 4.3.0, and the server's modules named at the functions.

mod channel;
mod exchange;
mod types;

pub use exchange::{Exchange, ExchangeKind, confirm};
pub use types::*;

use super::sequence::Sequence;
use super::wire::{Message, Micros};
use channel::{Channel, Unacked};
use std::collections::{BTreeSet, VecDeque};

#[derive(Clone, Copy, Debug)]
struct Slot {
    message: Message,
    published_at: Micros,
    deliveries: u32,
    /// Returns that count against the delivery limit.
    returns: u32,
    state: State,
}

/// One queue with its consumers' channels.
#[derive(Clone, Debug)]
pub struct AmqpQueue {
    config: Config,
    slots: Sequence<Slot>,
    /// From here on nothing was delivered or dropped.
    fresh: u64,
    /// Classic: requeued messages, all before `fresh`.
    back: BTreeSet<u64>,
    /// Quorum: returned messages in order of return.
    returned: VecDeque<u64>,
    unacked: u64,
    /// In order of consuming; the next delivery goes to the first that can take it from `turn` on.
    channels: Vec<Channel>,
    turn: usize,
    dead: VecDeque<DeadLetter>,
    totals: Totals,
}

impl AmqpQueue {
    /// An empty queue without consumers.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            slots: Sequence::default(),
            fresh: 0,
            back: BTreeSet::new(),
            returned: VecDeque::new(),
            unacked: 0,
            channels: Vec::new(),
            turn: 0,
            dead: VecDeque::new(),
            totals: Totals::default(),
        }
    }

    /// The arguments.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Counts since the start.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Messages that wait for a consumer.
    pub fn ready(&self) -> u64 {
        self.slots.len() - self.unacked
    }

    /// Messages delivered and not settled.
    pub fn unacked(&self) -> u64 {
        self.unacked
    }

    /// Every message in the queue, in order of position.
    pub fn iter(&self) -> impl Iterator<Item = Entry> {
        self.slots.iter().map(|(sequence, s)| Entry {
            sequence,
            message: s.message,
            published_at: s.published_at,
            deliveries: s.deliveries,
            state: s.state,
        })
    }

    /// The next message that left unconsumed, oldest first. Call it until `None` after every other
    /// call that changes the queue.
    pub fn pop_dead_letter(&mut self) -> Option<DeadLetter> {
        self.dead.pop_front()
    }

    /// Stores a message and answers the publisher, who may or may not have asked for confirms.
    pub fn publish(&mut self, now: Micros, message: Message) -> Confirm {
        self.expire(now);
        let max = self.config.max_length.unwrap_or(u64::MAX);
        if self.ready() >= max && self.config.overflow == Overflow::RejectPublish {
            self.totals.refused += 1;
            return Confirm::Nack;
        }
        let state = State::Ready;
        self.slots.push(Slot {
            message,
            published_at: now,
            deliveries: 0,
            returns: 0,
            state,
        });
        self.totals.published += 1;
        self.drop_head();
        Confirm::Ack
    }

    /// The next delivery to make now, to the consumers in turn. Call it until `None` after every
    /// publish, consume or settlement.
    pub fn next_delivery(&mut self, now: Micros) -> Option<Delivery> {
        self.expire(now);
        let count = self.channels.len();
        let turns = (0..count).map(|i| (self.turn + i) % count);
        let at = turns.into_iter().find(|&at| self.channels[at].can_take())?;
        let number = self.pop_head()?;
        self.turn = (at + 1) % count;
        let channel = &mut self.channels[at];
        let tag = channel.next_tag();
        let slot = self.slots.get_mut(number)?;
        let redelivered = slot.deliveries > 0;
        slot.deliveries += 1;
        let (id, auto_ack) = (channel.id, channel.auto_ack);
        let message = slot.message;
        slot.state = State::Unacked {
            channel: id,
            tag,
            since: now,
        };
        self.totals.deliveries += 1;
        if auto_ack {
            self.slots.remove(number);
            self.totals.auto_acked += 1;
        } else {
            channel.unacked.push_back(Unacked {
                tag,
                number,
                since: now,
            });
            self.unacked += 1;
        }
        Some(Delivery {
            channel: id,
            tag,
            message,
            redelivered,
            auto_ack,
        })
    }

    /// When a message's TTL or a consumer's timeout is over next.
    pub fn next_deadline(&self) -> Option<Micros> {
        let ttl = self.head().and_then(|number| self.expiry(number));
        let timeout = self.config.consumer_timeout;
        let oldest = self.channels.iter().filter_map(|c| c.unacked.front());
        let consumer = oldest
            .filter_map(|u| Some(u.since.saturating_add(timeout?)))
            .min();
        ttl.into_iter().chain(consumer).min()
    }

    /// Does what is due by `now`: drops expired messages at the head, and closes the next channel
    /// whose consumer is too late. Call it until `None`.
    pub fn pop_due(&mut self, now: Micros) -> Option<(ChannelId, Closed)> {
        self.expire(now);
        let timeout = self.config.consumer_timeout?;
        let late = |c: &&Channel| {
            c.unacked
                .front()
                .is_some_and(|u| u.since.saturating_add(timeout) <= now)
        };
        let id = self.channels.iter().find(late)?.id;
        self.close(now, id, false);
        Some((id, Closed::ConsumerTimeout))
    }

    fn expiry(&self, number: u64) -> Option<Micros> {
        let ttl = self.config.message_ttl?;
        Some(self.slots.get(number)?.published_at.saturating_add(ttl))
    }

    fn expire(&mut self, now: Micros) {
        while let Some(number) = self.head()
            && self.expiry(number).is_some_and(|at| at <= now)
        {
            self.pop_head();
            self.bury(number, Reason::Expired);
        }
    }

    /// Drops from the head what is over the maximum length; only ready messages count.
    fn drop_head(&mut self) {
        let max = self.config.max_length.unwrap_or(u64::MAX);
        while self.ready() > max
            && let Some(number) = self.pop_head()
        {
            self.bury(number, Reason::MaxLen);
        }
    }

    /// The message to be served next.
    fn head(&self) -> Option<u64> {
        let first = self.back.first().or(self.returned.front()).copied();
        first.or_else(|| self.slots.first_from(self.fresh).map(|(number, _)| number))
    }

    fn pop_head(&mut self) -> Option<u64> {
        let number = self.head()?;
        if number >= self.fresh {
            self.fresh = number + 1;
        } else if self.back.pop_first().is_none() {
            self.returned.pop_front();
        }
        Some(number)
    }

    /// Takes a message out as a dead letter.
    fn bury(&mut self, number: u64, reason: Reason) {
        let Some(slot) = self.slots.remove(number) else {
            return;
        };
        let Slot {
            message,
            published_at,
            deliveries,
            ..
        } = slot;
        self.dead.push_back(DeadLetter {
            message,
            reason,
            published_at,
            deliveries,
        });
        self.totals.dead_lettered += 1;
    }

    /// Puts a message back whose delivery is over. `failed`: the channel was lost.
    fn requeue(&mut self, number: u64, failed: bool) {
        let Some(slot) = self.slots.get_mut(number) else {
            return;
        };
        slot.state = State::Ready;
        self.totals.requeued += 1;
        match self.config.kind {
            // By position, as `requeue_merge` of rabbit_variable_queue.
            Kind::Classic => {
                self.back.insert(number);
            }
            // As `return_one` of rabbit_fifo.
            Kind::Quorum {
                delivery_limit: Some(limit),
                counted,
            } => {
                slot.returns += u32::from(failed || counted == Counted::Every);
                if slot.returns > limit {
                    self.bury(number, Reason::DeliveryLimit);
                } else {
                    self.returned.push_back(number);
                }
            }
            Kind::Quorum {
                delivery_limit: None,
                ..
            } => {
                let slot = *slot;
                self.slots.remove(number);
                self.slots.push(slot);
            }
        }
    }
}
