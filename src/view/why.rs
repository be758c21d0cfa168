//! Why an anomaly happened, in words.

use serde::Serialize;

use super::names;
use super::sentence::{clause, told};
use super::story::{Line, lines};
use super::words::effect_done;
use crate::explain::{Case, Cause, Cure, Weight, explain as find_out};
use crate::scenario::{Channel, EffectKind, Guarantee, Idempotency, Scenario, Service, params};
use crate::sim::FaultKey;
use crate::trace::{Event, EventId, Kind};
use crate::verdict::{Anomaly, AnomalyKind};

/// A fault without which it would not have happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// The name by which it can be suppressed.
    pub key: FaultKey,
    /// The event that shows it.
    pub event: EventId,
    /// What happened.
    pub sentence: String,
}

/// The setting that would have prevented it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// Parameters and their values, as links and `--set` take them.
    #[serde(flatten)]
    pub cure: Cure,
    /// The same in words.
    pub sentence: String,
}

/// Why an anomaly happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What happened.
    pub anomaly: Anomaly,
    /// In one sentence.
    pub sentence: String,
    /// The decisive faults, oldest first.
    pub decisive: Vec<Fault>,
    /// How they belong together.
    pub weight: Weight,
    /// What led to it, event by event.
    pub chain: Vec<Line>,
    /// The same events as they are in the trace.
    #[serde(skip)]
    pub events: Vec<Event>,
    /// The setting that would have prevented it, found by replaying the same weather with it.
    pub cure: Option<Advice>,
    /// What the cure is, or why there is none, in a sentence.
    pub remedy: String,
}

/// Explains an anomaly.
///
/// # Errors
/// A sentence for each thing in the scenario that cannot be, or one that says that the run has no such
/// anomaly.
pub fn explain(case: &Case, anomaly: &Anomaly) -> Result<Explanation, Vec<String>> {
    Ok(in_words(&case.scenario, &find_out(case, anomaly)?))
}

/// What was found out, in words.
pub fn in_words(scenario: &Scenario, cause: &Cause) -> Explanation {
    let decisive = cause.decisive.iter().filter_map(|event| {
        Some(Fault {
            key: event.kind.fault()?,
            event: event.id,
            sentence: told(event, scenario),
        })
    });
    let remedy = remedy(scenario, cause);
    Explanation {
        anomaly: cause.anomaly,
        sentence: sentence(scenario, cause),
        decisive: decisive.collect(),
        weight: cause.weight,
        chain: lines(scenario, &cause.chain),
        events: cause.chain.clone(),
        cure: cause.cure.clone().map(|cure| Advice {
            cure,
            sentence: remedy.clone(),
        }),
        remedy,
    }
}

/// What happened: "order 98 was never counted (Analytics)".
pub fn what(scenario: &Scenario, anomaly: &Anomaly) -> String {
    use AnomalyKind::*;
    let it = names::message(scenario, anomaly.message);
    let (who, done) = of_service(scenario, anomaly);
    match anomaly.kind {
        LostEffect => format!("{it} was never {done} ({who})"),
        DuplicateEffect => format!("{it} was {done} more than once ({who})"),
        OutOfOrderEffect => format!("{it} was {done} after a later one of its key ({who})"),
        SkippedRecord => format!("{who} went on without {it}"),
        FalseRepeat => format!("{who} took {it} for a repeat, although it had never been {done}"),
        DeadLetteredAfterEffect => {
            format!("{it} went to the dead-letter queue although it had been {done} ({who})")
        }
        StaleCommit => format!(
            "a {} of {who} came too late",
            commit_word(scenario, anomaly)
        ),
        Duplicate => format!("{it} is in the log more than once"),
        LostWrite => format!("{it} was acknowledged and is in the log no more"),
        Unseen => format!("{it} was acknowledged and handed to nobody"),
        G1a => format!("{who} was handed {it}, whose transaction was aborted"),
        InconsistentOffsets => format!("{it} stands at an offset that was read as something else"),
        PollSkip => format!("{it} is not the record after the last one that {who} was handed"),
        NonmonotonicPoll => format!("{it} is not behind the last record that {who} was handed"),
    }
}

fn commit_word(scenario: &Scenario, anomaly: &Anomaly) -> &'static str {
    anomaly
        .service
        .map_or("commit", |s| names::commit_word(scenario, s))
}

/// The service's name, and what it does to a message.
fn of_service(scenario: &Scenario, anomaly: &Anomaly) -> (String, &'static str) {
    let Some(s) = anomaly.service else {
        return ("nobody".into(), "done");
    };
    let config = scenario.services.get(usize::from(s));
    let done = config.map_or("done", |config| effect_done(config.effect));
    (names::service(scenario, s), done)
}

