//! A run up to an anomaly, with snapshots on the way, from which it is replayed otherwise.

use super::replay::{Case, Replay};
use crate::broker::wire::Micros;
use crate::scenario::{Channel, Scenario};
use crate::sim::FaultKey;
use crate::trace::{Event, Kind};
use crate::verdict::Report;
use crate::verdict::{Anomaly, AnomalyKind};

/// How long after the anomaly a replay goes on, at least and at most: an effect may come later when something
/// is left out.
const AFTER: (Micros, Micros) = (2_000_000, 120_000_000);
/// Between two snapshots.
const STEP: Micros = 250_000;
/// Between two looks whether it is decided: no longer than the ledger keeps anomalies at the highest rate.
const LOOK: Micros = 25_000;
/// Snapshots that are kept besides the beginning: the newest.
const SNAPSHOTS: usize = 24;

/// A run up to an anomaly and a while beyond.
pub(super) struct Past<'a> {
    pub case: &'a Case,
    pub anomaly: &'a Anomaly,
    events: Vec<Event>,
    snapshots: Vec<Replay>,
    /// The replay at its horizon.
    end: Replay,
    /// How many effects the message had with the anomaly.
    effects: u32,
    after: Micros,
    replays: u32,
}

impl<'a> Past<'a> {
    /// Replays the run.
    pub fn of(case: &'a Case, anomaly: &'a Anomaly) -> Result<Self, Vec<String>> {
        let mut replay = case.start()?;
        let mut past = Past {
            case,
            anomaly,
            events: Vec::new(),
            snapshots: vec![replay.clone()],
            end: replay.clone(),
            effects: 0,
            after: until_redelivered(&case.scenario, anomaly.service),
            replays: 1,
        };
        let (mut effects, mut there) = (0, false);
        while !over(&replay, past.horizon()) {
            let now = replay.run.now();
            let before = now + STEP < anomaly.at;
            let mut until = (now + STEP).min(past.horizon());
            if now < anomaly.at {
                until = until.min(anomaly.at);
            }
            let events = &mut past.events;
            replay.advance(until, &mut |event| {
                if event.id <= anomaly.event && matters(&event.kind, anomaly.message) {
                    events.push(*event);
                }
                effects += u32::from(event.id <= anomaly.event && is_effect(&event.kind, anomaly));
            });
            let newest = || replay.run.ledger().anomalies().newest();
            there |= (until == anomaly.at || over(&replay, past.horizon()))
                && newest().rev().any(|a| a == anomaly);
            if before {
                if past.snapshots.len() > SNAPSHOTS {
                    past.snapshots.remove(1);
                }
                past.snapshots.push(replay.clone());
            }
        }
        past.effects = effects;
        past.end = replay;
        if !there {
            return Err(vec![format!(
                "The run has no {} of message {} there.",
                anomaly.kind.name(),
                anomaly.message
            )]);
        }
        Ok(past)
    }

    /// What happened up to the anomaly, without what is about other messages only.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The judgement at a moment that is not before the horizon.
    pub fn report_at(&mut self, horizon: Micros) -> Report {
        if !over(&self.end, horizon) {
            self.end.advance(horizon, &mut |_| {});
        }
        self.end.run.report()
    }

    pub fn replays(&self) -> u32 {
        self.replays
    }

    /// Until when replays go.
    pub fn horizon(&self) -> Micros {
        self.anomaly.at.saturating_add(self.after)
    }

    /// Whether the anomaly happens if these faults, the first of them at `since`, do not fire.
    pub fn happens_without(&mut self, faults: &[FaultKey], since: Micros) -> bool {
        let at = self
            .snapshots
            .iter()
            .rposition(|replay| replay.run.now() < since)
            .unwrap_or(0);
        let replay = self.snapshots[at].without(faults);
        self.follow(replay, self.horizon(), false).0
    }

