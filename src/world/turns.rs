//! Messages that come too early: a service with `early` set to `wait` or `retry` does not process a message
//! before the earlier ones of its key have been through. Whose turn it is stands in the service's database, as a
//! version beside the entity; what is put aside is in the memory of one instance, uncommitted, and dies with it.

use std::collections::BTreeMap;

use crate::broker::wire::{Message, Micros, Offset, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::scenario::Early;
use crate::service::{Offered, RetryLater, RetryPolicy, WaitBuffer};
use crate::trace::{Kind, Why};

use super::member::Seat;
use super::{Ev, World};

/// How long a message is put aside for an earlier one before the service goes on without that.
const LONGEST_WAIT: Micros = 5_000_000;
/// How many messages a service puts aside at most; further ones take their turn at once.
const MOST_HELD: u32 = 1_000;

/// A message that was put aside, and by whom.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    seat: Seat,
    record: ConsumerRecord,
}

/// The tries of a message that came too early: how many there were, and when the first was.
#[derive(Clone, Copy, Debug)]
struct Tries {
    made: u16,
    first: Micros,
}

/// The turns of a service's messages, by key.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    /// With `wait`, what is held back. With `retry` only whose turn it is.
    held: WaitBuffer<Waiter>,
    /// With `retry`, what is tried again, and when.
    later: RetryLater<Waiter>,
    /// By message, with `retry`.
    tries: BTreeMap<u64, Tries>,
    retry: Option<RetryPolicy>,
}

impl Turns {
    /// Turns for a service that looks whose turn it is.
    pub fn new(early: Early, retry: &RetryPolicy) -> Option<Turns> {
        (early != Early::Process).then(|| Turns {
            held: WaitBuffer::new(MOST_HELD, LONGEST_WAIT),
            later: RetryLater::new(MOST_HELD),
            tries: BTreeMap::new(),
            retry: (early == Early::Retry).then_some(*retry),
        })
    }

    /// What was put aside.
    fn aside(&self) -> impl Iterator<Item = &Waiter> {
        self.held.held().chain(self.later.held())
    }

    /// How many messages were put aside.
    pub fn waiting(&self) -> usize {
        self.aside().count()
    }

    fn forget(&mut self, gone: impl Fn(&Waiter) -> bool) {
        self.held.forget(&gone);
        self.later.forget(&gone);
    }
}

impl World {
    /// Whether an earlier message of the record's key is not through yet; the record is put aside then.
    pub(super) fn must_wait(&mut self, seat: Seat, record: ConsumerRecord) -> bool {
        let message = record.message;
        let Some(row) = self.messages.get(message.id) else {
            return false;
        };
        let sequence = u64::from(row.sequence);
        let now = self.now;
        let Some(turns) = &mut self.services[usize::from(seat.service)].turns else {
            return false;
        };
        if turns.retry.is_some() {
            return turns.held.turn(message.key) < sequence && self.try_later(seat, record);
        }
        let waiter = Waiter { seat, record };
        let held = turns.held.offer(message.key, sequence, waiter, now);
        if !matches!(held, Offered::Held) {
            return false;
        }
        let Seat {
            service, member, ..
        } = seat;
        self.plan_turn_over(service);
        let message = message.id;
        self.record(
            record.delivery,
            Kind::HeldBack {
                service,
                member,
                message,
            },
        );
        true
    }

    /// The handler fails with the record, as what it builds on is not there; it is tried again after a pause.
    /// False when that was done for long enough.
    fn try_later(&mut self, seat: Seat, record: ConsumerRecord) -> bool {
        let service = seat.service;
        let message = record.message.id;
        let (now, draw) = (self.now, self.retry_draw(service, message));
        let Some(turns) = &mut self.services[usize::from(service)].turns else {
            return false;
        };
        let Some(policy) = turns.retry else {
            return false;
        };
        let tries = turns.tries.entry(message).or_insert(Tries {
            made: 0,
            first: now,
        });
        let due = now + policy.backoff(tries.made, draw).max(1);
        let waited_enough = now >= tries.first + LONGEST_WAIT;
        tries.made = tries.made.saturating_add(1);
        let attempt = u32::from(tries.made);
        if waited_enough || turns.later.put(due, Waiter { seat, record }).is_err() {
            return false;
        }
        self.queue.push(due, Ev::TurnOver { service });
        self.record_failure(seat, message, attempt, Why::TooEarly);
        true
    }

