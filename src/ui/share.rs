//! The dialog with what an author pastes: a link, an iframe, the element, Markdown.

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use web_sys::Event;

use super::address::{base, options, speed_of};
use super::file;
use super::lab::{Lab, REPLAYED};
use super::notices::Notice;
use crate::embed::{Share, share};
use crate::scenario::{self, Problem};
use crate::timeline::Timeline;

/// The texts for the run as it stands, with what was done to it by hand.
fn texts(lab: Lab) -> Result<Share, Problem> {
    let page = options(lab);
    lab.base
        .with(|scenario| share(&base(), scenario, &page, &lab.inputs()))
}

/// A button, and the dialog it opens.
#[component]
pub fn ShareButton(lab: Lab) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    // Written when the dialog opens: it shows the run as it was then.
    let written = RwSignal::new(None::<Result<Share, Problem>>);
    let said = RwSignal::new("");
    let open = move |_| {
        written.set(Some(untrack(|| texts(lab))));
        said.set("");
        // After its content is built, so that the focus falls on it, and before the next key is heard: a Tab that came
        // first would move the focus, and closing the dialog would give it back to the wrong place.
        spawn_local(async move {
            tick().await;
            if let Some(dialog) = node.get_untracked() {
                let _ = dialog.show_modal();
            }
        });
    };
    let inside = move || {
        let opened = written.with(Option::is_some);
        opened.then(|| inside(lab, node, written, said))
    };
    view! {
        <button type="button" class="share" on:click=open>"Share"</button>
        <dialog class="help sharing" node_ref=node aria-labelledby="share-title">{inside}</dialog>
    }
}

#[inline(never)]
fn inside(
    lab: Lab,
    node: NodeRef<Dialog>,
    written: RwSignal<Option<Result<Share, Problem>>>,
    said: RwSignal<&'static str>,
) -> AnyView {
    let close = move |_| {
        if let Some(dialog) = node.get_untracked() {
            dialog.close();
        }
    };
    let texts = move || match written.get() {
        None => ().into_any(),
        Some(Err(problem)) => view! { <p role="alert">{problem.to_string()}</p> }.into_any(),
        Some(Ok(texts)) => pasted(texts, said),
    };
    view! {
        <div class="head">
            <h2 id="share-title">"Share this run"</h2>
            <button type="button" class="quiet" aria-label="Close" on:click=close>"✕"</button>
        </div>
        <p class="hint">"Settings, seed and what was done by hand are in it; whoever opens it sees the same run."</p>
        {texts}
        <p role="status" class="hint">{move || said.get()}</p>
        {files(lab, node)}
    }
    .into_any()
}

/// The run as a file, which no length limits, and the way back.
#[inline(never)]
fn files(lab: Lab, dialog: NodeRef<Dialog>) -> AnyView {
    let save = move |_| {
        let name = lab.base.with(|s| format!("{}-{}.json", s.name, s.seed));
        let text = lab.base.with(|s| scenario::file::write(s, &lab.inputs()));
        file::save(&name, "application/json", &text);
    };
    let open = move |event: Event| {
        let done = move |name: String, text: Result<String, String>| {
            if let Some(dialog) = dialog.get_untracked() {
                dialog.close();
            }
            let opened = text.map_err(|wrong| vec![wrong]);
            if let Err(wrong) = opened.and_then(|text| open_file(lab, &name, &text)) {
                let say = |words| Notice::push(lab.notices, words);
                wrong.into_iter().for_each(say);
            }
        };
        file::chosen(&event_target(&event), done);
    };
    view! {
        <div class="files">
            <button type="button" on:click=save>"Save as a file"</button>
            <label hidden=lab.readonly()>
                <span>"Open a file"</span>
                <input type="file" accept=".json,application/json" on:change=open/>
            </label>
        </div>
    }
    .into_any()
}

/// Begins the run that a file holds, or answers with what is wrong with it, a sentence each.
fn open_file(lab: Lab, name: &str, text: &str) -> Result<(), Vec<String>> {
    let said = |all: Vec<Problem>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    lab.changeable().map_err(|problem| said(vec![problem]))?;
    let (scenario, inputs) = scenario::file::read(text)
        .map_err(|error| vec![format!("The file `{name}` is no scenario: {error}.")])?;
    let run = Timeline::with_inputs(scenario.clone(), inputs, REPLAYED).map_err(said)?;
    lab.play(false);
    lab.set_speed(speed_of(None, &scenario));
    lab.replace(scenario, run);
    Ok(())
}

#[inline(never)]
fn pasted(texts: Share, said: RwSignal<&'static str>) -> AnyView {
    [
        ("share-link", "Link", texts.link),
        ("share-iframe", "Frame, for any page", texts.iframe),
        (
            "share-element",
            "Element, to drive it by scripts",
            texts.element,
        ),
        ("share-markdown", "Markdown", texts.markdown),
    ]
    .into_iter()
    // What is in one file has no loader and no pictures beside it.
    .take(if base().ends_with('/') { 4 } else { 2 })
    .map(|(id, label, text)| view! { <Paste id label text said/> })
    .collect_view()
    .into_any()
}

#[component]
fn Paste(
    id: &'static str,
    label: &'static str,
    text: String,
    said: RwSignal<&'static str>,
) -> impl IntoView {
    let copied = text.clone();
    let copy = move |_| {
        file::copy(&copied, move |fine| {
            said.set(match fine {
                true => "Copied.",
                false => "The browser does not let this page use the clipboard: select the text and copy it.",
            });
        });
    };
    view! {
        <div class="paste">
            <label for=id>{label}</label>
            <button type="button" aria-label=format!("Copy: {label}") on:click=copy>"Copy"</button>
            <textarea id=id readonly rows="3" spellcheck="false" prop:value=text></textarea>
        </div>
    }
}
