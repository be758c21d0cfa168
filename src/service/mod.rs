//! What a consumer does with a message: handler steps, effect stores and idempotency.
//!
//! A member takes what a poll handed it and walks the steps of its [`Plan`] record by record with a
//! [`Handler`]; a crash can fall between any two. Effects land in a [`Store`], which belongs to the
//! service and outlives its members.

mod handler;
mod ids;
mod ordering;
mod retry;
mod steps;
mod store;

pub use handler::{Finished, Handler, Next, StepOutcome};
pub use ids::{IdMemory, IdSet, RememberedIds};
pub use ordering::{Offered, RetryLater, WaitBuffer};
pub use retry::{RetryBudget, RetryPolicy};
pub use steps::{
    CommitTiming, MAX_STEPS, OnFailure, Plan, PlanError, Settings, Step, StepWeights, Strategy,
};
pub use store::{Applied, Delivery, Place, Store, StoreKind};
