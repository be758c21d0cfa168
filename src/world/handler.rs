//! What an instance does with the records of a poll: one step after the other, and a crash can fall
//! between any two.

use std::collections::VecDeque;

use crate::broker::wire::{ErrorCode, Micros, Offset, TopicPartition};
use crate::client::consumer::{ConsumerRecord, Offsets};
use crate::scenario::{EffectKind, HandlerStep};
use crate::service::{
    CommitTiming, Delivery, Finished, Handler, Next, RetryBudget, Step, StepOutcome,
};
use crate::sim::{FaultKey, PPM, Site, exponential};
use crate::trace::{EventId, Kind, NO_CAUSE, Party, Why};

use super::member::Seat;
use super::{Ev, MAX_SERVICES, World, lane};

/// The records of a poll, and how far the handler is with them.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// The records.
    pub batch: Vec<ConsumerRecord>,
    at: usize,
    /// Held back before, and now it is their turn.
    pub released: VecDeque<ConsumerRecord>,
    handler: Handler,
    stage: Stage,
    /// Number of the step under way; the alarm of an abandoned one finds another number.
    serial: u32,
    /// When the record under work was begun, and how long it takes in all.
    service_time: Micros,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waits for records.
    Idle,
    /// Commits before the batch, and waits for the answer.
    CommitFirst { request: u64 },
    /// In the steps of a record.
    Handling,
    /// Commits one record, and waits for the answer.
    CommitOne { request: u64 },
    /// Has produced the record's output, and waits for the acknowledgement.
    AwaitOutput,
    /// Commits after the batch, and waits for the answer.
    CommitLast { request: u64 },
    /// Ends a transaction, and waits until it is ended.
    EndTransaction,
    /// A message it cannot process blocks it for good.
    Blocked,
}

impl Default for Work {
    fn default() -> Self {
        Work {
            batch: Vec::new(),
            at: 0,
            released: VecDeque::new(),
            handler: Handler::new(),
            stage: Stage::Idle,
            serial: 0,
            service_time: 0,
            why: Why::Transient,
        }
    }
}

impl Work {
    /// True when the instance can take new records.
    pub fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }

    /// The record under work.
    pub fn current(&self) -> Option<&ConsumerRecord> {
        (!self.is_idle()).then(|| self.batch.get(self.at)).flatten()
    }

    /// The step under work.
    pub fn step(&self, plan: &crate::service::Plan) -> Option<Step> {
        match self.stage {
            Stage::Idle | Stage::Blocked => None,
            Stage::CommitFirst { .. } | Stage::CommitOne { .. } | Stage::CommitLast { .. } => {
                Some(Step::Commit)
            }
            Stage::EndTransaction => Some(Step::TransactionCommit),
            Stage::Handling | Stage::AwaitOutput => self.handler.next_step(plan),
        }
    }

    /// Records of the batch that were not begun.
    pub fn in_hand(&self) -> u64 {
        if self.is_idle() {
            0
        } else {
            self.batch.len().saturating_sub(self.at + 1) as u64
        }
    }

    /// The record under work and those behind it.
    pub fn held(&self) -> &[ConsumerRecord] {
        let all = if self.is_idle() { &[] } else { &self.batch[..] };
        all.get(self.at..).unwrap_or_default()
    }

    /// Leaves out what is behind the record under work and has this key.
    pub fn leave_group(&mut self, key: u64) {
        let mut nth = 0;
        let at = self.at;
        self.batch.retain(|record| {
            nth += 1;
            nth <= at + 1 || record.message.key != key
        });
    }

    /// Behind the last record of each partition in the batch.
    pub fn offsets(&self) -> Vec<(TopicPartition, Offset)> {
        let mut offsets: Vec<(TopicPartition, Offset)> = Vec::new();
        for record in &self.batch {
            match offsets.iter_mut().find(|(at, _)| *at == record.partition) {
                Some((_, offset)) => *offset = record.offset + 1,
                None => offsets.push((record.partition, record.offset + 1)),
            }
        }
        offsets
    }

    /// Gives up whatever was under way; the alarms set for it ring in vain.
    pub fn abandon(&mut self) {
        let serial = self.serial + 1;
        *self = Work {
            serial,
            ..Work::default()
        };
    }
}

