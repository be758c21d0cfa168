//! What an instance does with the records of a poll: one step after the other, and a crash can fall
//! between any two.

use super::work::{Stage, Work};

use crate::broker::wire::Micros;
use crate::client::consumer::{ConsumerRecord, Offsets};
use crate::scenario::HandlerStep;
use crate::service::{CommitTiming, Delivery, Handler, Next, Step, StepOutcome};
use crate::sim::{FaultKey, PPM, Site, exponential};
use crate::trace::{EventId, Kind, NO_CAUSE, Why};

use super::member::Seat;
use super::{Ev, MAX_SERVICES, World, lane};

impl World {
    pub(super) fn work(&mut self, seat: Seat) -> Option<&mut Work> {
        self.seated(seat).map(|actor| &mut actor.work)
    }

    /// Takes up the records of a poll (none: goes on waiting).
    pub(super) fn begin_batch(&mut self, seat: Seat, records: Vec<ConsumerRecord>) {
        let empty = records.is_empty();
        let Some(work) = self.work(seat) else { return };
        if let Some(first) = records.first() {
            work.latest = first.delivery;
        }
        work.batch = records;
        work.at = 0;
        if empty {
            return;
        }
        let plan = self.services[usize::from(seat.service)].plan;
        if self.has_transactions(seat.service) {
            self.begin_transaction(seat);
        }
        match plan.before_batch() {
            Some(Step::Commit) => self.commit_batch(seat, true),
            _ => self.begin_record(seat),
        }
    }

    /// Commits what the poll handed out, before or after its records are handled.
    pub(super) fn commit_batch(&mut self, seat: Seat, first: bool) {
        let now = self.now;
        let offsets = self.offsets_to_commit(seat);
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let Some(consumer) = &mut actor.consumer else {
            return;
        };
        let request = consumer.commit(Offsets::from(offsets), now);
        actor.work.stage = if first {
            Stage::CommitFirst { request }
        } else {
            Stage::CommitLast { request }
        };
        self.send_requests(seat);
        self.plan_member_timer(seat);
    }

    /// Starts the handler on the next record, or ends the batch.
    pub(super) fn begin_record(&mut self, seat: Seat) {
        let Some(record) = self.take_record(seat) else {
            return self.end_batch(seat);
        };
        let service_time = self.service_time(seat.service, record.message.id);
        let Some(work) = self.work(seat) else { return };
        work.latest = record.delivery;
        work.handler = Handler::new();
        work.stage = Stage::Handling;
        work.service_time = service_time;
        self.schedule_step(seat, 0);
    }

    /// The next record whose turn it is.
    pub(super) fn take_record(&mut self, seat: Seat) -> Option<ConsumerRecord> {
        loop {
            let work = self.work(seat)?;
            if let Some(record) = work.released.pop_front() {
                work.batch.insert(work.at, record);
            }
            let record = work.batch.get(work.at).copied()?;
            if !self.must_wait(seat, record) {
                return Some(record);
            }
            self.work(seat)?.at += 1;
        }
    }

    pub(super) fn service_time(&self, service: u16, message: u64) -> Micros {
        let config = &self.scenario.services[usize::from(service)];
        if !config.varied {
            return config.service_time.0;
        }
        let attempt = self.deliveries(service, message);
        let key = FaultKey {
            site: Site::ServiceTime,
            party: u32::from(service),
            entity: message,
            attempt,
        };
        exponential(key.bits(&self.draw), config.service_time.0)
    }

    pub(super) fn deliveries(&self, service: u16, message: u64) -> u32 {
        self.messages.get(message).map_or(1, |row| {
            u32::from(row.delivered[usize::from(service) % MAX_SERVICES])
        })
    }

    /// Sets the alarm for the end of the step that comes next, `wait` later than its own time.
    pub(super) fn schedule_step(&mut self, seat: Seat, wait: Micros) {
        let plan = self.services[usize::from(seat.service)].plan;
        let latency = self.scenario.faults.latency.0;
        let now = self.now;
        let Some(work) = self.work(seat) else { return };
        let lasting = match work.handler.next_step(&plan) {
            Some(Step::Commit) => 0,
            Some(Step::DeadLetter) => 2 * latency,
            _ => work.service_time * u64::from(plan.share(work.handler.position())) / 1000,
        };
        work.serial += 1;
        let serial = work.serial;
        let due = Ev::Step { seat, serial };
        match wait + lasting {
            0 => self.queue.push_timer(lane::AT_ONCE, now, due),
            later => self.queue.push(now + later, due),
        }
    }

