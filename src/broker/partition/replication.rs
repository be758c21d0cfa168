//! A follower's fetch: what it asks, what the leader answers, what it does with the answer.

use super::Partition;
use super::replica::fresh_producers;
use crate::broker::log::{EpochEnd, Removed, StoredBatch};
use crate::broker::wire::{BrokerId, ErrorCode, LeaderEpoch, Micros, Offset};

/// Fetch request of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerFetch {
    /// Who asks.
    pub follower: BrokerId,
    /// Leader epoch the follower knows.
    pub leader_epoch: LeaderEpoch,
    /// Its log end offset.
    pub offset: Offset,
    /// Latest epoch in its log, if it has records (`LastFetchedEpoch`).
    pub last_epoch: Option<LeaderEpoch>,
}

/// The leader's answer to a follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchAnswer {
    /// The request it answers.
    pub asked: FollowerFetch,
    /// The leader's high watermark.
    pub high_watermark: Offset,
    /// The leader's log start offset.
    pub log_start: Offset,
    /// The rest.
    pub body: FetchBody,
}

/// What a follower has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchBody {
    /// Append these batches (none when it has everything).
    Batches(Vec<StoredBatch>),
    /// The logs differ: truncate by what the leader knows of this epoch (KIP-101, KIP-279).
    Diverging(EpochEnd),
    /// The follower's end lies below the leader's log start: begin again there.
    OutOfRange,
}

/// What a follower did with an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Offsets appended.
    pub appended: u64,
    /// Messages that were in this replica and are not any more, with the offsets they had.
    pub truncated: Removed,
}

impl Partition {
    /// The fetch request that `follower` would send now. `None` when it is dead, leads, or there is no
    /// leader to ask.
    pub fn follower_fetch(&self, follower: BrokerId) -> Option<FollowerFetch> {
        let leader = self.leader?;
        let replica = self.replica(follower).filter(|r| r.alive)?;
        (self.replicas[leader].broker != follower).then(|| FollowerFetch {
            follower,
            leader_epoch: self.leader_epoch,
            offset: replica.log.end(),
            last_epoch: replica.log.latest_epoch(),
        })
    }

    /// A follower's fetch arrives at the leader on `broker`: notes how far the follower is, lets it join
    /// the in-sync replicas, raises the high watermark and answers with at most about `max_records`
    /// records (whole batches, at least one).
    ///
    /// # Errors
    /// `NotLeaderOrFollower`; `FencedLeaderEpoch` when the request is from an older epoch,
    /// `UnknownLeaderEpoch` when it is from a newer one.
    pub fn serve_follower(
        &mut self,
        broker: BrokerId,
        request: &FollowerFetch,
        max_records: u32,
        now: Micros,
    ) -> Result<FetchAnswer, ErrorCode> {
        let leader = self.leader_at(broker)?;
        if request.leader_epoch < self.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if request.leader_epoch > self.leader_epoch {
            return Err(ErrorCode::UnknownLeaderEpoch);
        }
        let follower = self.index(request.follower).filter(|i| *i != leader);
        let follower = follower.ok_or(ErrorCode::NotLeaderOrFollower)?;
        let body = self.body_for(leader, request, max_records);
        if matches!(body, FetchBody::Batches(_)) {
            let end = self.replicas[leader].log.end();
            self.replicas[follower]
                .followed
                .fetched(request.offset, end, now);
            self.expand_isr(leader, follower);
            self.advance_high_watermark(now);
        }
        let replica = &self.replicas[leader];
        Ok(FetchAnswer {
            asked: *request,
            high_watermark: replica.high_watermark,
            log_start: replica.log.start(),
            body,
        })
    }

    fn body_for(&self, leader: usize, request: &FollowerFetch, max_records: u32) -> FetchBody {
        let log = &self.replicas[leader].log;
        if request.offset < log.start() {
            return FetchBody::OutOfRange;
        }
        let known = request
            .last_epoch
            .map(|asked| (asked, log.end_of_epoch(asked)));
        match known {
            Some((_, None)) => return FetchBody::OutOfRange,
            Some((asked, Some(end))) if end.epoch < asked || end.end < request.offset => {
                return FetchBody::Diverging(end);
            }
            None if request.offset > log.end() => return FetchBody::OutOfRange,
            _ => {}
        }
        let mut room = u64::from(max_records.max(1));
        let mut batches = Vec::new();
        for batch in log.batches(request.offset, log.end()) {
            batches.push(batch.clone());
            room = room.saturating_sub(u64::from(batch.len()));
            if room == 0 {
                break;
            }
        }
        FetchBody::Batches(batches)
    }

    /// A follower that has caught up with the high watermark, and with the start of this leader's epoch,
    /// joins the in-sync replicas (`Partition.isFollowerInSync`).
    fn expand_isr(&mut self, leader: usize, follower: usize) {
        let end = self.replicas[follower].followed.end;
        let caught_up = end >= self.replicas[leader].high_watermark && end >= self.epoch_start;
        let broker = self.replicas[follower].broker;
        if caught_up && !self.replicas[follower].fenced && !self.isr.contains(&broker) {
            self.isr.push(broker);
            let replicas = &self.replicas;
            self.isr
                .sort_by_key(|b| replicas.iter().position(|r| r.broker == *b));
        }
    }

    /// The answer arrives at `follower`. An answer of another leader epoch, or to a replica
    /// that did not ask, is dead or has moved on since it asked, changes nothing: a fetcher waits for one answer at a
    /// time, over one connection.
    pub fn apply_fetch(&mut self, follower: BrokerId, answer: &FetchAnswer) -> Applied {
        let mut applied = Applied::default();
        if self.follower_fetch(follower) != Some(answer.asked) {
            return applied;
        }
        let Some(index) = self.index(follower) else {
            return applied;
        };
        let config = self.config;
        let replica = &mut self.replicas[index];
        match &answer.body {
            FetchBody::Batches(batches) => {
                for batch in batches {
                    replica.producers.record(batch);
                    replica.log.append(batch.clone());
                    applied.appended += u64::from(batch.len());
                }
                replica.raise_high_watermark(answer.high_watermark);
                replica.log.advance_start(answer.log_start);
            }
            FetchBody::Diverging(end) => applied.truncated = replica.diverge(*end),
            FetchBody::OutOfRange => {
                applied.truncated = replica.log.restart_at(answer.log_start);
                replica.producers = fresh_producers(&config);
                replica.high_watermark = answer.log_start;
            }
        }
        applied
    }
}

impl super::Replica {
    /// Truncates to where this log and the leader's part (`AbstractFetcherThread.getOffsetTruncationState`).
    /// When this log does not know the epoch the leader named, it cuts back to its own largest epoch
    /// below that; the next fetch then goes on from there.
    fn diverge(&mut self, leader: EpochEnd) -> Removed {
        let target = match self.log.end_of_epoch(leader.epoch) {
            Some(own) if own.epoch == leader.epoch => own.end.min(leader.end),
            Some(own) => own.end,
            None => leader.end,
        };
        let end = self.log.end();
        let removed = self.log.truncate(target);
        if self.log.end() < end {
            self.high_watermark = self.high_watermark.min(self.log.end());
            self.producers.rebuild(&self.log, self.high_watermark);
        }
        removed
    }
}
