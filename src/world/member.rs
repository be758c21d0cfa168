//! An instance of a service that reads logs: it joins, polls and commits.

use std::sync::Arc;

use crate::broker::group::{Group, MemberId};
use crate::broker::wire::{ErrorCode, Micros, Offset, TopicId, TopicPartition};
use crate::client::consumer::{
    Consumer, ConsumerAnswer, ConsumerEvent, ConsumerRequest, OutgoingRequest,
};
use crate::service::{Plan, RetryBudget, Store, Strategy};
use crate::trace::{EventId, Kind, Leg, NO_CAUSE, Party, Place};

use super::group::coordinator;
use super::packet::{About, Way};
use super::work::Work;
use super::{Cargo, Ev, MAX_SERVICES, World};

/// One life of an instance: what is addressed to an earlier one is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub service: u16,
    pub member: u16,
    pub life: u32,
}

impl Seat {
    /// Its place on the stage.
    pub fn place(self) -> Place {
        Place::Party(Party::Member(self.service, self.member))
    }
}

/// A service with its instances.
#[derive(Clone, Debug)]
pub(super) struct ServiceActor {
    pub group: Group,
    pub members: Vec<MemberActor>,
    pub store: Store,
    pub plan: Plan,
    pub strategy: Strategy,
    pub topics: Arc<[TopicId]>,
    pub next_member_id: MemberId,
    /// The latest event that began to distribute its partitions anew.
    pub rebalancing: EventId,
    /// Whose process a member id belongs to.
    pub identities: Vec<(MemberId, u16)>,
    pub waiting: Vec<super::group::Waiting>,
    pub tick: Option<Micros>,
    pub frontiers: Vec<Frontier>,
    /// Whose turn it is, where the service waits for order.
    pub turns: Option<super::turns::Turns>,
    pub effects: u64,
}

/// How far a service has come in a partition, as its present owner knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frontier {
    pub at: TopicPartition,
    pub owner: Option<u16>,
    pub delivered: Offset,
    pub processed: Offset,
}

/// An instance of a service.
#[derive(Clone, Debug)]
pub(super) struct MemberActor {
    pub up: bool,
    pub life: u32,
    pub paused_until: Micros,
    /// The event of its latest death.
    pub died: EventId,
    /// The event with which it stood still last.
    pub stood_still: EventId,
    pub consumer: Option<Consumer>,
    pub work: Work,
    /// How often it may still try again; a new process begins with a full budget.
    pub budget: RetryBudget,
    /// How it gets messages where there is no log.
    pub receiver: super::receive::Receiver,
    /// Its own producer, where it writes records or transactions.
    pub producer: Option<u16>,
    pub wake: Option<Micros>,
    /// The latest event that gave it partitions.
    pub assigned: EventId,
}

impl World {
    pub(super) fn member(&self, service: u16, member: u16) -> Option<&MemberActor> {
        self.services
            .get(usize::from(service))?
            .members
            .get(usize::from(member))
    }

    pub(super) fn member_mut(&mut self, service: u16, member: u16) -> Option<&mut MemberActor> {
        self.services
            .get_mut(usize::from(service))?
            .members
            .get_mut(usize::from(member))
    }

    /// The member, if it still lives that life.
    pub(super) fn seated(&mut self, seat: Seat) -> Option<&mut MemberActor> {
        self.member_mut(seat.service, seat.member)
            .filter(|actor| actor.up && actor.life == seat.life)
    }

    pub(super) fn seat(&self, service: u16, member: u16) -> Seat {
        let life = self.member(service, member).map_or(0, |actor| actor.life);
        Seat {
            service,
            member,
            life,
        }
    }

    /// A process that stands still takes nothing in until it goes on; gives when that is.
    pub(super) fn paused(&self, seat: Seat) -> Option<Micros> {
        let until = self.member(seat.service, seat.member)?.paused_until;
        (until > self.now).then_some(until)
    }

