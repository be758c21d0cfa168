//! Pictures of a moment, as plain data: what the stage, the strip and the texts show. No browser types.

pub mod names;
mod of_world;
pub mod sentence;
pub mod stage;
pub mod words;

pub use of_world::effects_noun;
