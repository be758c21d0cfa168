//! The head of the page.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::about::watch_for;
use super::help;
use super::lab::Lab;
use super::share::ShareButton;
use super::theme::THEMES;
use crate::scenario::{preset, preset_groups};

/// Name, preset, what to watch for, theme, help.
#[component]
pub fn Header(lab: Lab, dialog: NodeRef<Dialog>) -> impl IntoView {
    view! {
        <header class="top">
            <h1>"Delivery Lab"</h1>
            <select
                class="presets"
                aria-label="Scenario"
                disabled=lab.readonly()
                prop:value=move || lab.preset.with(|s| s.name.clone())
                on:change=move |event| {
                    if let Some(scenario) = preset(&event_target_value(&event)) {
                        lab.open(scenario);
                    }
                }
            >
                {preset_groups()
                    .map(|(about, presets)| {
                        let options = presets.map(|(name, title)| {
                            let chosen = lab.preset.with_untracked(|s| s.name == name);
                            view! { <option value=name selected=chosen>{title}</option> }
                        });
                        view! { <optgroup label=about>{options.collect_view()}</optgroup> }
                    })
                    .collect_view()}
            </select>
            {watch_for(lab)}
            <Themes lab/>
            <ShareButton lab/>
            {help::button(dialog, "")}
        </header>
    }
}

/// The picker of colours.
#[component]
pub fn Themes(lab: Lab) -> impl IntoView {
    view! {
            <select
                class="theme"
                aria-label="Colours"
                prop:value=move || { let theme = lab.theme.get(); THEMES.iter().find(|(t, _)| *t == theme).map(|(_, n)| *n) }
                on:change=move |event| {
                    let name = event_target_value(&event);
                    if let Some((theme, _)) = THEMES.iter().find(|(_, n)| *n == name) {
                        lab.theme.set(*theme);
                    }
                }
            >
                {THEMES
                    .map(|(theme, name)| {
                        let chosen = lab.theme.get_untracked() == theme;
                        view! { <option value=name selected=chosen>{name}</option> }
                    })
                    .into_iter()
                    .collect_view()}
            </select>
    }
}
