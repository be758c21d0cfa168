//! Mounts the page.

#[cfg(all(target_arch = "wasm32", feature = "page"))]
fn main() {
    delivery_lab::ui::start();
}

/// The page needs a browser; `lab` is the program for the command line.
#[cfg(not(all(target_arch = "wasm32", feature = "page")))]
fn main() {}
