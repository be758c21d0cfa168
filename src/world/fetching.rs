//! Fetches: a consumer asks a leader, which answers or lets it wait.

use super::member::Seat;
use super::packet::{About, Way};
use super::{Cargo, Ev, MAX_SERVICES, World, lane};
use crate::broker::wire::{BrokerId, ErrorCode, Isolation, Micros, Offset, TopicPartition};
use crate::client::consumer::{ConsumerAnswer, ConsumerRequest, IsolationLevel, OutgoingRequest};
use crate::trace::{EventId, Leg, NO_CAUSE};
use std::sync::Arc;

/// A consumer's fetch that waits at the leader for records.
#[derive(Clone, Debug)]
pub(super) struct ParkedFetch {
    pub(super) seat: Seat,
    pub(super) request: u64,
    pub(super) offset: Offset,
    pub(super) max_records: u32,
    pub(super) isolation: Isolation,
    pub(super) until: Micros,
}

pub(super) fn isolation_of(level: IsolationLevel) -> Isolation {
    match level {
        IsolationLevel::ReadCommitted => Isolation::ReadCommitted,
        IsolationLevel::ReadUncommitted => Isolation::ReadUncommitted,
    }
}

impl World {
    /// A member's request has arrived.
    pub(super) fn member_request(&mut self, seat: Seat, request: &OutgoingRequest, cause: EventId) {
        match request.request {
            ConsumerRequest::Fetch {
                partition,
                offset,
                max_records,
                max_wait,
                isolation,
            } => {
                let isolation = isolation_of(isolation);
                let until = self.now + max_wait;
                let fetch = ParkedFetch {
                    seat,
                    request: request.id,
                    offset,
                    max_records,
                    isolation,
                    until,
                };
                self.fetch(partition, fetch, true);
            }
            ConsumerRequest::ListOffset {
                partition,
                end,
                isolation,
            } => {
                let answer = self.list_offset(partition, end, isolation);
                self.answer_member(seat, request.id, answer, Leg::Control, NO_CAUSE);
            }
            _ => self.group_request(seat, request.id, &request.request, cause),
        }
    }

    pub(super) fn list_offset(
        &self,
        at: TopicPartition,
        end: bool,
        isolation: IsolationLevel,
    ) -> Result<ConsumerAnswer, ErrorCode> {
        let leader = self.leader_of(at).ok_or(ErrorCode::LeaderNotAvailable)?;
        if !self.broker_up(leader) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let core = &self
            .partition(at)
            .ok_or(ErrorCode::NotLeaderOrFollower)?
            .core;
        let offset = match (end, isolation) {
            (false, _) => core.log_start(),
            (true, IsolationLevel::ReadCommitted) => core.last_stable_offset(),
            (true, IsolationLevel::ReadUncommitted) => core.high_watermark(),
        };
        Ok(ConsumerAnswer::Listed(offset))
    }

    /// A fetch is at the leader: it is answered, or waits for records.
    pub(super) fn fetch(&mut self, at: TopicPartition, fetch: ParkedFetch, may_wait: bool) {
        let Some(leader) = self.leader_of(at).filter(|&leader| self.broker_up(leader)) else {
            return;
        };
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        let result = actor
            .core
            .fetch(leader, fetch.offset, fetch.max_records, fetch.isolation);
        let fetched = match result {
            Ok(fetched)
                if may_wait && fetched.is_empty() && fetched.next_position == fetch.offset =>
            {
                let (seat, until) = (fetch.seat, fetch.until);
                actor.parked.retain(|other| other.seat != seat);
                actor.parked.push(fetch);
                self.queue
                    .push_timer(lane::FETCH_WAIT, until, Ev::FetchWaited { at, seat });
                return;
            }
            Ok(fetched) => fetched,
            Err(code) => {
                self.answer_member(fetch.seat, fetch.request, Err(code), Leg::Control, NO_CAUSE);
                return;
            }
        };
        let records: Arc<[_]> = fetched.records().collect();
        let next_offset = fetched.next_position;
        self.send_records(at, &fetch, records, next_offset);
    }

    pub(super) fn send_records(
        &mut self,
        at: TopicPartition,
        fetch: &ParkedFetch,
        records: Arc<[(Offset, crate::broker::wire::Message)]>,
        next_offset: Offset,
    ) {
        let service = fetch.seat.service;
        let first = records.first().map_or(0, |(_, message)| message.id);
        for (_, message) in records.iter() {
            if let Some(row) = self.messages.get_mut(message.id) {
                let sent = &mut row.sent[usize::from(service) % MAX_SERVICES];
                *sent = sent.wrapping_add(1);
            }
        }
        let attempt = self.messages.get(first).map_or(1, |row| {
            u32::from(row.sent[usize::from(service) % MAX_SERVICES])
        });
        let cause = self.messages.get(first).map_or(NO_CAUSE, |row| row.last);
        let count = records.len() as u32;
        let about = About {
            message: first,
            count,
            attempt,
            service,
            refused: false,
        };
        let leg = if count > 0 {
            Leg::Delivery
        } else {
            Leg::Control
        };
        let way = Way {
            leg,
            from: self.channel_place(at),
            to: fetch.seat.place(),
        };
        let answer = Box::new(Ok(ConsumerAnswer::Fetched {
            records,
            next_offset,
        }));
        self.send(
            way,
            about,
            cause,
            Cargo::MemberAnswer {
                seat: fetch.seat,
                request: fetch.request,
                answer,
            },
        );
    }

    /// Something new can be read: fetches that wait are answered.
    pub(super) fn serve_parked_fetches(&mut self, at: TopicPartition) {
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        if actor.parked.is_empty() {
            return;
        }
        let parked = std::mem::take(&mut actor.parked);
        for fetch in parked {
            self.fetch(at, fetch, true);
        }
    }

    /// A fetch has waited long enough and is answered with what there is.
    pub(super) fn fetch_waited(&mut self, at: TopicPartition, seat: Seat) {
        let now = self.now;
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        let Some(place) = actor
            .parked
            .iter()
            .position(|f| f.seat == seat && f.until <= now)
        else {
            return;
        };
        let fetch = actor.parked.remove(place);
        self.fetch(at, fetch, false);
    }

    /// A new leader: fetches that waited at the old one are asked anew.
    pub(super) fn members_hear_of_leader(&mut self, at: TopicPartition) {
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        let parked = std::mem::take(&mut actor.parked);
        for fetch in parked {
            self.answer_member(
                fetch.seat,
                fetch.request,
                Err(ErrorCode::NotLeaderOrFollower),
                Leg::Control,
                NO_CAUSE,
            );
        }
    }

    /// The broker that leads the partition.
    pub(super) fn leader_of(&self, at: TopicPartition) -> Option<BrokerId> {
        match self.partition(at) {
            Some(actor) => actor.core.leader(),
            None => Some(0),
        }
    }
}
