//! Driving a run: onwards, to its end, and (by snapshots and replay) anywhere.

mod branch;
mod followed;
mod inputs;
mod marks;
mod run;
mod series;
#[allow(clippy::module_inception)] // the room is named after what it is about
mod timeline;

pub use branch::Branch;
pub use marks::{Mark, MarkKind};
pub use run::Run;
pub use series::{Sample, Series, ServiceSample};
pub use timeline::Timeline;
