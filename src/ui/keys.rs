//! Keys: one table for what they do and for the help that lists them.

use super::fill;
use super::forks::next_branch;
use super::lab::{Lab, SLOWDOWNS};
use crate::timeline::Timeline;

/// Where a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Everywhere on the page.
    Page,
    /// While the stage has the focus.
    Stage,
}

/// A key and what it does.
pub struct Key {
    /// As `KeyboardEvent.code` has it.
    pub code: &'static str,
    /// With Alt held.
    pub alt: bool,
    /// Where.
    pub place: Where,
    /// The key as it is printed.
    pub shown: &'static str,
    /// What it does, in words.
    pub words: &'static str,
    /// What it does.
    pub act: fn(Lab),
}

/// All of them.
pub const KEYS: &[Key] = &[
    key(
        "Space",
        false,
        Where::Stage,
        "Space",
        "play or pause",
        |lab| lab.toggle(),
    ),
    key("KeyK", false, Where::Stage, "K", "play or pause", |lab| {
        lab.toggle()
    }),
    key("KeyK", true, Where::Page, "Alt+K", "play or pause", |lab| {
        lab.toggle()
    }),
    key(
        "ArrowRight",
        false,
        Where::Stage,
        "→",
        "step to the next event",
        |lab| lab.go(Timeline::step),
    ),
    key(
        "ArrowLeft",
        false,
        Where::Stage,
        "←",
        "back to the event before",
        |lab| lab.go(Timeline::step_back),
    ),
    key(
        "KeyN",
        false,
        Where::Stage,
        "N",
        "to the next fault or anomaly",
        |lab| {
            lab.go(|t| {
                t.next_mark();
            })
        },
    ),
    key(
        "KeyP",
        false,
        Where::Stage,
        "P",
        "to the fault or anomaly before",
        |lab| {
            lab.go(|t| {
                t.previous_mark();
            })
        },
    ),
    key(
        "BracketRight",
        false,
        Where::Stage,
        "]",
        "next anomaly",
        |lab| lab.next_anomaly(),
    ),
    key(
        "BracketLeft",
        false,
        Where::Stage,
        "[",
        "previous anomaly",
        |lab| lab.previous_anomaly(),
    ),
    key(
        "KeyB",
        false,
        Where::Stage,
        "B",
        "onto the next branch",
        next_branch,
    ),
    key(
        "Home",
        false,
        Where::Stage,
        "Home",
        "back to the beginning",
        |lab| lab.reset(),
    ),
    key(
        "KeyR",
        true,
        Where::Page,
        "Alt+R",
        "back to the beginning",
        |lab| lab.reset(),
    ),
    key("Period", false, Where::Stage, ".", "faster", |lab| {
        faster(lab, true)
    }),
    key("Comma", false, Where::Stage, ",", "slower", |lab| {
        faster(lab, false)
    }),
    key(
        "KeyF",
        false,
        Where::Stage,
        "F",
        "fill the screen, or leave it",
        fill::toggle,
    ),
    key(
        "Escape",
        false,
        Where::Stage,
        "Esc",
        "follow no message",
        |lab| lab.pick(None),
    ),
];

const fn key(
    code: &'static str,
    alt: bool,
    place: Where,
    shown: &'static str,
    words: &'static str,
    act: fn(Lab),
) -> Key {
    Key {
        code,
        alt,
        place,
        shown,
        words,
        act,
    }
}

fn faster(lab: Lab, up: bool) {
    use leptos::prelude::GetUntracked;
    let at = lab.speed.get_untracked();
    let next = if up {
        (at + 1).min(SLOWDOWNS.len() - 1)
    } else {
        at.saturating_sub(1)
    };
    lab.set_speed(next);
}

/// Does what a key is for; answers whether it is for anything.
pub fn press(lab: Lab, event: &web_sys::KeyboardEvent, place: Where) -> bool {
    if event.ctrl_key() || event.meta_key() {
        return false;
    }
    let code = event.code();
    let found = KEYS
        .iter()
        .find(|k| k.place == place && k.code == code && k.alt == event.alt_key());
    if let Some(key) = found {
        event.prevent_default();
        (key.act)(lab);
    }
    found.is_some()
}