    /// A step has taken its time: it is done now.
    pub(super) fn step_due(&mut self, seat: Seat, serial: u32) {
        if let Some(until) = self.paused(seat) {
            self.queue.push(until, Ev::Step { seat, serial });
            return;
        }
        let Some(work) = self.work(seat) else { return };
        if work.serial != serial || work.stage != Stage::Handling {
            return;
        }
        let Some(record) = work.batch.get(work.at).copied() else {
            return;
        };
        let plan = self.services[usize::from(seat.service)].plan;
        let Some(step) = self
            .work(seat)
            .and_then(|work| work.handler.next_step(&plan))
        else {
            return;
        };
        match step {
            Step::Commit => self.commit_record(seat, record),
            Step::Effect if self.writes_records(seat.service) => self.produce_output(seat, record),
            _ => {
                let outcome = self.perform(seat, step, record);
                self.step_done(seat, step, record, outcome);
            }
        }
    }

    pub(super) fn commit_record(&mut self, seat: Seat, record: ConsumerRecord) {
        let now = self.now;
        let offset = self.without_waiters(seat, record.partition, record.offset + 1);
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let Some(consumer) = &mut actor.consumer else {
            match self.ack_record(seat, record) {
                Some(request) => self.await_commit(seat, request),
                None => self.step_done(seat, Step::Commit, record, StepOutcome::Done),
            }
            return;
        };
        let request = consumer.commit(Offsets::from([(record.partition, offset)]), now);
        actor.work.stage = Stage::CommitOne { request };
        self.send_requests(seat);
        self.plan_member_timer(seat);
    }

    pub(super) fn await_commit(&mut self, seat: Seat, request: u64) {
        if let Some(work) = self.work(seat) {
            work.stage = Stage::CommitOne { request };
        }
    }

    /// The delete of the record under work was answered, or (`done` is false) refused or not answered.
    /// A service that deletes first then leaves the message alone: somebody else may get it.
    pub(super) fn delete_answered(&mut self, seat: Seat, receipt: u64, done: bool) {
        let plan = self.services[usize::from(seat.service)].plan;
        let Some(work) = self.work(seat) else { return };
        let awaited = Stage::CommitOne { request: receipt };
        let record = work.batch.get(work.at).copied();
        let Some(record) = record.filter(|_| work.stage == awaited) else {
            return;
        };
        if done || plan.settings().commit != CommitTiming::BeforeEachRecord {
            self.step_done(seat, Step::Commit, record, StepOutcome::Done);
        } else {
            self.next_record(seat);
        }
    }

    pub(super) fn next_record(&mut self, seat: Seat) {
        if let Some(work) = self.work(seat) {
            work.at += 1;
        }
        self.begin_record(seat);
    }

    /// The latest event about the record under work.
    pub(super) fn latest(&self, seat: Seat) -> EventId {
        self.member(seat.service, seat.member)
            .map_or(NO_CAUSE, |actor| actor.work.latest)
    }

    /// Writes down what follows from the latest that happened to the record under work.
    pub(super) fn record_of_work(&mut self, seat: Seat, kind: Kind) -> EventId {
        let event = self.record(self.latest(seat), kind);
        if let Some(work) = self.work(seat) {
            work.latest = event;
        }
        event
    }

    /// Takes the step in the store, unless it fails.
    pub(super) fn perform(
        &mut self,
        seat: Seat,
        step: Step,
        record: ConsumerRecord,
    ) -> StepOutcome {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        if step == Step::DeadLetter {
            self.put_aside(seat, record);
            return StepOutcome::Done;
        }
        if step == Step::Effect
            && let Some(failure) = self.failure(seat, record)
        {
            return failure;
        }
        let now = self.now;
        let latest = self.latest(seat);
        let actor = &mut self.services[usize::from(service)];
        let staged: Vec<u64> = match step {
            Step::TransactionCommit => actor
                .store
                .staged(u32::from(member))
                .iter()
                .map(|m| m.id)
                .collect(),
            _ => Vec::new(),
        };
        let delivery = Delivery {
            message: record.message,
            from: record.partition,
            offset: record.offset,
        };
        let outcome = actor
            .store
            .perform(step, actor.strategy, u32::from(member), delivery, now);
        let in_transaction = !actor.store.staged(u32::from(member)).is_empty();
        match (step, outcome) {
            (Step::Effect, StepOutcome::Done) if !in_transaction => {
                self.effect(seat, message, latest);
                self.turn_done(service, record.message);
            }
            (Step::TransactionCommit, StepOutcome::Done) => {
                staged
                    .into_iter()
                    .for_each(|message| self.effect(seat, message, latest));
                self.turn_done(service, record.message);
            }
            (Step::TransactionCommit, _) => {
                for message in staged {
                    self.record_of_work(
                        seat,
                        Kind::RolledBack {
                            service,
                            member,
                            message,
                        },
                    );
                }
            }
            _ => {}
        }
        outcome
    }

