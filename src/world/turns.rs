//! Waiting for one's turn: a service with `wait_for_order` holds a message back until the earlier ones of
//! its key have been through. Whose turn it is stands in the service's database, as a version beside the
//! entity; what is held back is in the memory of one instance, uncommitted, and dies with it.

use crate::broker::wire::{Micros, Offset, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::service::{Offered, WaitBuffer};
use crate::trace::{Kind, NO_CAUSE};

use super::member::Seat;
use super::{Ev, World};

/// How long a message waits for an earlier one before the service goes on without that.
const LONGEST_WAIT: Micros = 5_000_000;
/// How many messages a service holds back at most; further ones take their turn at once.
const MOST_HELD: u32 = 1_000;

/// A message that waits for its turn, and at whom.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    seat: Seat,
    record: ConsumerRecord,
}

/// The turns of a service's messages, by key.
pub(super) type Turns = WaitBuffer<Waiter>;

/// Turns for a service that waits.
pub(super) fn turns(waits: bool) -> Option<Turns> {
    waits.then(|| WaitBuffer::new(MOST_HELD, LONGEST_WAIT))
}

impl World {
    /// Whether an earlier message of the record's key is missing yet; the record is held back then.
    pub(super) fn must_wait(&mut self, seat: Seat, record: ConsumerRecord) -> bool {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message;
        let Some(row) = self.messages.get(message.id) else {
            return false;
        };
        let sequence = u64::from(row.sequence);
        let now = self.now;
        let Some(turns) = &mut self.services[usize::from(service)].turns else {
            return false;
        };
        let waiter = Waiter { seat, record };
        if !matches!(
            turns.offer(message.key, sequence, waiter, now),
            Offered::Held
        ) {
            return false;
        }
        if let Some(at) = turns.next_deadline() {
            self.queue.push(at, Ev::TurnOver { service });
        }
        let message = message.id;
        self.record(
            NO_CAUSE,
            Kind::HeldBack {
                service,
                member,
                message,
            },
        );
        true
    }

    /// A message of this key is through: the one that waits for it has its turn.
    pub(super) fn next_turn(&mut self, service: u16, key: u64) {
        while let Some(waiter) = self.services[usize::from(service)]
            .turns
            .as_mut()
            .and_then(|turns| turns.release(key))
        {
            let Waiter { seat, record } = waiter;
            let Some(actor) = self.seated(seat) else {
                continue;
            };
            actor.work.released.push_back(record);
            if actor.work.is_idle() {
                self.rest(seat);
            }
            return;
        }
    }

    /// Who has waited long enough goes on without what is missing.
    pub(super) fn turn_over(&mut self, service: u16) {
        let now = self.now;
        while let Some(key) = self.services[usize::from(service)]
            .turns
            .as_mut()
            .and_then(|turns| turns.give_up(now))
        {
            self.next_turn(service, key);
        }
    }

    /// The instance holds back nothing any more: of these partitions, or (none named) at all.
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

    /// The offsets that the instance's batch has come to, but none behind a message that is held back.
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
        let Some(turns) = &actor.turns else {
            return offset;
        };
        let through = actor
            .frontiers
            .iter()
            .find(|frontier| frontier.at == at && frontier.owner == Some(seat.member))
            .map_or(offset, |frontier| frontier.processed.max(offset));
        let member = self.member(seat.service, seat.member);
        let released = member.into_iter().flat_map(|actor| &actor.work.released);
        turns
            .held()
            .filter(|waiter| waiter.seat == seat)
            .map(|waiter| &waiter.record)
            .chain(released)
            .filter(|record| record.partition == at)
            .map(|record| record.offset)
            .fold(through, Offset::min)
    }
}