    /// Lets an instance do all it can do now, and sets its alarm.
    pub(super) fn drive_member(&mut self, seat: Seat) {
        let now = self.now;
        if self.seated(seat).is_none() || self.paused(seat).is_some() {
            return;
        }
        self.hear(seat);
        let may_begin = self.may_begin(seat);
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let polls = actor.work.is_idle() && may_begin;
        let Some(consumer) = &mut actor.consumer else {
            self.drive_receiver(seat);
            return;
        };
        if polls {
            let mut records = std::mem::take(&mut actor.work.batch);
            records.clear();
            consumer.poll(now, &mut records);
            self.delivered(seat, records);
            self.hear(seat);
        } else {
            consumer.ask_for_what_is_missing(now);
        }
        self.send_requests(seat);
        self.plan_wake(seat);
    }

    pub(super) fn plan_wake(&mut self, seat: Seat) {
        let now = self.now;
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let Some(consumer) = &actor.consumer else {
            return;
        };
        let idle = actor.work.is_idle();
        let auto = consumer.settings().enable_auto_commit && idle;
        let next = consumer.next_wake(now);
        let auto_at = auto.then(|| now + consumer.settings().auto_commit_interval);
        let Some(at) = next.into_iter().chain(auto_at).min() else {
            return;
        };
        if actor
            .wake
            .is_none_or(|planned| planned > at || planned <= now)
        {
            actor.wake = Some(at);
            self.queue.push(at, Ev::MemberTimer(seat));
        }
    }

    pub(super) fn member_timer(&mut self, seat: Seat) {
        if let Some(until) = self.paused(seat) {
            self.queue.push(until, Ev::MemberTimer(seat));
            return;
        }
        let now = self.now;
        let Some(actor) = self.seated(seat) else {
            return;
        };
        if actor.wake.is_some_and(|planned| planned > now) {
            return;
        }
        actor.wake = None;
        if let Some(consumer) = &mut actor.consumer {
            consumer.on_timer(now);
        }
        self.drive_member(seat);
    }

    /// Records came out of a poll: the application has them now.
    pub(super) fn delivered(
        &mut self,
        seat: Seat,
        mut records: Vec<crate::client::consumer::ConsumerRecord>,
    ) {
        let Seat {
            service, member, ..
        } = seat;
        for record in &mut records {
            let message = record.message.id;
            let nth = self.count_delivery(service, message);
            let first = self.messages.get(message).map_or(NO_CAUSE, |row| row.last);
            let assigned = self
                .member(service, member)
                .map_or(NO_CAUSE, |actor| actor.assigned);
            let cause = if nth > 1 { assigned } else { first };
            let (partition, offset) = (record.partition.partition, record.offset);
            record.delivery = self.record(
                cause,
                Kind::Delivered {
                    service,
                    member,
                    partition,
                    offset,
                    message,
                    nth,
                },
            );
            if let Some(frontier) = self.frontier(service, record.partition) {
                frontier.delivered = offset + 1;
            }
        }
        self.begin_batch(seat, records);
    }

    pub(super) fn count_delivery(&mut self, service: u16, message: u64) -> u32 {
        let Some(row) = self.messages.get_mut(message) else {
            return u32::from(u8::MAX);
        };
        let count = &mut row.delivered[usize::from(service) % MAX_SERVICES];
        *count = count.saturating_add(1);
        u32::from(*count)
    }

    pub(super) fn frontier(&mut self, service: u16, at: TopicPartition) -> Option<&mut Frontier> {
        self.services[usize::from(service)]
            .frontiers
            .iter_mut()
            .find(|frontier| frontier.at == at)
    }

    /// Takes what the consumer tells its application.
    pub(super) fn hear(&mut self, seat: Seat) {
        loop {
            let Some(actor) = self.seated(seat) else {
                return;
            };
            let Some(event) = actor.consumer.as_mut().and_then(Consumer::next_event) else {
                return;
            };
            match event {
                ConsumerEvent::Assigned(partitions) => self.assigned(seat, &partitions),
                ConsumerEvent::Revoked(partitions) | ConsumerEvent::Lost(partitions) => {
                    self.revoked(seat, &partitions);
                }
                ConsumerEvent::Committed { id, .. } => self.commit_answered(seat, id, Ok(())),
                ConsumerEvent::CommitFailed { id, error, .. } => {
                    self.commit_answered(seat, id, Err(error))
                }
                _ => {}
            }
        }
    }

