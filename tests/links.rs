//! Links that were once given away still open as what they were. A link in `tests/data/links.json` is never changed;
//! new ones are added at its end.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use delivery_lab::scenario::link::{self, PAGE_OPTIONS};
use delivery_lab::scenario::params;
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

#[test]
fn links_of_old_open_as_what_they_were() {
    let golden: Vec<Golden> =
        serde_json::from_str(include_str!("data/links.json")).expect("the file");
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
