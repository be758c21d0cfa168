//! The event log as the reader wants it: filters, and lines to take away.

use crate::explain::service_of;
use crate::trace::{Event, Kind};

/// What the reader wants to see; what is `None` lets all pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// About this message.
    pub message: Option<u64>,
    /// About this service (its position).
    pub service: Option<u16>,
    /// About the partition of this number.
    pub partition: Option<u32>,
    /// Of this family.
    pub kind: Option<Family>,
}

/// Kinds of events, in the reader's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// What chance, or the reader, broke.
    Faults,
    /// What producers do and learn.
    Sending,
    /// What logs and queues take in.
    Storing,
    /// What services do with messages.
    Handling,
    /// What services tell the broker about their progress.
    Committing,
    /// Who belongs to which group, who leads.
    Groups,
}

/// All of them, with their names.
pub const FAMILIES: [(Family, &str); 6] = [
    (Family::Faults, "faults"),
    (Family::Sending, "sending"),
    (Family::Storing, "storing"),
    (Family::Handling, "handling and effects"),
    (Family::Committing, "commits and deletes"),
    (Family::Groups, "groups and leaders"),
];

/// One event a line: `id`, `at` (µs), `cause` (the id of another, or 0), `kind` and the fields of the kind.
pub fn json_lines(events: &[Event]) -> String {
    let lines = events
        .iter()
        .filter_map(|event| serde_json::to_string(event).ok());
    lines.fold(String::new(), |all, line| all + &line + "\n")
}

impl Filter {
    /// Whether an event passes.
    pub fn lets(&self, event: &Event) -> bool {
        let kind = &event.kind;
        self.message.is_none_or(|m| kind.message() == Some(m))
            && self.service.is_none_or(|s| service_of(kind) == Some(s))
            && self.partition.is_none_or(|p| partition(kind) == Some(p))
            && self.kind.is_none_or(|f| {
                f == family(kind) || (f == Family::Faults && kind.fault().is_some())
            })
    }
}

fn family(kind: &Kind) -> Family {
    use Kind::*;
    match kind {
        PacketLost { .. }
        | PacketDoubled { .. }
        | PacketHeldUp { .. }
        | Crashed { .. }
        | Paused { .. }
        | LinkCut { .. }
        | Failed { .. } => Family::Faults,
        Published { .. } | Sent { .. } | Acked { .. } | TimedOut { .. } | GaveUp { .. } => {
            Family::Sending
        }
        Appended { .. }
        | Recognised { .. }
        | Refused { .. }
        | Replicated { .. }
        | HighWatermark { .. }
        | Truncated { .. }
        | Expired { .. }
        | Grown { .. }
        | Enqueued { .. }
        | Deduplicated { .. }
        | MarkerWritten { .. }
        | LastStable { .. }
        | TransactionBegan { .. }
        | TransactionDecided { .. } => Family::Storing,
        Delivered { .. }
        | Step { .. }
        | Effect { .. }
        | Skipped { .. }
        | RolledBack { .. }
        | Processed { .. }
        | HeldBack { .. }
        | DeadLettered { .. }
        | Dropped { .. }
        | Leased { .. } => Family::Handling,
        CommitSent { .. }
        | Committed { .. }
        | CommitRefused { .. }
        | LeaseExpired { .. }
        | LeaseExtended { .. }
        | Deleted { .. }
        | StaleReceipt { .. }
        | Requeued { .. }
        | Redriven { .. } => Family::Committing,
        InSync { .. }
        | Elected { .. }
        | Leaderless { .. }
        | Joined { .. }
        | Removed { .. }
        | Rebalancing { .. }
        | Assigned { .. }
        | Restarted { .. }
        | Subscribed { .. }
        | ProducerReady { .. }
        | Fenced { .. } => Family::Groups,
    }
}

/// The number of the partition (or queue) an event happened in.
pub fn partition(kind: &Kind) -> Option<u32> {
    use Kind::*;
    match *kind {
        Appended { partition, .. }
        | Recognised { partition, .. }
        | Refused { partition, .. }
        | Replicated { partition, .. }
        | HighWatermark { partition, .. }
        | InSync { partition, .. }
        | Elected { partition, .. }
        | Leaderless { partition, .. }
        | Truncated { partition, .. }
        | Expired { partition, .. }
        | Delivered { partition, .. }
        | CommitSent { partition, .. }
        | Committed { partition, .. }
        | CommitRefused { partition, .. }
        | MarkerWritten { partition, .. }
        | LastStable { partition, .. } => Some(partition),
        Enqueued { queue, .. } | Deduplicated { queue, .. } => Some(u32::from(queue)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64, kind: Kind) -> Event {
        Event {
            id,
            at: 10 * id,
            cause: 0,
            kind,
        }
    }

    fn some() -> Vec<Event> {
        let delivered = |service, partition, message| Kind::Delivered {
            service,
            member: 0,
            partition,
            offset: 4,
            message,
            nth: 1,
        };
        vec![
            event(
                1,
                Kind::Sent {
                    producer: 0,
                    message: 7,
                    attempt: 1,
                },
            ),
            event(2, delivered(0, 2, 7)),
            event(3, delivered(1, 0, 8)),
        ]
    }

    fn passes(filter: Filter) -> Vec<u64> {
        some()
            .iter()
            .filter(|e| filter.lets(e))
            .map(|e| e.id)
            .collect()
    }

    #[test]
    fn filters_hold_together() {
        let of = Filter::default;
        assert_eq!(passes(of()), [1, 2, 3]);
        assert_eq!(
            passes(Filter {
                message: Some(7),
                ..of()
            }),
            [1, 2]
        );
        assert_eq!(
            passes(Filter {
                message: Some(7),
                service: Some(0),
                ..of()
            }),
            [2]
        );
        assert_eq!(
            passes(Filter {
                partition: Some(0),
                ..of()
            }),
            [3]
        );
        assert_eq!(
            passes(Filter {
                kind: Some(Family::Sending),
                ..of()
            }),
            [1]
        );
    }

    #[test]
    fn a_line_is_an_object_with_the_fields_of_its_kind() {
        let lines = json_lines(&some());
        let first = lines.lines().next();
        let expected =
            r#"{"id":1,"at":10,"cause":0,"kind":"sent","producer":0,"message":7,"attempt":1}"#;
        assert_eq!(first, Some(expected));
        assert_eq!(lines.lines().count(), 3);
    }
}
