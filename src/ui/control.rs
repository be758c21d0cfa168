//! One control for one parameter, whatever its kind: made from the table of parameters.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::params::{Handle, Kind};

/// A labelled control.
#[component]
pub fn Control(lab: Lab, handle: Handle) -> AnyView {
    match handle.param.kind {
        Kind::Choice(names) => choice(lab, handle, names).into_any(),
        Kind::Flag => flag(lab, handle).into_any(),
        Kind::Seed => text(lab, handle).into_any(),
        _ => slider(lab, handle).into_any(),
    }
}

/// The parameter's identity in the page.
fn id(handle: Handle, part: &str) -> String {
    let owner = handle.service.map_or(String::new(), |s| s.to_string());
    format!("{part}-{owner}{}", handle.param.name)
}

fn raw(lab: Lab, handle: Handle) -> Memo<u64> {
    Memo::new(move |_| lab.scenario.with(|s| handle.raw(s).unwrap_or(0)))
}

/// A value as it stands beside its control: `5 %`, `20 ms`, `never`.
fn shown(kind: Kind, raw: u64) -> String {
    let text = match kind {
        Kind::Span {
            zero: Some(word), ..
        }
        | Kind::Count {
            zero: Some(word), ..
        } if raw == 0 => {
            return word.into();
        }
        Kind::Count { .. } => return kind.words(raw),
        _ => kind.text(raw),
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    match text.strip_prefix(digits) {
        Some("") | None => text,
        Some(unit) => format!("{digits} {unit}"),
    }
}

fn slider(lab: Lab, handle: Handle) -> impl IntoView {
    let kind = handle.param.kind;
    let stops = StoredValue::new(kind.stops());
    let value = raw(lab, handle);
    let most = stops.with_value(Vec::len).saturating_sub(1);
    view! {
        <div class="slider" title=handle.param.doc>
            <label for=id(handle, "set")>{handle.param.label}</label>
            {field(lab, handle)}
            {(kind != Kind::Ratio).then(|| view! { <span class="unit">{handle.param.words}</span> })}
            <input
                id=id(handle, "set")
                type="range"
                min="0"
                max=most
                step="1"
                prop:value=move || kind.stop_of(value.get()).to_string()
                aria-valuetext=move || { value.track(); lab.scenario.with_untracked(|s| handle.words(s)) }
                on:input=move |event| {
                    let index: usize = event_target_value(&event).parse().unwrap_or(0);
                    if let Some(raw) = stops.with_value(|s| s.get(index).copied()) {
                        lab.put(handle, &kind.text(raw));
                    }
                }
                on:keydown=move |event| {
                    if let Some(up) = fine(&event) {
                        let raw = kind.finer(value.get_untracked(), up);
                        lab.put(handle, &kind.text(raw));
                    }
                }
            />
        </div>
    }
}

/// Whether a key on a slider asks for a small step, and for one up; the browser then does nothing.
pub fn fine(event: &web_sys::KeyboardEvent) -> Option<bool> {
    let up = match event.key().as_str() {
        "ArrowRight" | "ArrowUp" => true,
        "ArrowLeft" | "ArrowDown" => false,
        _ => return None,
    };
    event.shift_key().then(|| {
        event.prevent_default();
        up
    })
}

/// The exact value, to be read and to be typed.
fn field(lab: Lab, handle: Handle) -> impl IntoView {
    let kind = handle.param.kind;
    let value = raw(lab, handle);
    view! {
        <input
            class="value"
            type="text"
            autocomplete="off"
            spellcheck="false"
            size="8"
            aria-label=format!("{}, exact value", handle.param.label)
            prop:value=move || shown(kind, value.get())
            on:change=move |event| {
                lab.put(handle, event_target_value(&event).trim());
                // What could not be read is replaced by what holds.
                let holds = shown(kind, value.get_untracked());
                event_target::<web_sys::HtmlInputElement>(&event).set_value(&holds);
            }
        />
    }
}

fn text(lab: Lab, handle: Handle) -> impl IntoView {
    view! {
        <div class="slider" title=handle.param.doc>
            <span>{handle.param.label}</span>
            {field(lab, handle)}
        </div>
    }
}

fn flag(lab: Lab, handle: Handle) -> impl IntoView {
    let value = raw(lab, handle);
    view! {
        <label class="flag" title=handle.param.doc>
            <input
                type="checkbox"
                prop:checked=move || value.get() != 0
                on:change=move |event| {
                    lab.put(handle, if event_target_checked(&event) { "1" } else { "0" });
                }
            />
            {handle.param.label}
        </label>
    }
}

fn choice(lab: Lab, handle: Handle, names: &'static [&'static str]) -> impl IntoView {
    let value = raw(lab, handle);
    view! {
        <div class="slider" title=handle.param.doc>
            <label for=id(handle, "set")>{handle.param.label}</label>
            <select
                id=id(handle, "set")
                prop:value=move || value.get().to_string()
                on:change=move |event| {
                    let index: usize = event_target_value(&event).parse().unwrap_or(0);
                    if let Some(name) = names.get(index) {
                        lab.put(handle, name);
                    }
                }
            >
                {(0..names.len())
                    .map(|i| {
                        let chosen = value.get_untracked() == i as u64;
                        view! {
                            <option value=i.to_string() selected=chosen>
                                {handle.param.kind.words(i as u64)}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </div>
    }
}
