//! Producer ids and transactions: clients ask, the coordinator decides, markers are written.

use crate::broker::partition::AckState;
use crate::broker::transaction::{Marker, Producer, Target};
use crate::broker::wire::{ErrorCode, Micros, TopicPartition};
use crate::client::producer::{ControlAnswer, ControlKind, ControlRequest, TxnOffsets, TxnPhase};
use crate::scenario::Idempotency;
use crate::trace::{EventId, Kind, Leg, NO_CAUSE, Place};

use super::group::coordinator;
use super::member::Seat;
use super::packet::{About, Way};
use super::producing::jitter;
use super::work::Stage;
use super::{Cargo, Ev, World};

/// How long the coordinator waits before it sends a marker again that found no leader.
const MARKER_RETRY: Micros = 50_000;

/// The service number in events of a producer that belongs to no service.
const NO_SERVICE: u16 = u16::MAX;

impl World {
    /// Sends what the producer has to ask a coordinator.
    pub(super) fn drive_control(&mut self, producer: u16) {
        let now = self.now;
        let actor = &mut self.producers[usize::from(producer)];
        let life = actor.life;
        let Some(request) = actor.client.poll_control(now) else {
            return;
        };
        let way = Way {
            leg: Leg::Control,
            from: self.producer_place(producer),
            to: coordinator(),
        };
        let about = self.about_control(producer, request.id);
        self.send(
            way,
            about,
            NO_CAUSE,
            Cargo::Control {
                producer,
                life,
                request: Box::new(request),
            },
        );
    }

    fn about_control(&self, producer: u16, request: u64) -> About {
        let life = self.producers[usize::from(producer)].life;
        About {
            message: request,
            attempt: life + 1,
            service: 1 << 10 | producer,
            ..About::default()
        }
    }

    /// A control request has reached the coordinator.
    pub(super) fn control(&mut self, producer: u16, life: u32, request: &ControlRequest) {
        let result = self.coordinate(producer, request);
        let way = Way {
            leg: Leg::Control,
            from: coordinator(),
            to: self.producer_place(producer),
        };
        let about = self.about_control(producer, request.id);
        let cargo = Cargo::ControlAnswer {
            producer,
            life,
            request: request.id,
            answer: result,
        };
        self.send(way, about, NO_CAUSE, cargo);
        self.plan_transaction_tick();
    }

    fn coordinate(
        &mut self,
        producer: u16,
        request: &ControlRequest,
    ) -> Result<ControlAnswer, ErrorCode> {
        let now = self.now;
        let Some(id) = request.transactional_id else {
            let Producer { id, epoch } = self.coordinator.init_idempotent();
            return Ok(ControlAnswer::Initialized {
                producer: id,
                epoch,
            });
        };
        let known = request.producer.map(|(id, epoch)| Producer { id, epoch });
        match &request.kind {
            ControlKind::InitProducerId {
                transaction_timeout,
            } => {
                let initialised = self.coordinator.init(id, *transaction_timeout);
                // What the instance before had left open is aborted.
                if initialised.markers.iter().any(|marker| !marker.commit) {
                    self.transaction_decided(producer, false);
                }
                self.send_markers(initialised.markers);
                let Producer { id, epoch } = initialised.result?;
                Ok(ControlAnswer::Initialized {
                    producer: id,
                    epoch,
                })
            }
            ControlKind::AddPartitionsToTxn { partitions } => {
                let known = known.ok_or(ErrorCode::InvalidTxnState)?;
                let targets: Vec<Target> =
                    partitions.iter().map(|at| Target::Partition(*at)).collect();
                self.coordinator.add(now, id, known, &targets)?;
                Ok(ControlAnswer::Done)
            }
            ControlKind::AddOffsetsToTxn { group } => {
                let known = known.ok_or(ErrorCode::InvalidTxnState)?;
                self.coordinator
                    .add(now, id, known, &[Target::Offsets(*group)])?;
                Ok(ControlAnswer::Done)
            }
            ControlKind::TxnOffsetCommit(offsets) => {
                let known = known.ok_or(ErrorCode::InvalidTxnState)?;
                self.transactional_offsets(known, offsets)?;
                Ok(ControlAnswer::Done)
            }
            ControlKind::EndTxn { commit } => {
                let known = known.ok_or(ErrorCode::InvalidTxnState)?;
                let ended = self.coordinator.end(id, known, *commit)?;
                self.transaction_decided(producer, *commit);
                self.send_markers(ended.markers);
                let Producer { id, epoch } = ended.producer;
                Ok(ControlAnswer::Ended {
                    producer: id,
                    epoch,
                })
            }
        }
    }

    fn transactional_offsets(
        &mut self,
        producer: Producer,
        offsets: &TxnOffsets,
    ) -> Result<(), ErrorCode> {
        let now = self.now;
        let caller = crate::broker::group::Caller {
            member: offsets.member,
            instance: None,
            generation: offsets.generation,
        };
        let group = &mut self.services[offsets.group as usize].group;
        group.txn_commit(now, Some(caller), producer.id, &offsets.offsets)
    }

