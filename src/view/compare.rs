//! Runs side by side: how their ledgers differ, and where their courses part.

use serde::Serialize;

use super::boundary::state;
use super::names;
use super::sentence::told;
use crate::explain::Parting;
use crate::scenario::Scenario;
use crate::timeline::Run;
use crate::verdict::{AnomalyKind, ServiceReport, State};

/// Orders that are listed, at most; the newest.
const MOST: usize = 40;

/// A row of a table: what it is about, and a value for each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The service.
    pub service: String,
    /// The figure, or the message.
    pub what: String,
    /// The message, where it is about one; 0 where not.
    pub message: u64,
    /// One for each run; "–" where it has no such service or message.
    pub values: Vec<String>,
    /// Whether they are not all the same.
    pub differs: bool,
}

fn row(service: &str, what: String, message: u64, values: Vec<String>) -> Row {
    Row {
        service: service.into(),
        differs: values.iter().any(|value| Some(value) != values.first()),
        what,
        message,
        values,
    }
}

type Figure = (&'static str, fn(&ServiceReport) -> u64);

const FIGURES: [Figure; 7] = [
    ("delivered", |r| r.delivered),
    ("effects", |r| r.effects),
    ("lost", |r| r.lost),
    ("repeated", |r| r.duplicated),
    ("out of order", |r| r.out_of_order),
    ("put aside", |r| r.dead_lettered),
    ("to come", |r| r.pending),
];

/// The totals of each service in each of the runs. Services are the same if they have the same name; a figure that
/// is 0 everywhere is left out.
pub fn totals(runs: &[&Run]) -> Vec<Row> {
    let reports: Vec<_> = runs.iter().map(|run| run.report()).collect();
    let mut rows = Vec::new();
    for name in service_names(runs) {
        let own: Vec<Option<&ServiceReport>> = reports
            .iter()
            .map(|r| r.services.iter().find(|s| s.name == name))
            .collect();
        let promise = |report: &Option<&ServiceReport>| match report {
            None => "–".into(),
            Some(report) if report.held => "✓ held".into(),
            Some(_) => "✕ broken".into(),
        };
        rows.push(row(
            &name,
            "promise".into(),
            0,
            own.iter().map(promise).collect(),
        ));
        for (what, figure) in FIGURES {
            if own.iter().flatten().all(|report| figure(report) == 0) {
                continue;
            }
            let value = |report: &Option<&ServiceReport>| {
                report.map_or("–".into(), |r| figure(r).to_string())
            };
            rows.push(row(&name, what.into(), 0, own.iter().map(value).collect()));
        }
    }
    rows
}

/// The messages that fared differently, the newest first, at most 40 of the newest anomalies that the ledgers keep.
pub fn difference(runs: &[&Run]) -> Vec<Row> {
    let names = service_names(runs);
    let mut about: Vec<(u64, usize)> = Vec::new();
    for run in runs {
        for anomaly in run.ledger().anomalies().newest() {
            let of_effects = matches!(
                anomaly.kind,
                AnomalyKind::LostEffect
                    | AnomalyKind::DuplicateEffect
                    | AnomalyKind::OutOfOrderEffect
            );
            let config = anomaly
                .service
                .and_then(|s| scenario(run).services.get(usize::from(s)));
            let place =
                config.and_then(|config| names.iter().position(|name| *name == config.name));
            if let Some(place) = place.filter(|_| of_effects) {
                about.push((anomaly.message, place));
            }
        }
    }
    about.sort_by_key(|(message, place)| (std::cmp::Reverse(*message), *place));
    about.dedup();
    let compared = about.into_iter().map(|(message, place)| {
        let name = &names[place];
        let values = runs.iter().map(|run| outcome(run, name, message)).collect();
        row(
            name,
            names::message(scenario(runs[0]), message),
            message,
            values,
        )
    });
    compared.filter(|row| row.differs).take(MOST).collect()
}

fn scenario(run: &Run) -> &Scenario {
    run.world().scenario()
}

fn service_names(runs: &[&Run]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for service in runs.iter().flat_map(|run| &scenario(run).services) {
        if !names.contains(&service.name) {
            names.push(service.name.clone());
        }
    }
    names
}

/// How a message stands with a service in a run: "lost", "2 times", "once, out of order".
fn outcome(run: &Run, service: &str, message: u64) -> String {
    let Some(s) = scenario(run)
        .services
        .iter()
        .position(|config| config.name == service)
    else {
        return "–".into();
    };
    if message > run.world().published() {
        return "–".into();
    }
    let own = run.ledger().anomalies().newest();
    let own = own.filter(|a| a.message == message && a.service == Some(s as u16));
    let kinds: Vec<AnomalyKind> = own.map(|anomaly| anomaly.kind).collect();
    let standing = run
        .ledger()
        .message(message)
        .and_then(|line| line.services.get(s).copied());
    // A message whose row is gone took effect; each time beyond the first is an anomaly of its own.
    let repeats = kinds
        .iter()
        .filter(|kind| **kind == AnomalyKind::DuplicateEffect)
        .count();
    let mut words = match standing {
        Some(standing) if standing.state == State::Elsewhere => return "–".into(),
        Some(standing) if standing.state != State::Taken => state(&standing).to_string(),
        Some(standing) => times(usize::from(standing.effects)),
        None => times(1 + repeats),
    };
    if kinds.contains(&AnomalyKind::OutOfOrderEffect) {
        words.push_str(", out of order");
    }
    words
}

fn times(n: usize) -> String {
    match n {
        1 => "once".into(),
        n => format!("{n} times"),
    }
}

/// Where two runs part, in two sentences: what the first one has, and what the second one has.
pub fn parting_words(parting: &Parting, here: &Scenario, there: &Scenario) -> (String, String) {
    let words = |event: &Option<crate::trace::Event>, scenario| match event {
        Some(event) => told(event, scenario),
        None => "Nothing more.".into(),
    };
    (words(&parting.here, here), words(&parting.there, there))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Case, Lockstep};
    use crate::scenario::{params, preset};
    use crate::trace::Kind;

    fn two() -> (Scenario, Scenario) {
        let here = preset("lost-ack").expect("a preset");
        let mut there = here.clone();
        params::set(&mut there, "idempotence", "true").expect("a setting");
        (here, there)
    }

    fn run(scenario: Scenario) -> Run {
        let mut run = Run::new(scenario).expect("it runs");
        run.to_end();
        run
    }

    #[test]
    fn the_ledgers_differ_by_the_order_that_was_repeated() {
        let (here, there) = two();
        let (here, there) = (run(here), run(there));
        let rows = difference(&[&here, &there]);
        assert!(
            rows.iter()
                .any(|row| row.what == "order 4" && row.values == ["2 times", "once"]),
            "{rows:?}"
        );
        assert_eq!(difference(&[&here, &here]), []);
        let totals = totals(&[&here, &there]);
        let repeated = totals
            .iter()
            .find(|row| row.what == "repeated")
            .expect("a row");
        assert!(
            repeated.differs && repeated.values[1] == "0",
            "{repeated:?}"
        );
    }

    #[test]
    fn two_runs_part_where_the_retry_is_recognised() {
        let (here, there) = two();
        let case = |scenario: &Scenario| Case::of(scenario.clone());
        let mut lockstep = Lockstep::of(&case(&here), &case(&there)).expect("both run");
        let parting = lockstep.parting(u64::MAX).expect("they part");
        assert!(
            matches!(parting.here, Some(e) if matches!(e.kind, Kind::Appended { copy: 2, message: 4, .. })),
            "{parting:?}"
        );
        assert!(
            matches!(parting.there, Some(e) if matches!(e.kind, Kind::Recognised { message: 4, .. })),
            "{parting:?}"
        );
        assert_eq!(
            lockstep.parting(parting.at - 1),
            None,
            "not yet parted there"
        );
        let words = parting_words(&parting, &here, &there);
        assert!(
            words.0.contains("order 4") && words.1.contains("recognise"),
            "{words:?}"
        );
        let mut same = Lockstep::of(&case(&here), &case(&here)).expect("both run");
        assert_eq!(same.parting(u64::MAX), None);
    }

    #[test]
    fn any_two_scenarios_can_be_compared() {
        let here = run(preset("lost-message").expect("a preset"));
        let there = run(preset("order-processing").expect("a preset"));
        let rows = totals(&[&here, &there]);
        assert!(
            rows.iter().any(|row| row.values[0] == "–")
                && rows.iter().any(|row| row.values[1] != "–")
        );
    }
}
