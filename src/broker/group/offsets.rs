//! The offsets of a group: committed ones, and those pending in transactions.

use crate::broker::wire::{Offset, ProducerId, TopicPartition};

/// An offset as it stands in the group's offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The partition.
    pub partition: TopicPartition,
    /// Next offset to read: the last processed one plus 1.
    pub offset: Offset,
    /// Which write of the group's offsets this was, counted from 0.
    pub write: u64,
}

/// Offsets of one group. Flat and sorted, so a clone is one copy of memory.
#[derive(Clone, Debug, Default)]
pub struct GroupOffsets {
    committed: Vec<CommittedOffset>,
    /// By producer and partition.
    pending: Vec<(ProducerId, CommittedOffset)>,
    writes: u64,
}

impl GroupOffsets {
    /// The committed offset of a partition.
    pub fn committed(&self, partition: TopicPartition) -> Option<Offset> {
        self.place(partition).ok().map(|i| self.committed[i].offset)
    }

    /// All committed offsets, by partition.
    pub fn all(&self) -> &[CommittedOffset] {
        &self.committed
    }

    /// Whether an open or undecided transaction has an offset for the partition.
    pub fn is_pending(&self, partition: TopicPartition) -> bool {
        self.pending.iter().any(|(_, o)| o.partition == partition)
    }

    /// The pending offsets with the producers of their transactions.
    pub fn pending(&self) -> &[(ProducerId, CommittedOffset)] {
        &self.pending
    }

    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.committed
            .binary_search_by_key(&partition, |o| o.partition)
    }

    fn next_write(&mut self) -> u64 {
        self.writes += 1;
        self.writes - 1
    }

    pub(super) fn commit(&mut self, offsets: &[(TopicPartition, Offset)]) {
        for &(partition, offset) in offsets {
            let write = self.next_write();
            self.store(CommittedOffset {
                partition,
                offset,
                write,
            });
        }
    }

    fn store(&mut self, new: CommittedOffset) {
        match self.place(new.partition) {
            Ok(i) => self.committed[i] = new,
            Err(i) => self.committed.insert(i, new),
        }
    }

    pub(super) fn commit_pending(
        &mut self,
        producer: ProducerId,
        offsets: &[(TopicPartition, Offset)],
    ) {
        for &(partition, offset) in offsets {
            let write = self.next_write();
            let new = (
                producer,
                CommittedOffset {
                    partition,
                    offset,
                    write,
                },
            );
            let key = (producer, partition);
            match self
                .pending
                .binary_search_by_key(&key, |(p, o)| (*p, o.partition))
            {
                Ok(i) => self.pending[i] = new,
                Err(i) => self.pending.insert(i, new),
            }
        }
    }

    /// A plain commit written after the pending one is newer and stays
    /// (`OffsetMetadataManager.replayEndTransactionMarker`).
    pub(super) fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        let start = self.pending.partition_point(|(p, _)| *p < producer);
        let end = self.pending.partition_point(|(p, _)| *p <= producer);
        let ended: Vec<CommittedOffset> = self.pending.drain(start..end).map(|(_, o)| o).collect();
        for new in ended.into_iter().filter(|_| committed) {
            let newer = self
                .place(new.partition)
                .is_ok_and(|i| self.committed[i].write > new.write);
            if !newer {
                self.store(new);
            }
        }
    }
}
