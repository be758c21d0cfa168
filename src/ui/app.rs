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
use super::keys::{self, Where};
use super::lab::Lab;
use super::notices::Notices;
use super::strip::Strip;
use super::theme;
use super::transport::Transport;
use super::twin::Twin;

/// The page, or the figure alone where it is embedded.
#[component]
pub fn App() -> impl IntoView {
    let opened = address::read();
    let autoplay = opened.page.autoplay;
    let lab = Lab::new(opened);
    theme::follow(lab);
    address::follow(lab);
    let handle = window_event_listener(keydown, move |event| {
        keys::press(lab, &event, Where::Page);
    });
    on_cleanup(move || handle.remove());
    if autoplay {
        lab.play(true);
    }
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
        return view! {
            <main class="page embedded">
                <h1 class="unseen">{move || lab.scenario.with(|s| s.title.clone())}</h1>
                {figure}
                <Transport lab/>
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
        <Notices lab/>
        <Help lab node=help/>
    }
    .into_any()
}
