//! How the handling of a record or of a batch ends: done, given back, committed, or cut off by a death.

use super::member::Seat;
use super::work::Stage;
use super::{Ev, World, lane};
use crate::broker::wire::ErrorCode;
use crate::client::consumer::{Consumer, ConsumerRecord};
use crate::scenario::{EffectKind, HandlerStep};
use crate::service::{Finished, Step, StepOutcome};
use crate::sim::{FaultKey, Site};
use crate::trace::{EventId, Kind, Party, Why};

impl World {
    /// Whether a crash is placed (or falls by chance) right after this step.
    pub(super) fn dies_after(
        &mut self,
        seat: Seat,
        step: HandlerStep,
        message: u64,
        event: EventId,
    ) -> bool {
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
        let died = Some(self.crash(party, fault, event));
        let restart = self.scenario.faults.consumer_restart.0;
        self.queue.push(
            self.now + restart,
            Ev::Restart {
                party,
                died,
                next: None,
            },
        );
        true
    }

    /// The handler is through with a record.
    pub(super) fn record_finished(&mut self, seat: Seat, record: ConsumerRecord, end: Finished) {
        let Seat {
            service, member, ..
        } = seat;
        let message = record.message.id;
        let why = self.work(seat).map_or(Why::Transient, |work| work.why);
        match end {
            Finished::Processed | Finished::AlreadyDone | Finished::Refused => {
                self.record_of_work(
                    seat,
                    Kind::Processed {
                        service,
                        member,
                        message,
                    },
                );
            }
            Finished::Skipped => {
                self.record_of_work(
                    seat,
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
        self.turn_done(service, record.message);
        self.begin_record(seat);
    }

    /// The record is left for another try: the consumer goes back to it, and what is behind it in the
    /// batch is handed out again. A transaction cannot keep a part of its batch: all of it is rolled back.
    pub(super) fn give_back(&mut self, seat: Seat, record: ConsumerRecord) {
        if self.has_transactions(seat.service) {
            return self.roll_back(seat);
        }
        let Some(actor) = self.seated(seat) else {
            return;
        };
        let Some(consumer) = &mut actor.consumer else {
            self.return_to_queue(seat, record);
            self.next_record(seat);
            return;
        };
        for record in &actor.work.batch[actor.work.at..] {
            rewind(consumer, record);
        }
        let released = std::mem::take(&mut actor.work.released);
        actor.work.abandon();
        actor.work.released = released;
        self.drive_member(seat);
    }

    /// The last record is through.
    pub(super) fn end_batch(&mut self, seat: Seat) {
        let plan = self.services[usize::from(seat.service)].plan;
        if self.has_transactions(seat.service) {
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

    pub(super) fn plan_member_timer(&mut self, seat: Seat) {
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

    pub(super) fn writes_records(&self, service: u16) -> bool {
        self.scenario.services[usize::from(service)].effect == EffectKind::Record
    }

    /// The effect is a record in another topic.
    pub(super) fn produce_output(&mut self, seat: Seat, record: ConsumerRecord) {
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
        let mut unfinished = std::mem::take(&mut work.batch);
        if !committed {
            unfinished.extend(self.put_aside_by(seat));
            if let Some(consumer) = self.seated(seat).and_then(|actor| actor.consumer.as_mut()) {
                unfinished
                    .iter()
                    .for_each(|record| rewind(consumer, record));
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

/// Goes on reading at this record, if what comes next is behind it.
fn rewind(consumer: &mut Consumer, record: &ConsumerRecord) {
    let next = consumer.position(record.partition);
    if next.is_none_or(|next| next > record.offset) {
        consumer.seek(record.partition, record.offset);
    }
}