impl World {
    fn work(&mut self, seat: Seat) -> Option<&mut Work> {
        self.seated(seat).map(|actor| &mut actor.work)
    }

    /// Takes up the records of a poll (none: goes on waiting).
    pub(super) fn begin_batch(&mut self, seat: Seat, records: Vec<ConsumerRecord>) {
        let empty = records.is_empty();
        let Some(work) = self.work(seat) else { return };
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
    fn commit_batch(&mut self, seat: Seat, first: bool) {
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
    fn begin_record(&mut self, seat: Seat) {
        let Some(record) = self.take_record(seat) else {
            return self.end_batch(seat);
        };
        let service_time = self.service_time(seat.service, record.message.id);
        let Some(work) = self.work(seat) else { return };
        work.handler = Handler::new();
        work.stage = Stage::Handling;
        work.service_time = service_time;
        self.schedule_step(seat, 0);
    }

    /// The next record whose turn it is.
    fn take_record(&mut self, seat: Seat) -> Option<ConsumerRecord> {
        loop {
            let work = self.work(seat)?;
            if let Some(record) = work.released.pop_front() {
                work.batch.insert(work.at, record);
                return Some(record);
            }
            let record = work.batch.get(work.at).copied()?;
            if !self.must_wait(seat, record) {
                return Some(record);
            }
            self.work(seat)?.at += 1;
        }
    }

    fn service_time(&self, service: u16, message: u64) -> Micros {
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
    fn schedule_step(&mut self, seat: Seat, wait: Micros) {
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

    fn commit_record(&mut self, seat: Seat, record: ConsumerRecord) {
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

    fn await_commit(&mut self, seat: Seat, request: u64) {
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

    fn next_record(&mut self, seat: Seat) {
        if let Some(work) = self.work(seat) {
            work.at += 1;
        }
        self.begin_record(seat);
    }

    /// Takes the step in the store, unless it fails.
    fn perform(&mut self, seat: Seat, step: Step, record: ConsumerRecord) -> StepOutcome {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        if step == Step::DeadLetter {
            if self.rejects(seat, record) {
                return StepOutcome::Done;
            }
            let why = self.work(seat).map_or(Why::Poison, |work| work.why);
            self.record(
                NO_CAUSE,
                Kind::DeadLettered {
                    service,
                    message,
                    why,
                },
            );
            return StepOutcome::Done;
        }
        if step == Step::Effect
            && let Some(failure) = self.failure(seat, record)
        {
            return failure;
        }
        let now = self.now;
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
            (Step::Effect, StepOutcome::Done) if !in_transaction => self.effect(seat, message),
            (Step::TransactionCommit, StepOutcome::Done) => {
                staged
                    .into_iter()
                    .for_each(|message| self.effect(seat, message));
            }
            (Step::TransactionCommit, _) => {
                for message in staged {
                    self.record(
                        NO_CAUSE,
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

    /// Whether the effect fails this time, by chance or for good.
    fn failure(&mut self, seat: Seat, record: ConsumerRecord) -> Option<StepOutcome> {
        let Seat {
            service, member, ..
        } = seat;
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
        self.record(
            NO_CAUSE,
            Kind::Failed {
                service,
                member,
                message,
                attempt,
                why,
            },
        );
        if let Some(work) = self.work(seat) {
            work.why = why;
        }
        Some(outcome)
    }

    /// The effect of a message is in the world now.
    pub(super) fn effect(&mut self, seat: Seat, message: u64) {
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
            NO_CAUSE,
            Kind::Effect {
                service,
                member,
                message,
                nth,
            },
        );
    }

    /// A step is done (or failed): on to the next one, unless the process dies here.
    fn step_done(&mut self, seat: Seat, step: Step, record: ConsumerRecord, outcome: StepOutcome) {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        if outcome == StepOutcome::Done
            && let Some(step) = handler_step(step)
        {
            let event = self.record(
                NO_CAUSE,
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
            self.record(
                NO_CAUSE,
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
        let Some(work) = self.work(seat) else { return };
        work.stage = Stage::Handling;
        match work
            .handler
            .on_step_done(&plan, outcome, &mut RetryBudget::unlimited(), draw)
        {
            Next::Step(_) => self.schedule_step(seat, 0),
            Next::Retry { after, .. } => self.schedule_step(seat, after),
            Next::Finished(end) => self.record_finished(seat, record, end),
        }
    }

    /// Chance for the pause before another try.
    fn retry_draw(&self, service: u16, message: u64) -> u32 {
        let key = FaultKey {
            site: Site::Backoff,
            party: 1 << 16 | u32::from(service),
            entity: message,
            attempt: 1,
        };
        (key.bits(&self.draw) % u64::from(PPM)) as u32
    }

    /// Whether a crash is placed (or falls by chance) right after this step.
    fn dies_after(&mut self, seat: Seat, step: HandlerStep, message: u64, event: EventId) -> bool {
        let attempt = self.deliveries(seat.service, message);
        let party = u32::from(seat.service) << 8 | step as u32;
        let fault = FaultKey {
            site: Site::StepCrash,
            party,
            entity: message,
            attempt,
        };
        let ppm = if step == HandlerStep::Effect {
            self.scenario.faults.crash_before_commit.0
        } else {
            0
        };
        if !self.plan.fires(&self.draw, fault, ppm) {
            return false;
        }
        let party = Party::Member(seat.service, seat.member);
        self.crash(party, fault, event);
        let restart = self.scenario.faults.consumer_restart.0;
        self.queue.push(
            self.now + restart,
            Ev::Restart {
                party,
                dead: true,
                next: None,
            },
        );
        true
    }

    /// The handler is through with a record.
    fn record_finished(&mut self, seat: Seat, record: ConsumerRecord, end: Finished) {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        let why = self.work(seat).map_or(Why::Transient, |work| work.why);
        match end {
            Finished::Processed | Finished::AlreadyDone | Finished::Refused => {
                self.record(
                    NO_CAUSE,
                    Kind::Processed {
                        service,
                        member,
                        message,
                    },
                );
            }
            Finished::Skipped => {
                self.record(
                    NO_CAUSE,
                    Kind::Dropped {
                        service,
                        message,
                        why,
                    },
                );
            }
            Finished::DeadLettered => {}
            Finished::Returned => return self.give_back(seat, record),
            Finished::Blocked => {
                if let Some(work) = self.work(seat) {
                    work.stage = Stage::Blocked;
                }
                return;
            }
        }
        if let Some(frontier) = self.frontier(service, record.partition) {
            frontier.processed = frontier.processed.max(record.offset + 1);
        }
        if let Some(work) = self.work(seat) {
            work.at += 1;
        }
        self.next_turn(service, record.message.key);
        self.begin_record(seat);
    }

    /// The record is left for another try: the consumer goes back to it, and what is behind it in the
    /// batch is handed out again.
    fn give_back(&mut self, seat: Seat, record: ConsumerRecord) {
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let Some(consumer) = &mut actor.consumer else {
            self.return_to_queue(seat, record);
            self.next_record(seat);
            return;
        };
        let mut rewound: Vec<TopicPartition> = Vec::new();
        for record in &actor.work.batch[actor.work.at..] {
            if !rewound.contains(&record.partition) {
                rewound.push(record.partition);
                consumer.seek(record.partition, record.offset);
            }
        }
        let released = std::mem::take(&mut actor.work.released);
        actor.work.abandon();
        actor.work.released = released;
        self.drive_member(seat);
    }

    /// The last record is through.
    fn end_batch(&mut self, seat: Seat) {
        let plan = self.services[usize::from(seat.service)].plan;
        if self.has_transactions(seat.service) {
            if let Some(work) = self.work(seat) {
                work.stage = Stage::EndTransaction;
            }
            self.commit_transaction(seat);
        } else if plan.after_batch() == Some(Step::Commit) {
            self.commit_batch(seat, false);
        } else {
            self.rest(seat);
        }
    }

    /// Nothing is left to do with the batch: back to polling.
    pub(super) fn rest(&mut self, seat: Seat) {
        if let Some(work) = self.work(seat) {
            work.stage = Stage::Idle;
            work.batch.clear();
            if let Some(record) = work.released.pop_front() {
                return self.begin_batch(seat, vec![record]);
            }
        }
        // Polling at once from here could recurse; the alarm rings in the same microsecond.
        self.plan_member_timer(seat);
    }

    fn plan_member_timer(&mut self, seat: Seat) {
        let now = self.now;
        if let Some(actor) = self.seated(seat) {
            actor.wake = Some(now);
            self.queue
                .push_timer(lane::AT_ONCE, now, Ev::MemberTimer(seat));
        }
    }

    /// A commit was answered, or given up.
    pub(super) fn commit_answered(
        &mut self,
        seat: Seat,
        request: u64,
        result: Result<(), ErrorCode>,
    ) {
        let Some(work) = self.work(seat) else { return };
        let stage = work.stage;
        let record = work.batch.get(work.at).copied();
        let again = result.is_err_and(ErrorCode::retriable);
        match stage {
            Stage::CommitFirst { request: awaited } if awaited == request => match result {
                Ok(()) => self.begin_record(seat),
                Err(_) if again => self.commit_batch(seat, true),
                // Somebody else may have these records now: at most once means leaving them alone.
                Err(_) => self.rest(seat),
            },
            Stage::CommitOne { request: awaited } if awaited == request => match (result, record) {
                (Err(_), Some(record)) if again => self.commit_record(seat, record),
                (_, Some(record)) => self.step_done(seat, Step::Commit, record, StepOutcome::Done),
                _ => self.rest(seat),
            },
            Stage::CommitLast { request: awaited } if awaited == request => {
                if again {
                    self.commit_batch(seat, false)
                } else {
                    self.rest(seat)
                }
            }
            _ => {}
        }
    }

    fn writes_records(&self, service: u16) -> bool {
        self.scenario.services[usize::from(service)].effect == EffectKind::Record
    }

    /// The effect is a record in another topic.
    fn produce_output(&mut self, seat: Seat, record: ConsumerRecord) {
        if let Some(failure) = self.failure(seat, record) {
            self.step_done(seat, Step::Effect, record, failure);
            return;
        }
        self.send_output(seat, record.message);
        if self.has_transactions(seat.service) {
            self.step_done(seat, Step::Effect, record, StepOutcome::Done);
        } else if let Some(work) = self.work(seat) {
            work.stage = Stage::AwaitOutput;
        }
    }

    /// The output record is stored (or was given up).
    pub(super) fn output_answered(&mut self, seat: Seat, message: u64, stored: bool) {
        let Some(work) = self.work(seat) else { return };
        let record = work
            .batch
            .get(work.at)
            .copied()
            .filter(|record| record.message.id == message);
        if let (Stage::AwaitOutput, Some(record)) = (work.stage, record) {
            let outcome = if stored {
                StepOutcome::Done
            } else {
                StepOutcome::Transient
            };
            self.step_done(seat, Step::Effect, record, outcome);
        }
    }

    /// The transaction around a batch has ended. After an abort the consumer goes back to what is committed.
    pub(super) fn batch_transaction_ended(&mut self, seat: Seat, committed: bool) {
        let Some(work) = self.work(seat) else { return };
        if work.is_idle() {
            return;
        }
        let starts: Vec<(TopicPartition, Offset)> = work
            .batch
            .iter()
            .rev()
            .map(|r| (r.partition, r.offset))
            .collect();
        if !committed
            && let Some(consumer) = self.seated(seat).and_then(|actor| actor.consumer.as_mut())
        {
            for (at, offset) in starts {
                consumer.seek(at, offset);
            }
            self.forget_waiters(seat, &[]);
        }
        self.rest(seat);
    }

    /// An instance's process dies: what it had in memory is gone, what it had begun is rolled back.
    pub(super) fn member_dies(&mut self, service: u16, member: u16, cause: EventId) {
        let staged: Vec<u64> = {
            let actor = &mut self.services[usize::from(service)];
            let staged = actor
                .store
                .staged(u32::from(member))
                .iter()
                .map(|m| m.id)
                .collect();
            actor.store.on_crash(u32::from(member));
            staged
        };
        for message in staged {
            self.record(
                cause,
                Kind::RolledBack {
                    service,
                    member,
                    message,
                },
            );
        }
        self.forget_waiters(self.seat(service, member), &[]);
        let Some(actor) = self.member_mut(service, member) else {
            return;
        };
        actor.up = false;
        actor.life += 1;
        actor.died = cause;
        actor.work.abandon();
        actor.consumer = None;
        actor.wake = None;
        let producer = actor.producer;
        if let Some(producer) = producer {
            self.producer_dies(producer, cause);
        }
        self.receiver_dies(service, member);
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
