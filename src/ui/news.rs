//! The one live region of the run: what is told to a screen reader unasked, and never more often than it can be read.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::lab::Lab;
use crate::view::belief::sees;
use crate::view::news::{news, standing};

/// No two messages come closer together than this, in ms.
const APART: u32 = 2_000;

/// What was told last.
#[derive(Default)]
struct Told {
    held: Vec<bool>,
    traced: u64,
    state: &'static str,
    /// Until the next message may come.
    quiet: Option<Timeout>,
}

/// The region.
#[component]
pub fn News(lab: Lab) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let told = StoredValue::new_local(Told {
        held: lab.report.with_untracked(standing),
        ..Told::default()
    });
    Effect::new(move |_| {
        lab.report.track();
        let nothing = lab.state.get().is_empty() && lab.traced.get_untracked() == 0;
        // A run that has not begun has no news.
        if !nothing {
            tell(lab, text, told);
        }
    });
    view! { <p id="news" class="unseen" role="status">{text}</p> }
}

/// Says what is new, unless something was said a moment ago; then it is looked at again after that.
#[inline(never)]
fn tell(lab: Lab, text: RwSignal<String>, told: StoredValue<Told, LocalStorage>) {
    let words = told.try_update_value(|told| match told.quiet {
        Some(_) => String::new(),
        None => fresh(lab, told),
    });
    let Some(words) = words.filter(|words| !words.is_empty()) else {
        return;
    };
    text.set(words);
    let quiet = Timeout::new(APART, move || {
        told.try_update_value(|told| told.quiet = None);
        tell(lab, text, told);
    });
    told.try_update_value(|told| told.quiet = Some(quiet));
}

/// What is new since the last message. While the run plays single events are not: there are too many.
fn fresh(lab: Lab, told: &mut Told) -> String {
    let report = lab.report.read_untracked();
    let held = standing(&report);
    let state = lab.state.get_untracked();
    let traced = lab.traced.get_untracked();
    let stepped = !lab.playing.get_untracked() && traced > 0 && traced != told.traced;
    let event = stepped.then(|| lab.read(|run| run.events().next_back().copied()));
    let event = event.flatten().flatten();
    // Who looks through one party's eyes is told what that party sees; no verdict is among it.
    let party = lab.desk.party.get_untracked();
    let event = event.filter(|event| party.is_none_or(|party| sees(party, &event.kind)));
    let scenario = lab.scenario.read_untracked();
    // Another scenario has other promises: nothing has turned.
    let same = told.held.len() == held.len() && party.is_none();
    let before = if same { &told.held } else { &held };
    let mut words = news(before, &report, event.as_ref(), &scenario);
    if words.is_empty() && state != told.state {
        words = state.into();
    }
    told.held = held;
    told.traced = traced;
    told.state = state;
    words
}
