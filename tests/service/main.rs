//! What a service's settings promise when its members crash, race, fail and forget.

mod failures;
mod harness;
mod matrix;
#[cfg(not(target_arch = "wasm32"))]
mod props;
mod race;
