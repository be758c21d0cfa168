//! The command line `lab`: the same core as the page, for courses, graders and builds.

#[cfg(not(target_arch = "wasm32"))]
mod args;
#[cfg(not(target_arch = "wasm32"))]
mod docs;
#[cfg(not(target_arch = "wasm32"))]
#[cfg(not(target_arch = "wasm32"))]
mod output;
#[cfg(not(target_arch = "wasm32"))]
mod price;
#[cfg(not(target_arch = "wasm32"))]
mod publish;
#[cfg(not(target_arch = "wasm32"))]
mod run;
#[cfg(not(target_arch = "wasm32"))]
mod why;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    args::main()
}

/// In a browser there is no command line.
#[cfg(target_arch = "wasm32")]
fn main() {}
