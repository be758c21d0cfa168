//! The consumer of the classic group protocol: joins, fetches, hands out records, commits
//! (`KafkaConsumer` with `ConsumerCoordinator` and `Fetcher`).
//!
//! Nothing happens behind the application's back but heartbeats: commits, revocation and joining are
//! part of [`Consumer::poll`]. The caller gives answers (`on_answer`), lets time pass (`on_timer`),
//! calls `poll` when the application is done with the records of the one before, and then sends what
//! `next_request` returns and takes what `next_event` returns. A crash is: drop this machine.

mod assignment;
mod fetching;
mod membership;
mod message;
mod settings;

pub use message::{
    ConsumerAnswer, ConsumerEvent, ConsumerRecord, ConsumerRequest, Generation, MemberId,
    Membership, Offsets, OutgoingRequest, RequestId,
};
pub use settings::{AutoOffsetReset, ConsumerSettings, IsolationLevel, Strategy};

use crate::broker::wire::{ErrorCode, Micros, Offset, TopicPartition};
use assignment::{Assigned, Missing};
use membership::Phase;
use std::collections::VecDeque;
use std::sync::Arc;

/// A consumer. See the module for how to drive it.
#[derive(Clone, Debug)]
pub struct Consumer {
    settings: ConsumerSettings,
    sender: Membership,
    phase: Phase,
    /// The group said that it rebalances; the next poll joins.
    rejoin: bool,
    /// The member was removed; the next poll reports its partitions as lost.
    lost: bool,
    join_at: Micros,
    next_heartbeat: Micros,
    last_poll: Micros,
    next_auto_commit: Micros,
    /// Sorted by partition.
    assigned: Vec<Assigned>,
    turn: usize,
    next_id: RequestId,
    outbox: VecDeque<OutgoingRequest>,
    in_flight: Vec<OutgoingRequest>,
    events: VecDeque<ConsumerEvent>,
}

impl Consumer {
    /// A consumer that starts at `now`; it joins with the first poll.
    ///
    /// # Errors
    /// [`ConsumerSettings::problems`], if there are any.
    pub fn new(settings: ConsumerSettings, now: Micros) -> Result<Self, Vec<String>> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let sender = Membership {
            member: None,
            instance: settings.group_instance_id,
            generation: -1,
        };
        Ok(Self {
            sender,
            phase: Phase::Unjoined,
            rejoin: true,
            lost: false,
            join_at: 0,
            next_heartbeat: now,
            last_poll: now,
            next_auto_commit: now.saturating_add(settings.auto_commit_interval),
            assigned: Vec::new(),
            turn: 0,
            next_id: 0,
            outbox: VecDeque::new(),
            in_flight: Vec::new(),
            events: VecDeque::new(),
            settings,
        })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &ConsumerSettings {
        &self.settings
    }

    /// Member id and generation (`groupMetadata()`).
    pub fn membership(&self) -> Membership {
        self.sender
    }

    /// The partitions it believes to own, in order (`assignment()`).
    pub fn assignment(&self) -> impl Iterator<Item = TopicPartition> {
        self.assigned.iter().map(|p| p.at)
    }

    /// The next offset `poll` returns of an owned partition, once known (`position()`).
    pub fn position(&self, at: TopicPartition) -> Option<Offset> {
        self.find(at).and_then(|i| self.assigned[i].position)
    }

    /// The last offset this consumer saw committed for an owned partition.
    pub fn committed(&self, at: TopicPartition) -> Option<Offset> {
        self.find(at).and_then(|i| self.assigned[i].committed)
    }

    /// Records fetched and not yet handed out.
    pub fn buffered(&self) -> u32 {
        self.assigned.iter().map(Assigned::buffered).sum()
    }

    fn find(&self, at: TopicPartition) -> Option<usize> {
        self.assigned.binary_search_by_key(&at, |p| p.at).ok()
    }

    /// The next request to write, in order.
    pub fn next_request(&mut self) -> Option<OutgoingRequest> {
        let request = self.outbox.pop_front()?;
        self.in_flight.push(request.clone());
        Some(request)
    }

    /// The next thing to tell the application, in order.
    pub fn next_event(&mut self) -> Option<ConsumerEvent> {
        self.events.pop_front()
    }

    /// The application asks for records, and is by that done with those it got before. Adds up to
    /// `max.poll.records` to `out`, one partition after the other.
    ///
    /// First a due auto-commit of the positions so far is sent, and a rebalance that waits is begun;
    /// nothing is handed out while the commit before a revocation is not answered.
    pub fn poll(&mut self, now: Micros, out: &mut Vec<ConsumerRecord>) {
        self.last_poll = now;
        self.join_if_needed(now);
        if now >= self.next_auto_commit {
            self.auto_commit(now);
        }
        if !matches!(self.phase, Phase::Committing(_)) {
            self.hand_out(out);
        }
        self.ask_for_what_is_missing(now);
    }

    fn hand_out(&mut self, out: &mut Vec<ConsumerRecord>) {
        let lanes = self.assigned.len();
        let mut left = self.settings.max_poll_records as usize;
        let first = self.turn;
        for i in 0..lanes {
            let place = (first + i) % lanes;
            let before = out.len();
            self.assigned[place].take(left, out);
            left -= out.len() - before;
            if left == 0 {
                // A partition cut short goes first next time: Kafka finishes a fetch it began.
                self.turn = (place + usize::from(self.assigned[place].buffered() == 0)) % lanes;
                break;
            }
        }
    }

