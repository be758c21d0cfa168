//! Logs, their replicas, and the processes.

use crate::scenario::Scenario;
use crate::trace::{Kind, Party};
use crate::view::names::{self, message, moment, partition, producer};

use super::errors::reason;
use super::listed_bits;

/// What becomes of a record at the log.
pub(super) fn of_log(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Appended {
            topic,
            partition: p,
            offset,
            message: id,
            copy,
        } => {
            let again = match copy {
                0 | 1 => String::new(),
                n => format!(", as copy {n}: it is in the log more than once now"),
            };
            format!(
                "{} is appended to {} at offset {offset}{again}",
                message(s, id),
                partition(s, topic, p)
            )
        }
        Kind::Recognised {
            topic,
            partition: p,
            message: id,
            ..
        } => format!(
            "{} recognises {} by its sequence number and appends nothing",
            partition(s, topic, p),
            message(s, id)
        ),
        Kind::Refused {
            topic,
            partition: p,
            message: id,
            why,
        } => format!(
            "{} refuses {}: {}",
            partition(s, topic, p),
            message(s, id),
            reason(why, &s.load.noun)
        ),
        Kind::Truncated {
            topic,
            partition: p,
            broker,
            offset,
            message: id,
        } => format!(
            "broker {broker} cuts {} off {} at offset {offset}, because the new leader never had it",
            message(s, id),
            partition(s, topic, p)
        ),
        _ => return None,
    })
}

/// What moves in a partition without being about one record.
pub(super) fn of_frontiers(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Replicated {
            topic,
            partition: p,
            broker,
            end,
        } => format!(
            "broker {broker} has {} up to offset {end}",
            partition(s, topic, p)
        ),
        Kind::HighWatermark {
            topic,
            partition: p,
            offset,
        } => format!(
            "the high watermark of {} rises to {offset}",
            partition(s, topic, p)
        ),
        Kind::LastStable {
            topic,
            partition: p,
            offset,
        } => format!(
            "the last stable offset of {} rises to {offset}",
            partition(s, topic, p)
        ),
        Kind::InSync {
            topic,
            partition: p,
            members,
        } => format!(
            "in sync for {} are now: {}",
            partition(s, topic, p),
            listed_bits(members, "broker", "nobody")
        ),
        Kind::Expired {
            topic,
            partition: p,
            below,
        } => format!(
            "retention deletes everything below offset {below} of {}",
            partition(s, topic, p)
        ),
        Kind::Grown { topic, partitions } => format!(
            "{} has {partitions} partitions now; keys may move to other partitions",
            names::topic(s, topic)
        ),
        Kind::MarkerWritten {
            topic,
            partition: p,
            offset,
            commit,
        } => format!(
            "{} gets the mark that the transaction is {} at offset {offset}",
            partition(s, topic, p),
            ended(commit)
        ),
        _ => return None,
    })
}

/// Processes that die, return or stand still.
pub(super) fn of_processes(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Crashed { party, .. } => match party {
            Party::Member(..) => format!(
                "{} crashes; what it had in memory is gone, and nobody is told",
                names::party(s, party)
            ),
            _ => format!("{} crashes", names::party(s, party)),
        },
        Kind::Restarted { party } => {
            format!("{} is back, with an empty memory", names::party(s, party))
        }
        Kind::Paused { party, until } => format!(
            "{} stands still until {}, without knowing it",
            names::party(s, party),
            moment(until)
        ),
        _ => return None,
    })
}

/// Leaders, links and transactions.
pub(super) fn of_cluster(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Elected {
            topic,
            partition: p,
            broker,
            epoch,
            unclean,
        } => {
            let how = match unclean {
                true => " although it was not in sync: what it never had is lost",
                false => "",
            };
            format!(
                "broker {broker} becomes leader of {} (epoch {epoch}){how}",
                partition(s, topic, p)
            )
        }
        Kind::Leaderless {
            topic,
            partition: p,
        } => {
            format!("nobody can lead {} now", partition(s, topic, p))
        }
        Kind::LinkCut { broker, until } => format!(
            "broker {broker} is cut off from the other brokers until {}",
            moment(until)
        ),
        Kind::Fenced { party } => format!(
            "{} is fenced: a newer instance took over",
            names::party(s, party)
        ),
        Kind::TransactionBegan { producer: p, .. } => {
            format!("{} begins a transaction", producer(s, p))
        }
        Kind::TransactionDecided {
            producer: p,
            commit,
            ..
        } => {
            format!("the transaction of {} is {}", producer(s, p), ended(commit))
        }
        _ => return None,
    })
}

fn ended(commit: bool) -> &'static str {
    if commit { "committed" } else { "aborted" }
}
