//! The broker as state machines without I/O: a request in, a response out. No clock, no randomness,
//! no network; time comes in as a parameter.

pub mod amqp;
pub mod assign;
pub mod group;
pub mod lease;
pub mod log;
pub mod partition;
pub mod producer_state;
pub mod pubsub;
pub mod sns;
pub mod transaction;
pub mod wire;

mod sequence;
