//! What a log is made of: stored batches, and segments of them.

use super::read::Record;
use crate::broker::wire::{LeaderEpoch, Message, Micros, Offset, Stamp};
use std::sync::Arc;

/// What a stored batch holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Messages of an application.
    Messages(Arc<[Message]>),
    /// A transaction marker: takes one offset and is never handed to an application.
    Marker {
        /// True for COMMIT, false for ABORT.
        commit: bool,
    },
}

/// A batch as it lies in the log. Cloning shares the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// When the leader appended it (`message.timestamp.type=LogAppendTime`).
    pub appended_at: Micros,
    /// Leader epoch in which it was appended.
    pub leader_epoch: LeaderEpoch,
    /// The producer's stamp; for a marker its producer and epoch, with sequence −1.
    pub stamp: Option<Stamp>,
    /// True when it belongs to a transaction; always true for a marker.
    pub transactional: bool,
    /// What it holds.
    pub content: Content,
}

impl StoredBatch {
    /// Number of offsets it takes.
    pub fn len(&self) -> u32 {
        match &self.content {
            Content::Messages(messages) => u32::try_from(messages.len()).unwrap_or(u32::MAX),
            Content::Marker { .. } => 1,
        }
    }

    /// True when it takes no offset; a log never holds such a batch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// First offset after it.
    pub fn end(&self) -> Offset {
        self.base_offset + u64::from(self.len())
    }

    /// True for a transaction marker.
    pub fn is_marker(&self) -> bool {
        matches!(self.content, Content::Marker { .. })
    }

    /// The record at `index` (from 0) in the batch; beyond its end the answer has no message.
    pub fn record(&self, index: u32) -> Record {
        let (message, marker) = match &self.content {
            Content::Messages(messages) => (messages.get(index as usize).copied(), None),
            Content::Marker { commit } => (None, Some(*commit)),
        };
        Record {
            offset: self.base_offset + u64::from(index),
            message,
            marker,
            appended_at: self.appended_at,
            leader_epoch: self.leader_epoch,
            stamp: self.stamp,
            transactional: self.transactional,
        }
    }

    /// Its records in order.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = Record> + '_ {
        (0..self.len()).map(|index| self.record(index))
    }
}

/// A run of batches. All but a log's last segment are never written again.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Offset of the first record.
    pub base: Offset,
    /// First offset after the last record.
    pub end: Offset,
    /// Append time of the newest record.
    pub newest: Micros,
    /// The batches, never empty.
    pub batches: Vec<StoredBatch>,
}

impl Segment {
    pub fn starting_with(batch: StoredBatch) -> Self {
        let base = batch.base_offset;
        let mut segment = Segment {
            base,
            end: base,
            newest: 0,
            batches: Vec::new(),
        };
        segment.push(batch);
        segment
    }

    pub fn push(&mut self, batch: StoredBatch) {
        self.end = batch.end();
        self.newest = self.newest.max(batch.appended_at);
        self.batches.push(batch);
    }

    /// Keeps the first `count` batches.
    pub fn cut(&mut self, count: usize) {
        self.batches.truncate(count);
        self.end = self.batches.last().map_or(self.base, StoredBatch::end);
        self.newest = self
            .batches
            .iter()
            .map(|b| b.appended_at)
            .max()
            .unwrap_or(0);
    }
}
