//! Delivery Lab: a deterministic message broker with its clients and services, broken on purpose,
//! judged against what truly happened.
//!
//! Read the rooms in this order: `scenario` says what to run, `world` runs it, `trace` is what
//! happened, `verdict` is what that proves, `view` turns a moment into pictures without a browser.
//! ARCHITECTURE.md has the floors and which may import which.

pub mod broker;
pub mod client;
pub mod embed;
pub mod explain;
pub mod explore;
pub mod scenario;
pub mod service;
pub mod sim;
pub mod timeline;
pub mod trace;
pub mod verdict;
pub mod view;
pub mod world;

#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod ui;
