//! Why an anomaly happened: the faults without which it would not have, found by replaying without them,
//! and the setting that would have prevented it, found by replaying the same weather with it.

use serde::Serialize;

use super::cure::{self, Cure};
use super::past::Past;
use super::replay::{Case, Replay};
use crate::broker::wire::Micros;
use crate::sim::FaultKey;
use crate::trace::{Event, Kind, Leg, Party, life};
use crate::verdict::{Anomaly, AnomalyKind, State};

/// Faults that are tried, at most; the likelier ones first.
const MOST: usize = 16;
/// How long before a message was published a fault may have fired and still be tried.
const BEFORE: Micros = 3_000_000;

/// Ranks from here on are those of faults that do not meet the message itself.
const FAR: u32 = 4;

/// How the decisive faults belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Without any one of them the anomaly would not have happened.
    EachNeeded,
    /// One of them would have been enough: only without all of them it would not have happened.
    AnyEnough,
    /// No fault was needed: without any, it would have happened too.
    NoneNeeded,
}

/// Why an anomaly happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// What happened.
    pub anomaly: Anomaly,
    /// The decisive faults, oldest first; [`Kind::fault`] of each is its name.
    pub decisive: Vec<Event>,
    /// How they belong together.
    pub weight: Weight,
    /// The events from the message's beginning to the anomaly, the decisive faults among them.
    pub chain: Vec<Event>,
    /// The setting that would have prevented it.
    pub cure: Option<Cure>,
    /// How many replays it took.
    pub replays: u32,
}

/// Finds out why an anomaly happened. It replays the run up to the anomaly and a while beyond, a few dozen
/// times at most.
///
/// # Errors
/// A sentence for each thing in the scenario that cannot be, or one that says that the run has no such
/// anomaly.
pub fn explain(case: &Case, anomaly: &Anomaly) -> Result<Cause, Vec<String>> {
    let mut past = Past::of(case, anomaly)?;
    let faults = candidates(past.events(), anomaly);
    let all = every_fault(past.events());
    let (decisive, weight) = decisive(&mut past, &faults, &all);
    let chain = chain(past.events(), anomaly, &decisive);
    let cure = cure::find(&mut past, &chain, weight);
    Ok(Cause {
        anomaly: *anomaly,
        decisive,
        weight,
        chain,
        cure,
        replays: past.replays(),
    })
}

/// The first anomaly of a run that is `wanted`; a violation before one that is allowed.
///
/// # Errors
/// A sentence for each thing in the scenario that cannot be.
pub fn first_anomaly(
    case: &Case,
    wanted: &dyn Fn(&Anomaly) -> bool,
) -> Result<Option<Anomaly>, Vec<String>> {
    // No longer than the ledger keeps anomalies at the highest rate.
    const STEP: Micros = 25_000;
    let mut replay = case.start()?;
    let mut found: Vec<Anomaly> = Vec::new();
    let mut seen = 0;
    while !replay.run.finished() {
        let until = replay.run.now() + STEP;
        replay.advance(until, &mut |_| {});
        let newest = replay.run.ledger().anomalies().newest();
        // What the end of the run proves has the number of its last event.
        let fresh = newest.filter(|a| a.event > seen || replay.run.finished());
        let fresh: Vec<Anomaly> = fresh.filter(|a| wanted(a)).copied().collect();
        found.extend(fresh);
        found.retain(|a| !is_taken_back(&replay, a));
        seen = replay.run.world().traced();
    }
    let violation = found.iter().find(|a| !a.allowed);
    Ok(violation.or(found.first()).copied())
}

/// Whether a loss was none: the message took effect after all.
fn is_taken_back(replay: &Replay, anomaly: &Anomaly) -> bool {
    let standing = || {
        let line = replay.run.ledger().message(anomaly.message)?;
        line.services.get(usize::from(anomaly.service?)).copied()
    };
    anomaly.kind == AnomalyKind::LostEffect && standing().is_some_and(|s| s.state != State::Lost)
}

