//! What nobody sees at a first look is built when the whole program is there.

use leptos::ev::Custom;
use leptos::prelude::*;
use web_sys::Event;

/// True from the moment at which the rest of the program is there; at once where it was not cut in two. What it says
/// comes from `public/late.js`.
pub fn whole() -> ReadSignal<bool> {
    let root = document().document_element();
    let says = |name| root.as_ref().is_some_and(|root| root.has_attribute(name));
    let (whole, set) = signal(!says("data-cut") || says("data-whole"));
    if !whole.get_untracked() {
        let there = Custom::<Event>::new("delivery-lab-whole");
        let handle = window_event_listener(there, move |_| set.set(true));
        on_cleanup(move || handle.remove());
    }
    whole
}
