//! The receiver's side: receive, delete, change visibility.

use super::*;

impl LeaseQueue {
    /// `ReceiveMessage`: up to `max` (1 to 10) messages, hidden from others from now on for
    /// `visibility` (the queue's timeout if `None`). `holder` is the caller's number for the receiver.
    ///
    /// A full standard queue answers `OverLimit`, a full FIFO queue nothing. A FIFO queue skips the
    /// groups that had a message in flight before the call.
    pub fn receive(
        &mut self,
        now: Micros,
        holder: u32,
        max: u32,
        visibility: Option<Micros>,
    ) -> Result<Batch, ReceiveError> {
        if !(1..=MAX_BATCH).contains(&max) {
            return Err(ReceiveError::Invalid(Invalid {
                attribute: "MaxNumberOfMessages",
            }));
        }
        let timeout = visibility.unwrap_or(self.config.visibility_timeout);
        if timeout > MAX_VISIBILITY {
            return Err(ReceiveError::Invalid(Invalid {
                attribute: "VisibilityTimeout",
            }));
        }
        self.settle(now);
        let room = self.config.in_flight_limit.saturating_sub(self.in_flight);
        if room == 0 && !self.fifo() {
            return Err(ReceiveError::OverLimit);
        }
        let mut batch = Batch::default();
        let max = max.min(room) as usize;
        let lease = Lease {
            holder,
            now,
            until: now.saturating_add(timeout),
        };
        if self.fifo() {
            self.take_groups(max, lease, &mut batch);
        } else {
            while batch.messages.len() < max
                && let Some(number) = self.next_visible()
            {
                self.take(number, lease, &mut batch);
            }
        }
        // After the loop, so that one call returns no message twice.
        if timeout == 0 {
            batch
                .messages
                .iter()
                .for_each(|m| self.make_visible(m.sequence));
        }
        Ok(batch)
    }

    /// Standard: the oldest visible message.
    fn next_visible(&mut self) -> Option<u64> {
        if let Some(number) = self.back.first() {
            return Some(*number);
        }
        loop {
            let (number, slot) = self.slots.first_from(self.fresh)?;
            self.fresh = number + 1;
            if slot.state == State::Visible {
                return Some(number);
            }
        }
    }

    fn take_groups(&mut self, max: usize, lease: Lease, batch: &mut Batch) {
        while batch.messages.len() < max
            && let Some(first) = self.groups.first_open()
        {
            let mut next = Some(first);
            while batch.messages.len() < max
                && let Some(number) = next
                && let Some(slot) = self.slots.get(number)
                && slot.state == State::Visible
            {
                next = slot.links.after;
                self.take(number, lease, batch);
            }
        }
    }

    /// Leases a visible message, or moves it out if it was received as often as it may be.
    fn take(&mut self, number: u64, lease: Lease, batch: &mut Batch) {
        let Lease { holder, now, until } = lease;
        let limit = self.config.max_receive_count.unwrap_or(u32::MAX);
        if self
            .slots
            .get(number)
            .is_some_and(|s| s.receive_count >= limit)
        {
            self.totals.dead_lettered += 1;
            batch.dead_letters.extend(self.remove(number).map(transfer));
            return;
        }
        let Some(slot) = self.slots.get_mut(number) else {
            return;
        };
        slot.receive_count += 1;
        slot.state = State::InFlight {
            holder,
            since: now,
            until,
        };
        let Slot {
            message,
            group,
            receive_count,
            ..
        } = *slot;
        self.deadlines.insert((until, number));
        self.in_flight += 1;
        self.totals.receives += 1;
        if self.fifo() {
            self.groups.taken(&self.slots, group);
        } else {
            self.back.remove(&number);
        }
        let handle = ReceiptHandle::new(number, receive_count);
        batch.messages.push(Received {
            message,
            handle,
            receive_count,
            sequence: number,
            until,
        });
    }

    /// A standard queue's occasional second delivery: one of its servers missed this receive, so the
    /// message is visible again although its receiver believes to hold it. The caller decides when,
    /// by a draw. `false` on a FIFO queue, and if the receive is no longer the newest.
    pub fn leave_visible(&mut self, handle: ReceiptHandle) -> bool {
        let possible = !self.fifo() && self.leased(handle).is_some();
        if possible {
            self.make_visible(handle.sequence());
        }
        possible
    }

