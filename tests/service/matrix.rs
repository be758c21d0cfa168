//! The crash-point matrix: one message, one crash, at every place between two steps.

use crate::harness::{Run, STORES, STRATEGIES, TIMINGS};
use delivery_lab::service::{
    CommitTiming, Plan, PlanError, Settings, StepWeights, StoreKind, Strategy,
};

use CommitTiming::*;
use Strategy::{
    IdempotencyKey, Natural, SameTransaction, StoredOffset, TableChecked, UniqueConstraint,
};

const BARE: Strategy = Strategy::None;
const ANY: &[StoreKind] = &STORES;
const OUTSIDE: &[StoreKind] = &[StoreKind::CardProcessor, StoreKind::MailSender];
const DATABASE: &[StoreKind] = &[StoreKind::StockTable, StoreKind::TableCounter];
const SETTABLE: &[StoreKind] = &[
    StoreKind::StockTable,
    StoreKind::TableCounter,
    StoreKind::MemoryCounter,
];
const LOG: &[StoreKind] = &[StoreKind::OutputTopic];

/// Digit k is how often the effect takes place when the member crashes before step k (counted with
/// the step before and after the batch); the last digit is a crash after everything.
const MATRIX: &[(Strategy, &[StoreKind], CommitTiming, &str)] = &[
    (BARE, ANY, BeforeBatch, "1001"),
    (BARE, ANY, BeforeEachRecord, "1101"),
    (BARE, ANY, AfterEachRecord, "1121"),
    (BARE, ANY, AfterEachBatch, "1121"),
    (BARE, ANY, Never, "112"),
    (BARE, ANY, Automatic, "112"),
    (TableChecked, ANY, BeforeBatch, "100011"),
    (TableChecked, ANY, BeforeEachRecord, "110011"),
    (TableChecked, ANY, AfterEachRecord, "111211"),
    (TableChecked, ANY, AfterEachBatch, "111211"),
    (TableChecked, ANY, Never, "11121"),
    (TableChecked, ANY, Automatic, "11121"),
    (UniqueConstraint, ANY, BeforeBatch, "10001"),
    (UniqueConstraint, ANY, BeforeEachRecord, "11001"),
    (UniqueConstraint, ANY, AfterEachRecord, "11011"),
    (UniqueConstraint, ANY, AfterEachBatch, "11011"),
    (UniqueConstraint, ANY, Never, "1101"),
    (UniqueConstraint, ANY, Automatic, "1101"),
    (SameTransaction, DATABASE, BeforeBatch, "10000001"),
    (SameTransaction, DATABASE, BeforeEachRecord, "11000001"),
    (SameTransaction, DATABASE, AfterEachRecord, "11111111"),
    (SameTransaction, DATABASE, AfterEachBatch, "11111111"),
    (SameTransaction, DATABASE, Never, "1111111"),
    (SameTransaction, DATABASE, Automatic, "1111111"),
    (SameTransaction, LOG, AfterEachRecord, "11111"),
    (SameTransaction, LOG, AfterEachBatch, "11111"),
    (IdempotencyKey, OUTSIDE, BeforeBatch, "1001"),
    (IdempotencyKey, OUTSIDE, BeforeEachRecord, "1101"),
    (IdempotencyKey, OUTSIDE, AfterEachRecord, "1111"),
    (IdempotencyKey, OUTSIDE, AfterEachBatch, "1111"),
    (IdempotencyKey, OUTSIDE, Never, "111"),
    (IdempotencyKey, OUTSIDE, Automatic, "111"),
    (Natural, SETTABLE, BeforeBatch, "1001"),
    (Natural, SETTABLE, BeforeEachRecord, "1101"),
    (Natural, SETTABLE, AfterEachRecord, "1111"),
    (Natural, SETTABLE, AfterEachBatch, "1111"),
    (Natural, SETTABLE, Never, "111"),
    (Natural, SETTABLE, Automatic, "111"),
    (StoredOffset, DATABASE, BeforeBatch, "11111111"),
    (StoredOffset, DATABASE, BeforeEachRecord, "11111111"),
    (StoredOffset, DATABASE, AfterEachRecord, "11111111"),
    (StoredOffset, DATABASE, AfterEachBatch, "11111111"),
    (StoredOffset, DATABASE, Never, "1111111"),
    (StoredOffset, DATABASE, Automatic, "1111111"),
];

