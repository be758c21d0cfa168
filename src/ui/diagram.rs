//! A message's life as a sequence diagram: to look at, to copy, to keep.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::file;
use super::lab::Lab;
use super::message::Copy;
use crate::trace::{Event, EventId};
use crate::view::sequence::Sequence;

/// The diagram, small in the panel and large on request.
#[component]
pub fn Diagram(lab: Lab, message: u64) -> impl IntoView {
    let large = NodeRef::<Dialog>::new();
    let sequence = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| Sequence::of(run.scenario(), &run.told_of(message), message))
    });
    let drawing = Memo::new(move |_| {
        let ids = |chain: &Vec<Event>| chain.iter().map(|event| event.id).collect();
        let chain: Vec<EventId> = lab.desk.chain.with(ids);
        sequence.with(|s| s.as_ref().map(|s| s.to_svg(&chain)).unwrap_or_default())
    });
    let mermaid = move || {
        sequence.with_untracked(|s| s.as_ref().map(Sequence::to_mermaid).unwrap_or_default())
    };
    let save = move |_| {
        let name = format!("message-{message}.svg");
        drawing.with_untracked(|svg| file::save(&name, "image/svg+xml", svg));
    };
    let open = move |_| {
        if let Some(dialog) = large.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = large.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <h2>"Sequence diagram"</h2>
        <div class="diagram" tabindex="0" role="group" aria-label="Sequence diagram; the same in words is below" inner_html=move || drawing.get()></div>
        <p class="take">
            <button type="button" on:click=open>"Larger"</button>
            <button type="button" on:click=save>"Save as SVG"</button>
            <Copy lab what="Copy as Mermaid" text=mermaid/>
        </p>
        <dialog class="help large" node_ref=large aria-label="Sequence diagram">
            <div class="head">
                <h2>"Sequence diagram"</h2>
                <button type="button" class="quiet" aria-label="Close" on:click=close>"✕"</button>
            </div>
            <div class="drawing" tabindex="0" role="group" aria-label="Drawing" inner_html=move || drawing.get()></div>
        </dialog>
    }
}
