//! Mounts the page.

#[cfg(all(target_arch = "wasm32", feature = "page"))]
fn main() {
    use leptos::prelude::*;

    console_error_panic_hook::set_once();
    mount_to_body(|| view! { <main><h1>"Delivery Lab"</h1></main> });
}

/// The page needs a browser; `lab` is the program for the command line.
#[cfg(not(all(target_arch = "wasm32", feature = "page")))]
fn main() {}