#[test]
fn a_crash_between_any_two_steps_does_what_the_matrix_says() {
    for &(strategy, stores, commit, expected) in MATRIX {
        for &store in stores {
            let settings = Settings::new(store, commit, strategy);
            let plan = Plan::new(settings).expect("a plan");
            let batch_steps = [plan.before_batch(), plan.after_batch()];
            let steps = plan.steps().len() + batch_steps.iter().flatten().count();
            let seen: String = (0..=steps as u32)
                .map(|at| Run::new(settings, 1, 1, &[at]).finish()[0].to_string())
                .collect();
            assert_eq!(seen, expected, "{strategy:?} {commit:?} {store:?}");
        }
    }
}

#[test]
fn what_the_matrix_leaves_out_makes_no_plan() {
    for strategy in STRATEGIES {
        for commit in TIMINGS {
            for store in STORES {
                let listed = MATRIX
                    .iter()
                    .any(|row| row.0 == strategy && row.2 == commit && row.1.contains(&store));
                let plan = Plan::new(Settings::new(store, commit, strategy));
                assert_eq!(plan.is_ok(), listed, "{strategy:?} {commit:?} {store:?}");
            }
        }
    }
    let refused = |store, commit, strategy| Plan::new(Settings::new(store, commit, strategy)).err();
    let card = StoreKind::CardProcessor;
    let topic = StoreKind::OutputTopic;
    let cases = [
        (card, SameTransaction, PlanError::NoTransaction),
        (card, StoredOffset, PlanError::NoTransaction),
        (card, Natural, PlanError::NotNatural),
        (topic, IdempotencyKey, PlanError::NoKeys),
        (topic, SameTransaction, PlanError::OffsetsInTransaction),
    ];
    for (store, strategy, error) in cases {
        assert_eq!(refused(store, Never, strategy), Some(error));
    }
}

#[test]
fn a_crash_in_a_batch_repeats_what_the_commit_did_not_cover() {
    let card = |commit| Settings::new(StoreKind::CardProcessor, commit, BARE);
    // The crash comes right after the second record's effect; before it, where the commit is first.
    let run = |commit, at| Run::new(card(commit), 3, 3, &[at]).finish();
    assert_eq!(run(AfterEachBatch, 4), [2, 2, 1]);
    assert_eq!(run(AfterEachRecord, 5), [1, 2, 1]);
    assert_eq!(run(BeforeBatch, 4), [1, 0, 0]);
    assert_eq!(run(BeforeEachRecord, 5), [1, 0, 1]);
    assert_eq!(run(Automatic, 4), [2, 2, 1]);
    // The second poll has committed the positions of the first one; its own are repeated.
    assert_eq!(Run::new(card(Automatic), 4, 2, &[6]).finish(), [1, 1, 2, 1]);
    assert_eq!(Run::new(card(Never), 4, 2, &[6]).finish(), [2, 2, 2, 1]);
}

#[test]
fn shares_cover_the_service_time_and_follow_the_weights() {
    for &(strategy, stores, commit, _) in MATRIX {
        let plan = Plan::new(Settings::new(stores[0], commit, strategy)).expect("a plan");
        let steps = plan.steps().len();
        let total: u32 = (0..steps).map(|i| u32::from(plan.share(i))).sum();
        assert_eq!((total, plan.end_of(steps - 1, 777)), (1000, 777));
        assert_eq!(
            (plan.steps_done(0, 777), plan.steps_done(777, 777)),
            (0, steps)
        );
    }
    let mut settings = Settings::new(StoreKind::CardProcessor, AfterEachRecord, TableChecked);
    settings.weights = StepWeights {
        receive: 1,
        check: 2,
        effect: 6,
        record: 1,
        ..settings.weights
    };
    let plan = Plan::new(settings).expect("a plan");
    let shares: Vec<u16> = (0..6).map(|i| plan.share(i)).collect();
    assert_eq!(shares, [100, 200, 600, 100, 0, 0]);
    assert_eq!(
        [99, 100, 299, 300, 899, 900].map(|t| plan.steps_done(t, 1000)),
        [0, 1, 1, 2, 2, 3]
    );
    settings.weights = StepWeights {
        receive: 0,
        check: 0,
        effect: 0,
        record: 0,
        ..settings.weights
    };
    assert_eq!(Plan::new(settings), Err(PlanError::NoWeight));
}
