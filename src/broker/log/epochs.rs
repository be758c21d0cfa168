//! Which leader epoch began where: what replicas compare to find out where their logs part
//! (`LeaderEpochFileCache`, KIP-101 and KIP-279).

use crate::broker::wire::{LeaderEpoch, Offset};

/// A leader epoch and the first offset written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Its first offset.
    pub start: Offset,
}

/// Answer to "where does this epoch end in your log?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The largest epoch the log knows that is not above the one asked for.
    pub epoch: LeaderEpoch,
    /// First offset that is not part of it any more.
    pub end: Offset,
}

/// The epochs of one log, both fields rising.
#[derive(Clone, Debug, Default)]
pub(super) struct EpochCache(Vec<EpochStart>);

impl EpochCache {
    pub(super) fn entries(&self) -> &[EpochStart] {
        &self.0
    }

    pub(super) fn latest(&self) -> Option<LeaderEpoch> {
        self.0.last().map(|e| e.epoch)
    }

    /// Notes that `epoch` begins at `start`, unless it is known already. An epoch in which nothing was
    /// written gives way to the one that begins at the same offset.
    pub(super) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        if self.latest().is_some_and(|latest| epoch <= latest) {
            return;
        }
        self.0.retain(|e| e.start < start);
        self.0.push(EpochStart { epoch, start });
    }

    pub(super) fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<EpochEnd> {
        if self.latest()? == epoch {
            return Some(EpochEnd {
                epoch,
                end: log_end,
            });
        }
        let higher = self.0.partition_point(|e| e.epoch <= epoch);
        let end = self.0.get(higher)?.start;
        let known = higher.checked_sub(1).map_or(epoch, |i| self.0[i].epoch);
        Some(EpochEnd { epoch: known, end })
    }

    /// Forgets epochs that begin at or after `end`.
    pub(super) fn truncate_back(&mut self, end: Offset) {
        self.0.retain(|e| e.start < end);
    }

    /// Forgets epochs that end at or before `start`; the one that holds `start` begins there now.
    pub(super) fn truncate_front(&mut self, start: Offset) {
        let after = self.0.partition_point(|e| e.start <= start);
        if after > 0 {
            self.0.drain(..after - 1);
            self.0[0].start = start;
        }
    }
}
