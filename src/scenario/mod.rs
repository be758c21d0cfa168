//! What a person configures: topology, settings, guarantees, failure rates. Plain data.

mod config;
mod defaults;
mod guarantee;
mod presets;
mod quantity;

pub use config::*;
pub use guarantee::*;
pub use presets::{preset, preset_names};
pub use quantity::{Ratio, Span};
