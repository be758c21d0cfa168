//! Handing text to the reader: as a file, or through the clipboard.

use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlInputElement, Url};

use crate::scenario::file::LARGEST;

/// Offers a text as a file of this name.
pub fn save(name: &str, kind: &str, text: &str) {
    // A browser that refuses downloads does so by itself; there is nothing to add.
    let _ = try_save(name, kind, text);
}

fn try_save(name: &str, kind: &str, text: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|w| w.document());
    let document = document.ok_or(JsValue::NULL)?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    // Freed only after the browser took it up.
    gloo_timers::callback::Timeout::new(10_000, move || {
        let _ = Url::revoke_object_url(&address);
    })
    .forget();
    Ok(())
}

/// Reads the file that was chosen in a field; `done` is told its name, and its text or why it cannot be read.
pub fn chosen(
    field: &HtmlInputElement,
    done: impl Fn(String, Result<String, String>) + Clone + 'static,
) {
    let Some(file) = field.files().and_then(|files| files.get(0)) else {
        return;
    };
    let name = file.name();
    // The same file can be chosen again once it was changed.
    field.set_value("");
    if file.size() > f64::from(LARGEST) {
        let sentence = format!(
            "The file `{name}` has {} bytes; at most {LARGEST} are read.",
            file.size()
        );
        return done(name, Err(sentence));
    }
    let (told, again) = (name.clone(), done.clone());
    let read =
        Closure::once(move |text: JsValue| done(name, Ok(text.as_string().unwrap_or_default())));
    let refused = Closure::once(move |_: JsValue| {
        let sentence = format!("The file `{told}` cannot be read.");
        again(told, Err(sentence));
    });
    let _ = file.text().then2(&read, &refused);
    read.forget();
    refused.forget();
}

/// Puts a text on the clipboard; `done` is told whether that went well.
pub fn copy(text: &str, done: impl Fn(bool) + Copy + 'static) {
    let Some(window) = web_sys::window() else {
        return done(false);
    };
    let navigator = window.navigator();
    // Missing where the page is not served securely.
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into());
    if clipboard.is_ok_and(|c| c.is_undefined()) {
        return done(false);
    }
    let written = Closure::once(move |_: JsValue| done(true));
    let refused = Closure::once(move |_: JsValue| done(false));
    let _ = navigator
        .clipboard()
        .write_text(text)
        .then2(&written, &refused);
    written.forget();
    refused.forget();
}
