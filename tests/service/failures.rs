//! Transient and permanent failures, and a memory that ends.

use crate::harness::{delivery, take};
use delivery_lab::service::{
    CommitTiming, Finished, Handler, IdMemory, Next, OnFailure, Plan, RetryBudget, RetryPolicy,
    Settings, Step, StepOutcome, Store, StoreKind, Strategy,
};

use StepOutcome::{Done, Permanent, Transient};

fn plan(commit: CommitTiming, strategy: Strategy, on_failure: OnFailure, max_retries: u16) -> Plan {
    let kind = match strategy {
        Strategy::SameTransaction => StoreKind::StockTable,
        _ => StoreKind::CardProcessor,
    };
    let retry = RetryPolicy {
        max_retries,
        jitter: 0,
        ..RetryPolicy::default()
    };
    Plan::new(Settings {
        on_failure,
        retry,
        ..Settings::new(kind, commit, strategy)
    })
    .expect("a plan")
}

/// The steps taken and the end, when the effect answers with `answers` in turn (then with the last).
fn walk(plan: &Plan, answers: &[StepOutcome]) -> (Vec<Step>, Finished) {
    let mut handler = Handler::new();
    let mut budget = RetryBudget::unlimited();
    let (mut steps, mut effects) = (Vec::new(), 0);
    while let Some(step) = handler.next_step(plan) {
        steps.push(step);
        let mut outcome = Done;
        if step == Step::Effect {
            outcome = answers[effects.min(answers.len() - 1)];
            effects += 1;
        }
        if let Next::Finished(end) = handler.on_step_done(plan, outcome, &mut budget, 0) {
            return (steps, end);
        }
    }
    panic!("a handler ends with Finished");
}

#[test]
fn poison_goes_where_the_policy_says() {
    use Step::{Commit, DeadLetter, Effect, Receive};
    let cases: [(OnFailure, &[Step], Finished); 4] = [
        (
            OnFailure::Skip,
            &[Receive, Effect, Commit],
            Finished::Skipped,
        ),
        (
            OnFailure::DeadLetter,
            &[Receive, Effect, DeadLetter, Commit],
            Finished::DeadLettered,
        ),
        (
            OnFailure::Retry,
            &[Receive, Effect, Effect, Effect],
            Finished::Returned,
        ),
        (OnFailure::Block, &[Receive, Effect], Finished::Blocked),
    ];
    for (policy, steps, end) in cases {
        let plan = plan(CommitTiming::AfterEachRecord, Strategy::None, policy, 2);
        assert_eq!(walk(&plan, &[Permanent]), (steps.to_vec(), end));
    }
}

#[test]
fn a_poison_record_that_was_committed_first_is_still_dead_lettered() {
    let plan = plan(
        CommitTiming::BeforeEachRecord,
        Strategy::TableChecked,
        OnFailure::DeadLetter,
        0,
    );
    let (steps, end) = walk(&plan, &[Permanent]);
    use Step::{Check, Commit, DeadLetter, Effect, Receive};
    assert_eq!(steps, [Receive, Commit, Check, Effect, DeadLetter]);
    assert_eq!(end, Finished::DeadLettered);
}

#[test]
fn transient_failures_are_retried_as_often_as_allowed() {
    let plan = plan(
        CommitTiming::AfterEachRecord,
        Strategy::None,
        OnFailure::DeadLetter,
        3,
    );
    use Step::{Commit, DeadLetter, Effect, Receive};
    let recovered = walk(&plan, &[Transient, Transient, Transient, Done]);
    assert_eq!(
        recovered,
        (
            vec![Receive, Effect, Effect, Effect, Effect, Commit],
            Finished::Processed
        )
    );
    let given_up = walk(&plan, &[Transient]);
    let steps = vec![Receive, Effect, Effect, Effect, Effect, DeadLetter, Commit];
    assert_eq!(given_up, (steps, Finished::DeadLettered));
}

#[test]
fn a_failure_in_a_transaction_starts_it_again() {
    let plan = plan(
        CommitTiming::AfterEachRecord,
        Strategy::SameTransaction,
        OnFailure::Block,
        1,
    );
    use Step::{Begin, Check, Commit, Effect, Receive, Record, TransactionCommit};
    let (steps, end) = walk(&plan, &[Transient, Done]);
    let again = [Begin, Check, Effect, Record, TransactionCommit, Commit];
    assert_eq!(
        steps,
        [&[Receive, Begin, Check, Effect][..], &again].concat()
    );
    assert_eq!(end, Finished::Processed);
}

#[test]
fn what_was_staged_before_a_retry_or_a_crash_is_gone() {
    let plan = plan(
        CommitTiming::AfterEachRecord,
        Strategy::SameTransaction,
        OnFailure::Block,
        1,
    );
    let mut store = Store::new(
        StoreKind::StockTable,
        Strategy::SameTransaction,
        IdMemory::Unlimited,
    );
    let (mut handler, mut budget) = (Handler::new(), RetryBudget::unlimited());
    let (mut ledger, mut failed) = ([0], false);
    while let Some(step) = handler.next_step(&plan) {
        let outcome = if step == Step::Record && !failed {
            failed = true;
            Transient
        } else {
            take(&mut store, &plan, step, 0, delivery(0), 0, &mut ledger)
        };
        handler.on_step_done(&plan, outcome, &mut budget, 0);
    }
    assert_eq!((store.count(), ledger), (1, [1]));

    for step in [Step::Begin, Step::Effect] {
        take(&mut store, &plan, step, 0, delivery(0), 0, &mut ledger);
    }
    assert_eq!(store.staged(0).len(), 1);
    store.on_crash(0);
    assert!(store.staged(0).is_empty());
    let commit = take(
        &mut store,
        &plan,
        Step::TransactionCommit,
        0,
        delivery(0),
        0,
        &mut ledger,
    );
    assert_eq!((commit, store.count()), (Transient, 1));
}