    /// Whether the anomaly happens in this replay; and the replay itself, which has gone on to the horizon
    /// if `all`, else until that was decided.
    fn follow(&mut self, mut replay: Replay, horizon: Micros, all: bool) -> (bool, Replay) {
        self.replays += 1;
        let anomaly = self.anomaly;
        let from = replay.run.world().traced();
        let earlier = self
            .events
            .iter()
            .filter(|event| event.id <= from && is_effect(&event.kind, anomaly));
        let mut effects = if from == 0 { 0 } else { earlier.count() as u32 };
        let mut aside = false;
        let mut decided = None;
        while !over(&replay, horizon) && (all || decided.is_none()) {
            let until = (replay.run.now() + LOOK).min(horizon);
            replay.advance(until, &mut |event| {
                effects += u32::from(is_effect(&event.kind, anomaly));
                aside |= is_put_aside(&event.kind, anomaly);
            });
            decided = decided.or(self.decide(&replay, effects, aside, from));
        }
        (decided.unwrap_or(self.undecided()), replay)
    }

    /// Whether the anomaly happens in a run of another case, and the judgements on this run and on that one when
    /// either would have shown it: a setting that only puts it off is no cure.
    pub fn happens_otherwise(&mut self, replay: Replay) -> (bool, Report, Report) {
        let after = until_redelivered(replay.run.world().scenario(), self.anomaly.service);
        let horizon = self.horizon().max(self.anomaly.at.saturating_add(after));
        let (happens, replay) = self.follow(replay, horizon, true);
        (happens, self.report_at(horizon), replay.run.report())
    }

    /// Whether it has happened, or cannot any more.
    fn decide(&self, replay: &Replay, effects: u32, aside: bool, from: u64) -> Option<bool> {
        let noted = || {
            let anomalies = replay.run.ledger().anomalies();
            let mut since = anomalies.newest().rev().take_while(|a| a.event >= from);
            since.any(|a| {
                (a.kind, a.service, a.message)
                    == (
                        self.anomaly.kind,
                        self.anomaly.service,
                        self.anomaly.message,
                    )
            })
        };
        match self.anomaly.kind {
            AnomalyKind::LostEffect | AnomalyKind::SkippedRecord => {
                (effects > 0 || aside).then_some(false)
            }
            AnomalyKind::DuplicateEffect => (effects >= self.effects.max(2)).then_some(true),
            AnomalyKind::OutOfOrderEffect => (effects > 0).then(noted),
            _ => noted().then_some(true),
        }
    }

    /// What holds if the horizon came first. An effect that did not come is lost, as far as can be said.
    fn undecided(&self) -> bool {
        use AnomalyKind::*;
        matches!(
            self.anomaly.kind,
            LostEffect | SkippedRecord | OutOfOrderEffect
        )
    }
}

/// Until a message of a dead instance is handed to another and done with, and a while more.
fn until_redelivered(scenario: &Scenario, service: Option<u16>) -> Micros {
    let services = scenario.services.iter().zip(0..);
    let sessions = services
        .filter(|(_, s)| service.is_none_or(|wanted| wanted == *s))
        .map(|(config, _)| config.session_timeout.0);
    let leases = scenario.topics.iter().map(|topic| match &topic.channel {
        Channel::Lease(queue) | Channel::Sns(queue) => queue.visibility_timeout.0,
        _ => 0,
    });
    let (least, most) = AFTER;
    let noticed = sessions.chain(leases).max().unwrap_or(0);
    (least + noticed + scenario.faults.consumer_restart.0).min(most)
}

fn over(replay: &Replay, horizon: Micros) -> bool {
    replay.run.finished() || replay.run.now() >= horizon
}

/// Whether an event can have to do with the message, or is a fault.
fn matters(kind: &Kind, message: u64) -> bool {
    kind.message().is_none_or(|about| about == message) || kind.fault().is_some()
}

fn is_effect(kind: &Kind, anomaly: &Anomaly) -> bool {
    matches!(*kind, Kind::Effect { service, message, .. }
        if Some(service) == anomaly.service && message == anomaly.message)
}

fn is_put_aside(kind: &Kind, anomaly: &Anomaly) -> bool {
    matches!(*kind, Kind::DeadLettered { service, message, .. }
        if Some(service) == anomaly.service && message == anomaly.message)
}
