//! The face towards a host page: the protocol of its messages, how it learns the height, and what it pastes.
//!
//! Nothing here touches a browser. `ui::host` carries messages in and out; what they mean is decided here, so that it
//! can be tested with anything a hostile page may send.

mod apply;
mod events;
mod message;
mod resize;
mod session;
mod share;
#[cfg(test)]
mod tests;

pub use apply::{LIVE, changed, dressed, restored};
pub use events::{Feed, Found, Pace, seconds};
pub use message::{
    Change, Command, EVENTS, Event, LONGEST, Request, detail, event, parse, ready, reply,
};
pub use resize::{Protocol, Resizer, Sized, fill};
pub use session::{Answer, Session};
pub use share::{Share, oembed, share};