fn sentence(scenario: &Scenario, cause: &Cause) -> String {
    let what = what(scenario, &cause.anomaly);
    let faults: Vec<String> = cause
        .decisive
        .iter()
        .map(|event| clause(&event.kind, scenario).replace(';', ","))
        .collect();
    let because = match (cause.weight, &faults[..]) {
        (Weight::NoneNeeded, _) => {
            let how = without_fault(scenario, cause);
            return capital(&format!("{what}, and no fault was needed for it: {how}."));
        }
        (_, [one]) => one.clone(),
        (Weight::EachNeeded, all) => format!("all of these came together: {}", numbered(all)),
        (_, all) => format!("one of these would have been enough: {}", numbered(all)),
    };
    capital(&format!("{what}, because {because}."))
}

fn numbered(all: &[String]) -> String {
    let parts: Vec<String> = all
        .iter()
        .zip(1..)
        .map(|(fault, n)| format!("({n}) {fault}"))
        .collect();
    parts.join("; ")
}

/// What did it, where it was no fault.
fn without_fault(scenario: &Scenario, cause: &Cause) -> String {
    let events = || cause.chain.iter().rev();
    let last = |test: fn(&Kind) -> bool| events().find(|event| test(&event.kind));
    let telling = [
        last(|k| matches!(k, Kind::Grown { .. })),
        last(|k| {
            matches!(
                k,
                Kind::Subscribed {
                    connected: false,
                    ..
                }
            )
        }),
        last(|k| {
            matches!(
                k,
                Kind::Expired { .. } | Kind::Dropped { .. } | Kind::DeadLettered { .. }
            )
        }),
        last(|k| {
            matches!(
                k,
                Kind::LeaseExpired { .. } | Kind::Removed { .. } | Kind::CommitRefused { .. }
            )
        }),
        last(|k| {
            matches!(
                k,
                Kind::GaveUp { .. } | Kind::Refused { .. } | Kind::Truncated { .. }
            )
        }),
    ];
    match telling.into_iter().flatten().next() {
        Some(event) => clause(&event.kind, scenario),
        None => "these settings lead to it by themselves".into(),
    }
}

fn remedy(scenario: &Scenario, cause: &Cause) -> String {
    if let Some(cure) = &cause.cure {
        let settings: Vec<String> = cure
            .settings
            .iter()
            .map(|setting| in_setting_words(scenario, &setting.name, &setting.value))
            .collect();
        return format!(
            "With {} the same weather does not lead to it.",
            settings.join(" and ")
        );
    }
    let service = cause
        .anomaly
        .service
        .and_then(|s| scenario.services.get(usize::from(s)));
    let gave_up = cause
        .chain
        .iter()
        .any(|event| matches!(event.kind, Kind::GaveUp { .. }));
    let undone =
        |event: &Event| matches!(event.kind, Kind::RolledBack { .. } | Kind::Crashed { .. });
    let in_transactions = |s: &Service| s.idempotency == Idempotency::KafkaTransaction;
    let topic = service.and_then(|s| scenario.topic(s.topics.first()?));
    match (cause.anomaly.kind, service.map(|s| s.effect)) {
        (AnomalyKind::LostEffect, _)
            if topic.is_some_and(|topic| matches!(topic.channel, Channel::PubSub(_))) =>
        {
            "No setting tried here prevents it: such a channel keeps nothing for who does not listen. A log keeps it, \
             and so does a queue for each service."
                .into()
        }
        (AnomalyKind::Duplicate, _)
            if cause.decisive.iter().any(undone) && scenario.services.iter().any(in_transactions) =>
        {
            "No setting prevents it, and none has to: what an undone transaction wrote stays in the log, but who reads \
             committed records only is never shown it."
                .into()
        }
        (AnomalyKind::PollSkip | AnomalyKind::NonmonotonicPoll, _) => {
            "No setting tried here prevents it: who is put back, or put elsewhere, reads on from there.".into()
        }
        (AnomalyKind::LostEffect, _) if gave_up => {
            "No setting helps for sure: whoever waits for an \
             answer that may be lost cannot know whether to send again (the Two Generals)."
                .into()
        }
        (
            AnomalyKind::DuplicateEffect,
            Some(effect @ (EffectKind::Charge | EffectKind::Mail | EffectKind::Push)),
        ) => format!(
            "No setting tried here prevents it: what was {} lies outside every transaction, and only \
             the party outside could recognise the repeat.",
            effect_done(effect)
        ),
        _ => "None of the settings tried prevents it on the same weather.".into(),
    }
}

/// "Payment's guarantee set to exactly once"; "enable.idempotence = true".
fn in_setting_words(scenario: &Scenario, name: &str, value: &str) -> String {
    let Ok(handle) = params::find(scenario, name) else {
        return format!("{name}={value}");
    };
    let shown = Guarantee::ALL
        .into_iter()
        .find(|guarantee| guarantee.slug() == value)
        .map_or(value, |guarantee| guarantee.words());
    let label = handle.param.label;
    match handle.service.and_then(|s| scenario.services.get(s)) {
        Some(service) => format!("{}: {label} = {shown}", service.name),
        None => format!("{label} = {shown}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}", first.to_ascii_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
