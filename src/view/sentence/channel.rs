//! Groups, their commits, and queues.

use crate::scenario::Scenario;
use crate::trace::Kind;
use crate::view::names::{self, member, message, moment, ordinal};

use super::errors::reason;
use super::listed_bits;

/// Commits.
pub(super) fn of_group(kind: &Kind, s: &Scenario) -> Option<String> {
    let at = names::partition_of;
    Some(match *kind {
        Kind::CommitSent {
            service,
            member: m,
            partition,
            offset,
        } => format!(
            "{} asks to commit offset {offset} of {}",
            member(s, service, m),
            at(s, service, partition)
        ),
        Kind::Committed {
            service,
            partition,
            offset,
            ..
        } => format!(
            "{} has committed everything below offset {offset} of {}",
            names::service(s, service),
            at(s, service, partition)
        ),
        Kind::CommitRefused {
            service,
            member: m,
            partition,
            offset,
            why,
        } => format!(
            "the commit of {} at offset {offset} of {} is refused: {}",
            member(s, service, m),
            at(s, service, partition),
            reason(why, &s.load.noun)
        ),
        _ => return None,
    })
}

/// Who is in a group and owns what.
pub(super) fn of_membership(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Joined {
            service,
            member: m,
            generation,
        } => format!(
            "{} is in the group of {} (generation {generation})",
            member(s, service, m),
            names::service(s, service)
        ),
        Kind::Removed {
            service,
            member: m,
            left,
        } => match left {
            true => format!("{} leaves the group", member(s, service, m)),
            false => format!(
                "{} has sent no heartbeat for session.timeout.ms and is struck off its group",
                member(s, service, m)
            ),
        },
        Kind::Rebalancing { service, .. } => format!(
            "the group of {} rebalances: its partitions are dealt out anew",
            names::service(s, service)
        ),
        Kind::Assigned {
            service,
            member: m,
            topic,
            partitions,
            generation,
        } => format!(
            "{} owns {} of {} now (generation {generation})",
            member(s, service, m),
            listed_bits(partitions, "partition", "nothing"),
            names::topic(s, topic)
        ),
        _ => return None,
    })
}

/// What becomes of a message in a queue.
pub(super) fn of_queue(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Enqueued {
            topic,
            queue,
            message: id,
            copy,
        } => {
            let again = match copy {
                0 | 1 => String::new(),
                n => format!(", as copy {n}: it is in the queue more than once now"),
            };
            format!(
                "{} is put into {}{again}",
                message(s, id),
                names::queue(s, topic, queue)
            )
        }
        Kind::Deduplicated {
            topic,
            queue,
            message: id,
        } => format!(
            "{} recognises {} by its deduplication id and does not take it in",
            names::queue(s, topic, queue),
            message(s, id)
        ),
        Kind::Deleted {
            service,
            message: id,
            ..
        } => format!(
            "the queue of {} forgets {}",
            names::service(s, service),
            message(s, id)
        ),
        Kind::Requeued {
            service,
            message: id,
        } => format!(
            "{} goes back to the queue of {}",
            message(s, id),
            names::service(s, service)
        ),
        Kind::Redriven {
            service,
            message: id,
        } => format!(
            "{} comes back from the dead-letter queue of {}",
            message(s, id),
            names::service(s, service)
        ),
        Kind::Subscribed {
            service,
            member: m,
            connected,
        } => match connected {
            true => format!("{} is connected and listens", member(s, service, m)),
            false => format!(
                "{} is disconnected and hears nothing",
                member(s, service, m)
            ),
        },
        _ => return None,
    })
}

/// How long a receiver holds a message.
pub(super) fn of_lease(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Leased {
            service,
            member: m,
            message: id,
            until,
            nth,
            ..
        } => format!(
            "{} holds {} until {} ({} receive)",
            member(s, service, m),
            message(s, id),
            moment(until),
            ordinal(nth)
        ),
        Kind::LeaseExpired {
            service,
            message: id,
        } => format!(
            "the lease of {} on {} runs out, and it is visible to others again",
            names::service(s, service),
            message(s, id)
        ),
        Kind::LeaseExtended {
            service,
            member: m,
            message: id,
            until,
        } => format!(
            "{} extends its lease on {} until {}",
            member(s, service, m),
            message(s, id),
            moment(until)
        ),
        Kind::StaleReceipt {
            service,
            member: m,
            message: id,
        } => format!(
            "{} tries to delete {} with an old receipt, which changes nothing",
            member(s, service, m),
            message(s, id)
        ),
        _ => return None,
    })
}
