//! The lists in `docs/` and FIDELITY's table of prices are written from the code. `UPDATE_DOCS=1 cargo test --test docs`
//! writes them anew; without it, a list that is behind the code fails.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::embed::EVENTS;
use delivery_lab::explore::prices;
use delivery_lab::scenario::link::PAGE_OPTIONS;
use delivery_lab::scenario::params::{self, Group, Scope};
use delivery_lab::scenario::{preset, preset_names};
use std::fmt::Write;
use std::path::Path;

fn presets() -> String {
    let mut table = String::from("| preset | what to watch for |\n|---|---|\n");
    for name in preset_names() {
        let scenario = preset(name).expect("every listed preset can be made");
        let _ = writeln!(
            table,
            "| `{name}` | **{}**: {} |",
            cell(&scenario.title),
            cell(&scenario.watch_for)
        );
    }
    table
}

fn parameters() -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let _ = write!(
            text,
            "\n**{}**\n\n| name | allowed | |\n|---|---|---|\n",
            group.title()
        );
        for param in params::all().filter(|param| param.group == group) {
            let of_service = if param.scope == Scope::Service {
                "service."
            } else {
                ""
            };
            let also: String = param
                .also
                .iter()
                .map(|name| format!(", `{name}`"))
                .collect();
            let _ = writeln!(
                text,
                "| `{of_service}{}`{also} | {} | {} |",
                param.name,
                cell(&param.kind.allowed()),
                cell(param.doc)
            );
        }
    }
    text
}

fn options() -> String {
    let mut table = String::from("| name | allowed | |\n|---|---|---|\n");
    for option in PAGE_OPTIONS {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |",
            option.name,
            cell(option.allowed),
            cell(option.doc)
        );
    }
    table
}

fn events() -> String {
    let mut table = String::from("| name | when; what its detail holds |\n|---|---|\n");
    for event in EVENTS {
        let _ = writeln!(table, "| `{}` | {} |", event.name, cell(event.doc));
    }
    table
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// `document` with the part between the two comments of this name replaced.
fn with_list(document: &str, name: &str, list: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document
        .split_once(&open)
        .unwrap_or_else(|| panic!("the document has no {open}"));
    let (_, after) = rest
        .split_once(&close)
        .unwrap_or_else(|| panic!("the document has no {close}"));
    format!("{before}{open}{list}{close}{after}")
}

fn price_list() -> String {
    let scenario = preset("order-processing").expect("built in");
    let mut text = String::new();
    for (nth, service) in scenario.services.iter().enumerate().take(2) {
        let _ = write!(
            text,
            "\n{}, {} ms of work on average:\n\n| guarantee | p50 | p99 | most orders a second | packets an order | stored bytes \
             an order | lost | repeated |\n|---|---|---|---|---|---|---|---|\n",
            service.name,
            service.service_time.0 / 1_000
        );
        for price in prices(&scenario, nth).expect("valid") {
            let _ = writeln!(
                text,
                "| {} | {} ms | {} ms | {} | {:.1} | {} | {} | {} |",
                price.guarantee.words(),
                price.latency_us.p50 / 1_000,
                price.latency_us.p99 / 1_000,
                price.throughput_milli / 1_000,
                price.packets_milli as f64 / 1e3,
                price.stored_bytes,
                price.lost,
                price.duplicated
            );
        }
    }
    text + "\n"
}

/// The document, with these parts as the code has them now.
fn holds_or_is_written(file: &str, parts: &[(&str, String)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let document = std::fs::read_to_string(&path).expect("it can be read");
    let mut current = document.clone();
    for (name, list) in parts {
        current = with_list(&current, name, list);
    }
    if document == current {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "{file} is behind the code: run UPDATE_DOCS=1 cargo test --test docs"
    );
    std::fs::write(&path, current).expect("it can be written");
}

#[test]
fn the_docs_list_what_the_code_has() {
    holds_or_is_written("docs/presets.md", &[("presets", presets())]);
    holds_or_is_written("docs/parameters.md", &[("parameters", parameters())]);
    let parts = [("options", options()), ("events", events())];
    holds_or_is_written("docs/embedding.md", &parts);
}

#[test]
fn the_readme_is_read_in_one_sitting_and_its_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("it can be read");
    let lines = readme.lines().count();
    assert!(
        lines <= 150,
        "the README has {lines} lines, 150 are allowed"
    );
    let targets = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    for target in targets.filter(|target| !target.starts_with("http")) {
        assert!(root.join(target).exists(), "the README links to {target}");
    }
}

#[test]
fn the_prices_are_those_that_the_lab_measures() {
    holds_or_is_written("FIDELITY.md", &[("prices", price_list())]);
}
