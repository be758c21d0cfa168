//! Joining, syncing, heartbeats and what they do to the assignment (`AbstractCoordinator`,
//! `ConsumerCoordinator`).

use super::{
    Assigned, Consumer, ConsumerAnswer, ConsumerEvent, ConsumerRequest, Membership, Offsets,
    RequestId,
};
use crate::broker::wire::{ErrorCode, Micros, TopicPartition};
use std::sync::Arc;

/// Where the consumer is in the group protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Unjoined,
    /// Waits for the commit that precedes the revocation.
    Committing(RequestId),
    Joining(RequestId),
    Syncing(RequestId),
    Stable,
    Fenced,
    Closed,
}

impl Phase {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Phase::Fenced | Phase::Closed)
    }

    /// Elsewhere the client refuses by itself (`generationIfStable`).
    pub(super) fn may_commit(self) -> bool {
        matches!(self, Phase::Committing(_) | Phase::Stable)
    }

    /// Heartbeats are due: the group knows the member.
    pub(super) fn has_member(self) -> bool {
        matches!(
            self,
            Phase::Committing(_) | Phase::Syncing(_) | Phase::Stable
        )
    }
}

impl Consumer {
    /// The part of `poll` that joins: what is owned is committed and given back first
    /// (`onJoinPrepare`).
    pub(super) fn join_if_needed(&mut self, now: Micros) {
        if self.lost {
            self.lost = false;
            let all = self.partitions();
            self.assigned.clear();
            if !all.is_empty() {
                self.events.push_back(ConsumerEvent::Lost(all));
            }
        }
        let free = matches!(self.phase, Phase::Unjoined | Phase::Stable);
        if !self.rejoin || !free || now < self.join_at {
            return;
        }
        match self.auto_commit(now) {
            Some(commit) => self.phase = Phase::Committing(commit),
            None => self.revoke_and_join(now),
        }
    }

    fn revoke_and_join(&mut self, now: Micros) {
        self.rejoin = false;
        let owned = self.partitions();
        if !self.settings.strategy.cooperative() && !owned.is_empty() {
            self.assigned.clear();
            self.events
                .push_back(ConsumerEvent::Revoked(Arc::clone(&owned)));
        }
        let id = self.ask(
            ConsumerRequest::JoinGroup {
                sender: self.sender,
                owned,
            },
            now,
        );
        self.phase = Phase::Joining(id);
    }

    pub(super) fn on_joined(
        &mut self,
        id: RequestId,
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        if self.phase != Phase::Joining(id) {
            return;
        }
        match answer {
            Ok(ConsumerAnswer::Joined { member, generation }) => {
                self.sender.member = Some(member);
                self.sender.generation = generation;
                self.next_heartbeat = now.saturating_add(self.settings.heartbeat_interval);
                let id = self.ask(ConsumerRequest::SyncGroup(self.sender), now);
                self.phase = Phase::Syncing(id);
            }
            Ok(_) => self.join_again(now),
            Err(error) => self.on_group_error(error, now),
        }
    }

    pub(super) fn on_synced(
        &mut self,
        id: RequestId,
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        if self.phase != Phase::Syncing(id) {
            return;
        }
        match answer {
            Ok(ConsumerAnswer::Synced(partitions)) => self.take_assignment(&partitions, now),
            Ok(_) => self.join_again(now),
            Err(error) => self.on_group_error(error, now),
        }
    }