/// The faults that fired until then and could matter, oldest first.
fn candidates(events: &[Event], anomaly: &Anomaly) -> Vec<Event> {
    let published = events.iter().find(|event| {
        matches!(event.kind, Kind::Published { .. })
            && event.kind.message() == Some(anomaly.message)
    });
    let since = published
        .map_or(anomaly.at, |event| event.at)
        .saturating_sub(BEFORE);
    let mut found: Vec<(u32, Event)> = Vec::new();
    let near = |event: &&Event| event.at >= since || lasts(&event.kind);
    for event in events.iter().filter(near) {
        let known = |(_, other): &(u32, Event)| other.kind.fault() == event.kind.fault();
        if event.kind.fault().is_none() {
            continue;
        }
        let Some(rank) = rank(&event.kind, anomaly) else {
            continue;
        };
        match found.iter_mut().find(|other| known(other)) {
            Some(same) if rank < same.0 => *same = (rank, *event),
            Some(_) => {}
            None => found.push((rank, *event)),
        }
    }
    found.sort_by_key(|(rank, event)| (*rank, std::cmp::Reverse(event.id)));
    found.truncate(MOST);
    let mut faults: Vec<Event> = found.into_iter().map(|(_, event)| event).collect();
    faults.sort_by_key(|event| event.id);
    faults
}

/// Whether a fault goes on to matter for long after it fired.
fn lasts(kind: &Kind) -> bool {
    let broker = |party| matches!(party, Party::Broker(_));
    matches!(*kind, Kind::LinkCut { .. } | Kind::Paused { .. })
        || matches!(*kind, Kind::Crashed { party, .. } if broker(party))
}

/// All faults that fired until then, each once, oldest first.
fn every_fault(events: &[Event]) -> Vec<Event> {
    let mut seen = std::collections::BTreeSet::new();
    let faults = events.iter().filter(|event| {
        let key = event.kind.fault();
        key.is_some_and(|key| seen.insert(key))
    });
    faults.copied().collect()
}

/// How likely a fault is to matter, 0 the likeliest; `None`: it cannot.
fn rank(kind: &Kind, anomaly: &Anomaly) -> Option<u32> {
    let service = anomaly.service;
    let own = kind.message() == Some(anomaly.message);
    let here = |s: u16| service.is_none_or(|wanted| wanted == s);
    match *kind {
        Kind::PacketLost {
            leg, service: s, ..
        }
        | Kind::PacketHeldUp {
            leg, service: s, ..
        } => match leg {
            Leg::Request | Leg::Ack => Some(if own { 0 } else { 4 }),
            Leg::Delivery | Leg::Commit | Leg::CommitAck => {
                here(s).then_some(if own { 0 } else { 2 })
            }
            Leg::Replication | Leg::Control => Some(5),
        },
        Kind::PacketDoubled { .. } => Some(if own { 0 } else { 4 }),
        Kind::Failed { service: s, .. } => here(s).then_some(if own { 0 } else { 5 }),
        Kind::Crashed { party, .. } | Kind::Paused { party, .. } => match party {
            Party::Member(s, _) => Some(if here(s) { 1 } else { 6 }),
            Party::Producer(_) | Party::Broker(_) => Some(3),
        },
        Kind::LinkCut { .. } => Some(3),
        _ => None,
    }
}

fn keys(faults: &[Event]) -> Vec<FaultKey> {
    faults
        .iter()
        .filter_map(|event| event.kind.fault())
        .collect()
}

fn decisive(past: &mut Past, faults: &[Event], all: &[Event]) -> (Vec<Event>, Weight) {
    let anomaly = past.anomaly;
    let since = |faults: &[Event]| faults.iter().map(|event| event.at).min().unwrap_or(0);
    let mut averted = |left_out: &[Event]| {
        !left_out.is_empty() && !past.happens_without(&keys(left_out), since(left_out))
    };
    // A fault of another message can matter by shifting everything a little. That is told only where
    // nothing nearer is decisive.
    let near = |fault: &&Event| rank(&fault.kind, anomaly).is_some_and(|rank| rank < FAR);
    for tier in [true, false] {
        let single: Vec<Event> = faults
            .iter()
            .filter(|fault| near(fault) == tier && averted(std::slice::from_ref(*fault)))
            .copied()
            .collect();
        if !single.is_empty() {
            return (single, Weight::EachNeeded);
        }
    }
    let Some(mut set) = enough(faults, all, &mut averted) else {
        return (Vec::new(), Weight::NoneNeeded);
    };
    if let [only] = set[..] {
        return (vec![only], Weight::EachNeeded);
    }
    // Those of others are left out first.
    let mut order: Vec<Event> = set.clone();
    order.sort_by_key(|fault| std::cmp::Reverse(rank(&fault.kind, anomaly).unwrap_or(u32::MAX)));
    for fault in order.iter().take(2 * MOST) {
        let smaller: Vec<Event> = set.iter().filter(|f| f.id != fault.id).copied().collect();
        if averted(&smaller) {
            set = smaller;
        }
    }
    (set, Weight::AnyEnough)
}

