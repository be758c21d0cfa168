//! What happened since the host page was last told, in events it knows.

use serde_json::{Value, json};

use crate::scenario::Scenario;
use crate::timeline::{Mark, MarkKind, Timeline};
use crate::trace::Kind;
use crate::verdict::AnomalyKind;

/// The most events of the run that are told at a time; of more, the newest are told and the others counted.
const MOST: usize = 20;
/// The least time between two `timeupdate` events, in ms.
const BETWEEN: f64 = 250.0;

/// An event to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name, one of [`super::EVENTS`].
    pub name: &'static str,
    /// Plain data.
    pub detail: Value,
}

/// How far the host page was told about the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feed {
    told: u64,
}

impl Feed {
    /// What is new at the cursor, oldest first, of the kinds that are wanted. After a way back nothing is: what
    /// comes again is told again.
    pub fn read(&mut self, timeline: &Timeline, wants: impl Fn(&str) -> bool) -> Vec<Found> {
        let now = timeline.run().world().traced();
        let since = std::mem::replace(&mut self.told, now);
        if now <= since {
            return Vec::new();
        }
        let mut found = deliveries(timeline, since, &wants);
        let marks = timeline.marks();
        let new = marks.partition_point(|mark| mark.event <= since)
            ..marks.partition_point(|mark| mark.event <= now);
        for mark in &marks[new] {
            found.extend(anomaly(timeline.scenario(), mark, &wants));
        }
        found.sort_by_key(|(event, _)| *event);
        let missed = found.len().saturating_sub(MOST);
        let mut told: Vec<Found> = found.drain(missed..).map(|(_, found)| found).collect();
        if let Some(first) = told.first_mut().filter(|_| missed > 0) {
            first.detail["missed"] = missed.into();
        }
        told
    }
}

type At = (u64, Found);

fn deliveries(timeline: &Timeline, since: u64, wants: &impl Fn(&str) -> bool) -> Vec<At> {
    if !wants("delivery") {
        return Vec::new();
    }
    let scenario = timeline.scenario();
    let new = timeline.events().rev().take_while(|e| e.id > since);
    new.filter_map(|event| {
        let Kind::Delivered {
            service,
            message,
            nth,
            ..
        } = event.kind
        else {
            return None;
        };
        let detail = json!({
            "at": seconds(event.at),
            "service": name(scenario, service),
            "message": message,
            "nth": nth,
        });
        let name = "delivery";
        Some((event.id, Found { name, detail }))
    })
    .collect()
}

fn anomaly(scenario: &Scenario, mark: &Mark, wants: &impl Fn(&str) -> bool) -> Vec<At> {
    let MarkKind::Anomaly { kind, allowed } = mark.what else {
        return Vec::new();
    };
    let detail = json!({
        "at": seconds(mark.at),
        "service": mark.service.map(|service| name(scenario, service)),
        "message": mark.message,
        "anomaly": kind.name(),
        "allowed": allowed,
    });
    let own = match kind {
        AnomalyKind::DuplicateEffect => Some("duplicate"),
        AnomalyKind::LostEffect => Some("loss"),
        _ => None,
    };
    let violation = (!allowed).then_some("violation");
    let names = own.into_iter().chain(violation).filter(|name| wants(name));
    let found = |name| Found {
        name,
        detail: detail.clone(),
    };
    names.map(|name| (mark.event, found(name))).collect()
}

fn name(scenario: &Scenario, service: u16) -> &str {
    let service = scenario.services.get(usize::from(service));
    service.map_or("", |service| service.name.as_str())
}

/// Simulated time as the host page counts it.
pub fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Keeps `timeupdate` to four times a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last: Option<f64>,
}

impl Pace {
    /// Whether it is time again, at this time of the browser's clock in ms.
    pub fn due(&mut self, now: f64) -> bool {
        // A clock that went back is another clock.
        let due = self
            .last
            .is_none_or(|last| now - last >= BETWEEN || now < last);
        if due {
            self.last = Some(now);
        }
        due
    }
}
