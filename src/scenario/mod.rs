//! What a person configures: topology, settings, guarantees, failure rates. Plain data.

mod apart;
mod check;
mod config;
mod defaults;
pub mod file;
mod guarantee;
mod intervention;
mod kept;
pub mod link;
pub mod params;
mod placed;
mod presets;
mod problem;
mod quantity;
mod settings;

pub use apart::apart;
pub use check::*;
pub use config::*;
pub use guarantee::*;
pub use intervention::{Action, Intervention};
pub use kept::{Kept, kept_by_settings};
pub use placed::*;
pub use presets::{akin, origin_of, preset, preset_groups, preset_names};
pub use problem::Problem;
pub use quantity::{Ratio, Span};
pub use settings::{Setting, settings_of, settings_of_producer};
