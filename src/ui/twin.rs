//! The stage in words: a summary that is always there, and everything on request.

use leptos::prelude::*;

use super::lab::Lab;
use crate::view::twin::{Part, details, known, latest, summary, summary_for};

/// While it plays, the words are renewed this often, in ms.
const EVERY: f64 = 2_000.0;

/// The words.
#[component]
pub fn Twin(lab: Lab) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let clock = web_sys::window().and_then(|w| w.performance());
    let clock = StoredValue::new_local(clock);
    // Which renewal of the figures, and when it was.
    let due = Memo::new(move |last: Option<&(u32, f64)>| {
        let tick = lab.shown.get();
        let playing = lab.playing.get();
        let now = clock.with_value(|c| c.as_ref().map_or(0.0, |c| c.now()));
        match last {
            Some(last) if playing && now - last.1 < EVERY => *last,
            _ => (tick, now),
        }
    });
    Effect::new(move |_| {
        due.get();
        let told = lab.see(|e| match lab.desk.party.get() {
            None => summary(e.stage()),
            Some(party) => summary_for(e.stage(), e.run().scenario(), party),
        });
        text.set(told.unwrap_or_default());
    });
    let parts = move || {
        due.get();
        all(lab)
    };
    view! {
        <p id="summary" class="unseen">{text}</p>
        <details class="twin" on:toggle=move |_| open.update(|o| *o = !*o)>
            <summary>"The stage in words"</summary>
            <div class="words">{move || open.get().then(parts)}</div>
        </details>
    }
}

/// Everything in words. Not part of a first look, and so of no function that is.
#[inline(never)]
fn all(lab: Lab) -> AnyView {
    let party = lab.desk.party.get();
    let told = lab.see(|e| {
        let (stage, run) = (e.stage(), e.run());
        let mut parts = match party {
            Some(party) => known(stage, run.scenario(), party),
            None => details(stage, run.scenario()),
        };
        parts.push(latest(run.events(), run.scenario(), party));
        parts.retain(|part| !part.lines.is_empty());
        parts
    });
    let part = |part: Part| {
        let lines = part.lines.into_iter().map(|l| view! { <li>{l}</li> });
        view! { <h3>{part.title}</h3><ul>{lines.collect_view()}</ul> }
    };
    let parts = told.unwrap_or_default();
    let parts = parts.into_iter().map(part).collect_view();
    view! { <h2 class="unseen">"The stage in words"</h2>{parts} }.into_any()
}
