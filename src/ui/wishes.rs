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
    if autoplay {
        lab.play(true);
    }
    if let Some(to) = to {
        Effect::new(move |before: Option<u64>| {
            let now = lab.now.get();
            if before.is_some_and(|before| before < to.0) && now >= to.0 {
                lab.play(false);
            }
            now
        });
    }
    if repeat {
        Effect::new(move |_| {
            if lab.finished.get() {
                lab.play(true);
            }
        });
    }
}
