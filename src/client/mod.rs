//! Producer and consumer clients as state machines without I/O.
