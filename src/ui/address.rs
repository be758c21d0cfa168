//! The address bar: read once, and kept at what is shown.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::lab::{Lab, SLOWDOWNS};
use super::notices::Notice;
use crate::scenario::link::{Opened, PageOptions, link, open};
use crate::scenario::{Ratio, Scenario};

/// What the page's own address asks for.
pub fn read() -> Opened {
    let location = web_sys::window().map(|w| w.location());
    let part =
        |text: Option<Result<String, JsValue>>| text.and_then(Result::ok).unwrap_or_default();
    let query = part(location.as_ref().map(|l| l.search()));
    let fragment = part(location.as_ref().map(|l| l.hash()));
    open(&query, &fragment)
}

/// How long one way should take the reader, in ms, where the link does not say how fast to go.
const PLEASANT_WAY: u64 = 250;

/// The speed nearest to a ratio of virtual to real time, as a position in [`SLOWDOWNS`]; without one, the speed
/// at which a message of this scenario can be followed by eye.
pub fn speed_of(ratio: Option<Ratio>, scenario: &Scenario) -> usize {
    let way = (scenario.faults.latency.0 + scenario.faults.jitter.0).max(1);
    let wished = match ratio {
        Some(ratio) => 1_000_000 / u64::from(ratio.0.max(1)),
        None => PLEASANT_WAY * 1_000 / way,
    };
    // Steps between speeds are ratios, so distance is one too.
    let apart = |slowdown: u32| {
        let (a, b) = (
            u64::from(slowdown).max(wished),
            u64::from(slowdown).min(wished),
        );
        a * 1_000 / b.max(1)
    };
    (0..SLOWDOWNS.len())
        .min_by_key(|i| apart(SLOWDOWNS[*i]))
        .unwrap_or(0)
}

/// The address of the folder the page is in, absolute, with a `/` at its end. A page on a disk is one file, and that is
/// its address.
pub fn base() -> String {
    let href = web_sys::window().and_then(|w| w.location().href().ok());
    let href = href.unwrap_or_default();
    let page = href.split(['?', '#']).next().unwrap_or_default();
    match page.rfind('/') {
        Some(end) if !page.starts_with("file:") => page[..=end].into(),
        _ => page.into(),
    }
}

/// The options of the page as they stand.
pub fn options(lab: Lab) -> PageOptions {
    let mut page = lab.page.get_value();
    let speed = lab.speed.get();
    if lab.preset.with(|s| speed != speed_of(page.speed, s)) {
        page.speed = Some(Ratio(1_000_000 / SLOWDOWNS[speed]));
    }
    page.theme = lab.theme.get();
    page
}

/// Said once when there is more to a run than an address can hold.
const TOO_MUCH: &str = "The address holds only an earlier state of this run: with all that was done since it would \
                        be longer than 2,000 characters. Share saves the run as a file.";

/// Keeps the address at what is shown and what was done, once something was changed.
pub fn follow(lab: Lab) {
    // Whether it was told that the run does not fit.
    Effect::new(move |told: Option<bool>| {
        let page = options(lab);
        lab.scenario.track();
        lab.desk.current.track();
        lab.desk.done.track();
        lab.base.with(|s| set_seed(s.seed));
        // The address a reader came with stays as it is until something changes.
        told.is_some_and(|told| write(lab, &page, told))
    });
}

/// Puts what is shown into the address; where it does not fit, says so once. Answers whether that is so.
#[inline(never)]
fn write(lab: Lab, page: &PageOptions, told: bool) -> bool {
    let address = lab.base.with(|s| link(s, page, &lab.inputs()));
    match address {
        Ok(address) => {
            replace(&address);
            false
        }
        Err(_) => {
            if !told && !lab.embedded {
                Notice::push(lab.notices, TOO_MUCH.into());
            }
            true
        }
    }
}

/// For the fatal view, which has to do without the program.
fn set_seed(seed: u32) {
    let root = web_sys::window().and_then(|w| w.document()?.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("data-seed", &seed.to_string());
    }
}

fn replace(address: &str) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let path = window.location().pathname().unwrap_or_default();
    // Refused in some sandboxed frames; the page works without.
    if let Ok(history) = window.history() {
        let whole = format!("{path}{address}");
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&whole));
    }
}
