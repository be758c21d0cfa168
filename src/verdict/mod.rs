//! What the trace proves: the ledger of truth, and each service's promise judged against it.

mod report;

pub use report::*;
