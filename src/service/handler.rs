//! Walks the steps of a plan for one record.

use super::retry::RetryBudget;
use super::steps::{OnFailure, Plan, Step};
use crate::broker::wire::Micros;

/// How a step went, as the member was told. A lost answer is [`StepOutcome::Transient`] whatever
/// truly happened: the member cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepOutcome {
    /// Done.
    Done,
    /// The message turned out to be processed already; nothing was done.
    AlreadyDone,
    /// A lawful answer, and it is no: out of stock. Not a failure; the record is finished.
    Refused,
    /// Failed, another try may succeed.
    Transient,
    /// Failed, and every further try will: a poison record.
    Permanent,
}

/// How the handler ended with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finished {
    /// Every step was taken.
    Processed,
    /// It was recognised as a repeat; the effect was not made again.
    AlreadyDone,
    /// The store said no for a lawful reason.
    Refused,
    /// Given up; the commit passes over it.
    Skipped,
    /// Given up and sent to the dead-letter queue.
    DeadLettered,
    /// Given up and left uncommitted: the broker delivers it again after a seek back, a nack or the
    /// end of its lease.
    Returned,
    /// Given up; the member stops here.
    Blocked,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Take this step.
    Step(Step),
    /// Take this step after a wait of so many microseconds.
    Retry {
        /// The step.
        step: Step,
        /// The wait.
        after: Micros,
    },
    /// The record is done with.
    Finished(Finished),
}

/// The state of one record in its handler. A crash is forgetting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Index of the step to take; the number of steps when there is none left.
    position: u8,
    retries: u16,
    dead_lettering: bool,
    end: Finished,
    left: bool,
}

impl Default for Handler {
    fn default() -> Self {
        Self::new()
    }
}

impl Handler {
    /// At the first step of a record.
    pub fn new() -> Self {
        Self {
            position: 0,
            retries: 0,
            dead_lettering: false,
            end: Finished::Processed,
            left: false,
        }
    }

    /// The step to take now; `None` when the record is done with.
    pub fn next_step(&self, plan: &Plan) -> Option<Step> {
        if self.left {
            None
        } else if self.dead_lettering {
            Some(Step::DeadLetter)
        } else {
            plan.steps().get(usize::from(self.position)).copied()
        }
    }

    /// Index of the step in the plan, for [`Plan::share`]; the dead letter has none.
    pub fn position(&self) -> usize {
        self.position.into()
    }

    /// Retries made for this record.
    pub fn retries(&self) -> u16 {
        self.retries
    }

    /// The current step went like `outcome`. `draw` spreads the backoff: uniform, in parts per million.
    pub fn on_step_done(
        &mut self,
        plan: &Plan,
        outcome: StepOutcome,
        budget: &mut RetryBudget,
        draw: u32,
    ) -> Next {
        let Some(step) = self.next_step(plan) else {
            return Next::Finished(self.end);
        };
        match outcome {
            StepOutcome::Done => self.step_succeeded(budget),
            StepOutcome::AlreadyDone => self.skip_to_commit(plan, Finished::AlreadyDone),
            StepOutcome::Refused => self.skip_to_commit(plan, Finished::Refused),
            StepOutcome::Transient => return self.failed(plan, step, true, budget, draw),
            StepOutcome::Permanent => {
                let retried = plan.settings().on_failure == OnFailure::Retry;
                return self.failed(plan, step, retried, budget, draw);
            }
        }
        self.next(plan)
    }

    fn next(&self, plan: &Plan) -> Next {
        self.next_step(plan)
            .map_or(Next::Finished(self.end), Next::Step)
    }

    fn step_succeeded(&mut self, budget: &mut RetryBudget) {
        budget.on_success();
        if self.dead_lettering {
            self.dead_lettering = false;
        } else {
            self.position += 1;
        }
    }

    /// Leaves out everything up to the commit to the broker that is still to come, if any.
    fn skip_to_commit(&mut self, plan: &Plan, end: Finished) {
        let from = usize::from(self.position);
        let rest = plan.steps().get(from..).unwrap_or_default();
        let skipped = rest
            .iter()
            .position(|&s| s == Step::Commit)
            .unwrap_or(rest.len());
        self.position += skipped as u8;
        self.end = end;
    }

    fn failed(
        &mut self,
        plan: &Plan,
        step: Step,
        may_retry: bool,
        budget: &mut RetryBudget,
        draw: u32,
    ) -> Next {
        budget.on_failure();
        let policy = &plan.settings().retry;
        if may_retry && self.retries < policy.max_retries && budget.allows() {
            let after = policy.backoff(self.retries, draw);
            self.retries += 1;
            return Next::Retry {
                step: self.back_to_begin(plan, step),
                after,
            };
        }
        self.give_up(plan, step);
        self.next(plan)
    }

    /// A failure inside a transaction rolls it back, so the retry starts at its beginning.
    fn back_to_begin(&mut self, plan: &Plan, step: Step) -> Step {
        let open = &plan.steps()[..usize::from(self.position).min(plan.steps().len())];
        let begin = open.iter().position(|&s| s == Step::Begin);
        match begin {
            Some(begin) if !matches!(step, Step::Commit | Step::DeadLetter) => {
                self.position = begin as u8;
                Step::Begin
            }
            _ => step,
        }
    }

    fn give_up(&mut self, plan: &Plan, step: Step) {
        if matches!(step, Step::Commit | Step::DeadLetter) {
            // The work is done (or given up) already; only the broker could not be told.
            self.end = Finished::Returned;
            self.left = true;
            return;
        }
        match plan.settings().on_failure {
            OnFailure::Skip => self.skip_to_commit(plan, Finished::Skipped),
            OnFailure::DeadLetter => {
                self.skip_to_commit(plan, Finished::DeadLettered);
                self.dead_lettering = true;
                self.retries = 0;
            }
            OnFailure::Retry => (self.end, self.left) = (Finished::Returned, true),
            OnFailure::Block => (self.end, self.left) = (Finished::Blocked, true),
        }
    }
}
