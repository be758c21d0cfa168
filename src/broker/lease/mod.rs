//! A queue with leases, as Amazon SQS has it, standard and FIFO: a receive hides a message for its
//! visibility timeout, a delete with the newest receipt handle removes it, and what is received too
//! often moves to a dead-letter queue. Sources: the SQS API reference (`ReceiveMessage`,
//! `DeleteMessage`, `ChangeMessageVisibility`, `CreateQueue`, `SendMessage`) and the developer guide.
//!
//! Time moves by [`LeaseQueue::pop_due`]; every call that takes `now` first does what was due by then,
//! so a caller that wants to see each [`Due`] pops them before it calls anything else.

mod dedup;
mod groups;
mod receive;
mod types;

pub use types::*;

use super::sequence::Sequence;
use super::wire::{Message, Micros};
use dedup::DedupWindow;
use groups::{Groups, Links};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug)]
struct Slot {
    message: Message,
    group: u64,
    sent_at: Micros,
    receive_count: u32,
    state: State,
    links: Links,
}

/// One queue. A dead-letter queue is another one of the same kind.
#[derive(Clone, Debug)]
pub struct LeaseQueue {
    config: Config,
    slots: Sequence<Slot>,
    /// Standard: from here on nothing was looked at by a receive.
    fresh: u64,
    /// Standard: visible messages before `fresh`.
    back: BTreeSet<u64>,
    /// FIFO: order and blocking of groups.
    groups: Groups,
    dedup: DedupWindow,
    /// Ends of leases and delays.
    deadlines: BTreeSet<(Micros, u64)>,
    /// Deletes that arrived and are not recorded yet, in order of arrival.
    arrived: Vec<ReceiptHandle>,
    /// FIFO: the receives whose delete took a message out, the newest of them.
    done: BTreeSet<ReceiptHandle>,
    in_flight: u32,
    totals: Totals,
}

impl LeaseQueue {
    /// An empty queue. The error names the attribute that is out of range.
    pub fn new(config: Config) -> Result<Self, Invalid> {
        config.check()?;
        Ok(Self {
            config,
            slots: Sequence::default(),
            fresh: 0,
            back: BTreeSet::new(),
            groups: Groups::default(),
            dedup: DedupWindow::default(),
            deadlines: BTreeSet::new(),
            arrived: Vec::new(),
            done: BTreeSet::new(),
            in_flight: 0,
            totals: Totals::default(),
        })
    }

    /// The attributes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Counts since the start.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Messages in the queue: visible, delayed and in flight.
    pub fn len(&self) -> u64 {
        self.slots.len()
    }

    /// Whether no message is in the queue, not even in flight.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Messages in flight (`ApproximateNumberOfMessagesNotVisible`).
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Every message in the queue, in order of sending. What a dead-letter queue holds are the
    /// dead letters.
    pub fn iter(&self) -> impl Iterator<Item = Entry> {
        self.slots.iter().map(|(sequence, s)| Entry {
            sequence,
            message: s.message,
            group: s.group,
            sent_at: s.sent_at,
            receive_count: s.receive_count,
            state: s.state,
        })
    }

    /// `SendMessage`. The error names the parameter that is out of range.
    pub fn send(&mut self, now: Micros, send: Send) -> Result<Sent, Invalid> {
        if !send.delay_allowed(self.config.kind) {
            return Err(Invalid {
                attribute: "DelaySeconds",
            });
        }
        self.settle(now);
        let id = send.dedup_id.unwrap_or(send.message.id);
        if self.fifo() && !self.dedup.accept(now, self.config.dedup_window, id) {
            self.totals.deduplicated += 1;
            return Ok(Sent::Duplicate);
        }
        let delay = send.delay.unwrap_or(self.config.delay);
        Ok(Sent::Stored(self.store(
            now,
            now,
            delay,
            send.message,
            send.group,
        )))
    }

    /// Takes a message over from the source queue. A standard queue keeps the time it was sent there
    /// for its retention, a FIFO queue starts anew.
    pub fn accept_dead_letter(&mut self, now: Micros, letter: Transfer) -> u64 {
        self.settle(now);
        let sent_at = if self.fifo() { now } else { letter.sent_at };
        self.store(now, sent_at, 0, letter.message, letter.group)
    }

