//! Pictures of a moment, as plain data: what the stage, the strip and the texts show. No browser types.

mod of_world;
pub mod stage;
pub mod words;

pub use of_world::effects_noun;
