//! Brokers that die and come back, and who leads then.

use super::Partition;
use super::replica::{Followed, fresh_producers};
use crate::broker::log::Removed;
use crate::broker::wire::{BrokerId, LeaderEpoch, Micros};

/// Result of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderChange {
    /// The new leader; `None` when no replica may lead.
    pub leader: Option<BrokerId>,
    /// The new leader epoch.
    pub leader_epoch: LeaderEpoch,
    /// True when the new leader was not in sync, so that acknowledged records may be lost.
    pub unclean: bool,
}

impl Partition {
    /// The process of `broker` dies. Its log stays on the disk. Nobody notices yet: the world lets time
    /// pass (`broker.session.timeout.ms`) and then calls [`Partition::fence`].
    pub fn crash(&mut self, broker: BrokerId) {
        if let Some(i) = self.index(broker) {
            self.replicas[i].alive = false;
        }
    }

    /// The process of `broker` is stopped in order: besides the log it leaves a snapshot of its producer
    /// state, which a killed one does not.
    pub fn stop(&mut self, broker: BrokerId) {
        if let Some(i) = self.index(broker) {
            self.replicas[i].alive = false;
            self.replicas[i].stopped = true;
        }
    }

    /// The disk of a dead broker is lost: its replica will come back empty. Returns what was on it.
    pub fn lose_disk(&mut self, broker: BrokerId) -> Removed {
        let config = self.config;
        let dead = self
            .replicas
            .iter_mut()
            .find(|r| r.broker == broker && !r.alive);
        let Some(replica) = dead else {
            return Removed::new();
        };
        replica.high_watermark = 0;
        replica.producers = fresh_producers(&config);
        replica.log.restart_at(0)
    }

    /// The controller gives up on `broker`: it leaves the in-sync replicas, unless it is the last one
    /// (without eligible leader replicas of KIP-966 the set is never empty), and another one is elected
    /// if it led.
    pub fn fence(&mut self, broker: BrokerId, now: Micros) -> Option<LeaderChange> {
        let index = self.index(broker)?;
        self.replicas[index].fenced = true;
        if self.isr.len() > 1 {
            self.isr.retain(|b| *b != broker);
        }
        if self.leader == Some(index) {
            return self.elect(now);
        }
        self.advance_high_watermark(now);
        None
    }

    /// The process of `broker` is back, with its log. It reads its producer state from the snapshot of an
    /// orderly stop, otherwise from the log (`UnifiedLog.rebuildProducerState`). A leader
    /// that died and came back before anybody noticed loses its leadership first, because it registers
    /// as a new incarnation. It follows, or leads if it is the one that is missing.
    pub fn restart(&mut self, broker: BrokerId, now: Micros) -> Option<LeaderChange> {
        let index = self.index(broker)?;
        if self.replicas[index].alive && !self.replicas[index].fenced {
            return None;
        }
        let mut change = self.fence(broker, now);
        let replica = &mut self.replicas[index];
        if replica.stopped {
            replica.producers.reload();
        } else if !replica.alive {
            replica
                .producers
                .rebuild(&replica.log, replica.high_watermark);
        }
        (replica.alive, replica.fenced, replica.stopped) = (true, false, false);
        replica.followed = Followed::from_election(false, now);
        if self.leader.is_none() {
            change = self.elect(now).or(change);
        }
        change
    }

    /// Elects a leader (`PartitionChangeBuilder.electAnyLeader`): the present one if the controller
    /// counts it as alive, else the first in assignment order that is in sync and counted as alive, else
    /// with `unclean.leader.election.enable` the first that is counted as alive; the in-sync set is then
    /// that one alone. `None` when nothing changes.
    pub fn elect(&mut self, now: Micros) -> Option<LeaderChange> {
        if self.leader.is_some_and(|i| !self.replicas[i].fenced) {
            return None;
        }
        let clean = self
            .replicas
            .iter()
            .position(|r| !r.fenced && self.isr.contains(&r.broker));
        let any = || self.replicas.iter().position(|r| !r.fenced);
        let unclean = clean.is_none() && self.config.unclean_leader_election;
        let chosen = if unclean { any() } else { clean };
        if chosen.is_none() && self.leader.is_none() {
            return None;
        }
        self.leader = chosen;
        self.leader_epoch += 1;
        let unclean = unclean && chosen.is_some();
        if let Some(index) = chosen {
            self.begin_epoch(index, unclean, now);
        }
        Some(LeaderChange {
            leader: self.leader(),
            leader_epoch: self.leader_epoch,
            unclean,
        })
    }

    fn begin_epoch(&mut self, leader: usize, unclean: bool, now: Micros) {
        if unclean {
            self.isr = vec![self.replicas[leader].broker];
        }
        for replica in &mut self.replicas {
            let in_sync = self.isr.contains(&replica.broker);
            replica.followed = Followed::from_election(in_sync, now);
        }
        let replica = &mut self.replicas[leader];
        if replica.alive {
            replica.log.assign_epoch(self.leader_epoch);
        }
        self.epoch_start = replica.log.end();
        self.advance_high_watermark(now);
    }

    /// Drops followers from the in-sync replicas that have not been caught up for longer than
    /// `replica.lag.time.max.ms`, and returns them. Kafka checks every half of that time.
    pub fn shrink_isr(&mut self, now: Micros) -> Vec<BrokerId> {
        let Some(leader) = self.leader.filter(|i| self.replicas[*i].alive) else {
            return Vec::new();
        };
        let end = self.replicas[leader].log.end();
        let lagging = |i: usize| i != leader && !self.replicas[i].caught_up(end, now, &self.config);
        let dropped: Vec<BrokerId> = (0..self.replicas.len())
            .filter(|i| lagging(*i))
            .map(|i| self.replicas[i].broker)
            .filter(|b| self.isr.contains(b))
            .collect();
        if !dropped.is_empty() {
            self.isr.retain(|b| !dropped.contains(b));
            self.advance_high_watermark(now);
        }
        dropped
    }
}
