//! The stage in words: a summary that is always there, and everything on request.

use leptos::prelude::*;

use super::lab::Lab;
use crate::view::twin::{details, summary};

/// While it plays, the words are renewed once in so many renewals of the figures, of which there are ten a second.
const EVERY: u32 = 20;

/// The words.
#[component]
pub fn Twin(lab: Lab) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let due = Memo::new(move |last: Option<&u32>| {
        let tick = lab.shown.get();
        let playing = lab.playing.get();
        match last {
            Some(last) if playing && tick.wrapping_sub(*last) < EVERY => *last,
            _ => tick,
        }
    });
    Effect::new(move |_| {
        due.track();
        text.set(lab.see(|e| summary(e.stage())).unwrap_or_default());
    });
    let parts = move || {
        due.track();
        let parts = lab
            .see(|e| details(e.stage(), e.run().scenario()))
            .unwrap_or_default();
        parts
            .into_iter()
            .map(|part| {
                let lines = part
                    .lines
                    .into_iter()
                    .map(|l| view! { <li>{l}</li> })
                    .collect_view();
                view! { <h3>{part.title}</h3><ul>{lines}</ul> }
            })
            .collect_view()
    };
    view! {
        <p id="summary" class="unseen">{text}</p>
        <details class="twin" on:toggle=move |_| open.update(|o| *o = !*o)>
            <summary>"The stage in words"</summary>
            <div class="words">{move || open.get().then(parts)}</div>
        </details>
    }
}
