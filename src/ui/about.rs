//! What a figure in somebody else's page is about, and the way from it to the whole lab.

use leptos::prelude::*;

use super::address::{base, options};
use super::lab::Lab;
use crate::scenario::link::{PageOptions, link};
use crate::scenario::{Problem, Span};

/// What to watch for.
pub fn watch_for(lab: Lab) -> AnyView {
    view! {
        <p class="watch">
            <span>"Watch for: "</span>
            {move || lab.scenario.with(|s| s.watch_for.clone())}
        </p>
    }
    .into_any()
}

/// What to watch for, and a link that opens this run, at this moment, with everything around it.
#[inline(never)]
pub fn about(lab: Lab) -> AnyView {
    // Written when it is about to be followed: a link that always holds would be written in every frame.
    let written = RwSignal::new(Ok::<String, Problem>(base()));
    let write = move || written.set(whole(lab));
    let way = move || {
        match written.get() {
        Ok(address) => view! {
            <a href=address target="_blank" rel="noopener"
                on:focus=move |_| write() on:pointerenter=move |_| write() on:click=move |_| write()>
                "Open in the lab"
                <span class="unseen">" (in a new tab)"</span>
                <span aria-hidden="true">" ↗"</span>
            </a>
        }
        .into_any(),
        Err(problem) => view! { <span>{problem.to_string()}</span> }.into_any(),
    }
    };
    view! { <div class="about">{watch_for(lab)}<p>{way}</p></div> }.into_any()
}

/// The address of the page with this run, without what its author chose for the figure.
#[inline(never)]
fn whole(lab: Lab) -> Result<String, Problem> {
    untrack(|| {
        let options = options(lab);
        let page = PageOptions {
            speed: options.speed,
            theme: options.theme,
            motion: options.motion,
            t: Some(Span(lab.now.get())).filter(|now| now.0 > 0),
            ..PageOptions::default()
        };
        let link = lab
            .base
            .with(|scenario| link(scenario, &page, &lab.inputs()))?;
        Ok(base() + &link)
    })
}
