//! Producers and the network.

use crate::scenario::Scenario;
use crate::trace::{Kind, Leg};
use crate::view::names::{self, message, ordinal, producer, service};

use super::errors::reason;

/// What a producer does and learns.
pub(super) fn of_producer(kind: &Kind, s: &Scenario) -> Option<String> {
    let noun = &s.load.noun;
    Some(match *kind {
        Kind::Published {
            producer: p,
            topic,
            message: id,
            key,
        } => format!(
            "{} takes in {} (key {key}) for {}",
            producer(s, p),
            message(s, id),
            names::topic(s, topic)
        ),
        Kind::Sent {
            producer: p,
            message: id,
            attempt,
        } => {
            format!(
                "{} sends {}{}",
                producer(s, p),
                message(s, id),
                attempt_words(attempt)
            )
        }
        Kind::Acked {
            producer: p,
            message: id,
            ..
        } => format!(
            "{} learns that {} {}",
            producer(s, p),
            message(s, id),
            names::acked(s, p)
        ),
        Kind::TimedOut {
            producer: p,
            message: id,
            ..
        } => format!(
            "{} has waited long enough for an answer about {}; it cannot know whether the {noun} \
             or the ack was lost",
            producer(s, p),
            message(s, id)
        ),
        Kind::GaveUp {
            producer: p,
            message: id,
            why,
        } => format!(
            "{} gives up on {}: {}",
            producer(s, p),
            message(s, id),
            reason(why, noun)
        ),
        Kind::ProducerReady {
            producer: p,
            id,
            epoch,
        } => {
            format!("{} gets producer id {id}, epoch {epoch}", producer(s, p))
        }
        _ => return None,
    })
}

fn attempt_words(attempt: u32) -> String {
    match attempt {
        0 | 1 => String::new(),
        n => format!(" again ({} attempt)", ordinal(n)),
    }
}

/// A packet that does not arrive.
pub(super) fn lost(s: &Scenario, leg: Leg, id: u64, of: u16, attempt: u32) -> String {
    let (noun, it) = (&s.load.noun, message(s, id));
    let sender = match &s.producers[..] {
        [one] => one.name.as_str(),
        _ => "its producer",
    };
    match leg {
        Leg::Request => format!(
            "the request with {it} is lost on its way to the broker ({} attempt); {sender} \
             does not know that",
            ordinal(attempt)
        ),
        Leg::Ack => format!(
            "the ack of {it} is lost on its way back; {sender} does not know that the {noun} \
             is stored"
        ),
        Leg::Delivery => format!("{it} is lost on its way to {}", service(s, of)),
        Leg::Commit => format!(
            "the {} of {} behind {it} is lost on its way to the broker",
            names::commit_word(s, of),
            service(s, of)
        ),
        Leg::CommitAck => format!(
            "the answer to the {} of {} is lost on its way back",
            names::commit_word(s, of),
            service(s, of)
        ),
        Leg::Replication => "records are lost on their way to a follower".into(),
        Leg::Control => "a message of a coordinator is lost".into(),
    }
}
