//! Themes: which tokens of `style/tokens.css` hold.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::link::{Motion, Theme};

/// All, in the order of the picker, with their names.
pub const THEMES: [(Theme, &str); 5] = [
    (Theme::Auto, "◐ system"),
    (Theme::Light, "◐ light"),
    (Theme::Dark, "◐ dark"),
    (Theme::Projector, "◐ projector"),
    (Theme::Contrast, "◐ high contrast"),
];

/// The tokens that hold, by the name they have in the style sheet.
fn tokens(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto if media("(prefers-contrast: more)") => "contrast",
        Theme::Auto if media("(prefers-color-scheme: dark)") => "dark",
        Theme::Auto | Theme::Light => "light",
        Theme::Dark => "dark",
        Theme::Projector => "projector",
        Theme::Contrast => "contrast",
    }
}

/// Whether a media query holds.
pub fn media(query: &str) -> bool {
    let list = web_sys::window().and_then(|w| w.match_media(query).ok().flatten());
    list.is_some_and(|l| l.matches())
}

/// Calls back whenever a media query begins or ceases to hold.
pub fn on_media(query: &str, call: impl Fn() + 'static) {
    use wasm_bindgen::prelude::*;
    let list = web_sys::window().and_then(|w| w.match_media(query).ok().flatten());
    if let Some(list) = list {
        let call = Closure::<dyn Fn()>::new(call);
        let _ = list.add_event_listener_with_callback("change", call.as_ref().unchecked_ref());
        // It listens for as long as the page is there.
        call.forget();
    }
}

/// Puts the page into the colours of this name.
fn dress(lab: Lab, theme: &str) {
    let root = web_sys::window().and_then(|w| w.document()?.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("data-theme", theme);
    }
    lab.with(|e| e.recolour());
    lab.coloured.update(|n| *n += 1);
}

/// On paper the page is dark on light, whatever it is on the screen; the stage has to be drawn before it is printed.
fn follow_printer(lab: Lab) {
    let before = window_event_listener(leptos::ev::beforeprint, move |_| {
        dress(lab, tokens(Theme::Light));
        lab.with(|e| e.draw());
    });
    let after = window_event_listener(leptos::ev::afterprint, move |_| {
        dress(lab, tokens(lab.theme.get_untracked()));
    });
    on_cleanup(move || {
        before.remove();
        after.remove();
    });
}

/// Keeps the page in its theme.
pub fn follow(lab: Lab) {
    let put = move || dress(lab, tokens(lab.theme.get_untracked()));
    follow_printer(lab);
    Effect::new(move |_| {
        lab.theme.track();
        put();
    });
    for query in [
        "(prefers-color-scheme: dark)",
        "(prefers-contrast: more)",
        "(forced-colors: active)",
    ] {
        on_media(query, put);
    }
    calm(lab);
    on_media("(prefers-reduced-motion: reduce)", move || calm(lab));
}

/// Moves as much as the page's options say.
pub fn calm(lab: Lab) {
    let reduced = match lab.page.with_value(|p| p.motion) {
        Motion::Auto => media("(prefers-reduced-motion: reduce)"),
        Motion::Reduce => true,
        Motion::Full => false,
    };
    lab.with(|e| e.set_stepping(reduced));
}