    pub(super) fn assigned(&mut self, seat: Seat, partitions: &[TopicPartition]) {
        let Seat {
            service, member, ..
        } = seat;
        let generation = self.services[usize::from(service)]
            .group
            .generation()
            .max(0) as u32;
        let topics = Arc::clone(&self.services[usize::from(service)].topics);
        for &topic in topics.iter() {
            let bits = partitions
                .iter()
                .filter(|at| at.topic == topic)
                .fold(0, |bits, at| bits | 1 << at.partition);
            let cause = self
                .member(service, member)
                .map_or(NO_CAUSE, |actor| actor.assigned);
            let kind = Kind::Assigned {
                service,
                member,
                topic: topic as u16,
                partitions: bits,
                generation,
            };
            let event = self.record(cause, kind);
            if let Some(actor) = self.seated(seat) {
                actor.assigned = event;
            }
        }
        for &at in partitions {
            let actor = &self.services[usize::from(service)];
            let committed = actor.group.offsets().committed(at).unwrap_or(0);
            let stored = (actor.strategy == Strategy::StoredOffset)
                .then(|| actor.store.stored_offset(at))
                .flatten();
            let start = stored.unwrap_or(committed);
            if let Some(frontier) = self.frontier(service, at) {
                (frontier.owner, frontier.delivered, frontier.processed) =
                    (Some(member), start, start);
            }
            if let (Some(offset), Some(actor)) = (stored, self.seated(seat)) {
                actor
                    .consumer
                    .as_mut()
                    .map(|consumer| consumer.seek(at, offset));
            }
        }
    }

    pub(super) fn revoked(&mut self, seat: Seat, partitions: &[TopicPartition]) {
        for &at in partitions {
            let frontier = self
                .frontier(seat.service, at)
                .filter(|f| f.owner == Some(seat.member));
            if let Some(frontier) = frontier {
                frontier.owner = None;
            }
        }
        if !partitions.is_empty() {
            self.forget_waiters(seat, partitions);
        }
    }

    /// Sends what the consumer has to send.
    pub(super) fn send_requests(&mut self, seat: Seat) {
        while let Some(request) = self
            .seated(seat)
            .and_then(|actor| actor.consumer.as_mut()?.next_request())
        {
            self.send_request(seat, request);
        }
    }

    pub(super) fn send_request(&mut self, seat: Seat, request: OutgoingRequest) {
        let mut about = About {
            message: request.id,
            attempt: seat.life + 1,
            service: seat.service << 4 | seat.member,
            ..About::default()
        };
        let (leg, to, cause) = match &request.request {
            ConsumerRequest::Fetch { partition, .. }
            | ConsumerRequest::ListOffset { partition, .. } => {
                (Leg::Control, self.channel_place(*partition), NO_CAUSE)
            }
            ConsumerRequest::OffsetCommit { offsets, .. } => {
                let (cause, message) = self.commit_sent(seat, offsets);
                about.message = message;
                about.service = seat.service;
                about.attempt = request.id as u32;
                (Leg::Commit, coordinator(), cause)
            }
            _ => (Leg::Control, coordinator(), NO_CAUSE),
        };
        let way = Way {
            leg,
            from: seat.place(),
            to,
        };
        self.send(way, about, cause, Cargo::MemberRequest { seat, request });
    }

    /// Writes down a commit on its way; gives the event, and the message behind the last offset.
    pub(super) fn commit_sent(
        &mut self,
        seat: Seat,
        offsets: &[(TopicPartition, Offset)],
    ) -> (EventId, u64) {
        let Seat {
            service, member, ..
        } = seat;
        let (mut event, mut message) = (NO_CAUSE, 0);
        let latest = self.latest(seat);
        for &(at, offset) in offsets {
            let partition = at.partition;
            event = self.record(
                latest,
                Kind::CommitSent {
                    service,
                    member,
                    partition,
                    offset,
                },
            );
            let last = offset
                .checked_sub(1)
                .and_then(|last| self.partition(at)?.core.record(last)?.message);
            message = last.map_or(message, |last| last.id);
        }
        (event, message)
    }

    /// An answer has reached the member.
    pub(super) fn member_answer(
        &mut self,
        seat: Seat,
        request: u64,
        answer: Result<ConsumerAnswer, ErrorCode>,
    ) {
        let now = self.now;
        let Some(actor) = self.seated(seat) else {
            return;
        };
        if let Some(consumer) = &mut actor.consumer {
            consumer.on_answer(request, answer, now);
        }
        self.drive_member(seat);
    }
}
