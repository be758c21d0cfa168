//! The group coordinator's side of the world: requests of members in, answers out.
//!
//! Coordinators live on in a replicated internal topic; the lab takes their fail-over as instant.

use std::sync::Arc;

use crate::broker::group::{Answer, Caller, Group, GroupState, Join, MemberId};
use crate::broker::wire::{ErrorCode, Offset, TopicPartition};
use crate::client::consumer::{ConsumerAnswer, ConsumerRequest, Membership, Offsets};
use crate::trace::{Code, EventId, Kind, Leg, NO_CAUSE, Party, Place, Why};

use super::member::Seat;
use super::packet::{About, Way};
use super::{Cargo, Ev, World};

/// A join or sync that the coordinator has not answered yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    id: MemberId,
    seat: Seat,
    request: u64,
}

impl World {
    /// A member's request has reached the group's coordinator.
    pub(super) fn group_request(
        &mut self,
        seat: Seat,
        request: u64,
        what: &ConsumerRequest,
        cause: EventId,
    ) {
        match what {
            ConsumerRequest::JoinGroup { sender, owned } => {
                self.join(seat, request, *sender, owned)
            }
            ConsumerRequest::SyncGroup(sender) => match caller(sender) {
                Some(caller) => {
                    self.wait_for_answer(seat, caller.member, request);
                    self.with_group(seat.service, cause, |group, now| group.sync(now, caller));
                }
                None => self.refuse(seat, request, ErrorCode::UnknownMemberId),
            },
            ConsumerRequest::Heartbeat(sender) => {
                let now = self.now;
                let group = &mut self.services[usize::from(seat.service)].group;
                let result = caller(sender)
                    .ok_or(ErrorCode::UnknownMemberId)
                    .and_then(|caller| group.heartbeat(now, caller));
                self.answer_member(
                    seat,
                    request,
                    result.map(|()| ConsumerAnswer::Done),
                    Leg::Control,
                    NO_CAUSE,
                );
                self.plan_group_tick(seat.service);
            }
            ConsumerRequest::LeaveGroup(sender) => {
                if let Some(caller) = caller(sender) {
                    self.with_group(seat.service, cause, |group, now| {
                        group
                            .leave(now, caller.member, caller.instance)
                            .unwrap_or_default()
                    });
                }
            }
            ConsumerRequest::OffsetCommit { sender, offsets } => {
                self.offset_commit(seat, request, *sender, offsets, cause);
            }
            ConsumerRequest::OffsetFetch {
                partitions,
                require_stable,
            } => {
                let group = &self.services[usize::from(seat.service)].group;
                let found: Result<Vec<_>, ErrorCode> = partitions
                    .iter()
                    .map(|at| Ok((*at, group.fetch_offset(*at, *require_stable)?)))
                    .collect();
                self.answer_member(
                    seat,
                    request,
                    found.map(ConsumerAnswer::Committed),
                    Leg::Control,
                    NO_CAUSE,
                );
            }
            ConsumerRequest::ListOffset { .. } | ConsumerRequest::Fetch { .. } => {}
        }
    }

    fn join(
        &mut self,
        seat: Seat,
        request: u64,
        sender: Membership,
        owned: &Arc<[TopicPartition]>,
    ) {
        let config = &self.scenario.services[usize::from(seat.service)];
        let (session_timeout, rebalance_timeout) =
            (config.session_timeout.0, config.max_poll_interval.0);
        let service = &mut self.services[usize::from(seat.service)];
        service.next_member_id += 1;
        let join = Join {
            member: sender.member,
            new_id: service.next_member_id,
            instance: sender.instance,
            topics: Arc::clone(&service.topics),
            owned: Arc::clone(owned),
            generation: sender.generation,
            session_timeout,
            rebalance_timeout,
        };
        let id = sender.member.unwrap_or(join.new_id);
        service.identities.push((id, seat.member));
        self.wait_for_answer(seat, id, request);
        let cause = self
            .member(seat.service, seat.member)
            .map_or(NO_CAUSE, |actor| actor.assigned);
        self.with_group(seat.service, cause, |group, now| group.join(now, join));
    }

    fn wait_for_answer(&mut self, seat: Seat, id: MemberId, request: u64) {
        let waiting = &mut self.services[usize::from(seat.service)].waiting;
        waiting.retain(|other| other.id != id);
        waiting.push(Waiting { id, seat, request });
    }

    /// Lets something happen in a group, writes down what changed, and sends the answers due.
    pub(super) fn with_group(
        &mut self,
        service: u16,
        mut cause: EventId,
        act: impl FnOnce(&mut Group, u64) -> Vec<Answer>,
    ) {
        let now = self.now;
        let actor = &mut self.services[usize::from(service)];
        let before: Vec<MemberId> = actor.group.members().map(|(id, _)| id).collect();
        let was_preparing = actor.group.state() == GroupState::PreparingRebalance;
        let answers = act(&mut actor.group, now);
        let preparing = actor.group.state() == GroupState::PreparingRebalance;
        let generation = actor.group.generation().max(0) as u32;
        let after: Vec<MemberId> = actor.group.members().map(|(id, _)| id).collect();
        let removed: Vec<(u16, bool)> = before
            .iter()
            .filter(|id| !after.contains(id))
            .filter_map(|id| {
                let (_, member) = *actor.identities.iter().find(|(known, _)| known == id)?;
                // A later life of the instance has an identity of its own.
                let mut others = actor.identities.iter();
                let superseded = others.any(|(other, of)| *of == member && other > id);
                Some((member, superseded))
            })
            .collect();
        actor.identities.retain(|(id, _)| after.contains(id));
        for (member, superseded) in removed {
            let actor = &self.services[usize::from(service)].members[usize::from(member)];
            // A later life has done nothing yet if it has no identity of its own.
            let own = actor.work.latest.max(actor.stood_still);
            let reason = actor.died.max(if superseded { NO_CAUSE } else { own });
            cause = self.record(
                reason,
                Kind::Removed {
                    service,
                    member,
                    left: false,
                },
            );
        }
        if preparing && !was_preparing {
            let kind = Kind::Rebalancing {
                service,
                generation,
            };
            let event = self.record(cause, kind);
            self.services[usize::from(service)].rebalancing = event;
        }
        for answer in answers {
            self.send_group_answer(service, answer, generation);
        }
        self.plan_group_tick(service);
    }

