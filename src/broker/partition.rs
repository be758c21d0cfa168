//! A partition with its replicas: who leads, who is in sync, and up to where records are safe.
//!
//! Every step that takes time in a cluster is a call of its own, so that a world can put latency, loss
//! and crashes between them: a client's append and the wait for its acknowledgement, a follower's fetch
//! and what it does with the answer, the controller noticing a dead broker.

mod append;
mod fetch;
mod membership;
mod replica;
mod replication;

pub use append::{AckState, AckWait, Appended};
pub use fetch::{Fetched, FetchedSlice};
pub use membership::LeaderChange;
pub use replica::Replica;
pub use replication::{Applied, FetchAnswer, FetchBody, FollowerFetch};

use super::log::{Record, Retention};
use super::producer_state::TransactionVersion;
use super::wire::{BrokerId, ErrorCode, LeaderEpoch, Micros, Offset};

/// Settings of a partition, under the names of Kafka's topic and broker settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionConfig {
    /// `min.insync.replicas`, 1 or more; never effective above the number of replicas.
    pub min_insync_replicas: u32,
    /// `replica.lag.time.max.ms`, in microseconds.
    pub replica_lag_time_max: Micros,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
    /// Records per segment, 1 or more.
    pub segment_records: u64,
    /// What the log keeps.
    pub retention: Retention,
    /// `producer.id.expiration.ms`, in microseconds.
    pub producer_id_expiration: Micros,
    /// `transaction.version`.
    pub transaction_version: TransactionVersion,
}

impl Default for PartitionConfig {
    fn default() -> Self {
        PartitionConfig {
            min_insync_replicas: 1,
            replica_lag_time_max: 30_000_000,
            unclean_leader_election: false,
            segment_records: 1024,
            retention: Retention {
                records: None,
                age: None,
            },
            producer_id_expiration: 86_400_000_000,
            transaction_version: TransactionVersion::V2,
        }
    }
}

/// A partition. Broker ids that hold no replica are answered with `NotLeaderOrFollower` or ignored.
#[derive(Clone, Debug)]
pub struct Partition {
    config: PartitionConfig,
    replicas: Vec<Replica>,
    isr: Vec<BrokerId>,
    leader: Option<usize>,
    leader_epoch: LeaderEpoch,
    epoch_start: Offset,
}

impl Partition {
    /// An empty partition on `brokers`, in assignment order: all of them in sync, the first one leads in
    /// epoch 0. Repeated ids are taken once.
    pub fn new(brokers: &[BrokerId], config: PartitionConfig) -> Self {
        let mut isr: Vec<BrokerId> = Vec::with_capacity(brokers.len());
        for broker in brokers {
            if !isr.contains(broker) {
                isr.push(*broker);
            }
        }
        let replicas: Vec<Replica> = isr.iter().map(|b| Replica::new(*b, &config)).collect();
        let leader = (!replicas.is_empty()).then_some(0);
        let mut partition = Partition {
            config,
            replicas,
            isr,
            leader,
            leader_epoch: 0,
            epoch_start: 0,
        };
        if let Some(replica) = partition.replicas.first_mut() {
            replica.log.assign_epoch(0);
        }
        partition
    }

    /// The settings.
    pub fn config(&self) -> &PartitionConfig {
        &self.config
    }

    /// The broker that leads, as the controller decided; it may be dead without anybody knowing yet.
    pub fn leader(&self) -> Option<BrokerId> {
        self.leader.map(|i| self.replicas[i].broker)
    }

    /// Leader epoch: one more at every election.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// The in-sync replicas, in assignment order.
    pub fn isr(&self) -> &[BrokerId] {
        &self.isr
    }

    /// All replicas, in assignment order.
    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The replica on `broker`.
    pub fn replica(&self, broker: BrokerId) -> Option<&Replica> {
        self.replicas.iter().find(|r| r.broker == broker)
    }

    /// The leader's replica.
    pub fn leader_replica(&self) -> Option<&Replica> {
        self.leader.map(|i| &self.replicas[i])
    }

    /// High watermark of the leader; 0 without a leader.
    pub fn high_watermark(&self) -> Offset {
        self.leader_replica().map_or(0, |r| r.high_watermark)
    }

    /// Last stable offset of the leader; 0 without a leader.
    pub fn last_stable_offset(&self) -> Offset {
        self.leader_replica().map_or(0, Replica::last_stable_offset)
    }

    /// Log end offset of the leader; 0 without a leader.
    pub fn log_end(&self) -> Offset {
        self.leader_replica().map_or(0, |r| r.log.end())
    }

    /// Log start offset of the leader; 0 without a leader.
    pub fn log_start(&self) -> Offset {
        self.leader_replica().map_or(0, |r| r.log.start())
    }

    /// The record at `offset` in the leader's log.
    pub fn record(&self, offset: Offset) -> Option<Record> {
        self.leader_replica()?.log.record(offset)
    }

    /// Effective `min.insync.replicas`: never more than there are replicas (`Partition.effectiveMinIsr`).
    pub fn min_isr(&self) -> usize {
        self.replicas
            .len()
            .min(self.config.min_insync_replicas as usize)
    }

    /// Whether the in-sync set is too small for `acks=all`.
    pub fn under_min_isr(&self) -> bool {
        self.isr.len() < self.min_isr()
    }

    /// Applies retention on the leader and forgets idle producers everywhere. Followers take over the
    /// leader's log start with their next fetch. Call it now and then
    /// (`log.retention.check.interval.ms`).
    pub fn clean(&mut self, now: Micros) {
        if let Some(leader) = self
            .leader
            .map(|i| &mut self.replicas[i])
            .filter(|r| r.alive)
        {
            leader
                .log
                .retain(self.config.retention, now, leader.high_watermark);
        }
        for replica in self.replicas.iter_mut().filter(|r| r.alive) {
            replica.producers.forget(now, replica.log.start());
        }
    }

    fn index(&self, broker: BrokerId) -> Option<usize> {
        self.replicas.iter().position(|r| r.broker == broker)
    }

    /// The leader's index, when the request reached the broker that leads and it is alive.
    fn leader_at(&self, broker: BrokerId) -> Result<usize, ErrorCode> {
        match self.leader {
            Some(i) if self.replicas[i].broker == broker && self.replicas[i].alive => Ok(i),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Raises the leader's high watermark to the least log end of the in-sync replicas and of those
    /// about to join (`Partition.maybeIncrementLeaderHW`). It stands still while the in-sync set is
    /// below the minimum (KAFKA-15583, since 3.7).
    fn advance_high_watermark(&mut self, now: Micros) {
        let Some(leader) = self.leader else { return };
        if self.under_min_isr() {
            return;
        }
        let end = self.replicas[leader].log.end();
        let mut safe = end;
        for (i, replica) in self.replicas.iter().enumerate() {
            let counts = self.isr.contains(&replica.broker)
                || (!replica.fenced && replica.caught_up(end, now, &self.config));
            if i != leader && counts {
                safe = safe.min(replica.followed.end);
            }
        }
        self.replicas[leader].raise_high_watermark(safe);
    }
}

#[cfg(test)]
mod tests;
