//! The plan: which steps a service takes for a record, in which order, and how long each one takes.

use super::retry::RetryPolicy;
use super::store::{Place, StoreKind};
use crate::broker::wire::Micros;

/// One step of a handler. A crash can fall before or after any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The record is handed to the handler.
    Receive,
    /// A transaction is opened in the store (or the log); one left open is rolled back.
    Begin,
    /// Look the message up: in the table of processed ids, or against the stored offset.
    Check,
    /// Charge, decrement, mail, count or produce.
    Effect,
    /// Write the id into the table, or the offset beside the effect.
    Record,
    /// Commit the store's transaction: effect and record become visible together. In a log
    /// transaction the consumed offsets are part of it.
    TransactionCommit,
    /// Tell the broker: commit the offset, acknowledge, or delete.
    Commit,
    /// Send the record to the dead-letter queue instead of processing it.
    DeadLetter,
}

/// When the service tells the broker that it is done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitTiming {
    /// Once, right after the poll: `commitSync()` before the loop, at-most-once.
    BeforeBatch,
    /// For each record before its effect: RabbitMQ's `autoAck`, or deleting on receipt.
    BeforeEachRecord,
    /// For each record after its effect: at-least-once.
    AfterEachRecord,
    /// Once, after the last record of the poll: at-least-once, a crash repeats the batch.
    AfterEachBatch,
    /// Never: a restart begins where the group began.
    Never,
    /// The client does it inside `poll()` (`enable.auto.commit`); the handler does nothing.
    Automatic,
}

/// How the service keeps a repeated message from taking effect twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Not at all.
    None,
    /// The table of processed ids is checked first and written after the effect. A crash between
    /// effect and record repeats the effect; two members between check and record both make it.
    TableChecked,
    /// Effect and id in one database transaction; with an output topic, effect and consumed offsets
    /// in one log transaction.
    SameTransaction,
    /// The id is inserted first and a conflict stops the handler. Repeats and races are refused, but
    /// the insert is a commit of its own: a crash between it and the effect loses the effect, because
    /// the redelivered message meets its own id. In one transaction it would be
    /// [`Strategy::SameTransaction`].
    UniqueConstraint,
    /// The other party is given the message's id as a key and answers a repeat without acting.
    IdempotencyKey,
    /// The effect itself can be repeated: SET instead of ADD.
    Natural,
    /// The offset is stored with the effect in one database transaction, and the member starts from
    /// the stored offset. Stops repeats by the consumer, not a message that is in the log twice.
    StoredOffset,
}

/// What happens to a record that cannot be processed: a permanent failure, or a transient one whose
/// retries are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// Go on as if it had been processed; the commit passes over it.
    Skip,
    /// Permanent failures are retried like transient ones; then the record is left uncommitted, for
    /// the broker to deliver again.
    Retry,
    /// Send it to the dead-letter queue, then commit.
    DeadLetter,
    /// Stop: nothing after it is processed until someone helps.
    Block,
}

/// Weights of the steps in the service time. Only their proportion within a plan counts; the
/// commit to the broker and the dead letter take a round trip of their own instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepWeights {
    /// Weight of [`Step::Receive`].
    pub receive: u16,
    /// Weight of [`Step::Begin`].
    pub begin: u16,
    /// Weight of [`Step::Check`].
    pub check: u16,
    /// Weight of [`Step::Effect`].
    pub effect: u16,
    /// Weight of [`Step::Record`].
    pub record: u16,
    /// Weight of [`Step::TransactionCommit`].
    pub transaction_commit: u16,
}

impl Default for StepWeights {
    /// The lab's own choice: the effect takes most of the time.
    fn default() -> Self {
        Self {
            receive: 50,
            begin: 50,
            check: 150,
            effect: 500,
            record: 150,
            transaction_commit: 100,
        }
    }
}

