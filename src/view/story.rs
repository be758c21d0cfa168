//! The life of a message, told event by event.

use serde::Serialize;

use super::sentence::told;
use crate::broker::wire::Micros;
use crate::scenario::Scenario;
use crate::trace::life;
use crate::trace::{Event, EventId, Kind};

/// What kind of thing a line of a story tells, for its sign beside the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// Something goes its way.
    Normal,
    /// Something is lost, given up, or cut off.
    Lost,
    /// Something is tried again.
    Retry,
    /// Something is there, or done, once more.
    Duplicate,
    /// A repeat is recognised and does no harm.
    Recognised,
    /// A process dies or stands still.
    Crash,
    /// A process comes back, a partition gets a new owner or leader.
    Recovery,
    /// Something fails, is refused or put aside.
    Failure,
    /// An effect takes place.
    Effect,
    /// Progress is written down.
    Progress,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The event it tells.
    pub event: EventId,
    /// When it happened, in µs.
    pub at: Micros,
    /// The sentence, with its time.
    pub sentence: String,
    /// What kind of thing it tells.
    pub tag: Tag,
}

/// The life of a message as far as these events know it (oldest first; they may be those of a whole run).
/// Steps of handlers are left out: what they lead to is told anyway.
pub fn story(scenario: &Scenario, events: &[Event], message: u64) -> Vec<Line> {
    lines(scenario, &life(events, message))
}

/// These events, told one by one.
pub fn lines(scenario: &Scenario, events: &[Event]) -> Vec<Line> {
    let told_of = |event: &&Event| !matches!(event.kind, Kind::Step { .. });
    events
        .iter()
        .filter(told_of)
        .map(|event| Line {
            event: event.id,
            at: event.at,
            sentence: told(event, scenario),
            tag: tag(&event.kind),
        })
        .collect()
}

/// What kind of thing an event is.
pub fn tag(kind: &Kind) -> Tag {
    use Kind::*;
    match *kind {
        PacketLost { .. }
        | GaveUp { .. }
        | Truncated { .. }
        | Expired { .. }
        | Dropped { .. }
        | RolledBack { .. } => Tag::Lost,
        Sent { attempt, .. } if attempt > 1 => Tag::Retry,
        TimedOut { .. } | Requeued { .. } | Redriven { .. } | LeaseExpired { .. } => Tag::Retry,
        PacketDoubled { .. } => Tag::Duplicate,
        Appended { copy, .. } | Enqueued { copy, .. } if copy > 1 => Tag::Duplicate,
        Delivered { nth, .. } | Leased { nth, .. } if nth > 1 => Tag::Duplicate,
        Effect { nth, .. } if nth > 1 => Tag::Duplicate,
        Effect { .. } => Tag::Effect,
        Recognised { .. } | Skipped { .. } | Deduplicated { .. } => Tag::Recognised,
        Crashed { .. } | Paused { .. } | LinkCut { .. } | Leaderless { .. } | Fenced { .. } => {
            Tag::Crash
        }
        PacketHeldUp { .. } => Tag::Failure,
        Removed { .. }
        | Rebalancing { .. }
        | Assigned { .. }
        | Joined { .. }
        | Restarted { .. }
        | Elected { .. } => Tag::Recovery,
        Refused { .. }
        | Failed { .. }
        | DeadLettered { .. }
        | CommitRefused { .. }
        | StaleReceipt { .. }
        | HeldBack { .. } => Tag::Failure,
        Subscribed { connected, .. } if !connected => Tag::Failure,
        TransactionDecided { commit, .. } if !commit => Tag::Failure,
        Acked { .. } | Committed { .. } | Deleted { .. } | TransactionDecided { .. } => {
            Tag::Progress
        }
        _ => Tag::Normal,
    }
}
