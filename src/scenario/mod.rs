//! What a person configures: topology, settings, guarantees, failure rates. Plain data.

mod config;
mod defaults;
mod guarantee;
pub mod params;
mod presets;
mod problem;
mod quantity;

pub use config::*;
pub use guarantee::*;
pub use presets::{preset, preset_names};
pub use problem::Problem;
pub use quantity::{Ratio, Span};
