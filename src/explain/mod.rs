//! Why: the life of a message, the faults that were decisive, and the settings that would have helped.
//! Found by replaying a run with something left out or set otherwise.

mod cause;
mod cure;
mod lockstep;
mod named;
mod past;
mod replay;

pub use cause::{Cause, Weight, explain, first_anomaly, service_of};
pub use cure::{Cure, Setting, is_outside};
pub use lockstep::{Lockstep, Parting};
pub use named::by_name;
pub use replay::{Case, Replay};
