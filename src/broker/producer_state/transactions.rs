//! Transactions of one replica: open ones, decided ones that are not replicated yet, aborted ones.

use crate::broker::wire::{Offset, ProducerId};

/// An aborted transaction, as the broker's transaction index keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer: ProducerId,
    /// Offset of its first record.
    pub first: Offset,
    /// Offset of its ABORT marker.
    pub marker: Offset,
    /// No transaction that ends later began below this offset.
    pub stable: Offset,
}

#[derive(Clone, Copy, Debug)]
struct Decided {
    first: Offset,
    marker: Offset,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    /// By first offset.
    open: Vec<(Offset, ProducerId)>,
    /// By marker.
    unreplicated: Vec<Decided>,
    /// By marker.
    aborted: Vec<AbortedTransaction>,
}

impl Transactions {
    pub fn open(&mut self, producer: ProducerId, first: Offset) {
        let at = self.open.partition_point(|(offset, _)| *offset < first);
        self.open.insert(at, (first, producer));
    }

    pub fn complete(&mut self, producer: ProducerId, first: Offset, marker: Offset, commit: bool) {
        self.open.retain(|open| *open != (first, producer));
        self.unreplicated.push(Decided { first, marker });
        if !commit {
            let stable = self.open.first().map_or(marker + 1, |(offset, _)| *offset);
            self.aborted.push(AbortedTransaction {
                producer,
                first,
                marker,
                stable,
            });
        }
    }

    pub fn advance(&mut self, high_watermark: Offset) {
        let replicated = self
            .unreplicated
            .partition_point(|d| d.marker < high_watermark);
        self.unreplicated.drain(..replicated);
    }

    pub fn first_unstable(&self) -> Option<Offset> {
        let open = self.open.first().map(|(offset, _)| *offset);
        let decided = self.unreplicated.iter().map(|d| d.first).min();
        open.into_iter().chain(decided).min()
    }

    pub fn is_aborted(&self, producer: ProducerId, offset: Offset) -> bool {
        for aborted in self.aborted_since(offset) {
            if aborted.producer == producer {
                return aborted.first <= offset;
            }
            if aborted.stable > offset {
                return false;
            }
        }
        false
    }

    pub fn aborted_since(&self, from: Offset) -> &[AbortedTransaction] {
        &self.aborted[self.aborted.partition_point(|a| a.marker < from)..]
    }

    pub fn forget_below(&mut self, start: Offset) {
        let gone = self.aborted.partition_point(|a| a.marker < start);
        self.aborted.drain(..gone);
    }
}