    /// `DeleteMessage`, arrived and recorded in one step.
    pub fn delete(&mut self, now: Micros, handle: ReceiptHandle) -> Result<Deleted, LeaseExpired> {
        self.settle(now);
        self.check_delete(handle)?;
        Ok(self.do_delete(handle))
    }

    /// A delete arrives at the queue's server and waits to be recorded; until then the message stays
    /// as it is, and a crash forgets it. The error is the answer of a FIFO queue to an expired lease.
    pub fn delete_arrived(
        &mut self,
        now: Micros,
        handle: ReceiptHandle,
    ) -> Result<(), LeaseExpired> {
        self.settle(now);
        self.check_delete(handle)?;
        if !self.arrived.contains(&handle) {
            self.arrived.push(handle);
        }
        Ok(())
    }

    /// Records a delete that arrived earlier. `None` if a crash has forgotten it.
    pub fn delete_recorded(
        &mut self,
        now: Micros,
        handle: ReceiptHandle,
    ) -> Option<Result<Deleted, LeaseExpired>> {
        let at = self.arrived.iter().position(|h| *h == handle)?;
        self.arrived.remove(at);
        Some(self.delete(now, handle))
    }

    /// The queue's server crashes: arrived deletes are forgotten, their number is returned. Messages
    /// and leases are stored and survive.
    pub fn crash(&mut self) -> usize {
        std::mem::take(&mut self.arrived).len()
    }

    /// `ChangeMessageVisibility`: the lease now ends `timeout` after this call; 0 makes the message
    /// visible at once.
    pub fn change_visibility(
        &mut self,
        now: Micros,
        handle: ReceiptHandle,
        timeout: Micros,
    ) -> Result<(), ChangeError> {
        self.settle(now);
        let (since, old) = self.leased(handle).ok_or(ChangeError::NotInFlight)?;
        let until = now.checked_add(timeout).ok_or(ChangeError::TooLong)?;
        if until > since.saturating_add(MAX_VISIBILITY) {
            return Err(ChangeError::TooLong);
        }
        let number = handle.sequence();
        if timeout == 0 {
            self.make_visible(number);
            return Ok(());
        }
        if let Some(Slot {
            state: State::InFlight { until: end, .. },
            ..
        }) = self.slots.get_mut(number)
        {
            *end = until;
            self.deadlines.remove(&(old, number));
            self.deadlines.insert((until, number));
        }
        Ok(())
    }

    /// Since when and until when the message is leased by exactly this receive.
    fn leased(&self, handle: ReceiptHandle) -> Option<(Micros, Micros)> {
        match self.newest(handle)?.state {
            State::InFlight { since, until, .. } => Some((since, until)),
            _ => None,
        }
    }

    /// The message, if this is the handle of its newest receive.
    fn newest(&self, handle: ReceiptHandle) -> Option<&Slot> {
        let slot = self.slots.get(handle.sequence())?;
        let current = ReceiptHandle::new(handle.sequence(), slot.receive_count);
        (handle == current && slot.receive_count > 0).then_some(slot)
    }

    fn check_delete(&self, handle: ReceiptHandle) -> Result<(), LeaseExpired> {
        let in_time = self.leased(handle).is_some() || self.done.contains(&handle);
        let expired = self.fifo() && !in_time;
        if expired { Err(LeaseExpired) } else { Ok(()) }
    }

    fn do_delete(&mut self, handle: ReceiptHandle) -> Deleted {
        let number = handle.sequence();
        if self.newest(handle).is_none() {
            let there = self.slots.get(number).is_some();
            return if there {
                Deleted::Stale
            } else {
                Deleted::AlreadyGone
            };
        }
        match self.remove(number) {
            Some(slot) => {
                self.totals.deleted += 1;
                if self.fifo() {
                    self.done.insert(handle);
                }
                if self.done.len() > DONE_DELETES {
                    self.done.pop_first();
                }
                Deleted::Removed(slot.message)
            }
            None => Deleted::AlreadyGone,
        }
    }
}

/// How many deletes a FIFO queue still knows when they are sent again.
const DONE_DELETES: usize = 4_096;

#[derive(Clone, Copy)]
struct Lease {
    holder: u32,
    now: Micros,
    until: Micros,
}