#[test]
fn waits_double_up_to_the_maximum() {
    let plan = plan(
        CommitTiming::AfterEachRecord,
        Strategy::None,
        OnFailure::Block,
        6,
    );
    let mut handler = Handler::new();
    let mut budget = RetryBudget::unlimited();
    handler.on_step_done(&plan, Done, &mut budget, 0);
    let mut waits = Vec::new();
    while let Next::Retry { after, step } =
        handler.on_step_done(&plan, Transient, &mut budget, 999_999)
    {
        assert_eq!(step, Step::Effect);
        waits.push(after / 1000);
    }
    assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
    assert_eq!(handler.next_step(&plan), None);
}

#[test]
fn the_budget_of_the_service_stops_retries_and_grows_back() {
    let plan = plan(
        CommitTiming::AfterEachRecord,
        Strategy::None,
        OnFailure::Block,
        100,
    );
    let mut budget = RetryBudget::new(10, 500);
    let mut handler = Handler::new();
    let mut retries = 0;
    while let Next::Retry { .. } = handler.on_step_done(&plan, Transient, &mut budget, 0) {
        retries += 1;
    }
    assert_eq!((retries, budget.allows()), (4, false));
    Handler::new().on_step_done(&plan, Done, &mut budget, 0);
    assert!(budget.allows(), "half a token over half of ten");
}

/// Charges once, and the answer is lost; then the member retries.
fn charge_with_lost_answer(commit: CommitTiming, strategy: Strategy, retries: u16) -> u32 {
    let plan = plan(commit, strategy, OnFailure::Skip, retries);
    let mut store = Store::new(StoreKind::CardProcessor, strategy, IdMemory::Unlimited);
    let (mut handler, mut budget) = (Handler::new(), RetryBudget::unlimited());
    let (mut ledger, mut answer_lost) = ([0], false);
    while let Some(step) = handler.next_step(&plan) {
        let mut outcome = take(&mut store, &plan, step, 0, delivery(0), 0, &mut ledger);
        if step == Step::Effect && !answer_lost {
            (outcome, answer_lost) = (Transient, true);
        }
        handler.on_step_done(&plan, outcome, &mut budget, 0);
    }
    ledger[0]
}

#[test]
fn a_lost_answer_means_unknown() {
    use CommitTiming::{AfterEachRecord, BeforeBatch};
    assert_eq!(
        charge_with_lost_answer(AfterEachRecord, Strategy::None, 1),
        2
    );
    assert_eq!(
        charge_with_lost_answer(AfterEachRecord, Strategy::TableChecked, 1),
        2
    );
    assert_eq!(
        charge_with_lost_answer(AfterEachRecord, Strategy::UniqueConstraint, 1),
        2
    );
    assert_eq!(
        charge_with_lost_answer(AfterEachRecord, Strategy::IdempotencyKey, 1),
        1
    );
    // Committing first is at-most-once only for a handler that does not retry by itself.
    assert_eq!(charge_with_lost_answer(BeforeBatch, Strategy::None, 1), 2);
    assert_eq!(charge_with_lost_answer(BeforeBatch, Strategy::None, 0), 1);
}

/// A memory, when message 0 comes again, what comes (and when) before that, effects of message 0.
type Case = (IdMemory, u64, &'static [(u64, u64)], u32);

#[test]
fn a_late_duplicate_slips_through_a_finite_memory() {
    const MINUTE: u64 = 60_000_000;
    let cases: [Case; 6] = [
        (IdMemory::For(5 * MINUTE), 5 * MINUTE - 1, &[], 1),
        (IdMemory::For(5 * MINUTE), 5 * MINUTE, &[], 2),
        (IdMemory::Last(2), 0, &[(1, 0)], 1),
        (IdMemory::Last(2), 0, &[(1, 0), (2, 0)], 2),
        (IdMemory::Last(0), 0, &[], 2),
        (IdMemory::Unlimited, u64::MAX, &[(1, 0), (2, 0)], 1),
    ];
    for strategy in [Strategy::IdempotencyKey, Strategy::TableChecked] {
        for (memory, again_at, others, expected) in cases {
            let plan = plan(CommitTiming::AfterEachRecord, strategy, OnFailure::Skip, 0);
            let mut store = Store::new(StoreKind::CardProcessor, strategy, memory);
            let mut ledger = [0; 3];
            let visits = [&[(0, 0)], others, &[(0, again_at)]].concat();
            for (id, now) in visits {
                let (mut handler, mut budget) = (Handler::new(), RetryBudget::unlimited());
                while let Some(step) = handler.next_step(&plan) {
                    let outcome = take(&mut store, &plan, step, 0, delivery(id), now, &mut ledger);
                    handler.on_step_done(&plan, outcome, &mut budget, 0);
                }
            }
            assert_eq!(ledger[0], expected, "{strategy:?} {memory:?}");
        }
    }
}
