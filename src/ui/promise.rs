//! What a service promises: the choice of it, the settings it is a name for, and what is left of it.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::params::{self, Handle};
use crate::scenario::{Guarantee, Scenario, Service, Setting, kept_by_settings, settings_of};
use crate::view::words;

fn guarantee(lab: Lab, service: usize) -> Option<Handle> {
    lab.scenario.with_untracked(|s| {
        let mut all = params::of(s).into_iter();
        all.find(|h| h.service == Some(service) && h.param.name == "guarantee")
    })
}

/// The choice of a guarantee.
pub fn promise(lab: Lab, service: usize) -> AnyView {
    let of = move |f: fn(&Service) -> String| {
        lab.scenario
            .with(|s| s.services.get(service).map(f).unwrap_or_default())
    };
    let chosen = Memo::new(move |_| of(|s| s.guarantee.slug().into()));
    let options = Guarantee::ALL.map(|g| {
        let chosen = chosen.get_untracked() == g.slug();
        view! { <option value=g.slug() selected=chosen>{g.words()}</option> }
    });
    view! {
        <select
            class="promise"
            disabled=lab.readonly()
            aria-label=move || format!("What {} promises", of(|s| s.name.clone()))
            prop:value=chosen
            on:change=move |event| {
                if let Some(handle) = guarantee(lab, service) {
                    lab.put(handle, &event_target_value(&event));
                }
            }
        >
            {options.into_iter().collect_view()}
        </select>
    }
    .into_any()
}

/// The settings a guarantee stands for, under the names the real systems give them, and what they keep.
pub fn bundle(lab: Lab, service: usize) -> AnyView {
    let settings = Memo::new(move |_| lab.scenario.with(|s| settings_of(s, service)));
    let keep = move || {
        lab.scenario.with(|s| {
            let promise = s.services.get(service)?.guarantee;
            let left = words::left(promise, &kept_by_settings(s, service));
            Some(match left {
                Some(left) => format!("It promises {}, but {left}.", promise.words()),
                None => format!("What {} is a name for here:", promise.words()),
            })
        })
    };
    view! {
        <p class="hint">{keep}</p>
        {list(move || settings.get())}
    }
    .into_any()
}

/// Names and values, as they are typed in the real systems.
pub fn list(settings: impl Fn() -> Vec<Setting> + Send + 'static) -> AnyView {
    let rows = move || {
        let each = settings().into_iter();
        each.map(|(name, value)| {
            view! { <div><dt><code>{name}</code></dt><dd>{value}</dd></div> }.into_any()
        })
        .collect_view()
    };
    view! { <dl class="bundle">{rows}</dl> }.into_any()
}

/// A service's instances and its time for a message: "3 × 90ms".
pub fn size(scenario: &Scenario, service: usize) -> Option<String> {
    let service = scenario.services.get(service)?;
    Some(format!("{} × {}", service.instances, service.service_time))
}
