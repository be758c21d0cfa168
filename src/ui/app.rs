//! The page as a whole.

use leptos::ev::keydown;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::about::about;
use super::address;
use super::desk::Column;
use super::figure::Figure;
use super::found::Found;
use super::header::Header;
use super::help::Help;
use super::host;
use super::keys::{self, Where};
use super::lab::Lab;
use super::news::News;
use super::notices::Notices;
use super::printed::Printed;
use super::requires::Requires;
use super::strip::Strip;
use super::theme;
use super::transport::{Transport, walk};
use super::twin::Twin;
use super::wishes;
use crate::scenario::link::{Controls, Panel};

/// The page, or the figure alone where it is embedded.
#[component]
pub fn App() -> impl IntoView {
    let lab = Lab::new(address::read());
    address::follow(lab);
    host::follow(lab);
    view! { <Whole lab/> }
}

/// A page that is driven by keys, themes and what its link says.
#[component]
pub fn Whole(lab: Lab) -> impl IntoView {
    theme::follow(lab);
    let handle = window_event_listener(keydown, move |event| {
        keys::press(lab, &event, Where::Page);
    });
    on_cleanup(move || handle.remove());
    wishes::follow(lab);
    view! { <Page lab/> }
}

/// The page around a lab.
#[component]
pub fn Page(lab: Lab) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let on_stage = move |event: web_sys::KeyboardEvent| {
        keys::press(lab, &event, Where::Stage);
    };
    let figure = view! {
        <div class="scene" on:keydown=on_stage>
            <Figure lab/>
        </div>
    }
    .into_any();
    let title = move || {
        let own = lab.page.with_value(|p| p.title.clone());
        if own.is_empty() {
            lab.scenario.with(|s| s.title.clone())
        } else {
            own
        }
    };
    let controls = lab.page.with_value(|p| p.controls);
    let drive = (controls != Controls::None).then(|| {
        let found = (!lab.embedded).then(|| view! { <Found lab/> }.into_any());
        view! { <Transport lab dialog/>{found} }.into_any()
    });
    let all = !lab.tabs().is_empty();
    let grows = lab.page.with_value(|p| !p.resize.is_empty());
    let rest = lab
        .has(Panel::Verdict)
        .then(|| view! { <Requires lab/><Strip lab/> }.into_any());
    let panel = all.then(|| view! { <Column lab/> }.into_any());
    let head = (!lab.embedded).then(|| view! { <Header lab dialog/> }.into_any());
    let name = lab
        .embedded
        .then(|| view! { <h1 class="unseen">{title}</h1> }.into_any());
    let words = move || lab.whole.get().then(|| unseen(lab));
    let aside = move || lab.whole.get().then(|| aside(lab, dialog));
    view! {
        {head}
        <main class="page" class:embedded=lab.embedded class:alone=!all class:grows=grows>
            {name}
            <div class="run">
                {lab.embedded.then(|| about(lab))}
                {figure}
                <div class="drive" role="toolbar" aria-label="Run" on:keydown=move |event| walk(&event)>{drive}</div>
                {rest}
                {words}
                <News lab/>
            </div>
            {panel}
        </main>
        {aside}
        <Notices lab/>
    }
}

/// The stage in words, below it.
#[inline(never)]
fn unseen(lab: Lab) -> AnyView {
    view! { <Twin lab/> }.into_any()
}

/// What is on paper only, and the help.
#[inline(never)]
fn aside(lab: Lab, dialog: NodeRef<Dialog>) -> AnyView {
    view! { <Printed lab/><Help lab node=dialog/> }.into_any()
}
