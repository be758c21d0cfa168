//! Play, pause, step, reset, speed, clock.

use leptos::prelude::*;

use super::bar::Bar;
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

/// The bar under the stage.
#[component]
pub fn Transport(lab: Lab) -> impl IntoView {
    let playing = lab.playing;
    let label = move || if playing.get() { "Pause" } else { "Play" };
    view! {
        <div class="transport" role="toolbar" aria-label="Run">
            <button type="button" class="round" aria-label="Back to the beginning" title="Reset" on:click=move |_| lab.reset()>
                <span aria-hidden="true" class="icon-reset"></span>
            </button>
            <button type="button" class="round" aria-label="Step back" title="Step back" on:click=move |_| lab.go(Timeline::step_back)>
                <span aria-hidden="true" class="icon-step back"></span>
            </button>
            <button type="button" class="play" aria-label=label on:click=move |_| lab.toggle()>
                <span aria-hidden="true" class="icon" class:pausing=playing></span>
            </button>
            <button type="button" class="round" aria-label="Step to the next event" title="Step" on:click=move |_| lab.go(Timeline::step)>
                <span aria-hidden="true" class="icon-step"></span>
            </button>
            <label class="speed">
                <span class="label">"Speed"</span>
                <select
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
            <span class="engine" role="status">{move || lab.state.get()}</span>
            <span class="clock" aria-label="Time in the run">{move || clock(lab.now.get())}</span>
        </div>
    }
}
