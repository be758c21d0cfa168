//! What the reader should know: dismissible, never in the way.

use leptos::prelude::*;

use super::desk::focus;
use super::lab::Lab;

/// A notice.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    number: u32,
    /// What it says.
    pub words: String,
}

impl Notice {
    /// Adds one.
    pub fn push(notices: RwSignal<Vec<Notice>>, words: String) {
        notices.update(|all| {
            if all.iter().all(|n| n.words != words) {
                let number = all.last().map_or(0, |n| n.number + 1);
                all.push(Notice { number, words });
            }
        });
    }

    /// Several at once.
    pub fn list(words: Vec<String>) -> Vec<Notice> {
        let each = words.into_iter().enumerate();
        each.map(|(i, words)| Notice {
            number: i as u32,
            words,
        })
        .collect()
    }
}

/// All notices there are. Each stays as it is while others come and go, so that only what is new is told.
#[component]
pub fn Notices(lab: Lab) -> impl IntoView {
    let any = Memo::new(move |_| lab.notices.with(|all| !all.is_empty()));
    view! {
        <div class="notices" role="status" aria-atomic="false">
            {move || any.get().then(|| list(lab))}
        </div>
    }
}

#[inline(never)]
fn list(lab: Lab) -> AnyView {
    view! {
        <For each=move || lab.notices.get() key=|notice| notice.number children=move |notice| one(lab, notice)/>
    }
    .into_any()
}

#[inline(never)]
fn one(lab: Lab, notice: Notice) -> AnyView {
    let Notice { number, words } = notice;
    view! {
        <p class="notice">
            <span>{words}</span>
            <button
                type="button"
                class="quiet"
                id=id_of(number)
                aria-label="Dismiss this notice"
                on:click=move |_| dismiss(lab, number)
            >
                "✕"
            </button>
        </p>
    }
    .into_any()
}

fn id_of(number: u32) -> String {
    format!("notice-{number}")
}

/// Takes a notice away; the focus, which was on its button, goes to the next one, or to the stage.
fn dismiss(lab: Lab, number: u32) {
    let next = lab.notices.with_untracked(|all| {
        let after = all.iter().find(|n| n.number > number);
        let others = after.or(all.iter().rev().find(|n| n.number < number));
        others.map(|n| n.number)
    });
    focus(&next.map_or("stage".into(), id_of));
    lab.notices.update(|all| all.retain(|n| n.number != number));
}
