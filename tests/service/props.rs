//! Promises under any schedule of crashes.

use crate::harness::{Run, STORES, STRATEGIES, TIMINGS};
use delivery_lab::service::{CommitTiming, Plan, Settings, Strategy};
use proptest::prelude::*;

fn any_settings() -> impl proptest::strategy::Strategy<Value = Settings> {
    let possible: Vec<Settings> = STORES
        .iter()
        .flat_map(|&store| TIMINGS.iter().map(move |&commit| (store, commit)))
        .flat_map(|(store, commit)| {
            STRATEGIES
                .iter()
                .map(move |&s| Settings::new(store, commit, s))
        })
        .filter(|&settings| Plan::new(settings).is_ok())
        .collect();
    proptest::sample::select(possible)
}

fn commits_first(commit: CommitTiming) -> bool {
    matches!(
        commit,
        CommitTiming::BeforeBatch | CommitTiming::BeforeEachRecord
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn promises_hold_for_any_crashes(
        settings in any_settings(),
        messages in 1usize..8,
        batch in 1u64..5,
        crashes in proptest::collection::vec(0u32..30, 0..8),
    ) {
        let ledger = Run::new(settings, messages, batch, &crashes).finish();
        let (least, most) = (ledger.iter().min(), ledger.iter().max());
        let stored = settings.strategy == Strategy::StoredOffset;
        if commits_first(settings.commit) && !stored {
            prop_assert!(most <= Some(&1), "committing first repeats nothing: {ledger:?}");
        } else if settings.strategy != Strategy::UniqueConstraint {
            prop_assert!(least >= Some(&1), "committing last loses nothing: {ledger:?}");
        }
        let table = settings.strategy == Strategy::TableChecked;
        if settings.strategy != Strategy::None && !table {
            prop_assert!(most <= Some(&1), "{:?} repeats nothing: {ledger:?}", settings.strategy);
        }
    }
}