/// Faults without which it would not have happened: the likely ones; or, where they do not suffice, the newest of all up
/// to the one that it takes. One alone, where that is enough. `None` where it happens without any fault.
fn enough(
    likely: &[Event],
    all: &[Event],
    averted: &mut impl FnMut(&[Event]) -> bool,
) -> Option<Vec<Event>> {
    if averted(likely) {
        return Some(likely.to_vec());
    }
    if all.len() == likely.len() || !averted(all) {
        return None;
    }
    let (mut takes, mut too_late) = (0, all.len());
    while too_late - takes > 1 {
        let middle = takes + (too_late - takes) / 2;
        if averted(&all[middle..]) {
            takes = middle;
        } else {
            too_late = middle;
        }
    }
    let one = &all[takes..=takes];
    Some(if averted(one) { one } else { &all[takes..] }.to_vec())
}

/// What led to the anomaly: the message's life as far as this service has to do with it.
fn chain(events: &[Event], anomaly: &Anomaly, decisive: &[Event]) -> Vec<Event> {
    let mut chain: Vec<Event> = match anomaly.message {
        0 => Vec::new(),
        message => life(events, message),
    };
    chain.retain(|event| {
        let other =
            service_of(&event.kind).is_some_and(|s| anomaly.service.is_some_and(|a| a != s));
        !other && event.id <= anomaly.event && !matches!(event.kind, Kind::Step { .. })
    });
    let proof = events.iter().filter(|event| event.id == anomaly.event);
    let deaf = events.iter().rfind(|event| cuts_off(event, anomaly));
    for event in decisive.iter().chain(proof).chain(deaf) {
        if !chain.iter().any(|known| known.id == event.id) {
            chain.push(*event);
        }
    }
    chain.sort_by_key(|event| event.id);
    chain
}

/// Whether the service was cut off from its channel by this event: what was published then never came to it.
fn cuts_off(event: &Event, anomaly: &Anomaly) -> bool {
    let own = |s| anomaly.kind == AnomalyKind::LostEffect && anomaly.service == Some(s);
    event.id <= anomaly.event
        && matches!(event.kind, Kind::Subscribed { service, connected: false, .. } if own(service))
}

/// The service an event belongs to, where it belongs to one.
pub fn service_of(kind: &Kind) -> Option<u16> {
    use Kind::*;
    match *kind {
        Delivered { service, .. }
        | Step { service, .. }
        | Effect { service, .. }
        | Skipped { service, .. }
        | RolledBack { service, .. }
        | Failed { service, .. }
        | Processed { service, .. }
        | HeldBack { service, .. }
        | DeadLettered { service, .. }
        | Dropped { service, .. }
        | CommitSent { service, .. }
        | Committed { service, .. }
        | CommitRefused { service, .. }
        | Joined { service, .. }
        | Removed { service, .. }
        | Rebalancing { service, .. }
        | Assigned { service, .. }
        | Leased { service, .. }
        | LeaseExpired { service, .. }
        | LeaseExtended { service, .. }
        | Deleted { service, .. }
        | StaleReceipt { service, .. }
        | Requeued { service, .. }
        | Redriven { service, .. }
        | Subscribed { service, .. } => Some(service),
        PacketLost { leg, service, .. } | PacketHeldUp { leg, service, .. } => {
            matches!(leg, Leg::Delivery | Leg::Commit | Leg::CommitAck).then_some(service)
        }
        Crashed { party, .. } | Restarted { party } | Paused { party, .. } | Fenced { party } => {
            match party {
                Party::Member(service, _) => Some(service),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether an anomaly is about an effect that is missing.
pub(super) fn is_loss(kind: AnomalyKind) -> bool {
    use AnomalyKind::*;
    matches!(
        kind,
        LostEffect | SkippedRecord | LostWrite | Unseen | FalseRepeat
    )
}
