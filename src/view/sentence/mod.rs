//! Every event in a sentence: the one home of these words, for the log, the story and the command line.

mod broker;
mod channel;
mod errors;
mod producer;
mod service;
#[cfg(test)]
mod tests;

use crate::scenario::Scenario;
use crate::trace::{Event, Kind, Leg};

use super::names::{self, moment, ordinal};
use super::words::plural;

pub use errors::{error_code, error_words, reason};

/// What happened, as a sentence of its own: "The ack of order 18 is lost on its way back; …"
pub fn sentence(event: &Event, scenario: &Scenario) -> String {
    let clause = clause(&event.kind, scenario);
    let mut letters = clause.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_ascii_uppercase(), letters.as_str()),
        None => clause,
    }
}

/// The same with its time: "At 1.204 s the ack of order 18 is lost on its way back; …"
pub fn told(event: &Event, scenario: &Scenario) -> String {
    format!("At {} {}.", moment(event.at), clause(&event.kind, scenario))
}

/// What happened, to be put into a sentence; without a capital and a full stop.
pub fn clause(kind: &Kind, s: &Scenario) -> String {
    const PARTS: [fn(&Kind, &Scenario) -> Option<String>; 12] = [
        of_network,
        producer::of_producer,
        broker::of_log,
        broker::of_frontiers,
        broker::of_processes,
        broker::of_cluster,
        service::of_service,
        service::of_failures,
        channel::of_group,
        channel::of_membership,
        channel::of_queue,
        channel::of_lease,
    ];
    let found = PARTS.iter().find_map(|part| part(kind, s));
    found.unwrap_or_else(|| format!("{kind:?}"))
}

fn of_network(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::PacketLost {
            leg,
            message,
            service,
            attempt,
            ..
        } => producer::lost(s, leg, message, service, attempt),
        Kind::PacketHeldUp {
            leg, message, by, ..
        } => format!(
            "{} is held up for {}",
            names::cargo(s, leg, message),
            names::span(by)
        ),
        Kind::PacketDoubled {
            leg: Leg::Delivery,
            message,
            ..
        } => format!(
            "the queue leaves {} visible although somebody holds it, as a standard queue may",
            names::message(s, message)
        ),
        Kind::PacketDoubled {
            leg,
            message,
            attempt,
            ..
        } => format!(
            "the network delivers the {} with {} twice ({} attempt)",
            names::leg(leg),
            names::message(s, message),
            ordinal(attempt)
        ),
        _ => return None,
    })
}

/// "broker 0 and 2"; "partitions 1, 2 and 3".
fn listed_bits(bits: u32, noun: &str, none: &str) -> String {
    let numbers: Vec<String> = (0..32)
        .filter(|bit| bits & (1 << bit) != 0)
        .map(|bit| bit.to_string())
        .collect();
    match numbers.split_last() {
        None => none.into(),
        Some((last, [])) => format!("{noun} {last}"),
        Some((last, rest)) => format!("{} {} and {last}", plural(noun), rest.join(", ")),
    }
}
