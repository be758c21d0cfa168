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
    let dismiss = move |number: u32| lab.notices.update(|all| all.retain(|n| n.number != number));
    view! {
        <div class="notices" role="status">
            <For each=move || lab.notices.get() key=|n| n.number let:notice>
                <p class="notice">
                    <span>{notice.words.clone()}</span>
                    <button
                        type="button"
                        class="quiet"
                        aria-label="Dismiss this notice"
                        on:click=move |_| dismiss(notice.number)
                    >
                        "✕"
                    </button>
                </p>
            </For>
        </div>
    }
}