    /// Commits given offsets (next to read) without checking who owns them, as Kafka's client.
    /// The answer comes as an event with the returned id; it is not retried here (`commitAsync`).
    /// While the consumer is joining it fails at once.
    pub fn commit(&mut self, offsets: Offsets, now: Micros) -> RequestId {
        let sender = self.sender;
        if !self.phase.may_commit() {
            let error = match sender.generation {
                -1 => ErrorCode::UnknownMemberId,
                _ => ErrorCode::RebalanceInProgress,
            };
            self.next_id += 1;
            let id = self.next_id;
            self.events
                .push_back(ConsumerEvent::CommitFailed { id, offsets, error });
            return id;
        }
        self.ask(ConsumerRequest::OffsetCommit { sender, offsets }, now)
    }

    /// Commits the positions: everything handed out so far, processed or not.
    /// `None` if there is no position to commit.
    pub fn commit_positions(&mut self, now: Micros) -> Option<RequestId> {
        let offsets: Offsets = self
            .assigned
            .iter()
            .filter_map(|p| p.position.map(|offset| (p.at, offset)))
            .collect();
        (!offsets.is_empty()).then(|| self.commit(offsets, now))
    }

    fn auto_commit(&mut self, now: Micros) -> Option<RequestId> {
        if !self.settings.enable_auto_commit || self.phase != Phase::Stable {
            return None;
        }
        self.next_auto_commit = now.saturating_add(self.settings.auto_commit_interval);
        self.commit_positions(now)
    }

    /// Goes on reading an owned partition at `offset`. False if it is not owned.
    pub fn seek(&mut self, at: TopicPartition, offset: Offset) -> bool {
        self.find(at)
            .map(|i| self.assigned[i].go_to(offset))
            .is_some()
    }

    /// Hands out nothing of an owned partition until resumed. False if it is not owned.
    pub fn pause(&mut self, at: TopicPartition) -> bool {
        self.find(at)
            .map(|i| self.assigned[i].paused = true)
            .is_some()
    }

    /// Ends a pause. False if the partition is not owned.
    pub fn resume(&mut self, at: TopicPartition) -> bool {
        self.find(at)
            .map(|i| self.assigned[i].paused = false)
            .is_some()
    }

    /// Closes the consumer: commits the positions if auto-commit is on (processed or not) and, unless
    /// it is a static member, leaves the group. Send what `next_request` then returns.
    pub fn close(&mut self, now: Micros) {
        if !self.phase.is_over() && self.sender.generation >= 0 {
            self.auto_commit(now);
            self.leave(now);
        }
        self.phase = Phase::Closed;
        self.assigned.clear();
    }

    fn ask(&mut self, request: ConsumerRequest, now: Micros) -> RequestId {
        self.next_id += 1;
        let time = match request {
            // A join is answered when all members came, which may take their poll interval.
            ConsumerRequest::JoinGroup { .. } => {
                self.settings.max_poll_interval.saturating_add(5_000_000)
            }
            _ => self.settings.request_timeout,
        };
        let deadline = now.saturating_add(time);
        self.outbox.push_back(OutgoingRequest {
            id: self.next_id,
            request,
            deadline,
        });
        self.next_id
    }

    /// A broker's answer. Unknown ids (answers to requests given up) are ignored.
    pub fn on_answer(
        &mut self,
        id: RequestId,
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        let Some(place) = self.in_flight.iter().position(|r| r.id == id) else {
            return;
        };
        let request = self.in_flight.remove(place).request;
        match request {
            ConsumerRequest::JoinGroup { .. } => self.on_joined(id, answer, now),
            ConsumerRequest::SyncGroup(_) => self.on_synced(id, answer, now),
            ConsumerRequest::Heartbeat(sender) => self.on_heartbeat(sender, answer),
            ConsumerRequest::LeaveGroup(_) => {}
            ConsumerRequest::OffsetCommit { sender, offsets } => {
                self.on_commit(id, sender, offsets, answer, now);
            }
            ConsumerRequest::OffsetFetch { partitions, .. } => {
                self.on_offsets(id, &partitions, answer, now);
            }
            ConsumerRequest::ListOffset { partition, .. } => {
                self.on_listed(id, partition, answer, now);
            }
            ConsumerRequest::Fetch { partition, .. } => self.on_fetched(id, partition, answer, now),
        }
    }

    /// Lets time pass: requests time out, heartbeats fall due, `max.poll.interval.ms` ends membership.
    pub fn on_timer(&mut self, now: Micros) {
        while let Some(late) = self.in_flight.iter().find(|r| r.deadline <= now) {
            self.on_answer(late.id, Err(ErrorCode::NetworkException), now);
        }
        let poll_late = now.saturating_sub(self.last_poll) > self.settings.max_poll_interval;
        if poll_late && self.phase.has_member() {
            self.events.push_back(ConsumerEvent::PollIntervalExceeded);
            self.leave(now);
            self.forget_membership(true);
        }
        if self.heartbeat_due(now) {
            self.next_heartbeat = now.saturating_add(self.settings.heartbeat_interval);
            self.ask(ConsumerRequest::Heartbeat(self.sender), now);
        }
    }

    /// When to call `on_timer` and (for retries and auto-commit) `poll` again if nothing else happens.
    pub fn next_wake(&self, now: Micros) -> Option<Micros> {
        let requests = self.in_flight.iter().map(|r| r.deadline);
        let retries = self
            .assigned
            .iter()
            .map(|p| p.retry_at)
            .chain([self.join_at]);
        let poll_limit = self
            .last_poll
            .saturating_add(self.settings.max_poll_interval);
        let member = self.phase.has_member();
        let group = [poll_limit.saturating_add(1), self.next_heartbeat];
        let group = group.into_iter().filter(|_| member);
        requests
            .chain(retries)
            .chain(group)
            .filter(|&at| at > now)
            .min()
    }

    fn partitions(&self) -> Arc<[TopicPartition]> {
        self.assignment().collect()
    }
}
