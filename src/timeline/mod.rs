//! Driving a run: onwards, to its end, and (by snapshots and replay) anywhere.

mod run;

pub use run::Run;