    /// The outcome is durable. What the transaction wrote into the log counts from now on, or never will.
    fn transaction_decided(&mut self, producer: u16, commit: bool) {
        let seat = self.producers[usize::from(producer)].owner;
        let (service, member) = seat.map_or((NO_SERVICE, 0), |seat| (seat.service, seat.member));
        let latest = self.producers[usize::from(producer)].latest;
        let event = self.record(
            latest,
            Kind::TransactionDecided {
                producer,
                service,
                member,
                commit,
            },
        );
        let actor = &mut self.producers[usize::from(producer)];
        actor.latest = event;
        let written = std::mem::take(&mut actor.written);
        let Some(seat) = seat else { return };
        for message in written {
            if commit {
                self.effect(seat, message, event);
            } else {
                self.record(
                    event,
                    Kind::RolledBack {
                        service,
                        member,
                        message,
                    },
                );
            }
        }
    }

    fn send_markers(&mut self, markers: Vec<Marker>) {
        for marker in markers {
            let to = match marker.target {
                Target::Partition(at) => self.channel_place(at),
                Target::Offsets(_) => coordinator(),
            };
            let way = Way {
                leg: Leg::Control,
                from: coordinator(),
                to,
            };
            let about = About {
                message: marker.producer.id,
                attempt: 1,
                ..About::default()
            };
            self.send(way, about, NO_CAUSE, Cargo::Marker(marker));
        }
    }

    /// A marker has reached the partition (or the group's offsets) it is for.
    pub(super) fn marker(&mut self, marker: Marker) {
        match marker.target {
            Target::Partition(at) => self.write_marker(at, marker),
            Target::Offsets(service) => {
                self.offsets_decided(service as u16, &marker);
                self.coordinator.marker_written(&marker);
            }
        }
    }

    /// The latest event about the producer with this id.
    fn latest_of(&self, id: u64) -> EventId {
        let mut all = self.producers.iter();
        all.find(|p| p.id == Some(id))
            .map_or(NO_CAUSE, |p| p.latest)
    }

    fn marker_again(&mut self, marker: Marker) {
        self.queue
            .push(self.now + MARKER_RETRY, Ev::MarkerAgain(Box::new(marker)));
    }

    fn write_marker(&mut self, at: TopicPartition, marker: Marker) {
        let now = self.now;
        let Some(leader) = self.leader_of(at).filter(|&leader| self.broker_up(leader)) else {
            return self.marker_again(marker);
        };
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        let Producer { id, epoch } = marker.producer;
        match actor
            .core
            .append_marker(leader, id, epoch, marker.commit, now)
        {
            Ok(appended) => {
                actor.markers.push((appended.wait, marker));
                let (topic, partition) = (at.topic as u16, at.partition);
                let (offset, commit) = (appended.base_offset, marker.commit);
                let decided = self.latest_of(id);
                let event = self.record(
                    decided,
                    Kind::MarkerWritten {
                        topic,
                        partition,
                        offset,
                        commit,
                    },
                );
                self.moved_by(at, event);
                self.serve_parked_followers(at);
                self.partition_moved(at);
            }
            // A newer epoch is known there already: this marker has nothing left to end.
            Err(code) if !code.retriable() => self.coordinator.marker_written(&marker),
            Err(_) => self.marker_again(marker),
        }
    }

    /// A marker counts when the in-sync replicas have it. One that an election may have cut off is sent again.
    pub(super) fn settle_markers(&mut self, at: TopicPartition) {
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        let (core, mut settled) = (&actor.core, Vec::new());
        actor.markers.retain(|(wait, marker)| {
            let state = core.ack_state(wait);
            if state != AckState::Pending {
                settled.push((state, *marker));
            }
            state == AckState::Pending
        });
        for (state, marker) in settled {
            match state {
                AckState::Failed(ErrorCode::NotLeaderOrFollower) => self.marker_again(marker),
                _ => self.coordinator.marker_written(&marker),
            }
        }
    }

    fn offsets_decided(&mut self, service: u16, marker: &Marker) {
        let Some(actor) = self.services.get_mut(usize::from(service)) else {
            return;
        };
        let pending: Vec<_> = actor
            .group
            .offsets()
            .pending()
            .iter()
            .filter(|(id, _)| *id == marker.producer.id)
            .map(|(_, pending)| (pending.partition, pending.offset))
            .collect();
        actor
            .group
            .end_transaction(marker.producer.id, marker.commit);
        if !marker.commit {
            return;
        }
        let owner = self.producers.iter().find_map(|p| {
            p.client
                .identity()
                .filter(|(id, _)| *id == marker.producer.id)
                .and(p.owner)
        });
        let seat = owner.unwrap_or(Seat {
            service,
            member: 0,
            life: 0,
        });
        let decided = self.latest_of(marker.producer.id);
        self.record_commit(seat, &pending, Ok(()), decided);
    }