    /// The message goes to the dead letters: by the broker where it can be rejected, else by the service.
    fn put_aside(&mut self, seat: Seat, record: ConsumerRecord) {
        if self.rejects(seat, record) {
            return;
        }
        let (service, message) = (seat.service, record.message.id);
        let why = self.work(seat).map_or(Why::Poison, |work| work.why);
        self.record_of_work(
            seat,
            Kind::DeadLettered {
                service,
                message,
                why,
            },
        );
    }

    /// Writes down that an attempt failed.
    pub(super) fn record_failure(&mut self, seat: Seat, message: u64, attempt: u32, why: Why) {
        let Seat {
            service, member, ..
        } = seat;
        let failed = Kind::Failed {
            service,
            member,
            message,
            attempt,
            why,
        };
        self.record_of_work(seat, failed);
    }

    /// Whether the effect fails this time, by chance or for good.
    pub(super) fn failure(&mut self, seat: Seat, record: ConsumerRecord) -> Option<StepOutcome> {
        let service = seat.service;
        let config = &self.scenario.services[usize::from(service)];
        let (poison, transient) = (config.poison.0, config.transient.0);
        let message = record.message.id;
        let party = u32::from(service);
        let retries = self
            .work(seat)
            .map_or(0, |work| u32::from(work.handler.retries()));
        let deliveries = self.deliveries(service, message);
        let attempt = (deliveries.saturating_sub(1)) * 100 + retries + 1;
        let poisoned = FaultKey {
            site: Site::Poison,
            party,
            entity: message,
            attempt: 1,
        };
        let failing = FaultKey {
            site: Site::TransientFailure,
            party,
            entity: message,
            attempt,
        };
        let (why, outcome) = if self.plan.fires(&self.draw, poisoned, poison) {
            (Why::Poison, StepOutcome::Permanent)
        } else if self.plan.fires(&self.draw, failing, transient) {
            (Why::Transient, StepOutcome::Transient)
        } else {
            return None;
        };
        self.record_failure(seat, message, attempt, why);
        if let Some(work) = self.work(seat) {
            work.why = why;
        }
        Some(outcome)
    }

    /// The effect of a message is in the world now.
    pub(super) fn effect(&mut self, seat: Seat, message: u64, cause: EventId) {
        let Seat {
            service, member, ..
        } = seat;
        self.services[usize::from(service)].effects += 1;
        let nth = match self.messages.get_mut(message) {
            Some(row) => {
                let count = &mut row.effects[usize::from(service) % MAX_SERVICES];
                *count = count.saturating_add(1);
                u32::from(*count)
            }
            None => 1,
        };
        self.record(
            cause,
            Kind::Effect {
                service,
                member,
                message,
                nth,
            },
        );
    }

    /// A step is done (or failed): on to the next one, unless the process dies here.
    pub(super) fn step_done(
        &mut self,
        seat: Seat,
        step: Step,
        record: ConsumerRecord,
        outcome: StepOutcome,
    ) {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        if outcome == StepOutcome::Done
            && let Some(step) = handler_step(step)
        {
            let event = self.record_of_work(
                seat,
                Kind::Step {
                    service,
                    member,
                    message,
                    step,
                },
            );
            if self.dies_after(seat, step, message, event) {
                return;
            }
        }
        if outcome == StepOutcome::AlreadyDone {
            self.record_of_work(
                seat,
                Kind::Skipped {
                    service,
                    member,
                    message,
                },
            );
        }
        let plan = self.services[usize::from(service)].plan;
        let failed = matches!(outcome, StepOutcome::Transient | StepOutcome::Permanent);
        let draw = if failed {
            self.retry_draw(service, message)
        } else {
            0
        };
        let Some(actor) = self.seated(seat) else {
            return;
        };
        actor.work.stage = Stage::Handling;
        let (handler, budget) = (&mut actor.work.handler, &mut actor.budget);
        match handler.on_step_done(&plan, outcome, budget, draw) {
            Next::Step(_) => self.schedule_step(seat, 0),
            Next::Retry { after, .. } => self.schedule_step(seat, after),
            Next::Finished(end) => self.record_finished(seat, record, end),
        }
    }

    /// Chance for the pause before another try.
    pub(super) fn retry_draw(&self, service: u16, message: u64) -> u32 {
        let key = FaultKey {
            site: Site::Backoff,
            party: 1 << 16 | u32::from(service),
            entity: message,
            attempt: 1,
        };
        (key.bits(&self.draw) % u64::from(PPM)) as u32
    }
}

/// The step's name in the trace; opening a transaction has none.
fn handler_step(step: Step) -> Option<HandlerStep> {
    Some(match step {
        Step::Receive => HandlerStep::Receive,
        Step::Check => HandlerStep::Check,
        Step::Effect => HandlerStep::Effect,
        Step::Record => HandlerStep::Record,
        Step::Commit => HandlerStep::Commit,
        Step::TransactionCommit => HandlerStep::TransactionCommit,
        Step::Begin | Step::DeadLetter => return None,
    })
}
