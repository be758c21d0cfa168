//! The append-only log of one replica: batches at contiguous offsets, in segments.
//!
//! A batch is stored once and shared: a follower's log holds the same `Arc` of messages as the leader's,
//! and a clone of a log shares all its segments until one of them is written again.

mod epochs;
mod read;
mod segment;

pub use epochs::{EpochEnd, EpochStart};
pub use read::{Batches, Record};
pub use segment::{Content, StoredBatch};

use super::wire::{LeaderEpoch, Message, Micros, Offset};
use epochs::EpochCache;
use segment::Segment;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a truncation or a lost disk removed: the offset and the message that was there.
pub type Removed = Vec<(Offset, Message)>;

/// How much a log keeps. Both limits remove whole segments from the front (`retention.bytes`, here
/// counted in records, and `retention.ms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Keep at least this many of the newest records; `None` keeps all.
    pub records: Option<u64>,
    /// Keep segments whose newest record is at most this old; `None` keeps all.
    pub age: Option<Micros>,
}

/// The log of one replica.
#[derive(Clone, Debug)]
pub struct Log {
    segments: VecDeque<Arc<Segment>>,
    segment_records: u64,
    start: Offset,
    end: Offset,
    epochs: EpochCache,
}

impl Log {
    /// An empty log that begins at offset 0. A segment is closed once it holds `segment_records`
    /// records (at least 1; the counterpart of `segment.bytes`).
    pub fn new(segment_records: u64) -> Self {
        Log {
            segments: VecDeque::new(),
            segment_records: segment_records.max(1),
            start: 0,
            end: 0,
            epochs: EpochCache::default(),
        }
    }

    /// Log start offset: the first offset that can still be read.
    pub fn start(&self) -> Offset {
        self.start
    }

    /// Log end offset: the offset the next record will get.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// Latest leader epoch of the log, if it has any.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest()
    }

    /// The leader epochs this log knows, oldest first.
    pub fn epochs(&self) -> &[EpochStart] {
        self.epochs.entries()
    }

    /// Notes that `epoch` begins at the log's end, as a replica does when it becomes leader.
    pub fn assign_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.assign(epoch, self.end);
    }

    /// Where `epoch` ends in this log (KIP-101, KIP-279): the largest known epoch not above it and the
    /// offset at which the next one begins. `None` when the epoch is newer than all known ones.
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.epochs.end_of(epoch, self.end)
    }

    /// Appends one batch at the log's end and returns its base offset. The batch's own `base_offset` is
    /// overwritten. An empty batch changes nothing.
    pub fn append(&mut self, mut batch: StoredBatch) -> Offset {
        let base = self.end;
        if batch.is_empty() {
            return base;
        }
        batch.base_offset = base;
        self.epochs.assign(batch.leader_epoch, base);
        self.end += u64::from(batch.len());
        let full = |s: &Arc<Segment>| s.end - s.base >= self.segment_records;
        match self.segments.back_mut() {
            Some(active) if !full(active) => Arc::make_mut(active).push(batch),
            _ => self
                .segments
                .push_back(Arc::new(Segment::starting_with(batch))),
        }
        base
    }

    /// Raises the log start offset to `offset` (at most to the log's end) and drops the segments that
    /// lie wholly below it.
    pub fn advance_start(&mut self, offset: Offset) {
        self.start = self.start.max(offset.min(self.end));
        while self.segments.front().is_some_and(|s| s.end <= self.start) {
            self.segments.pop_front();
        }
        self.epochs.truncate_front(self.start);
    }

    /// Applies retention at time `now`, never beyond `limit` (the high watermark) and never to the last
    /// segment. Returns whether anything was removed.
    pub fn retain(&mut self, retention: Retention, now: Micros, limit: Offset) -> bool {
        let before = self.start;
        while self.segments.len() > 1 {
            let oldest = &self.segments[0];
            let too_many = retention
                .records
                .is_some_and(|n| self.end - oldest.end >= n);
            let too_old = retention
                .age
                .is_some_and(|age| now.saturating_sub(oldest.newest) > age);
            if oldest.end > limit || !(too_many || too_old) {
                break;
            }
            let start = oldest.end;
            self.advance_start(start);
        }
        self.start > before
    }

    /// Removes everything from `offset` on and returns the removed messages. A batch that reaches over
    /// `offset` goes as a whole, as in Kafka (replicas differ only at batch borders).
    pub fn truncate(&mut self, offset: Offset) -> Removed {
        let mut removed = Removed::new();
        if offset >= self.end {
            // A leader that wrote nothing in its epoch leaves an entry at the end behind.
            self.epochs.truncate_back(self.end);
            return removed;
        }
        self.end = offset;
        while self.segments.back().is_some_and(|s| s.end > offset) {
            let Some(mut last) = self.segments.pop_back() else {
                break;
            };
            let kept = last.batches.partition_point(|b| b.end() <= offset);
            for batch in last.batches[kept..].iter().rev() {
                self.end = self.end.min(batch.base_offset);
                removed.extend(
                    batch
                        .records()
                        .rev()
                        .filter_map(|r| Some((r.offset, r.message?))),
                );
            }
            if kept > 0 {
                Arc::make_mut(&mut last).cut(kept);
                self.segments.push_back(last);
            }
        }
        removed.retain(|(at, _)| *at >= self.start);
        removed.reverse();
        self.start = self.start.min(self.end);
        self.epochs.truncate_back(self.end);
        removed
    }

    /// Drops everything and begins again at `offset`, as a follower does that fell behind the leader's
    /// log start.
    pub fn restart_at(&mut self, offset: Offset) -> Removed {
        let removed = self.truncate(0);
        (self.start, self.end) = (offset, offset);
        self.epochs = EpochCache::default();
        removed
    }
}

#[cfg(test)]
mod tests;
