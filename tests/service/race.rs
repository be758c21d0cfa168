//! Two members with the same record: the old owner is slow, the new one began again.

use crate::harness::{delivery, take};
use delivery_lab::service::{
    CommitTiming, Handler, IdMemory, Plan, RetryBudget, Settings, Store, StoreKind, Strategy,
};

struct Racers {
    plan: Plan,
    store: Store,
    handlers: [Handler; 2],
    ledger: [u32; 1],
}

impl Racers {
    fn new(kind: StoreKind, strategy: Strategy) -> Self {
        let settings = Settings::new(kind, CommitTiming::AfterEachRecord, strategy);
        Self {
            plan: Plan::new(settings).expect("a plan"),
            store: Store::new(kind, strategy, IdMemory::Unlimited),
            handlers: [Handler::new(); 2],
            ledger: [0],
        }
    }

    /// Lets `who` take its next step; false when it has none.
    fn step(&mut self, who: usize) -> bool {
        let Some(step) = self.handlers[who].next_step(&self.plan) else {
            return false;
        };
        let member = who as u32;
        let (store, ledger) = (&mut self.store, &mut self.ledger);
        let outcome = take(store, &self.plan, step, member, delivery(0), 0, ledger);
        let mut budget = RetryBudget::unlimited();
        self.handlers[who].on_step_done(&self.plan, outcome, &mut budget, 0);
        true
    }
}

/// The fewest and the most effects over all orders in which two members can take their steps.
fn least_and_most(kind: StoreKind, strategy: Strategy) -> (u32, u32) {
    let (mut least, mut most) = (u32::MAX, 0);
    for order in 0u32..1 << 14 {
        let mut racers = Racers::new(kind, strategy);
        for turn in 0..14 {
            racers.step((order >> turn & 1) as usize);
        }
        for who in [0, 1] {
            while racers.step(who) {}
        }
        least = least.min(racers.ledger[0]);
        most = most.max(racers.ledger[0]);
    }
    (least, most)
}

#[test]
fn only_some_strategies_survive_a_race() {
    use StoreKind::{CardProcessor, StockTable};
    let cases = [
        (CardProcessor, Strategy::None, (2, 2)),
        (CardProcessor, Strategy::TableChecked, (1, 2)),
        (StockTable, Strategy::TableChecked, (1, 2)),
        (CardProcessor, Strategy::UniqueConstraint, (1, 1)),
        (CardProcessor, Strategy::IdempotencyKey, (1, 1)),
        (StockTable, Strategy::Natural, (1, 1)),
        (StockTable, Strategy::SameTransaction, (1, 1)),
        (StockTable, Strategy::StoredOffset, (1, 1)),
    ];
    for (kind, strategy, expected) in cases {
        assert_eq!(least_and_most(kind, strategy), expected, "{strategy:?}");
    }
}

#[test]
fn the_last_unit_is_sold_once() {
    let settings = |strategy| {
        Settings::new(
            StoreKind::StockTable,
            CommitTiming::AfterEachRecord,
            strategy,
        )
    };
    let plan = Plan::new(settings(Strategy::SameTransaction)).expect("a plan");
    let mut store = Store::new(
        StoreKind::StockTable,
        Strategy::SameTransaction,
        IdMemory::Unlimited,
    )
    .with_stock(1);
    let mut ledger = [0; 2];
    let steps = plan
        .steps()
        .iter()
        .filter(|&&s| s != delivery_lab::service::Step::Commit);
    let mut last = Vec::new();
    for &step in steps {
        last = (0..2)
            .map(|m| {
                take(
                    &mut store,
                    &plan,
                    step,
                    m,
                    delivery(m.into()),
                    0,
                    &mut ledger,
                )
            })
            .collect();
    }
    use delivery_lab::service::StepOutcome::{Done, Refused};
    assert_eq!(
        (last, store.units_left(), ledger),
        (vec![Done, Refused], Some(0), [1, 0])
    );
}
