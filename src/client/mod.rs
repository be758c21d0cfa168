//! Producer and consumer clients as state machines without I/O: the caller carries requests and
//! answers, brings the time and the random draws, and is told when to call again.

pub mod backoff;
pub mod consumer;
pub mod partitioner;
pub mod producer;
