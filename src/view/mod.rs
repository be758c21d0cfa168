//! Pictures of a moment, as plain data: what the stage, the strip and the texts show. No browser types.

pub mod stage;
pub mod words;
