//! Writing to the leader, and what `acks=all` waits for.

use super::Partition;
use crate::broker::log::{Content, StoredBatch};
use crate::broker::producer_state::Decision;
use crate::broker::wire::{
    Batch, BrokerId, ErrorCode, LeaderEpoch, Micros, Offset, ProducerEpoch, ProducerId, Stamp,
};
use std::sync::Arc;

/// A batch is in the leader's log: what a broker answers to `acks=1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record; for a duplicate the one it got the first time.
    pub base_offset: Offset,
    /// When it was appended; for a duplicate the first time.
    pub appended_at: Micros,
    /// True when it was already there and nothing was written.
    pub duplicate: bool,
    /// What `acks=all` has to wait for.
    pub wait: AckWait,
}

/// What has to be replicated before `acks=all` is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckWait {
    /// The high watermark that is needed: the offset after the batch.
    pub needed: Offset,
    /// Leader epoch in which the request was accepted.
    pub leader_epoch: LeaderEpoch,
}

/// How far an `acks=all` request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckState {
    /// Not yet on all in-sync replicas. At `request.timeout.ms` the answer is `RequestTimedOut`.
    Pending,
    /// On all in-sync replicas, and there are enough of them.
    Replicated,
    /// Answer with this: `NotEnoughReplicasAfterAppend` when the in-sync set has become too small, or
    /// `NotLeaderOrFollower` when the leader has changed. The records may survive all the same.
    Failed(ErrorCode),
}

impl Partition {
    /// A client's batch arrives at `broker`, at time `now`. `acks_all` says whether the producer asks for
    /// `acks=all`: only then `min.insync.replicas` is checked, and only then the caller has
    /// to wait for [`Partition::ack_state`] before it answers.
    ///
    /// # Errors
    /// `NotLeaderOrFollower` (a dead broker answers it too: do not deliver to one), `NotEnoughReplicas`,
    /// or a refusal of
    /// [`ProducerStates::check`](crate::broker::producer_state::ProducerStates::check). Nothing was
    /// written then.
    pub fn append(
        &mut self,
        broker: BrokerId,
        batch: &Batch,
        acks_all: bool,
        now: Micros,
    ) -> Result<Appended, ErrorCode> {
        let leader = self.leader_at(broker)?;
        if acks_all && self.under_min_isr() {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let count = u32::try_from(batch.messages.len()).unwrap_or(u32::MAX);
        if let Some(stamp) = batch.stamp {
            let transactional = batch.transactional;
            let known = &self.replicas[leader].producers;
            if let Decision::Duplicate {
                base_offset,
                appended_at,
            } = known.check(stamp, count, transactional, now)?
            {
                return Ok(self.appended(base_offset, count, appended_at, true));
            }
        }
        let stored = StoredBatch {
            base_offset: 0,
            appended_at: now,
            leader_epoch: self.leader_epoch,
            stamp: batch.stamp,
            transactional: batch.transactional && batch.stamp.is_some(),
            content: Content::Messages(Arc::clone(&batch.messages)),
        };
        let base = self.write(leader, stored, now);
        Ok(self.appended(base, count, now, false))
    }

    /// The transaction coordinator writes the marker that ends the transaction of `producer` here. It
    /// asks for `acks=all` without `min.insync.replicas`, so wait for [`Partition::ack_state`].
    ///
    /// # Errors
    /// `NotLeaderOrFollower`, or `InvalidProducerEpoch` for a coordinator that is behind.
    pub fn append_marker(
        &mut self,
        broker: BrokerId,
        producer: ProducerId,
        epoch: ProducerEpoch,
        commit: bool,
        now: Micros,
    ) -> Result<Appended, ErrorCode> {
        let leader = self.leader_at(broker)?;
        self.replicas[leader]
            .producers
            .check_marker(producer, epoch)?;
        let stored = StoredBatch {
            base_offset: 0,
            appended_at: now,
            leader_epoch: self.leader_epoch,
            stamp: Some(Stamp {
                producer,
                epoch,
                first_sequence: -1,
            }),
            transactional: true,
            content: Content::Marker { commit },
        };
        let base = self.write(leader, stored, now);
        Ok(self.appended(base, 1, now, false))
    }

    /// How far the replication of an accepted request is.
    pub fn ack_state(&self, wait: &AckWait) -> AckState {
        if self.leader.is_none() || self.leader_epoch != wait.leader_epoch {
            AckState::Failed(ErrorCode::NotLeaderOrFollower)
        } else if self.high_watermark() < wait.needed {
            AckState::Pending
        } else if self.under_min_isr() {
            AckState::Failed(ErrorCode::NotEnoughReplicasAfterAppend)
        } else {
            AckState::Replicated
        }
    }

    fn appended(&self, base: Offset, count: u32, appended_at: Micros, duplicate: bool) -> Appended {
        let needed = base + u64::from(count);
        let wait = AckWait {
            needed,
            leader_epoch: self.leader_epoch,
        };
        Appended {
            base_offset: base,
            appended_at,
            duplicate,
            wait,
        }
    }

    fn write(&mut self, leader: usize, mut batch: StoredBatch, now: Micros) -> Offset {
        let replica = &mut self.replicas[leader];
        batch.base_offset = replica.log.end();
        if batch.is_empty() {
            return batch.base_offset;
        }
        replica.producers.record(&batch);
        let base = replica.log.append(batch);
        self.advance_high_watermark(now);
        base
    }
}
