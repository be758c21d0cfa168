//! What happened: typed events, each with its cause, in a bounded recorder with a running hash.

mod about;
mod event;
mod life;
mod recorder;

pub use event::{Code, Event, EventId, Kind, Leg, NO_CAUSE, Party, Place, Why};
pub use life::{Life, life};
pub use recorder::{Kept, Recorder, TraceHash};
