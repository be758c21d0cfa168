//! Keys: one table for what they do and for the help that lists them.

use leptos::prelude::GetUntracked;

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

use Where::{Page, Stage};

/// A key and what it does.
pub struct Key {
    /// As `KeyboardEvent.key` has it, a letter as a small one.
    pub name: &'static str,
    /// As `KeyboardEvent.code` has it, for layouts without such a letter or sign; empty where every layout has it.
    pub code: &'static str,
    /// Where; on the page with Alt held, because there letters are for typing.
    pub place: Where,
    /// Whether it acts again while it is held down.
    pub held: bool,
    /// The key as it is printed.
    pub shown: &'static str,
    /// What it does, in words.
    pub words: &'static str,
    /// What it does.
    pub act: fn(Lab),
}

/// All of them.
pub const KEYS: &[Key] = &[
    key(" ", "Space", Stage, "Space", "play or pause", |lab| {
        lab.toggle()
    }),
    key("k", "KeyK", Stage, "K", "play or pause", |lab| lab.toggle()),
    key("k", "KeyK", Page, "Alt+K", "play or pause", |lab| {
        lab.toggle()
    }),
    key(
        "ArrowRight",
        "",
        Stage,
        "→",
        "step to the next event",
        |lab| lab.go(Timeline::step),
    )
    .held(),
    key(
        "ArrowLeft",
        "",
        Stage,
        "←",
        "back to the event before",
        |lab| lab.go(Timeline::step_back),
    )
    .held(),
    key(
        "n",
        "KeyN",
        Stage,
        "N",
        "to the next fault or anomaly",
        |lab| {
            lab.go(|t| {
                t.next_mark();
            })
        },
    ),
    key(
        "p",
        "KeyP",
        Stage,
        "P",
        "to the fault or anomaly before",
        |lab| {
            lab.go(|t| {
                t.previous_mark();
            })
        },
    ),
    key("]", "BracketRight", Stage, "]", "next anomaly", |lab| {
        lab.next_anomaly()
    }),
    key("[", "BracketLeft", Stage, "[", "previous anomaly", |lab| {
        lab.previous_anomaly()
    }),
    key("b", "KeyB", Stage, "B", "onto the next branch", next_branch),
    key("Home", "", Stage, "Home", "back to the beginning", |lab| {
        lab.reset()
    }),
    key("r", "KeyR", Page, "Alt+R", "back to the beginning", |lab| {
        lab.reset()
    }),
    key(".", "Period", Stage, ".", "faster", |lab| faster(lab, true)).held(),
    key(",", "Comma", Stage, ",", "slower", |lab| faster(lab, false)).held(),
    key(
        "f",
        "KeyF",
        Stage,
        "F",
        "fill the screen, or leave it",
        fill::toggle,
    ),
    key("Escape", "", Stage, "Esc", "follow no message", |lab| {
        lab.pick(None)
    }),
];

const fn key(
    name: &'static str,
    code: &'static str,
    place: Where,
    shown: &'static str,
    words: &'static str,
    act: fn(Lab),
) -> Key {
    Key {
        name,
        code,
        place,
        held: false,
        shown,
        words,
        act,
    }
}

impl Key {
    /// Acts again and again while it is held down.
    const fn held(mut self) -> Key {
        self.held = true;
        self
    }
}

fn faster(lab: Lab, up: bool) {
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
    // Signs that a layout has on a third level are typed with AltGr, which some systems report as Ctrl and Alt.
    let third = event.get_modifier_state("AltGraph");
    if event.meta_key() || event.ctrl_key() && !third {
        return false;
    }
    let name = event.key();
    let sign = name.len() == 1 && name.as_bytes()[0].is_ascii_punctuation();
    let alt = event.alt_key() && !third && !sign;
    let found = (alt == (place == Where::Page))
        .then(|| sought(&name, &event.code(), place))
        .flatten();
    if let Some(key) = found {
        event.prevent_default();
        if key.held || !event.repeat() {
            (key.act)(lab);
        }
    }
    found.is_some()
}

/// By what is typed; by where it is on the keyboard only if what is typed is in no key of ours, as with Cyrillic letters
/// or those that Alt makes.
fn sought(name: &str, code: &str, place: Where) -> Option<&'static Key> {
    let here = || KEYS.iter().filter(|key| key.place == place);
    let typed = here().find(|key| key.name.eq_ignore_ascii_case(name));
    let foreign = !name.is_ascii();
    typed.or_else(|| here().find(|key| foreign && key.code == code))
}
