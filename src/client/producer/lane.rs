//! What a producer keeps per partition: the batch that fills, the batches that wait, those to be
//! sent again, and the sequence numbers (`RecordAccumulator` and `TxnPartitionEntry` of Kafka).

use super::ConnectionId;
use crate::broker::wire::{
    Batch, Message, Micros, ProducerEpoch, ProducerId, Stamp, TopicPartition,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Producer id and epoch.
pub(super) type Identity = (ProducerId, ProducerEpoch);

/// `sequence + count`, with 0 after 2147483647 (`DefaultRecordBatch.incrementSequence`).
pub(super) fn increment(sequence: i32, count: u32) -> i32 {
    ((i64::from(sequence) + i64::from(count)) % (1_i64 << 31)) as i32
}

fn decrement(sequence: i32, count: u32) -> i32 {
    (i64::from(sequence) - i64::from(count)).rem_euclid(1_i64 << 31) as i32
}

/// A batch that is closed: no message joins it any more.
#[derive(Clone, Debug)]
pub(super) struct PendingBatch {
    /// Place in the order of the partition's batches; a retry keeps it.
    pub serial: u64,
    pub messages: Arc<[Message]>,
    pub created: Micros,
    /// Retries so far.
    pub retries: u32,
    pub retry_at: Micros,
    pub stamp: Option<Stamp>,
    /// The sequence was changed since the batch was last sent.
    pub renumbered: bool,
    /// An attempt ended without telling whether the broker wrote the batch.
    pub maybe_written: bool,
}

impl PendingBatch {
    pub(super) fn len(&self) -> u32 {
        self.messages.len() as u32
    }

    pub(super) fn on_wire(&self, transactional: bool) -> Batch {
        Batch {
            stamp: self.stamp,
            transactional,
            messages: Arc::clone(&self.messages),
        }
    }
}

/// One partition as the producer sees it.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub at: TopicPartition,
    /// Connection to the leader; none while the leader is unknown.
    pub connection: Option<ConnectionId>,
    open: Vec<Message>,
    open_since: Micros,
    ready: VecDeque<PendingBatch>,
    /// Batches to be sent again; they go before the others.
    pub retry: VecDeque<PendingBatch>,
    next_serial: u64,
    pub sequences: Sequences,
}

/// The idempotent producer's numbers for one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sequences {
    pub identity: Option<Identity>,
    pub next: i32,
    pub last_acked: Option<i32>,
    /// A sent batch was given up without an answer: nothing new goes out until the others are done.
    pub unresolved: bool,
    /// The epoch has to be raised and the batches numbered from 0.
    pub bump: bool,
}

impl Sequences {
    /// Whether `sequence` follows the last acknowledged one.
    pub(super) fn is_next(&self, sequence: i32) -> bool {
        sequence == self.last_acked.map_or(0, |last| increment(last, 1))
    }

    pub(super) fn restart(&mut self, identity: Identity) {
        *self = Self {
            identity: Some(identity),
            ..Self::default()
        };
    }

    /// Stamps a batch of `count` records with the next sequence.
    pub(super) fn stamp(&mut self, count: u32) -> Option<Stamp> {
        let (producer, epoch) = self.identity?;
        let first_sequence = self.next;
        self.next = increment(self.next, count);
        Some(Stamp {
            producer,
            epoch,
            first_sequence,
        })
    }

    pub(super) fn acknowledged(&mut self, stamp: Stamp, count: u32) {
        if self.identity == Some((stamp.producer, stamp.epoch)) {
            let last = increment(stamp.first_sequence, count - 1);
            // A duplicate's answer can come after that of a later batch. Half the number range
            // tells "before" from "after" across the wrap.
            let ahead = self
                .last_acked
                .is_none_or(|old| decrement(last, old as u32) < 1 << 30);
            if ahead {
                self.last_acked = Some(last);
            }
        }
    }

    pub(super) fn take_back(&mut self, count: u32) {
        self.next = decrement(self.next, count);
    }
}

/// Moves a stamp down by the records of a batch before it that was refused for good
/// (`TransactionManager.adjustSequencesDueToFailedBatch`).
pub(super) fn close_gap(batch: &mut PendingBatch, count: u32) {
    if let Some(stamp) = &mut batch.stamp {
        stamp.first_sequence = decrement(stamp.first_sequence, count);
        batch.renumbered = true;
    }
}

impl Lane {
    pub(super) fn new(at: TopicPartition) -> Self {
        Self {
            at,
            connection: None,
            open: Vec::new(),
            open_since: 0,
            ready: VecDeque::new(),
            retry: VecDeque::new(),
            next_serial: 0,
            sequences: Sequences::default(),
        }
    }

    /// Adds a message. Tells whether it opened a batch and whether it filled one.
    pub(super) fn push(&mut self, message: Message, batch_size: u32, now: Micros) -> (bool, bool) {
        let opened = self.open.is_empty();
        if opened {
            self.open_since = now;
        }
        self.open.push(message);
        let full = self.open.len() as u64 >= u64::from(batch_size);
        if full {
            self.close();
        }
        (opened, full)
    }