    /// A message took effect, or is through without: the one of its key that waits for it has its turn.
    pub(super) fn turn_done(&mut self, service: u16, message: Message) {
        let row = self.messages.get(message.id);
        let Some(sequence) = row.map(|row| u64::from(row.sequence)) else {
            return;
        };
        if let Some(turns) = &mut self.services[usize::from(service)].turns {
            turns.held.done(message.key, sequence);
            turns.tries.remove(&message.id);
            self.next_turn(service, message.key);
        }
    }

    fn next_turn(&mut self, service: u16, key: u64) {
        while let Some(waiter) = self.services[usize::from(service)]
            .turns
            .as_mut()
            .and_then(|turns| turns.held.release(key))
        {
            if self.resume(waiter) {
                return;
            }
        }
    }

    /// The instance goes on with what it had put aside. False when it does not live any more.
    fn resume(&mut self, waiter: Waiter) -> bool {
        let Waiter { seat, record } = waiter;
        let Some(actor) = self.seated(seat) else {
            return false;
        };
        actor.work.released.push_back(record);
        if actor.work.is_idle() {
            self.rest(seat);
        }
        true
    }

    /// Something that was put aside has waited: for its next try, or long enough.
    pub(super) fn turn_over(&mut self, service: u16) {
        let now = self.now;
        while let Some(waiter) = self.services[usize::from(service)]
            .turns
            .as_mut()
            .and_then(|turns| turns.later.take_due(now))
        {
            self.resume(waiter);
        }
        while let Some(key) = self.services[usize::from(service)]
            .turns
            .as_mut()
            .and_then(|turns| turns.held.give_up(now))
        {
            self.next_turn(service, key);
        }
        self.plan_turn_over(service);
    }

    /// Sets the alarm for what has waited longest.
    fn plan_turn_over(&mut self, service: u16) {
        let turns = self.services[usize::from(service)].turns.as_ref();
        if let Some(at) = turns.and_then(|turns| turns.held.next_deadline()) {
            self.queue.push(at, Ev::TurnOver { service });
        }
    }

    /// The instance has nothing put aside any more: of these partitions, or (none named) at all.
    pub(super) fn forget_waiters(&mut self, seat: Seat, partitions: &[TopicPartition]) {
        let of = |record: &ConsumerRecord| {
            partitions.is_empty() || partitions.contains(&record.partition)
        };
        if let Some(turns) = &mut self.services[usize::from(seat.service)].turns {
            turns.forget(|waiter| waiter.seat.member == seat.member && of(&waiter.record));
        }
        if let Some(actor) = self.member_mut(seat.service, seat.member) {
            actor.work.released.retain(|record| !of(record));
        }
    }

    /// The offsets that the instance's batch has come to, but none behind a message that was put aside or given back.
    pub(super) fn offsets_to_commit(&self, seat: Seat) -> Vec<(TopicPartition, Offset)> {
        let mut offsets = self
            .member(seat.service, seat.member)
            .map_or(Vec::new(), |actor| actor.work.offsets());
        for (at, offset) in &mut offsets {
            *offset = self.without_waiters(seat, *at, *offset);
        }
        offsets
    }

    /// The same for one partition.
    pub(super) fn without_waiters(&self, seat: Seat, at: TopicPartition, offset: Offset) -> Offset {
        let actor = &self.services[usize::from(seat.service)];
        if actor.turns.is_none() {
            return offset;
        }
        let through = actor
            .frontiers
            .iter()
            .find(|frontier| frontier.at == at && frontier.owner == Some(seat.member))
            .map_or(offset, |frontier| frontier.processed.max(offset));
        let member = self.member(seat.service, seat.member);
        // Where it goes on reading: at what it has given back, if anything.
        let next = member
            .and_then(|actor| actor.consumer.as_ref()?.position(at))
            .unwrap_or(through);
        self.put_aside_by(seat)
            .filter(|record| record.partition == at)
            .map(|record| record.offset)
            .fold(through.min(next), Offset::min)
    }

    /// What this instance has put aside, or has been given back since and not taken up again.
    pub(super) fn put_aside_by(&self, seat: Seat) -> impl Iterator<Item = ConsumerRecord> {
        let turns = self.services[usize::from(seat.service)].turns.as_ref();
        let waiting = turns.into_iter().flat_map(Turns::aside);
        let own = waiting.filter(move |waiter| waiter.seat == seat);
        let member = self.member(seat.service, seat.member);
        let released = member.into_iter().flat_map(|actor| &actor.work.released);
        own.map(|waiter| waiter.record).chain(released.copied())
    }
}
