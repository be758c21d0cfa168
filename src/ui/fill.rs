//! The figure over the whole screen: by the browser where a frame may, by H5P's resizer where it may not.

use gloo_timers::callback::Timeout;
use leptos::ev::fullscreenchange;
use leptos::prelude::*;
use web_sys::Document;

use super::host;
use super::lab::Lab;
use super::notices::Notice;
use super::transport::Icon;
use crate::embed::Protocol;

/// So long a host page may take to make room, in ms.
const PATIENCE: u32 = 1_000;

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Whether the browser lets this page fill the screen: in a frame only one that may.
fn allowed() -> bool {
    document().is_some_and(|document| document.fullscreen_enabled())
}

/// Whether the link says that H5P's resizer runs in the host page.
fn has_resizer(lab: Lab) -> bool {
    lab.page
        .with_value(|page| Protocol::H5p.is_in(&page.resize))
}

/// The button of a figure; none where it could do nothing.
#[inline(never)]
pub fn button(lab: Lab) -> Option<AnyView> {
    if !lab.embedded || !(allowed() || has_resizer(lab)) {
        return None;
    }
    let handle = window_event_listener(fullscreenchange, move |_| {
        let filled = document().and_then(|document| document.fullscreen_element());
        lab.full.set(filled.is_some());
    });
    on_cleanup(move || handle.remove());
    let words = move || match lab.full.get() {
        true => "Leave the full screen",
        false => "Fill the screen",
    };
    Some(
        view! {
            <button type="button" tabindex="-1" class="round fill" aria-label=words title=words on:click=move |_| toggle(lab)>
                <Icon shape="M3 6.5V3h3.5 M9.5 3H13v3.5 M13 9.5V13H9.5 M6.5 13H3V9.5"/>
            </button>
        }
        .into_any(),
    )
}

/// Fills the screen, or leaves it.
pub fn toggle(lab: Lab) {
    let on = !lab.full.get_untracked();
    if !allowed() {
        return ask(lab, on);
    }
    // Without a reader's own click or key the browser refuses, and the page stays as it is.
    let _ = document().map(|document| match (on, document.document_element()) {
        (true, Some(root)) => drop(root.request_fullscreen()),
        _ => document.exit_fullscreen(),
    });
}

/// Asks the host page to make room, and says so if it does not.
fn ask(lab: Lab, on: bool) {
    if has_resizer(lab) {
        host::fill(on);
    }
    let wait = Timeout::new(PATIENCE, move || {
        if lab.full.try_get_untracked() == Some(!on) {
            let words = "The page around this figure does not let it fill the screen.";
            Notice::push(lab.notices, words.into());
        }
    });
    wait.forget();
}