    /// Takes out up to `max` visible messages, oldest first, to give them back to the source
    /// (`StartMessageMoveTask`).
    pub fn redrive(&mut self, now: Micros, max: u32) -> Vec<Transfer> {
        self.settle(now);
        let visible = self.slots.iter().filter(|(_, s)| s.state == State::Visible);
        let chosen: Vec<u64> = visible
            .map(|(number, _)| number)
            .take(max as usize)
            .collect();
        self.totals.redriven += chosen.len() as u64;
        chosen
            .iter()
            .filter_map(|&number| self.remove(number).map(transfer))
            .collect()
    }

    /// Takes a message back from the dead-letter queue: a new message with a new age and no
    /// receives; deduplication does not apply.
    pub fn accept_redriven(&mut self, now: Micros, letter: Transfer) -> u64 {
        self.settle(now);
        self.store(now, now, 0, letter.message, letter.group)
    }

    /// When the next lease, delay or message expires.
    pub fn next_deadline(&self) -> Option<Micros> {
        let timer = self.deadlines.first().map(|(at, _)| *at);
        let oldest = self.slots.first_from(0).map(|(_, s)| self.expiry(s));
        timer.into_iter().chain(oldest).min()
    }

    /// Does the next thing due by `now`. `None`: nothing is due any more.
    pub fn pop_due(&mut self, now: Micros) -> Option<Due> {
        if let Some((number, slot)) = self.slots.first_from(0)
            && self.expiry(slot) <= now
        {
            self.totals.expired += 1;
            return self.remove(number).map(|slot| Due::Expired(slot.message));
        }
        let (_, number) = *self.deadlines.first().filter(|(at, _)| *at <= now)?;
        let slot = *self.slots.get(number)?;
        self.make_visible(number);
        Some(match slot.state {
            State::InFlight { holder, .. } => Due::LeaseExpired {
                message: slot.message,
                handle: ReceiptHandle::new(number, slot.receive_count),
                holder,
            },
            _ => Due::DelayOver(slot.message),
        })
    }

    fn settle(&mut self, now: Micros) {
        while self.pop_due(now).is_some() {}
    }

    fn fifo(&self) -> bool {
        self.config.kind == Kind::Fifo
    }

    fn expiry(&self, slot: &Slot) -> Micros {
        slot.sent_at.saturating_add(self.config.retention)
    }

    fn store(
        &mut self,
        now: Micros,
        sent_at: Micros,
        delay: Micros,
        message: Message,
        group: u64,
    ) -> u64 {
        let until = now.saturating_add(delay);
        let state = if delay > 0 {
            State::Delayed { until }
        } else {
            State::Visible
        };
        let links = Links::default();
        let number = self.slots.push(Slot {
            message,
            group,
            sent_at,
            receive_count: 0,
            state,
            links,
        });
        if delay > 0 {
            self.deadlines.insert((until, number));
        }
        if self.fifo() {
            self.groups.append(&mut self.slots, number);
        }
        self.totals.sent += 1;
        number
    }

    /// Ends the lease or the delay of a message.
    fn make_visible(&mut self, number: u64) {
        let Some(slot) = self.slots.get_mut(number) else {
            return;
        };
        let state = std::mem::replace(&mut slot.state, State::Visible);
        let group = slot.group;
        self.forget_timer(number, state);
        match (self.fifo(), state) {
            (true, State::InFlight { .. }) => self.groups.returned(&self.slots, group),
            (true, _) => self.groups.refresh(&self.slots, group),
            (false, _) if number < self.fresh => {
                self.back.insert(number);
            }
            (false, _) => {}
        }
    }

    /// Takes a message out of the queue, whatever its state.
    fn remove(&mut self, number: u64) -> Option<Slot> {
        let slot = self.slots.remove(number)?;
        self.forget_timer(number, slot.state);
        if self.fifo() {
            let in_flight = matches!(slot.state, State::InFlight { .. });
            self.groups.unlink(&mut self.slots, &slot, in_flight);
        } else {
            self.back.remove(&number);
        }
        Some(slot)
    }

    fn forget_timer(&mut self, number: u64, state: State) {
        match state {
            State::Visible => {}
            State::Delayed { until } => {
                self.deadlines.remove(&(until, number));
            }
            State::InFlight { until, .. } => {
                self.deadlines.remove(&(until, number));
                self.in_flight -= 1;
            }
        }
    }
}

fn transfer(slot: Slot) -> Transfer {
    let Slot {
        message,
        group,
        sent_at,
        receive_count,
        ..
    } = slot;
    Transfer {
        message,
        group,
        sent_at,
        receive_count,
    }
}
