//! One replica: its log, its producer state, and what the leader knows about its fetching.

use super::PartitionConfig;
use crate::broker::log::Log;
use crate::broker::producer_state::ProducerStates;
use crate::broker::wire::{BrokerId, Micros, Offset};

/// What the leader remembers of a follower's fetches (`ReplicaState`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    /// The follower's log end, as of its last fetch.
    pub end: Offset,
    /// The last time it had everything, if ever since the election.
    pub caught_up_at: Option<Micros>,
    /// When it last fetched, if ever since the election.
    pub fetched_at: Option<Micros>,
    /// The leader's log end then.
    pub leader_end: Offset,
}

impl Followed {
    /// The state right after an election: nothing fetched yet.
    pub fn from_election(in_sync: bool, now: Micros) -> Self {
        Followed {
            caught_up_at: in_sync.then_some(now),
            ..Followed::default()
        }
    }

    /// A fetch from `offset` counts as caught up now when it reaches the leader's end, and as caught up
    /// at the previous fetch when it reaches the end of then.
    pub fn fetched(&mut self, offset: Offset, leader_end: Offset, now: Micros) {
        if offset >= leader_end {
            self.caught_up_at = self.caught_up_at.max(Some(now));
        } else if offset >= self.leader_end {
            self.caught_up_at = self.caught_up_at.max(self.fetched_at);
        }
        self.end = offset;
        self.leader_end = self.leader_end.max(leader_end);
        self.fetched_at = Some(now);
    }
}

/// A replica of the partition on one broker.
#[derive(Clone, Debug)]
pub struct Replica {
    pub(super) broker: BrokerId,
    pub(super) log: Log,
    pub(super) producers: ProducerStates,
    pub(super) high_watermark: Offset,
    pub(super) alive: bool,
    /// It was stopped in order.
    pub(super) stopped: bool,
    pub(super) fenced: bool,
    pub(super) followed: Followed,
}

impl Replica {
    pub(super) fn new(broker: BrokerId, config: &PartitionConfig) -> Self {
        Replica {
            broker,
            log: Log::new(config.segment_records),
            producers: fresh_producers(config),
            high_watermark: 0,
            alive: true,
            stopped: false,
            fenced: false,
            followed: Followed::from_election(true, 0),
        }
    }

    /// The broker it lives on.
    pub fn broker(&self) -> BrokerId {
        self.broker
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its producer state.
    pub fn producers(&self) -> &ProducerStates {
        &self.producers
    }

    /// Its own high watermark; a follower's may lag behind the leader's.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Last stable offset: where `read_committed` reading ends. The high watermark, or the first offset
    /// of the oldest undecided transaction if that is less (`UnifiedLog.lastStableOffset`).
    pub fn last_stable_offset(&self) -> Offset {
        let unstable = self.producers.first_unstable().unwrap_or(Offset::MAX);
        self.high_watermark.min(unstable.max(self.log.start()))
    }

    /// Whether its process runs: the truth.
    pub fn alive(&self) -> bool {
        self.alive
    }

    /// Whether the controller counts its broker as gone: the belief.
    pub fn fenced(&self) -> bool {
        self.fenced
    }

    pub(super) fn raise_high_watermark(&mut self, to: Offset) {
        let to = to.min(self.log.end());
        if to > self.high_watermark {
            self.high_watermark = to;
            self.producers.advance(to);
        }
    }

    pub(super) fn caught_up(&self, leader_end: Offset, now: Micros, c: &PartitionConfig) -> bool {
        let recently = |at| now.saturating_sub(at) <= c.replica_lag_time_max;
        self.followed.end == leader_end || self.followed.caught_up_at.is_some_and(recently)
    }
}

pub(super) fn fresh_producers(config: &PartitionConfig) -> ProducerStates {
    ProducerStates::new(config.producer_id_expiration, config.transaction_version)
}
