//! What paper needs besides the picture and the verdict: what was set, and where to find the run.

use leptos::prelude::*;

use super::address::{base, options};
use super::lab::Lab;
use crate::scenario::link::{PageOptions, link};
use crate::scenario::params;

/// Shown in print only.
#[component]
pub fn Printed(lab: Lab) -> impl IntoView {
    let settings = Memo::new(move |_| lab.base.with(|base| lab.preset.with(|p| changed(base, p))));
    let address = Memo::new(move |before: Option<&String>| {
        lab.scenario.track();
        lab.base.track();
        let page = options(lab);
        // Until something changes, the address is the one the reader came with.
        match before {
            None => here(),
            Some(_) => written(lab, &page),
        }
    });
    view! {
        <section class="print-only" aria-hidden="true">
            <p>{move || lab.scenario.with(|s| format!("{}. Seed {}.", s.title, s.seed))}</p>
            <p>{move || settings.get()}</p>
            <p>{move || address.get()}</p>
        </section>
    }
}

fn here() -> String {
    let location = web_sys::window().map(|w| w.location());
    location.and_then(|l| l.href().ok()).unwrap_or_default()
}

#[inline(never)]
fn written(lab: Lab, page: &PageOptions) -> String {
    let link = lab
        .base
        .with_untracked(|scenario| link(scenario, page, &lab.inputs()));
    format!("{}{}", base(), link.unwrap_or_default())
}

/// The parameters that differ from the preset's.
fn changed(scenario: &crate::scenario::Scenario, preset: &crate::scenario::Scenario) -> String {
    let other = |handle: &params::Handle| handle.raw(scenario) != handle.raw(preset);
    let all = params::of(scenario);
    let words: Vec<String> = all
        .iter()
        .filter(|handle| other(handle))
        .map(|handle| format!("{}: {}", handle.name(scenario), handle.text(scenario)))
        .collect();
    match words.is_empty() {
        true => "Everything as the preset has it.".into(),
        false => format!("Set otherwise than in the preset: {}.", words.join(", ")),
    }
}
