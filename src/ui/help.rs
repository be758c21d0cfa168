//! The help: what to do, what the signs mean, which keys there are.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::about::about;
use super::header::Themes;
use super::keys::{KEYS, Where};
use super::lab::Lab;

/// The button that opens the dialog.
pub fn button(node: NodeRef<Dialog>, class: &'static str) -> AnyView {
    let open = move |_| {
        if let Some(dialog) = node.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    view! { <button type="button" class=class aria-label="Help and keys" title="Help and keys" on:click=open>"?"</button> }
        .into_any()
}

/// A dialog.
#[component]
pub fn Help(lab: Lab, node: NodeRef<Dialog>) -> impl IntoView {
    let close = move |_| {
        if let Some(dialog) = node.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog class="help" node_ref=node aria-labelledby="help-title">
            <div class="head">
                <h2 id="help-title">"Reading the stage"</h2>
                <button type="button" class="quiet" aria-label="Close" on:click=close>"✕"</button>
            </div>
            {lab.embedded.then(|| about(lab))}
            <ul>
                <li>"Messages travel from left to right. A filled pill is a request, an outlined one with a tick is its ack."</li>
                <li>"Cells are records, with their offsets. A dashed cell is not replicated yet."</li>
                <li>"Under each partition every service has a lane: solid is committed, hatched is done and would be done again after a crash, outlined is in hand."</li>
                <li>"At each service's count of effects: a frame holds what is inside a transaction, two frames what is inside the log's; a thick broken line is where exactly-once ends, and a key behind it means that repeats are recognised there."</li>
                <li>"A yellow number counts tries. A bow ties a record to an earlier copy of itself."</li>
                <li>"Click an instance, a broker or a producer to crash it; click a message to see its life."</li>
            </ul>
            <p class="colours"><Themes lab/></p>
            <h3>"Keys"</h3>
            <p>"Tab goes from one group to the next; arrows go through the buttons under the stage, and Shift makes a slider's steps finer."</p>
            <dl class="keys">
                {KEYS
                    .iter()
                    .map(|k| {
                        let on = if k.place == Where::Stage { " (on the stage)" } else { "" };
                        view! { <dt><kbd>{k.shown}</kbd></dt><dd>{k.words}{on}</dd> }
                    })
                    .collect_view()}
            </dl>
        </dialog>
    }
}
