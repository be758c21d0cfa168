//! Play, pause, step, reset, speed, clock.

use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::bar::Bar;
use super::fill;
use super::help;
use super::lab::{Lab, SLOWDOWNS};
use crate::timeline::Timeline;

/// Virtual time as minutes, seconds and milliseconds.
pub fn clock(us: u64) -> String {
    let ms = us / 1_000;
    format!(
        "{:02}:{:02}.{:03}",
        ms / 60_000,
        ms / 1_000 % 60,
        ms % 1_000
    )
}

/// A speed in words.
fn speed_words(slowdown: u32) -> String {
    match slowdown {
        1 => "real time".into(),
        n => format!("1/{n}"),
    }
}

/// Left and right arrows go through the buttons of a toolbar, which is one stop of the Tab key.
pub fn walk(event: &web_sys::KeyboardEvent) {
    let by = match event.key().as_str() {
        "ArrowRight" => 1,
        "ArrowLeft" => -1,
        _ => return,
    };
    let element = |target: Option<web_sys::EventTarget>| target?.dyn_into::<HtmlElement>().ok();
    let (Some(bar), Some(here)) = (element(event.current_target()), element(event.target())) else {
        return;
    };
    let buttons = bar.get_elements_by_tag_name("button");
    let count = buttons.length() as i32;
    let at = |i: i32| buttons.item(i as u32)?.dyn_into::<HtmlElement>().ok();
    if let Some(place) = (0..count).find(|i| at(*i).as_ref() == Some(&here))
        && let Some(next) = at((place + by).rem_euclid(count))
    {
        event.prevent_default();
        let _ = next.focus();
    }
}

/// The bar under the stage.
#[component]
pub fn Transport(lab: Lab, dialog: NodeRef<Dialog>) -> impl IntoView {
    let playing = lab.playing;
    let label = move || if playing.get() { "Pause" } else { "Play" };
    view! {
        <div class="transport">
            <button type="button" tabindex="-1" class="round" aria-label="Back to the beginning" title="Reset" on:click=move |_| lab.reset()>
                <Icon shape="M4.2 3.2v3.6h3.6 M4.6 6.6a5.2 5.2 0 1 1-.9 4.2"/>
            </button>
            <button type="button" tabindex="-1" class="round" aria-label="Step back" title="Step back" on:click=move |_| lab.go(Timeline::step_back)>
                <Icon shape="M12 3.5 6 8l6 4.5z M4 3.5v9"/>
            </button>
            <button type="button" class="play" aria-label=label on:click=move |_| lab.toggle()>
                {move || match playing.get() {
                    true => view! { <Icon shape="M5 3v10 M11 3v10"/> },
                    false => view! { <Icon shape="M5 3l8 5-8 5z"/> },
                }}
            </button>
            <button type="button" tabindex="-1" class="round" aria-label="Step to the next event" title="Step" on:click=move |_| lab.go(Timeline::step)>
                <Icon shape="M4 3.5 10 8l-6 4.5z M12 3.5v9"/>
            </button>
            <label class="speed">
                <span class="label">"Speed"</span>
                <select
                    aria-label="Speed"
                    prop:value=move || lab.speed.get().to_string()
                    on:change=move |event| {
                        if let Ok(index) = event_target_value(&event).parse() {
                            lab.set_speed(index);
                        }
                    }
                >
                    {SLOWDOWNS
                        .iter()
                        .enumerate()
                        .map(|(i, n)| {
                            view! {
                                <option value=i.to_string() selected=lab.speed.get_untracked() == i>
                                    {speed_words(*n)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <Bar lab/>
            <span class="engine">{move || lab.state.get()}</span>
            <span
                class="clock"
                class:hurrying=lab.hurrying
                title="Where nothing is on its way, time runs faster"
            >
                <span class="unseen">"Time in the run: "</span>
                {move || clock(lab.now.get())}
            </span>
            {lab.embedded.then(|| help::button(dialog, "round"))}
            {fill::button(lab)}
        </div>
    }
}

/// A small drawing on a button.
#[component]
pub fn Icon(shape: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=shape></path>
        </svg>
    }
}
