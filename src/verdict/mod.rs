//! What the trace proves: the ledger of truth, and each service's promise judged against it.

mod anomaly;
mod expect;
mod judge;
mod latency;
mod ledger;
mod observe;
mod order;
mod plan;
mod progress;
mod proof;
mod report;
mod require;
mod rows;
mod tally;
pub mod theory;

pub use anomaly::{Anomalies, Anomaly, AnomalyCount, AnomalyKind};
pub use latency::Histogram;
pub use ledger::{Ledger, MessageLine, Standing};
pub use report::*;
pub use require::Judged;
pub use rows::State;

#[cfg(test)]
mod tests;
