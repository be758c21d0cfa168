//! Links of random states open as the states they were made from, and garbage opens with problems, never a panic.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::scenario::link::{self, PAGE_OPTIONS, PageOptions};
use delivery_lab::scenario::{
    Action, Intervention, Placed, Problem, Scenario, Span, check, params, preset, preset_names,
};
use proptest::prelude::*;

/// A preset with some parameters at random values, as far as they go together.
fn state() -> impl Strategy<Value = Scenario> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..30);
    (any::<prop::sample::Index>(), changes).prop_map(|(which, changes)| {
        let names: Vec<&str> = preset_names().collect();
        let mut scenario = preset(names[which.index(names.len())]).expect("a preset");
        let handles = params::of(&scenario);
        for (which, bits) in changes {
            let handle = which.get(&handles);
            let (least, most) = handle.param.kind.bounds();
            let mut changed = scenario.clone();
            let raw = least + bits % (most - least + 1);
            if handle.set_raw(&mut changed, raw).is_ok() && check(&changed).is_empty() {
                scenario = changed;
            }
        }
        scenario
    })
}

/// Page options from texts that each allows, as far as it does.
fn page() -> impl Strategy<Value = PageOptions> {
    let texts = prop_oneof![
        Just("1".to_string()),
        Just("0.25".into()),
        Just("full".into()),
        Just("dark".into()),
        Just("numbers,verdict".into()),
        Just("h5p,own".into()),
        Just("https://example.org,http://localhost:8080".into()),
        "[a-zA-Zäß %&=#+?/]{0,20}",
    ];
    prop::collection::vec((0..PAGE_OPTIONS.len(), texts), 0..12).prop_map(|choices| {
        let mut page = PageOptions::default();
        for (which, text) in choices {
            // What an option does not take leaves it as it was.
            let _ = PAGE_OPTIONS[which].set(&mut page, &text);
        }
        page
    })
}

fn interventions() -> impl Strategy<Value = Vec<Intervention>> {
    let action = prop_oneof![
        (0_u16..4, 0_u16..5)
            .prop_map(|(service, instance)| Action::CrashConsumer { service, instance }),
        (0_u16..2).prop_map(|broker| Action::CrashBroker { broker }),
        any::<u64>().prop_map(|packet| Action::Drop { packet }),
        (any::<u64>(), 0_u64..1_000_000).prop_map(|(packet, by)| Action::Delay {
            packet,
            by: Span(by)
        }),
    ];
    let one = (0_u64..60_000_000, action).prop_map(|(at, action)| Intervention {
        at: Span(at),
        action,
    });
    prop::collection::vec(one, 0..6)
}

fn opened(link: &str) -> link::Opened {
    let (query, fragment) = link.split_once('#').unwrap_or((link, ""));
    link::open(query, fragment)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// As a query where that says everything; whole, with placed faults and what was done by hand, or too long.
    #[test]
    fn a_link_opens_as_the_state_it_was_made_from(
        scenario in state(), page in page(), interventions in interventions(), message in prop::option::of(1_u64..100),
    ) {
        let query = link::to_query(&scenario, &page);
        let (again, page_again, problems) = link::from_query(&query);
        prop_assert_eq!(problems, Vec::<Problem>::new());
        prop_assert_eq!(&again, &scenario, "{}", query);
        prop_assert_eq!(&page_again, &page, "{}", query);
        prop_assert_eq!(link::to_query(&again, &page_again), query);

        let mut scenario = scenario;
        scenario.faults.placed.extend(message.map(|message| Placed::LoseAck { message, attempt: 1 }));
        match link::link(&scenario, &page, &interventions) {
            Err(problem) => prop_assert!(problem.sentence.contains("at most 2000")),
            Ok(link) => {
                prop_assert!(link.len() <= 2_000);
                let opened = opened(&link);
                prop_assert_eq!(&opened.problems, &Vec::<Problem>::new());
                prop_assert_eq!(&opened.scenario, &scenario);
                prop_assert_eq!(&opened.page, &page);
                prop_assert_eq!(&opened.interventions, &interventions);
                prop_assert_eq!(link::link(&opened.scenario, &opened.page, &opened.interventions), Ok(link));
            }
        }
    }
}

proptest! {
    #[test]
    fn garbage_opens_something_that_can_be_run(query in "\\PC{0,200}", fragment in "\\PC{0,200}") {
        prop_assert!(check(&link::open(&query, &fragment).scenario).is_empty());
    }

    #[test]
    fn nearly_right_garbage_opens_something_that_can_be_run(
        query in "(&?(loss|rate|brokers|replication|payment\\.commit|preset|t|speed)=[0-9a-z%./:-]{0,9}){0,6}",
        code in "[A-Za-z0-9_-]{0,80}",
    ) {
        let fragment = format!("#s=1.{code}");
        prop_assert!(check(&link::open(&query, &fragment).scenario).is_empty());
    }

    #[test]
    fn a_link_changed_in_one_place_opens_something_that_can_be_run(
        scenario in state(), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]",
    ) {
        if let Ok(mut fragment) = link::to_fragment(&scenario, &[]) {
            let at = at.index(fragment.len());
            fragment.replace_range(at..=at, &letter);
            prop_assert!(check(&link::open("", &fragment).scenario).is_empty());
        }
    }
}