    /// `onJoinComplete`: a cooperative member that lost something revokes it and joins again, so
    /// that it can be given to others.
    fn take_assignment(&mut self, partitions: &[TopicPartition], now: Micros) {
        self.phase = Phase::Stable;
        self.next_auto_commit = now.saturating_add(self.settings.auto_commit_interval);
        let gone: Arc<[_]> = self
            .assignment()
            .filter(|at| !partitions.contains(at))
            .collect();
        let new: Arc<[_]> = partitions
            .iter()
            .copied()
            .filter(|&at| self.find(at).is_none())
            .collect();
        if !gone.is_empty() {
            self.assigned.retain(|p| !gone.contains(&p.at));
            self.events.push_back(ConsumerEvent::Revoked(gone));
            self.rejoin = true;
        }
        self.assigned
            .extend(new.iter().map(|&at| Assigned::new(at)));
        self.assigned.sort_by_key(|p| p.at);
        self.assigned.dedup_by_key(|p| p.at);
        self.turn = 0;
        self.events.push_back(ConsumerEvent::Assigned(new));
        self.ask_for_what_is_missing(now);
    }

    pub(super) fn on_heartbeat(
        &mut self,
        sender: Membership,
        answer: Result<ConsumerAnswer, ErrorCode>,
    ) {
        // An answer about an earlier generation says nothing about this one.
        let Err(error) = answer else { return };
        if sender != self.sender {
            return;
        }
        // A member that joins already need not be told to (`HeartbeatResponseHandler`).
        if error == ErrorCode::RebalanceInProgress && self.phase != Phase::Stable {
            return;
        }
        self.on_member_error(error);
    }

    pub(super) fn on_commit(
        &mut self,
        id: RequestId,
        sender: Membership,
        offsets: Offsets,
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        match answer {
            Ok(_) => {
                for &(at, offset) in offsets.iter() {
                    if let Some(place) = self.find(at) {
                        self.assigned[place].committed = Some(offset);
                    }
                }
                self.events
                    .push_back(ConsumerEvent::Committed { id, offsets });
            }
            Err(error) => {
                self.events
                    .push_back(ConsumerEvent::CommitFailed { id, offsets, error });
                if sender == self.sender {
                    self.on_member_error(error);
                }
            }
        }
        if self.phase == Phase::Committing(id) {
            self.revoke_and_join(now);
        }
    }

    /// What an error of the group means to a member between polls.
    fn on_member_error(&mut self, error: ErrorCode) {
        match error {
            ErrorCode::RebalanceInProgress => self.rejoin = true,
            ErrorCode::UnknownMemberId => self.forget_membership(true),
            ErrorCode::IllegalGeneration => self.forget_membership(false),
            ErrorCode::FencedInstanceId => self.be_fenced(),
            _ => {}
        }
    }

    /// An error in answer to a join or sync.
    fn on_group_error(&mut self, error: ErrorCode, now: Micros) {
        self.on_member_error(error);
        if !self.phase.is_over() {
            self.join_again(now);
            if !error.retriable() {
                self.join_at = now;
            }
        }
    }

    fn join_again(&mut self, now: Micros) {
        self.phase = Phase::Unjoined;
        self.rejoin = true;
        self.join_at = now.saturating_add(self.settings.retry_backoff);
    }

    /// The group does not have this member (any more); its partitions may be with others.
    pub(super) fn forget_membership(&mut self, id_too: bool) {
        if self.phase.is_over() {
            return;
        }
        self.sender.generation = -1;
        if id_too {
            self.sender.member = None;
        }
        self.phase = Phase::Unjoined;
        self.rejoin = true;
        self.lost = true;
    }

    fn be_fenced(&mut self) {
        self.phase = Phase::Fenced;
        let all = self.partitions();
        self.assigned.clear();
        if !all.is_empty() {
            self.events.push_back(ConsumerEvent::Lost(all));
        }
        self.events.push_back(ConsumerEvent::Fenced);
    }

    /// Static members do not leave: their place is kept until the session ends (KIP-345).
    pub(super) fn leave(&mut self, now: Micros) {
        if self.sender.instance.is_none() {
            self.ask(ConsumerRequest::LeaveGroup(self.sender), now);
        }
    }

    pub(super) fn heartbeat_due(&self, now: Micros) -> bool {
        self.phase.has_member() && now >= self.next_heartbeat
    }
}