    fn close(&mut self) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.ready.push_back(PendingBatch {
            serial,
            messages: Arc::from(self.open.as_slice()),
            created: self.open_since,
            retries: 0,
            retry_at: 0,
            stamp: None,
            renumbered: false,
            maybe_written: false,
        });
        self.open.clear();
    }

    /// Messages that wait here, or are to be sent again.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        let closed = self.retry.iter().chain(&self.ready);
        closed
            .flat_map(|batch| batch.messages.iter())
            .chain(&self.open)
    }

    /// Nothing waits here (batches in flight aside).
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.ready.is_empty() && self.retry.is_empty()
    }

    /// Closed batches that wait, the open one included.
    pub(super) fn waiting(&self) -> u32 {
        (self.ready.len() + self.retry.len() + usize::from(!self.open.is_empty())) as u32
    }

    /// The next batch that was never sent, once it is full or has lingered.
    pub(super) fn take_new(&mut self, now: Micros, linger: Micros) -> Option<PendingBatch> {
        let lingered = now.saturating_sub(self.open_since) >= linger;
        if self.ready.is_empty() && !self.open.is_empty() && lingered {
            self.close();
        }
        self.ready.pop_front()
    }

    /// Puts a batch back that is to be sent again: in sequence order with idempotence, else
    /// simply in front (`RecordAccumulator.reenqueue`), which is where order is lost.
    pub(super) fn put_back(&mut self, batch: PendingBatch, in_order: bool) {
        let place = match in_order {
            true => self
                .retry
                .partition_point(|other| other.serial < batch.serial),
            false => 0,
        };
        self.retry.insert(place, batch);
    }

    /// Takes out the next batch created at or before `limit`.
    pub(super) fn take_expired(&mut self, limit: Micros) -> Option<PendingBatch> {
        if let Some(i) = self.retry.iter().position(|batch| batch.created <= limit) {
            return self.retry.remove(i);
        }
        if !self.open.is_empty() && self.open_since <= limit {
            self.close();
        }
        self.ready.pop_front_if(|batch| batch.created <= limit)
    }

    /// Serial of the batch that `take_new` gives next.
    pub(super) fn next_new(&self) -> u64 {
        self.ready
            .front()
            .map_or(self.next_serial, |batch| batch.serial)
    }

    /// Takes out the next batch that has never been sent, filling or not.
    pub(super) fn take_unsent(&mut self) -> Option<PendingBatch> {
        self.take_new(Micros::MAX, 0)
    }

    /// When the oldest waiting batch was created.
    pub(super) fn oldest(&self) -> Option<Micros> {
        let open = (!self.open.is_empty()).then_some(self.open_since);
        let ready = self.ready.front().map(|batch| batch.created);
        let retry = self.retry.iter().map(|batch| batch.created).min();
        [open, ready, retry].into_iter().flatten().min()
    }

    /// When the next batch becomes ready by time alone: its backoff or its linger ends.
    pub(super) fn due(&self, linger: Micros) -> Option<Micros> {
        match self.retry.front() {
            Some(batch) => Some(batch.retry_at),
            None if self.ready.is_empty() && !self.open.is_empty() => {
                Some(self.open_since.saturating_add(linger))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(increment(i32::MAX, 1), 0);
        assert_eq!(increment(i32::MAX - 1, 5), 3);
        assert_eq!(decrement(3, 5), i32::MAX - 1);
        let s = Sequences {
            last_acked: Some(i32::MAX),
            ..Default::default()
        };
        assert!(s.is_next(0));
        assert!(!s.is_next(1));
    }

    #[test]
    fn a_late_acknowledgement_does_not_move_the_last_sequence_back() {
        let mut s = Sequences::default();
        s.restart((1, 0));
        let at = |first_sequence| Stamp {
            producer: 1,
            epoch: 0,
            first_sequence,
        };
        s.acknowledged(at(5), 5);
        s.acknowledged(at(0), 5);
        assert_eq!(s.last_acked, Some(9));
        s.acknowledged(Stamp { epoch: 1, ..at(70) }, 5);
        assert_eq!(
            s.last_acked,
            Some(9),
            "another epoch's numbers are none of this one"
        );
    }

    #[test]
    fn a_retry_is_put_in_front_or_in_order() {
        let mut lane = Lane::new(TopicPartition {
            topic: 0,
            partition: 0,
        });
        for id in 0..3 {
            lane.push(Message { id, key: 0 }, 1, 0);
        }
        let batches: Vec<_> = (0..3).filter_map(|_| lane.take_new(0, 0)).collect();
        for (in_order, expected) in [(true, [0, 1, 2]), (false, [2, 1, 0])] {
            lane.retry.clear();
            for batch in &batches {
                lane.put_back(batch.clone(), in_order);
            }
            let serials: Vec<_> = lane.retry.iter().map(|b| b.serial).collect();
            assert_eq!(serials, expected);
        }
    }
}
