//! Pictures of a moment, as plain data: what the stage, the strip and the texts show. No browser types.

pub mod belief;
pub mod boundary;
pub mod branches;
pub mod chart;
pub mod compare;
pub mod deeds;
pub mod flow;
pub mod frontier;
pub mod geometry;
pub mod layout;
pub mod log;
pub mod names;
pub mod news;
mod of_world;
pub mod poster;
pub mod scene;
pub mod sentence;
pub mod sequence;
pub mod stage;
pub mod story;
mod svg;
pub mod twin;
pub mod why;
pub mod words;

pub use of_world::effects_noun;
