//! What the address says about how the run goes: where it starts, where it stops, whether it repeats.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::command::seek;
use super::lab::{Lab, STOPPED};
use super::notices::Notice;

/// Goes to the moment of the address and begins, if it says so; stops and repeats as it says.
pub fn follow(lab: Lab) {
    let (from, to, repeat, autoplay) = lab
        .page
        .with_value(|page| (page.t, page.stop_at, page.repeat, page.autoplay));
    if let Some(from) = from
        && let Err(problem) = seek(lab, from.0)
    {
        Notice::push(lab.notices, problem.to_string());
    }
    lab.with(|e| e.stop_at(to.map(|span| span.0)));
    if autoplay {
        lab.play(true);
        if lab.see(|e| e.stepping) == Some(true) {
            rest_soon(lab);
        }
    }
    if repeat {
        Effect::new(move |_| {
            let stopped = lab.state.get() == STOPPED;
            if stopped {
                lab.reset();
            }
            if lab.finished.get() || stopped {
                lab.play(true);
            }
        });
    }
}

/// What moves by itself rests after this, in ms, where the reader wants little motion (WCAG 2.2.2).
const UNASKED: u32 = 5_000;

/// Pauses what nobody has started, unless the reader has paused it before.
fn rest_soon(lab: Lab) {
    let rest = Timeout::new(UNASKED, move || lab.play(false));
    let rest = StoredValue::new_local(Some(rest));
    Effect::new(move |_| {
        if !lab.playing.get() {
            rest.set_value(None);
        }
    });
}
