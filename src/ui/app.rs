//! The page as a whole.

use leptos::ev::keydown;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::address;
use super::desk::Column;
use super::figure::Figure;
use super::found::Found;
use super::header::Header;
use super::help::Help;
use super::host;
use super::keys::{self, Where};
use super::lab::Lab;
use super::notices::Notices;
use super::printed::Printed;
use super::strip::Strip;
use super::theme;
use super::transport::Transport;
use super::twin::Twin;
use super::wishes;
use crate::scenario::link::Controls;

/// The page, or the figure alone where it is embedded.
#[component]
pub fn App() -> impl IntoView {
    let opened = address::read();
    let lab = Lab::new(opened);
    theme::follow(lab);
    address::follow(lab);
    let handle = window_event_listener(keydown, move |event| {
        keys::press(lab, &event, Where::Page);
    });
    on_cleanup(move || handle.remove());
    wishes::follow(lab);
    host::follow(lab);
    view! { <Page lab/> }
}

/// The page around a lab.
#[component]
pub fn Page(lab: Lab) -> impl IntoView {
    let help = NodeRef::<Dialog>::new();
    let on_stage = move |event: web_sys::KeyboardEvent| {
        keys::press(lab, &event, Where::Stage);
    };
    let figure = view! {
        <div class="scene" on:keydown=on_stage>
            <Figure lab/>
        </div>
    };
    if lab.embedded {
        let (title, bare, panels) = lab.page.with_value(|page| {
            let bare = page.controls == Controls::None;
            (page.title.clone(), bare, page.panels.clone())
        });
        let heading = move || match title.as_str() {
            "" => lab.scenario.with(|s| s.title.clone()),
            title => title.to_string(),
        };
        let verdict = panels.iter().any(|panel| panel == "verdict");
        return view! {
            <main class="page embedded">
                <h1 class="unseen">{heading}</h1>
                {figure}
                {(!bare).then(|| view! { <Transport lab/> })}
                {verdict.then(|| view! { <Strip lab/> })}
                <Twin lab/>
                <Notices lab/>
            </main>
        }
        .into_any();
    }
    view! {
        <Header lab help/>
        <main class="page">
            <div class="run">
                {figure}
                <Found lab/>
                <Transport lab/>
                <Strip lab/>
                <Twin lab/>
            </div>
            <Column lab/>
        </main>
        <Printed lab/>
        <Notices lab/>
        <Help lab node=help/>
    }
    .into_any()
}
