//! What hosts load, `embed.js` and its types, names what the program has: events, options, verbs, figures.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;

use delivery_lab::embed::{EVENTS, LIVE};
use delivery_lab::scenario::link::PAGE_OPTIONS;
use delivery_lab::scenario::{params, preset};
use delivery_lab::timeline::Timeline;

const SCRIPT: &str = include_str!("../public/embed.js");
const TYPES: &str = include_str!("../public/embed.d.ts");

type Names = BTreeSet<String>;

fn names<'a>(words: impl IntoIterator<Item = &'a str>) -> Names {
    words.into_iter().map(str::to_owned).collect()
}

/// The words of `const NAME = "a b c".split(" ")` in the script.
fn list(name: &str) -> Names {
    let open = format!("const {name} = \"");
    let (_, after) = SCRIPT.split_once(&open).expect("the list is there");
    let (words, _) = after.split_once('"').expect("the list ends");
    names(words.split(' '))
}

/// What stands in the block of an interface or a class.
fn block(head: &str) -> &'static str {
    let (_, after) = TYPES
        .split_once(head)
        .unwrap_or_else(|| panic!("{head} is there"));
    after.split_once("\n}").expect("the block ends").0
}

/// The names of what a block declares, methods and fields.
fn members(head: &str) -> Names {
    let name = |line: &str| {
        let line = line.strip_prefix("  ")?.trim_start_matches("readonly ");
        let end = line.find(['?', ':', '(', '<'])?;
        let name = &line[..end];
        let fine = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        fine.then(|| name.to_owned())
    };
    block(head).lines().filter_map(name).collect()
}

#[test]
fn the_events_are_those_there_are() {
    let told = names(EVENTS.iter().map(|event| event.name));
    assert_eq!(list("events"), told);
    let mut typed = members("interface DeliveryLabEvents {");
    assert!(typed.remove("ready"), "the element's own");
    assert_eq!(typed, told);
}

#[test]
fn options_of_the_page_are_known_by_whether_they_can_change_while_it_runs() {
    assert_eq!(list("live"), names(LIVE));
    let options = PAGE_OPTIONS.iter().map(|option| option.name.to_lowercase());
    // The element always embeds.
    let mut rest: Names = options.filter(|name| name != "embed").collect();
    rest.retain(|name| !LIVE.contains(&name.as_str()));
    assert_eq!(list("inAddress"), rest);
}

#[test]
fn every_option_that_has_a_type_exists() {
    let mut known = names(params::all().map(|param| param.name));
    known.extend(names(PAGE_OPTIONS.iter().map(|option| option.name)));
    known.extend(names(["preset", "state"]));
    let typed = members("interface Options {");
    let unknown: Vec<_> = typed.difference(&known).collect();
    assert!(unknown.is_empty() && typed.len() > 12, "{unknown:?}");
}

#[test]
fn the_verdict_has_the_fields_that_are_typed() {
    let timeline = Timeline::new(preset("order-processing").expect("a preset"));
    let report = timeline.expect("it runs").report();
    let json = serde_json::to_value(report).expect("plain data");
    let fields = |value: &serde_json::Value| {
        let fields = value.as_object().expect("an object").keys();
        fields.cloned().collect::<Names>()
    };
    assert_eq!(
        members("interface ServiceMetrics {"),
        fields(&json["services"][0])
    );
    let mut all = fields(&json);
    all.extend(names([
        "currentTime",
        "paused",
        "ended",
        "playbackRate",
        "version",
    ]));
    assert_eq!(members("interface Metrics {"), all);
}

#[test]
fn the_element_has_the_verbs_that_are_typed() {
    for name in members("class DeliveryLab extends HTMLElement {") {
        if name == "addEventListener" {
            continue;
        }
        let verb = format!("\n  {name}(");
        let property = format!("\n  get {name}(");
        assert!(
            SCRIPT.contains(&verb) || SCRIPT.contains(&property),
            "{name}"
        );
    }
    for name in ["mount", "dress"] {
        let function = format!("export function {name}(");
        assert!(
            TYPES.contains(&function) && SCRIPT.contains(&function),
            "{name}"
        );
    }
}
