//! What paper needs besides the picture: what was set and done, the verdict as a table, and where to find the run.

use leptos::prelude::*;

use super::address::{base, options};
use super::forks::deed;
use super::lab::Lab;
use super::strip::{pair, unknown};
use super::transport::clock;
use crate::scenario::link::link;
use crate::scenario::{Scenario, params};
use crate::verdict::ServiceReport;

/// Made when the page is printed, and shown in print only.
#[component]
pub fn Printed(lab: Lab) -> impl IntoView {
    let printing = RwSignal::new(false);
    let before = window_event_listener(leptos::ev::beforeprint, move |_| printing.set(true));
    let after = window_event_listener(leptos::ev::afterprint, move |_| printing.set(false));
    on_cleanup(move || {
        before.remove();
        after.remove();
    });
    view! {
        <section class="print-only">{move || printing.get().then(|| untrack(|| sheet(lab)))}</section>
    }
}

#[inline(never)]
fn sheet(lab: Lab) -> AnyView {
    let title = lab.base.with(|s| format!("{}. Seed {}.", s.title, s.seed));
    let settings = lab.base.with(|base| lab.preset.with(|p| changed(base, p)));
    let verdict = match lab.desk.party.get() {
        Some(party) => unknown(lab, party).into_any(),
        None => table(lab),
    };
    view! {
        {verdict}
        <p>{title}</p>
        <p>{settings}</p>
        {done(lab)}
        <p>{address(lab)}</p>
    }
    .into_any()
}

/// Where the run is to be found, or why no address leads there.
fn address(lab: Lab) -> String {
    let link = lab.base.with(|s| link(s, &options(lab), &lab.inputs()));
    match link {
        Ok(link) => base() + &link,
        Err(problem) => problem.to_string(),
    }
}

/// The parameters that differ from the preset's at the beginning.
fn changed(scenario: &Scenario, preset: &Scenario) -> String {
    let other = |handle: &params::Handle| handle.raw(scenario) != handle.raw(preset);
    let all = params::of(scenario);
    let words: Vec<String> = all
        .iter()
        .filter(|handle| other(handle))
        .map(|handle| format!("{}: {}", handle.name(scenario), handle.text(scenario)))
        .collect();
    match words.is_empty() {
        true => "It begins as the preset has it.".into(),
        false => format!("Set otherwise than in the preset: {}.", words.join(", ")),
    }
}

/// What was done by hand, in order.
fn done(lab: Lab) -> Option<AnyView> {
    let deeds = lab.read(|run| {
        let branch = run.current_branch();
        let all = (0..run.inputs().len()).filter_map(|nth| deed(run, branch, nth));
        all.collect::<Vec<_>>()
    })?;
    let lines = deeds.iter().map(|words| view! { <li>{words.clone()}</li> });
    let lines = lines.collect_view();
    (!deeds.is_empty()).then(|| view! { <p>"Done by hand:"</p><ul>{lines}</ul> }.into_any())
}

/// What a column is called, and what it says of a service.
type Column = (&'static str, fn(&ServiceReport) -> String);

/// The columns of the verdict.
const COLUMNS: [Column; 11] = [
    ("promise", |s| s.guarantee.words().into()),
    ("verdict", |s| if s.held { "held" } else { "broken" }.into()),
    ("published", |s| s.published.to_string()),
    ("delivered", |s| s.delivered.to_string()),
    ("processed", |s| s.processed.to_string()),
    ("effects", |s| s.effects.to_string()),
    ("lost", |s| s.lost.to_string()),
    ("repeated", |s| s.duplicated.to_string()),
    ("out of order", |s| s.out_of_order.to_string()),
    ("to come", |s| s.pending.to_string()),
    ("p50 / p99", |s| pair(s.latency_us)),
];

fn table(lab: Lab) -> AnyView {
    let heads = COLUMNS.map(|(name, _)| view! { <th scope="col">{name}</th> });
    let row = |s: &ServiceReport| {
        let cells = COLUMNS.map(|(_, read)| view! { <td>{read(s)}</td> });
        view! { <tr><th scope="row">{s.name.clone()}</th>{cells.into_iter().collect_view()}</tr> }
    };
    let rows = lab
        .report
        .with(|report| report.services.iter().map(row).collect_view());
    view! {
        <table class="standings">
            <caption>"The verdict at "{clock(lab.now.get())}</caption>
            <thead><tr><th scope="col">"service"</th>{heads.into_iter().collect_view()}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
