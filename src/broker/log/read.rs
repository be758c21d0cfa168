//! Reading a log without copying it.

use super::Log;
use super::segment::{Segment, StoredBatch};
use crate::broker::wire::{LeaderEpoch, Message, Micros, Offset, Stamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// One record with what its batch says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: Offset,
    /// The message; `None` for a marker.
    pub message: Option<Message>,
    /// For a transaction marker whether it commits.
    pub marker: Option<bool>,
    /// When the leader appended it.
    pub appended_at: Micros,
    /// Leader epoch in which it was appended.
    pub leader_epoch: LeaderEpoch,
    /// Stamp of its batch.
    pub stamp: Option<Stamp>,
    /// True when its batch belongs to a transaction.
    pub transactional: bool,
}

/// Iterator over the batches of a log, see [`Log::batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    segments: &'a VecDeque<Arc<Segment>>,
    segment: usize,
    batch: usize,
    to: Offset,
}

impl<'a> Iterator for Batches<'a> {
    type Item = &'a StoredBatch;

    fn next(&mut self) -> Option<&'a StoredBatch> {
        let mut segment = self.segments.get(self.segment)?;
        if self.batch == segment.batches.len() {
            self.segment += 1;
            self.batch = 0;
            segment = self.segments.get(self.segment)?;
        }
        let batch = segment
            .batches
            .get(self.batch)
            .filter(|b| b.base_offset < self.to)?;
        self.batch += 1;
        Some(batch)
    }
}

impl Log {
    /// The batches that hold an offset in `from..to`, in order. The first may begin below `from` and the
    /// last may end beyond `to`. None where `to` is not above `from`.
    pub fn batches(&self, from: Offset, to: Offset) -> Batches<'_> {
        let from = from.max(self.start);
        let to = if from < to { to } else { 0 };
        let segment = self.segments.partition_point(|s| s.end <= from);
        let batch = self
            .segments
            .get(segment)
            .map_or(0, |s| s.batches.partition_point(|b| b.end() <= from));
        Batches {
            segments: &self.segments,
            segment,
            batch,
            to,
        }
    }

    /// The record at `offset`, if the log holds it.
    pub fn record(&self, offset: Offset) -> Option<Record> {
        if offset < self.start || offset >= self.end {
            return None;
        }
        let batch = self.batches(offset, offset + 1).next()?;
        Some(batch.record(u32::try_from(offset - batch.base_offset).ok()?))
    }

    /// The records in `from..to`, in order.
    pub fn records(&self, from: Offset, to: Offset) -> impl Iterator<Item = Record> + '_ {
        let from = from.max(self.start);
        self.batches(from, to)
            .flat_map(|batch| batch.records())
            .filter(move |r| (from..to).contains(&r.offset))
    }
}
