//! What services do with messages.

use crate::scenario::{HandlerStep, Scenario};
use crate::trace::Kind;
use crate::view::names::{self, member, message, ordinal};
use crate::view::words::effect_done;

use super::errors::reason;

/// A message on its way through a handler.
pub(super) fn of_service(kind: &Kind, s: &Scenario) -> Option<String> {
    Some(match *kind {
        Kind::Delivered {
            service,
            member: m,
            message: id,
            nth,
            ..
        } => {
            let again = match nth {
                0 | 1 => String::new(),
                n => format!(" for the {} time", ordinal(n)),
            };
            format!(
                "{} is handed {}{again}",
                member(s, service, m),
                message(s, id)
            )
        }
        Kind::Step {
            service,
            member: m,
            message: id,
            step,
        } => format!(
            "{} {}",
            member(s, service, m),
            step_words(step, &message(s, id))
        ),
        Kind::Effect {
            service,
            message: id,
            nth,
            ..
        } => {
            let done = s
                .services
                .get(usize::from(service))
                .map_or("done", |config| effect_done(config.effect));
            let again = match nth {
                0 | 1 => String::new(),
                n => format!(" for the {} time", ordinal(n)),
            };
            format!(
                "{} is {done}{again} ({})",
                message(s, id),
                names::service(s, service)
            )
        }
        Kind::Processed {
            service,
            member: m,
            message: id,
        } => {
            format!(
                "{} is through with {}",
                member(s, service, m),
                message(s, id)
            )
        }
        _ => return None,
    })
}

/// A message a handler left alone, or could not bring to its end.
pub(super) fn of_failures(kind: &Kind, s: &Scenario) -> Option<String> {
    let noun = &s.load.noun;
    Some(match *kind {
        Kind::Skipped {
            service,
            member: m,
            message: id,
        } => format!(
            "{} recognises {} as done and leaves the effect alone",
            member(s, service, m),
            message(s, id)
        ),
        Kind::RolledBack {
            service,
            message: id,
            ..
        } => format!(
            "what {} had begun with {} is rolled back",
            names::service(s, service),
            message(s, id)
        ),
        Kind::Failed {
            service,
            member: m,
            message: id,
            why,
            ..
        } => format!(
            "{} fails with {}: {}",
            member(s, service, m),
            message(s, id),
            reason(why, noun)
        ),
        Kind::HeldBack {
            service,
            member: m,
            message: id,
        } => format!(
            "{} lets {} wait for an earlier {noun} of its key",
            member(s, service, m),
            message(s, id)
        ),
        Kind::DeadLettered {
            service,
            message: id,
            why,
        } => format!(
            "{} of {} goes to the dead-letter queue: {}",
            message(s, id),
            names::service(s, service),
            reason(why, noun)
        ),
        Kind::Dropped {
            service,
            message: id,
            why,
        } => format!(
            "{} goes on without {}: {}",
            names::service(s, service),
            message(s, id),
            reason(why, noun)
        ),
        _ => return None,
    })
}

fn step_words(step: HandlerStep, it: &str) -> String {
    match step {
        HandlerStep::Receive => format!("takes up {it}"),
        HandlerStep::Check => format!("has looked whether {it} is done already"),
        HandlerStep::Effect => format!("has done the effect of {it}"),
        HandlerStep::Record => format!("has written down that {it} is done"),
        HandlerStep::Commit => format!("has reported {it} as done"),
        HandlerStep::TransactionCommit => format!("has committed its transaction with {it}"),
    }
}
