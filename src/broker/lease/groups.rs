//! FIFO order: the messages of a group are a chain through the queue, and a group is open for a
//! receive when none of its messages is in flight and its first one is visible.

use super::Slot;
use super::types::State;
use crate::broker::sequence::Sequence;
use std::collections::{BTreeMap, BTreeSet};

/// The neighbours of a message in its group.
#[derive(Clone, Copy, Debug, Default)]
pub struct Links {
    /// The message of the group before this one.
    pub before: Option<u64>,
    /// The one after it.
    pub after: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first: u64,
    last: u64,
    in_flight: u32,
    /// First message under which the group stands in `open`.
    open_as: Option<u64>,
}

/// All groups that have messages in the queue.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    by_id: BTreeMap<u64, Group>,
    /// First messages of the groups that can be received from.
    open: BTreeSet<u64>,
}

impl Groups {
    /// The first message of the open group that has waited longest.
    pub fn first_open(&self) -> Option<u64> {
        self.open.first().copied()
    }

    /// Appends the newest message of the queue to its group.
    pub fn append(&mut self, slots: &mut Sequence<Slot>, number: u64) {
        let Some(group) = slots.get(number).map(|s| s.group) else {
            return;
        };
        let new = Group {
            first: number,
            last: number,
            in_flight: 0,
            open_as: None,
        };
        let entry = self.by_id.entry(group).or_insert(new);
        if entry.last != number {
            let before = std::mem::replace(&mut entry.last, number);
            if let Some(slot) = slots.get_mut(before) {
                slot.links.after = Some(number);
            }
            if let Some(slot) = slots.get_mut(number) {
                slot.links.before = Some(before);
            }
        }
        self.refresh(slots, group);
    }

    /// Closes the gap after `slot` was removed; `in_flight` says whether it was.
    pub fn unlink(&mut self, slots: &mut Sequence<Slot>, slot: &Slot, in_flight: bool) {
        let Links { before, after } = slot.links;
        if let Some(slot) = before.and_then(|n| slots.get_mut(n)) {
            slot.links.after = after;
        }
        if let Some(slot) = after.and_then(|n| slots.get_mut(n)) {
            slot.links.before = before;
        }
        let Some(group) = self.by_id.get_mut(&slot.group) else {
            return;
        };
        group.in_flight -= u32::from(in_flight);
        match (before, after) {
            (None, Some(after)) => group.first = after,
            (Some(before), None) => group.last = before,
            (Some(_), Some(_)) => {}
            (None, None) => {
                if let Some(number) = group.open_as {
                    self.open.remove(&number);
                }
                self.by_id.remove(&slot.group);
            }
        }
        self.refresh(slots, slot.group);
    }

    /// One more message of the group is in flight.
    pub fn taken(&mut self, slots: &Sequence<Slot>, group: u64) {
        if let Some(entry) = self.by_id.get_mut(&group) {
            entry.in_flight += 1;
        }
        self.refresh(slots, group);
    }

    /// One message of the group is no longer in flight, but visible again.
    pub fn returned(&mut self, slots: &Sequence<Slot>, group: u64) {
        if let Some(entry) = self.by_id.get_mut(&group) {
            entry.in_flight -= 1;
        }
        self.refresh(slots, group);
    }

    /// Finds out again whether the group is open, after the state of a message changed.
    pub fn refresh(&mut self, slots: &Sequence<Slot>, group: u64) {
        let Some(entry) = self.by_id.get_mut(&group) else {
            return;
        };
        let visible = slots
            .get(entry.first)
            .is_some_and(|s| s.state == State::Visible);
        let open_as = (entry.in_flight == 0 && visible).then_some(entry.first);
        if open_as != entry.open_as {
            if let Some(number) = entry.open_as {
                self.open.remove(&number);
            }
            self.open.extend(open_as);
            entry.open_as = open_as;
        }
    }
}
