//! One partition, one member at a time, and a crash at chosen steps.

use delivery_lab::broker::wire::{Message, TopicPartition};
use delivery_lab::service::{
    CommitTiming, Delivery, Finished, Handler, IdMemory, Next, Plan, RetryBudget, Settings, Step,
    StepOutcome, Store, StoreKind, Strategy,
};

pub const STORES: [StoreKind; 6] = [
    StoreKind::CardProcessor,
    StoreKind::StockTable,
    StoreKind::MailSender,
    StoreKind::MemoryCounter,
    StoreKind::TableCounter,
    StoreKind::OutputTopic,
];
pub const STRATEGIES: [Strategy; 7] = [
    Strategy::None,
    Strategy::TableChecked,
    Strategy::SameTransaction,
    Strategy::UniqueConstraint,
    Strategy::IdempotencyKey,
    Strategy::Natural,
    Strategy::StoredOffset,
];
pub const TIMINGS: [CommitTiming; 6] = [
    CommitTiming::BeforeBatch,
    CommitTiming::BeforeEachRecord,
    CommitTiming::AfterEachRecord,
    CommitTiming::AfterEachBatch,
    CommitTiming::Never,
    CommitTiming::Automatic,
];
pub const PARTITION: TopicPartition = TopicPartition {
    topic: 0,
    partition: 0,
};

pub fn delivery(id: u64) -> Delivery {
    Delivery {
        message: Message { id, key: 0 },
        from: PARTITION,
        offset: id,
    }
}

/// Takes `step` in the store and notes in the ledger what became true by it.
pub fn take(
    store: &mut Store,
    plan: &Plan,
    step: Step,
    member: u32,
    record: Delivery,
    now: u64,
    ledger: &mut [u32],
) -> StepOutcome {
    let staged: Vec<_> = store.staged(member).to_vec();
    let outcome = store.perform(step, plan.settings().strategy, member, record, now);
    if step == plan.effective_step() && outcome == StepOutcome::Done {
        let effects = if plan.transactional() {
            staged
        } else {
            vec![record.message]
        };
        effects.iter().for_each(|m| ledger[m.id as usize] += 1);
    }
    outcome
}

/// The member has crashed.
struct Crash;

/// Reads messages 0 to n-1 to the end, restarting after every crash from what was committed.
pub struct Run {
    plan: Plan,
    store: Store,
    /// How often the effect of each message took place.
    pub ledger: Vec<u32>,
    /// Steps to take before each crash to come, next crash last.
    crashes: Vec<u32>,
    batch: u64,
    committed: u64,
    position: u64,
}

impl Run {
    /// `crashes` are counts of steps taken between one crash and the next.
    pub fn new(settings: Settings, messages: usize, batch: u64, crashes: &[u32]) -> Self {
        let plan = Plan::new(settings).expect("settings make a plan");
        Self {
            plan,
            store: Store::new(settings.store, settings.strategy, IdMemory::Unlimited),
            ledger: vec![0; messages],
            crashes: crashes.iter().rev().copied().collect(),
            batch,
            committed: 0,
            position: 0,
        }
    }

    pub fn finish(mut self) -> Vec<u32> {
        while self.life().is_err() {
            self.crashes.pop();
            self.store.on_crash(0);
        }
        assert_eq!(
            self.store.count(),
            self.ledger.iter().map(|&n| u64::from(n)).sum::<u64>()
        );
        self.ledger
    }

    fn life(&mut self) -> Result<(), Crash> {
        self.position = self.start();
        while self.position < self.ledger.len() as u64 {
            self.poll()?;
        }
        self.crash_point()
    }

    fn start(&self) -> u64 {
        match self.plan.settings().strategy {
            Strategy::StoredOffset => self.store.stored_offset(PARTITION).unwrap_or(0),
            _ => self.committed,
        }
    }

    fn poll(&mut self) -> Result<(), Crash> {
        if self.plan.settings().commit == CommitTiming::Automatic {
            self.committed = self.position;
        }
        let first = self.position;
        let end = (first + self.batch).min(self.ledger.len() as u64);
        if let Some(step) = self.plan.before_batch() {
            self.step(step, first, end)?;
        }
        for id in first..end {
            self.record(id)?;
        }
        self.position = end;
        self.plan
            .after_batch()
            .map_or(Ok(()), |step| self.step(step, end - 1, end).map(|_| ()))
    }

    fn record(&mut self, id: u64) -> Result<(), Crash> {
        let mut handler = Handler::new();
        let mut budget = RetryBudget::unlimited();
        while let Some(step) = handler.next_step(&self.plan) {
            let outcome = self.step(step, id, id + 1)?;
            if let Next::Finished(end) = handler.on_step_done(&self.plan, outcome, &mut budget, 0) {
                assert!(
                    matches!(end, Finished::Processed | Finished::AlreadyDone),
                    "{end:?}"
                );
            }
        }
        Ok(())
    }

    /// A crash may come instead of `step`; `next` is the offset that a commit would store.
    fn step(&mut self, step: Step, id: u64, next: u64) -> Result<StepOutcome, Crash> {
        self.crash_point()?;
        let (store, ledger) = (&mut self.store, &mut self.ledger);
        let outcome = take(store, &self.plan, step, 0, delivery(id), 0, ledger);
        let in_log = self.plan.settings().store == StoreKind::OutputTopic;
        if step == Step::Commit || (step == Step::TransactionCommit && in_log) {
            self.committed = next;
        }
        Ok(outcome)
    }

    fn crash_point(&mut self) -> Result<(), Crash> {
        match self.crashes.last_mut() {
            Some(0) => Err(Crash),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}
