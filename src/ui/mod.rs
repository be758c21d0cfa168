//! The page: Leptos components, the canvas painter and the loop that drives the run.

mod about;
mod address;
mod app;
mod bar;
mod command;
mod compare;
mod control;
mod controls;
mod crash;
mod desk;
mod diagram;
mod engine;
mod figure;
mod file;
mod fill;
mod forks;
mod found;
mod header;
mod help;
mod host;
mod keys;
mod lab;
mod log;
mod message;
mod moment;
mod news;
mod notices;
mod numbers;
mod packets;
mod paint;
mod printed;
mod promise;
mod readonly;
mod requires;
mod share;
mod strip;
mod theme;
mod transport;
mod twin;
mod whole;
mod why;
mod wishes;

use wasm_bindgen::{JsCast, JsValue};

use crate::scenario::link::Opened;

/// Mounts the page; does nothing where there is no window (in a worker).
pub fn start() {
    if web_sys::window().is_some() {
        std::panic::set_hook(Box::new(panicked));
        leptos::mount::mount_to_body(app::App);
    }
}

/// Mounts what a link opens in an element, without touching the address bar. It is taken away again when the
/// handle is dropped.
pub fn mount(host: web_sys::HtmlElement, opened: Opened) -> impl Drop {
    leptos::mount::mount_to(host, move || {
        let lab = lab::Lab::new(opened);
        leptos::view! { <app::Whole lab/> }
    })
}

/// Shows the fatal view of `index.html`, without Leptos, which may be what broke.
fn panicked(info: &std::panic::PanicHookInfo) {
    console_error_panic_hook::hook(info);
    let global = js_sys::global();
    let show = js_sys::Reflect::get(&global, &JsValue::from_str("deliveryLabFatal"));
    if let Some(show) = show
        .ok()
        .and_then(|f| f.dyn_into::<js_sys::Function>().ok())
    {
        let reason =
            "The program hit a mistake of its own and cannot go on. Starting again is safe.";
        let _ = show.call1(&JsValue::NULL, &JsValue::from_str(reason));
    }
}
