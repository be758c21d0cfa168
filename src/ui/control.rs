//! One control for one parameter, whatever its kind: made from the table of parameters.

use gloo_timers::callback::Timeout;
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

/// While the run plays, a slider takes effect once the hand has rested for so long, in ms: each place it stays at is
/// something that was done to the run, and those it only passes are not.
const RESTS: u32 = 200;

/// What a hand holds a slider at, until it takes effect.
#[derive(Clone, Copy)]
struct Held {
    lab: Lab,
    handle: Handle,
    at: RwSignal<Option<u64>>,
    timer: StoredValue<Option<Timeout>, LocalStorage>,
}

impl Held {
    fn new(lab: Lab, handle: Handle) -> Held {
        let at = RwSignal::new(None);
        let timer = StoredValue::new_local(None);
        Held {
            lab,
            handle,
            at,
            timer,
        }
    }

    #[inline(never)]
    fn hold(self, raw: u64) {
        let live = self.handle.param.live && self.lab.playing.get_untracked();
        if !live {
            return self.put(raw);
        }
        self.at.set(Some(raw));
        let timer = Timeout::new(RESTS, move || self.put(raw));
        self.timer.set_value(Some(timer));
    }

    fn put(self, raw: u64) {
        self.timer.update_value(|timer| drop(timer.take()));
        self.lab.put(self.handle, &self.handle.param.kind.text(raw));
        self.at.set(None);
    }
}

fn slider(lab: Lab, handle: Handle) -> impl IntoView {
    let kind = handle.param.kind;
    let stops = StoredValue::new(kind.stops());
    let held = Held::new(lab, handle);
    let holds = raw(lab, handle);
    let value = Memo::new(move |_| held.at.get().unwrap_or_else(|| holds.get()));
    let most = stops.with_value(Vec::len).saturating_sub(1);
    view! {
        <div class="slider" title=handle.param.doc>
            <label for=id(handle, "set")>{handle.param.label}</label>
            {field(lab, handle, value)}
            {(kind != Kind::Ratio).then(|| view! { <span class="unit">{handle.param.words}</span> })}
            <input
                id=id(handle, "set")
                type="range"
                min="0"
                max=most
                step="1"
                prop:value=move || kind.stop_of(value.get()).to_string()
                aria-valuetext=move || handle.words(value.get())
                on:input=move |event| {
                    let index: usize = event_target_value(&event).parse().unwrap_or(0);
                    if let Some(raw) = stops.with_value(|s| s.get(index).copied()) {
                        held.hold(raw);
                    }
                }
                on:keydown=move |event| {
                    if let Some(up) = fine(&event) {
                        held.hold(kind.finer(value.get_untracked(), up));
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
fn field(lab: Lab, handle: Handle, value: Memo<u64>) -> impl IntoView {
    let kind = handle.param.kind;
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
            {field(lab, handle, raw(lab, handle))}
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
