//! What the reader should know: dismissible, never in the way.

use leptos::prelude::*;

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

/// All notices there are.
#[component]
pub fn Notices(lab: Lab) -> impl IntoView {
    let all = move || {
        lab.notices
            .get()
            .into_iter()
            .map(|notice| one(lab, notice))
            .collect_view()
    };
    view! { <div class="notices" role="status">{all}</div> }
}

#[inline(never)]
fn one(lab: Lab, notice: Notice) -> AnyView {
    let Notice { number, words } = notice;
    let dismiss = move |_| lab.notices.update(|all| all.retain(|n| n.number != number));
    view! {
        <p class="notice">
            <span>{words}</span>
            <button type="button" class="quiet" aria-label="Dismiss this notice" on:click=dismiss>
                "✕"
            </button>
        </p>
    }
    .into_any()
}
