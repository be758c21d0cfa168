//! The panel beside the stage: what fails, and what each service asks for.

use leptos::prelude::*;

use super::control::{Control, picker};
use super::crash::Crashes;
use super::lab::Lab;
use super::strip::Sign;
use crate::scenario::params::{self, Group, Handle};
use crate::scenario::{Guarantee, Scenario};

/// What is shown at once; everything else is one click away.
const FIRST: [&str; 4] = ["loss", "ackLoss", "crash", "rate"];
/// What each service shows at once.
const SERVICE_FIRST: [&str; 3] = ["guarantee", "instances", "serviceTime"];
const INSTANCES: [u64; 5] = [1, 2, 3, 4, 5];
const TIMES: [u64; 10] = [
    1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
];

/// All controls.
#[component]
pub fn Controls(lab: Lab) -> impl IntoView {
    // Which controls there are depends on the preset alone, so moving one never builds the panel anew.
    let shape = Memo::new(move |_| lab.preset.with(|s| s.name.clone()));
    view! {
        <section class="side" aria-label="Settings">
            {move || {
                shape.get();
                lab.scenario.with_untracked(|s| panel(lab, s))
            }}
        </section>
    }
}

fn panel(lab: Lab, scenario: &Scenario) -> AnyView {
    let handles = params::of(scenario);
    let find = |name: &str| handles.iter().copied().find(|h| h.param.name == name);
    let first: Vec<Handle> = FIRST.iter().filter_map(|n| find(n)).collect();
    let services = (0..scenario.services.len())
        .map(|i| service(lab, i, &scenario.services[i].name, &handles))
        .collect_view();
    let more = [Group::Fails, Group::Producer, Group::Broker, Group::More]
        .map(|group| {
            let rest: Vec<Handle> = handles
                .iter()
                .copied()
                .filter(|h| h.param.group == group && !FIRST.contains(&h.param.name))
                .collect();
            let title = if group == Group::Fails {
                "More that fails, and delays"
            } else {
                group.title()
            };
            disclosure(lab, title.to_string(), rest)
        })
        .collect_view();
    view! {
        <section>
            <h2>"What fails"</h2>
            {controls(lab, &first)}
        </section>
        <section>
            <h2>"What each service promises"</h2>
            {services}
        </section>
        <details class="more">
            <summary>"Break something now"</summary>
            <Crashes lab/>
        </details>
        {more}
    }
    .into_any()
}

fn controls(lab: Lab, handles: &[Handle]) -> impl IntoView + use<> {
    handles
        .iter()
        .map(|h| view! { <Control lab handle=*h/> })
        .collect_view()
}

/// Controls that are built when they are first asked for.
fn disclosure(lab: Lab, title: String, handles: Vec<Handle>) -> AnyView {
    let open = RwSignal::new(false);
    let handles = StoredValue::new(handles);
    view! {
        <details class="more" on:toggle=move |_| open.set(true)>
            <summary>{title}</summary>
            {move || open.get().then(|| handles.with_value(|h| controls(lab, h)))}
        </details>
    }
    .into_any()
}

/// A service: its guarantee, its instances, its time for a message, and the rest.
fn service(lab: Lab, i: usize, name: &str, handles: &[Handle]) -> AnyView {
    let own = |h: &&Handle| h.service == Some(i);
    let find = |name: &str| {
        handles
            .iter()
            .filter(own)
            .copied()
            .find(|h| h.param.name == name)
    };
    let promise = Memo::new(move |_| {
        lab.scenario
            .with(|s| s.services.get(i).map_or("", |s| s.guarantee.slug()))
    });
    let rest: Vec<Handle> = handles
        .iter()
        .filter(own)
        .copied()
        .filter(|h| !SERVICE_FIRST.contains(&h.param.name))
        .collect();
    let label = format!("What {name} promises");
    let guarantee = find("guarantee");
    let options = Guarantee::ALL.map(|g| {
        let chosen = promise.get_untracked() == g.slug();
        view! { <option value=g.slug() selected=chosen>{g.words()}</option> }
    });
    view! {
        <fieldset class="service">
            <legend><Sign service=i/>{name.to_string()}</legend>
            <select
                class="promise"
                aria-label=label
                prop:value=promise
                on:change=move |event| {
                    if let Some(handle) = guarantee {
                        lab.put(handle, &event_target_value(&event));
                    }
                }
            >
                {options.into_iter().collect_view()}
            </select>
            {find("instances").map(|h| picker(lab, h, "instances", &INSTANCES))}
            {find("serviceTime").map(|h| picker(lab, h, "takes", &TIMES))}
            {disclosure(lab, "more".into(), rest)}
        </fieldset>
    }
    .into_any()
}