    /// The coordinator's answer has reached the producer.
    pub(super) fn control_answer(
        &mut self,
        producer: u16,
        life: u32,
        request: u64,
        answer: Result<ControlAnswer, ErrorCode>,
    ) {
        let draw = jitter(&self.draw, producer, request);
        let now = self.now;
        let actor = &mut self.producers[usize::from(producer)];
        if !actor.up || actor.life != life {
            return;
        }
        actor.client.on_control(request, answer, now, draw);
        let owner = actor.owner;
        let identity = actor.client.identity().filter(|_| !actor.ready);
        if let Some((id, epoch)) = identity {
            actor.ready = true;
            actor.id = Some(id);
            let cause = actor.latest;
            self.record(
                cause,
                Kind::ProducerReady {
                    producer,
                    id,
                    epoch,
                },
            );
        }
        self.publish_backlog(producer);
        self.drive_producer(producer);
        if let Some(Seat {
            service, member, ..
        }) = owner.filter(|_| identity.is_some())
        {
            self.drive_member(self.seat(service, member));
        }
    }

    /// The coordinator aborts what has been open for too long.
    pub(super) fn transaction_tick(&mut self) {
        self.transaction_tick = None;
        let markers = self.coordinator.tick(self.now);
        for producer in 0..self.producers.len() {
            let actor = &self.producers[producer];
            let known = actor.client.identity().map(|(id, _)| id);
            let timed_out = markers
                .iter()
                .any(|marker| Some(marker.producer.id) == known);
            if timed_out {
                self.transaction_decided(producer as u16, false);
            }
        }
        self.send_markers(markers);
        self.plan_transaction_tick();
    }

    fn plan_transaction_tick(&mut self) {
        let now = self.now;
        let Some(at) = self.coordinator.next_deadline() else {
            return;
        };
        let at = at.max(now + 1);
        if self.transaction_tick.is_none_or(|planned| planned > at) {
            self.transaction_tick = Some(at);
            self.queue.push(at, Ev::TransactionTick);
        }
    }

    /// Whether the service moves offsets and output in Kafka transactions.
    pub(super) fn has_transactions(&self, service: u16) -> bool {
        self.scenario.services[usize::from(service)].idempotency == Idempotency::KafkaTransaction
    }

    /// Whether a batch could begin now: an application polls only after `initTransactions()` has come back, which
    /// it does not while a transaction of its earlier life is being ended.
    pub(super) fn may_begin(&self, seat: Seat) -> bool {
        let producer = self
            .member(seat.service, seat.member)
            .and_then(|actor| actor.producer)
            .filter(|_| self.has_transactions(seat.service));
        producer.is_none_or(|producer| self.producers[usize::from(producer)].ready)
    }

    /// A batch begins, and with it a transaction.
    pub(super) fn begin_transaction(&mut self, seat: Seat) {
        let Some(producer) = self.seated(seat).and_then(|actor| actor.producer) else {
            return;
        };
        let Seat {
            service, member, ..
        } = seat;
        if self.producers[usize::from(producer)].client.begin().is_ok() {
            let kind = Kind::TransactionBegan {
                producer,
                service,
                member,
            };
            let first = self.work(seat).and_then(|work| work.batch.first().copied());
            let cause = first.map_or(NO_CAUSE, |record| record.delivery);
            let began = self.record(cause, kind);
            self.producers[usize::from(producer)].latest = began;
        }
    }

    /// The batch is handled: its offsets join the transaction, and it ends.
    pub(super) fn commit_transaction(&mut self, seat: Seat) {
        self.await_end(seat);
        let offsets = self.offsets_to_commit(seat);
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let (Some(producer), Some(consumer)) = (actor.producer, &actor.consumer) else {
            return;
        };
        let membership = consumer.membership();
        let offsets = TxnOffsets {
            group: u32::from(seat.service),
            member: membership.member.unwrap_or(0),
            generation: membership.generation,
            offsets,
        };
        let client = &mut self.producers[usize::from(producer)].client;
        if client.send_offsets(offsets).is_err() || client.commit().is_err() {
            self.abort_transaction(producer);
            return;
        }
        self.drive_producer(producer);
    }

    /// The batch cannot be handled as a whole: its transaction is given up.
    pub(super) fn roll_back(&mut self, seat: Seat) {
        self.await_end(seat);
        if let Some(producer) = self.seated(seat).and_then(|actor| actor.producer) {
            self.abort_transaction(producer);
        }
    }

    fn await_end(&mut self, seat: Seat) {
        if let Some(work) = self.work(seat) {
            work.stage = Stage::EndTransaction;
        }
    }

    /// Gives the transaction up; a fenced producer can only be replaced.
    pub(super) fn abort_transaction(&mut self, producer: u16) {
        let actor = &mut self.producers[usize::from(producer)];
        if matches!(actor.client.txn_phase(), TxnPhase::Fatal(_)) {
            self.replace_producer(producer);
            return;
        }
        if actor.client.abort().is_ok() {
            self.drive_producer(producer);
        }
    }

    /// A place for a configured producer, or for the instance that owns it.
    pub(super) fn producer_place(&self, producer: u16) -> Place {
        match self.producers[usize::from(producer)].owner {
            Some(seat) => seat.place(),
            None => super::producing::producer_place(producer),
        }
    }
}
