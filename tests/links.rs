//! Links that were once given away still open as what they were. A link in `tests/data/links.json` is never changed;
//! new ones are added at its end.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use delivery_lab::scenario::link::{self, PAGE_OPTIONS};
use delivery_lab::scenario::params;
use delivery_lab::timeline::Timeline;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    name: String,
    query: String,
    fragment: String,
    scenario: BTreeMap<String, String>,
    page: BTreeMap<String, String>,
    interventions: usize,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("data/links.json")).expect("the file")
}

/// So much of a run tells one from another, in µs.
const A_WHILE: u64 = 20_000_000;

/// The same link is the same run. `UPDATE_GOLDEN=1` writes the file anew, where the core was changed on purpose.
#[test]
fn links_of_old_run_as_they_did() {
    let run = |link: Golden| {
        let opened = link::open(&link.query, &link.fragment);
        let mut timeline = Timeline::with_inputs(opened.scenario, opened.interventions, usize::MAX)
            .unwrap_or_else(|problems| panic!("{}: {problems:?}", link.name));
        timeline.advance(A_WHILE, usize::MAX);
        let world = timeline.run().world();
        let hash = format!("{:016x}", world.trace_hash().value());
        (link.name, (world.traced(), hash))
    };
    let found: BTreeMap<_, _> = golden().into_iter().map(run).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/link_traces.json");
        let text = serde_json::to_string_pretty(&found).expect("plain data");
        return std::fs::write(path, text + "\n").expect("the file can be written");
    }
    let known: BTreeMap<String, (u64, String)> =
        serde_json::from_str(include_str!("data/link_traces.json")).expect("the file");
    assert_eq!(found, known);
}

#[test]
fn links_of_old_open_as_what_they_were() {
    let golden = golden();
    assert!(golden.len() >= 6);
    for Golden {
        name,
        query,
        fragment,
        scenario,
        page,
        interventions,
    } in golden
    {
        let opened = link::open(&query, &fragment);
        assert_eq!(opened.problems, [], "{name}");
        for (parameter, text) in scenario {
            assert_eq!(
                params::get(&opened.scenario, &parameter),
                Some(text),
                "{name}: {parameter}"
            );
        }
        for (option, text) in page {
            let known = PAGE_OPTIONS
                .iter()
                .find(|known| known.name == option)
                .expect("an option");
            assert_eq!(known.get(&opened.page), text, "{name}: {option}");
        }
        assert_eq!(opened.interventions.len(), interventions, "{name}");
        let again = link::link(&opened.scenario, &opened.page, &opened.interventions)
            .expect("short enough");
        let (query, fragment) = again.split_once('#').unwrap_or((&again, ""));
        assert_eq!(link::open(query, fragment), opened, "{name}");
    }
}