impl StepWeights {
    fn of(&self, step: Step) -> u64 {
        let weight = match step {
            Step::Receive => self.receive,
            Step::Begin => self.begin,
            Step::Check => self.check,
            Step::Effect => self.effect,
            Step::Record => self.record,
            Step::TransactionCommit => self.transaction_commit,
            Step::Commit | Step::DeadLetter => 0,
        };
        weight.into()
    }
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the effect is made in.
    pub store: StoreKind,
    /// When to commit.
    pub commit: CommitTiming,
    /// How to be idempotent.
    pub strategy: Strategy,
    /// What to do with a record that cannot be processed.
    pub on_failure: OnFailure,
    /// How to retry transient failures.
    pub retry: RetryPolicy,
    /// How the service time is divided.
    pub weights: StepWeights,
}

impl Settings {
    /// These three with everything else as by default: three retries, then dead letter.
    pub fn new(store: StoreKind, commit: CommitTiming, strategy: Strategy) -> Self {
        Self {
            store,
            commit,
            strategy,
            on_failure: OnFailure::DeadLetter,
            retry: RetryPolicy::default(),
            weights: StepWeights::default(),
        }
    }
}

/// Why settings make no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// The store has no transaction that could hold effect and id (or offset) together.
    NoTransaction,
    /// The store takes no idempotency keys.
    NoKeys,
    /// The effect cannot be repeated without harm.
    NotNatural,
    /// A log transaction commits the offsets itself, after a record or after a batch; this timing
    /// contradicts it.
    OffsetsInTransaction,
    /// All weights of the plan's steps are 0.
    NoWeight,
}

impl std::fmt::Display for PlanError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoTransaction => "this effect is outside any transaction the service can open",
            Self::NoKeys => "this store takes no idempotency keys",
            Self::NotNatural => "this effect cannot be repeated without harm",
            Self::OffsetsInTransaction => {
                "a log transaction commits the offsets after a record or after a batch"
            }
            Self::NoWeight => "every step of the plan has the weight 0",
        })
    }
}

impl std::error::Error for PlanError {}

/// Most steps that a plan has for one record.
pub const MAX_STEPS: usize = 8;

/// The steps for one record with their share of the service time, and the one step before or after
/// a whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    steps: [Step; MAX_STEPS],
    /// Where each step ends, in thousandths of the service time.
    ends: [u16; MAX_STEPS],
    len: u8,
    before_batch: Option<Step>,
    after_batch: Option<Step>,
    settings: Settings,
}

impl Plan {
    /// The plan that follows from `settings`.
    ///
    /// # Errors
    /// [`PlanError`] when the settings contradict each other.
    pub fn new(settings: Settings) -> Result<Self, PlanError> {
        settings.check()?;
        let mut plan = Self {
            steps: [Step::Receive; MAX_STEPS],
            ends: [1000; MAX_STEPS],
            len: 1,
            before_batch: None,
            after_batch: None,
            settings,
        };
        if settings.in_log_transaction() {
            plan.add_log_transaction();
        } else {
            plan.add_commits();
        }
        plan.set_ends()?;
        Ok(plan)
    }

    fn add(&mut self, step: Step) {
        self.steps[usize::from(self.len)] = step;
        self.len += 1;
    }

    fn add_log_transaction(&mut self) {
        if self.settings.commit == CommitTiming::AfterEachBatch {
            self.before_batch = Some(Step::Begin);
            self.after_batch = Some(Step::TransactionCommit);
            self.add(Step::Effect);
        } else {
            [Step::Begin, Step::Effect, Step::TransactionCommit]
                .into_iter()
                .for_each(|s| self.add(s));
        }
    }

    fn add_commits(&mut self) {
        match self.settings.commit {
            CommitTiming::BeforeBatch => self.before_batch = Some(Step::Commit),
            CommitTiming::AfterEachBatch => self.after_batch = Some(Step::Commit),
            CommitTiming::BeforeEachRecord => self.add(Step::Commit),
            CommitTiming::AfterEachRecord | CommitTiming::Never | CommitTiming::Automatic => {}
        }
        self.settings
            .strategy
            .steps()
            .iter()
            .for_each(|&step| self.add(step));
        if self.settings.commit == CommitTiming::AfterEachRecord {
            self.add(Step::Commit);
        }
    }

