//! Time, chance and faults: what the world needs to run, and nothing of what it runs.

mod draw;
mod fault;
mod queue;
mod rows;

pub use draw::{Draw, PPM, chance_of, exponential, mix};
pub use fault::{FaultKey, FaultPlan, Site};
pub use queue::{Queue, Scheduled};
pub use rows::Rows;
