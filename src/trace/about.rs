//! What an event is about: the message, and the fault that fired.

use super::event::{Kind, Why};
use crate::sim::{FaultKey, Site};

impl Kind {
    /// The message the event is about, if it is about one.
    pub fn message(&self) -> Option<u64> {
        use Kind::*;
        match *self {
            Published { message, .. }
            | Sent { message, .. }
            | PacketLost { message, .. }
            | PacketDoubled { message, .. }
            | PacketHeldUp { message, .. }
            | Appended { message, .. }
            | Recognised { message, .. }
            | Refused { message, .. }
            | Acked { message, .. }
            | TimedOut { message, .. }
            | GaveUp { message, .. }
            | Truncated { message, .. }
            | Delivered { message, .. }
            | Step { message, .. }
            | Effect { message, .. }
            | Skipped { message, .. }
            | RolledBack { message, .. }
            | Failed { message, .. }
            | Processed { message, .. }
            | HeldBack { message, .. }
            | DeadLettered { message, .. }
            | Dropped { message, .. }
            | Enqueued { message, .. }
            | Deduplicated { message, .. }
            | Leased { message, .. }
            | LeaseExpired { message, .. }
            | LeaseExtended { message, .. }
            | Deleted { message, .. }
            | StaleReceipt { message, .. }
            | Requeued { message, .. }
            | Redriven { message, .. } => Some(message),
            _ => None,
        }
        .filter(|&message| message != 0)
    }

    /// The fault that fired, if the event is one: what keeps it from firing when it is suppressed.
    pub fn fault(&self) -> Option<FaultKey> {
        let key = |site, party, entity, attempt| FaultKey {
            site,
            party,
            entity,
            attempt,
        };
        match *self {
            Kind::PacketLost { fault, .. }
            | Kind::PacketDoubled { fault, .. }
            | Kind::PacketHeldUp { fault, .. }
            | Kind::Crashed { fault, .. } => Some(fault),
            Kind::Failed {
                service,
                message,
                attempt,
                why,
                ..
            } => {
                let service = u32::from(service);
                match why {
                    Why::Poison => Some(key(Site::Poison, service, message, 1)),
                    Why::Transient => Some(key(Site::TransientFailure, service, message, attempt)),
                    _ => None,
                }
            }
            Kind::Paused { party, until } => Some(key(Site::Pause, party.number(), until, 1)),
            Kind::LinkCut { broker, until } => {
                Some(key(Site::LinkCut, u32::from(broker), until, 1))
            }
            _ => None,
        }
    }
}