    fn send_group_answer(&mut self, service: u16, answer: Answer, generation: u32) {
        let (id, result) = match answer {
            Answer::Join { member, result } => {
                let joined = result.map(|joined| ConsumerAnswer::Joined {
                    member,
                    generation: joined.generation,
                });
                (member, joined)
            }
            Answer::Sync { member, result } => (member, result.map(ConsumerAnswer::Synced)),
        };
        let waiting = &mut self.services[usize::from(service)].waiting;
        let Some(place) = waiting.iter().position(|waiting| waiting.id == id) else {
            return;
        };
        let Waiting { seat, request, .. } = waiting.swap_remove(place);
        let mut cause = NO_CAUSE;
        if matches!(&result, Ok(ConsumerAnswer::Joined { .. })) {
            let kind = Kind::Joined {
                service,
                member: seat.member,
                generation,
            };
            cause = self.record(self.services[usize::from(service)].rebalancing, kind);
            if let Some(actor) = self.seated(seat) {
                actor.assigned = cause;
            }
        }
        self.answer_member(seat, request, result, Leg::Control, cause);
    }

    fn refuse(&mut self, seat: Seat, request: u64, code: ErrorCode) {
        self.answer_member(seat, request, Err(code), Leg::Control, NO_CAUSE);
    }

    /// Sends an answer to a member.
    pub(super) fn answer_member(
        &mut self,
        seat: Seat,
        request: u64,
        answer: Result<ConsumerAnswer, ErrorCode>,
        leg: Leg,
        cause: EventId,
    ) {
        let way = Way {
            leg,
            from: coordinator(),
            to: seat.place(),
        };
        let about = About {
            message: request,
            attempt: seat.life + 1,
            service: seat.service << 4 | seat.member,
            refused: answer.is_err(),
            ..About::default()
        };
        self.send(
            way,
            about,
            cause,
            Cargo::MemberAnswer {
                seat,
                request,
                answer: Box::new(answer),
            },
        );
    }

    fn offset_commit(
        &mut self,
        seat: Seat,
        request: u64,
        sender: Membership,
        offsets: &Offsets,
        cause: EventId,
    ) {
        let now = self.now;
        let group = &mut self.services[usize::from(seat.service)].group;
        let result = caller(&sender)
            .ok_or(ErrorCode::UnknownMemberId)
            .and_then(|caller| group.commit(now, Some(caller), offsets));
        let last = self.record_commit(seat, offsets, result, cause);
        let answer = result.map(|()| ConsumerAnswer::Done);
        self.answer_member(seat, request, answer, Leg::CommitAck, last);
        self.plan_group_tick(seat.service);
    }

    /// Writes down that offsets were committed, or refused.
    pub(super) fn record_commit(
        &mut self,
        seat: Seat,
        offsets: &[(TopicPartition, Offset)],
        result: Result<(), ErrorCode>,
        cause: EventId,
    ) -> EventId {
        let (service, member) = (seat.service, seat.member);
        let mut last = cause;
        for &(at, offset) in offsets {
            let partition = at.partition;
            let kind = match result {
                Ok(()) => Kind::Committed {
                    service,
                    member,
                    partition,
                    offset,
                },
                Err(code) => {
                    let why = Why::Answer(Code(code));
                    Kind::CommitRefused {
                        service,
                        member,
                        partition,
                        offset,
                        why,
                    }
                }
            };
            last = self.record(cause, kind);
        }
        last
    }

    /// Sets the coordinator's alarm.
    pub(super) fn plan_group_tick(&mut self, service: u16) {
        let now = self.now;
        let actor = &mut self.services[usize::from(service)];
        let Some(at) = actor.group.next_deadline() else {
            return;
        };
        let at = at.max(now + 1);
        // An alarm that rings too early finds nothing to do and is set again; one for each heartbeat
        // would fill the queue.
        if actor.tick.is_none_or(|planned| planned > at) {
            actor.tick = Some(at);
            self.queue.push(at, Ev::GroupTick { service });
        }
    }

    /// The coordinator looks at its clock.
    pub(super) fn group_tick(&mut self, service: u16) {
        let now = self.now;
        let actor = &mut self.services[usize::from(service)];
        if actor.tick.is_some_and(|planned| planned <= now) {
            actor.tick = None;
        }
        self.with_group(service, NO_CAUSE, |group, now| group.tick(now));
    }
}

fn caller(sender: &Membership) -> Option<Caller> {
    Some(Caller {
        member: sender.member?,
        instance: sender.instance,
        generation: sender.generation,
    })
}

/// The coordinator's place on the stage: the first broker.
pub(super) fn coordinator() -> Place {
    Place::Party(Party::Broker(0))
}
