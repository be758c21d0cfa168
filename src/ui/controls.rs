//! The panel beside the stage: two sliders, and the rest one click away.

use leptos::prelude::*;

use super::control::Control;
use super::crash::Crashes;
use super::lab::Lab;
use super::promise;
use super::strip::Sign;
use crate::scenario::params::{self, Group, Handle};
use crate::scenario::{Scenario, settings_of_producer};

/// What is shown at once; everything else is one click away.
const FIRST: [&str; 2] = ["loss", "ackLoss"];
/// What a service shows first; its guarantee is chosen in the verdict.
const SERVICE_FIRST: [&str; 2] = ["instances", "serviceTime"];

/// All controls.
#[component]
pub fn Controls(lab: Lab) -> impl IntoView {
    // Which controls there are depends on the preset alone, so moving one never builds the panel anew.
    let shape = move || lab.preset.track();
    view! {
        <fieldset class="side" disabled=lab.readonly()>
            <legend class="unseen">"Settings"</legend>
            {move || {
                shape();
                lab.scenario.with_untracked(|s| panel(lab, s))
            }}
        </fieldset>
    }
}

fn panel(lab: Lab, scenario: &Scenario) -> AnyView {
    let handles = params::of(scenario);
    let find = |name: &&str| handles.iter().copied().find(|h| h.param.name == *name);
    let first: Vec<Handle> = FIRST.iter().filter_map(find).collect();
    let group = |group: Group| {
        let rest = handles.iter().copied();
        let rest = rest.filter(|h| h.param.group == group && !FIRST.contains(&h.param.name));
        let rest: Vec<Handle> = rest.collect();
        let title = match group {
            Group::Fails => "More that fails, and delays",
            Group::Producer => "Rate and producer",
            Group::Broker => "Partitions and broker",
            _ => "Seed and duration",
        };
        disclosure(
            title.into_any(),
            Box::new(move || {
                let real = (group == Group::Producer).then(|| {
                    promise::list(move || lab.scenario.with(|s| settings_of_producer(s, 0)))
                });
                view! { {controls(lab, &rest)}{real} }.into_any()
            }),
        )
    };
    let services = (0..scenario.services.len())
        .map(|i| service(lab, i, &scenario.services[i].name, &handles))
        .collect_view();
    view! {
        <section>
            <h2>"What fails"</h2>
            {controls(lab, &first)}
            {group(Group::Fails)}
            {disclosure("Break something now".into_any(), Box::new(move || view! { <Crashes lab/> }.into_any()))}
        </section>
        <section>
            <h2>"Services"</h2>
            {services}
        </section>
        <section>
            <h2>"Everything else"</h2>
            {group(Group::Producer)}
            {group(Group::Broker)}
            {group(Group::More)}
        </section>
    }
    .into_any()
}

fn controls(lab: Lab, handles: &[Handle]) -> impl IntoView + use<> {
    handles
        .iter()
        .map(|h| view! { <Control lab handle=*h/> })
        .collect_view()
}

/// What is one click away; it is built when it is first asked for.
fn disclosure(title: AnyView, body: Box<dyn Fn() -> AnyView>) -> AnyView {
    let open = RwSignal::new(false);
    let body = StoredValue::new_local(body);
    view! {
        <details class="more" on:toggle=move |_| open.set(true)>
            <summary>{title}</summary>
            {move || open.get().then(|| body.with_value(|build| build()))}
        </details>
    }
    .into_any()
}

/// A service: its instances, its time for a message, what its guarantee is a name for, and the rest.
fn service(lab: Lab, i: usize, name: &str, handles: &[Handle]) -> AnyView {
    let (first, rest): (Vec<Handle>, Vec<Handle>) = handles
        .iter()
        .copied()
        .filter(|h| h.service == Some(i) && h.param.name != "guarantee")
        .partition(|h| SERVICE_FIRST.contains(&h.param.name));
    let size = move || lab.scenario.with(|s| promise::size(s, i));
    let title = view! {
        <span class="owner">
            <Sign service=i/>
            <b>{name.to_string()}</b>
            <span class="size">{size}</span>
        </span>
    };
    let body = move || {
        view! {
            {controls(lab, &first)}
            {promise::bundle(lab, i)}
            {controls(lab, &rest)}
        }
        .into_any()
    };
    disclosure(title.into_any(), Box::new(body))
}