    fn set_ends(&mut self) -> Result<(), PlanError> {
        let weights = self.settings.weights;
        let total: u64 = self.steps().iter().map(|&step| weights.of(step)).sum();
        if total == 0 {
            return Err(PlanError::NoWeight);
        }
        let mut sum = 0;
        for index in 0..usize::from(self.len) {
            sum += weights.of(self.steps[index]);
            self.ends[index] = u16::try_from(sum * 1000 / total).unwrap_or(1000);
        }
        Ok(())
    }

    /// The steps for one record.
    pub fn steps(&self) -> &[Step] {
        &self.steps[..usize::from(self.len)]
    }

    /// Share of step `index` in the service time, in thousandths; 0 beyond the last step.
    pub fn share(&self, index: usize) -> u16 {
        let before = if index == 0 {
            0
        } else {
            self.ends.get(index - 1).copied().unwrap_or(1000)
        };
        self.ends.get(index).map_or(0, |end| end - before)
    }

    /// When step `index` ends, counted from the start of the record, if the steps follow each other
    /// and the whole takes `service_time`.
    pub fn end_of(&self, index: usize, service_time: Micros) -> Micros {
        let end = self.ends.get(index).copied().unwrap_or(1000);
        let micros = u128::from(service_time) * u128::from(end) / 1000;
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    /// How many steps a record has behind it `elapsed` after its start. The commit to the broker
    /// counts as done with the step before it, as its round trip is not part of the service time.
    pub fn steps_done(&self, elapsed: Micros, service_time: Micros) -> usize {
        (0..self.steps().len())
            .take_while(|&i| self.end_of(i, service_time) <= elapsed)
            .count()
    }

    /// The step to take once before the records of a poll.
    pub fn before_batch(&self) -> Option<Step> {
        self.before_batch
    }

    /// The step to take once after the last record of a poll.
    pub fn after_batch(&self) -> Option<Step> {
        self.after_batch
    }

    /// The step with which the effect becomes true: the effect itself, or the commit of the
    /// transaction it is part of.
    pub fn effective_step(&self) -> Step {
        if self.transactional() {
            Step::TransactionCommit
        } else {
            Step::Effect
        }
    }

    /// Whether the effect waits for a transaction to commit.
    pub fn transactional(&self) -> bool {
        matches!(
            self.settings.strategy,
            Strategy::SameTransaction | Strategy::StoredOffset
        )
    }

    /// The settings that the plan was made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Settings {
    fn in_log_transaction(&self) -> bool {
        self.strategy == Strategy::SameTransaction && self.store.place() == Place::Log
    }

    fn check(&self) -> Result<(), PlanError> {
        use CommitTiming::{AfterEachBatch, AfterEachRecord};
        let place = self.store.place();
        let problem = match self.strategy {
            Strategy::None | Strategy::TableChecked | Strategy::UniqueConstraint => None,
            Strategy::SameTransaction => match place {
                Place::Database => None,
                Place::Log if matches!(self.commit, AfterEachRecord | AfterEachBatch) => None,
                Place::Log => Some(PlanError::OffsetsInTransaction),
                Place::Outside | Place::Memory => Some(PlanError::NoTransaction),
            },
            Strategy::StoredOffset => {
                (place != Place::Database).then_some(PlanError::NoTransaction)
            }
            Strategy::IdempotencyKey => (place != Place::Outside).then_some(PlanError::NoKeys),
            Strategy::Natural => {
                (!matches!(place, Place::Database | Place::Memory)).then_some(PlanError::NotNatural)
            }
        };
        problem.map_or(Ok(()), Err)
    }
}

impl Strategy {
    fn steps(self) -> &'static [Step] {
        use Step::{Begin, Check, Effect, Record, TransactionCommit};
        match self {
            Self::None | Self::IdempotencyKey | Self::Natural => &[Effect],
            Self::TableChecked => &[Check, Effect, Record],
            Self::UniqueConstraint => &[Record, Effect],
            Self::SameTransaction | Self::StoredOffset => {
                &[Begin, Check, Effect, Record, TransactionCommit]
            }
        }
    }
}
