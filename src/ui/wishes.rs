//! What the address says about how the run goes: where it starts, where it stops, whether it repeats.

use leptos::prelude::*;

use super::command::seek;
use super::lab::Lab;
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
    }
    if repeat {
        Effect::new(move |_| {
            if lab.finished.get() {
                lab.play(true);
            }
        });
    }
}
