//! The same messages and the same faults under two or three guarantees, at one cursor.

use leptos::prelude::*;

use super::lab::Lab;
use super::notices::Notice;
use crate::scenario::params::{self, slug};
use crate::scenario::{Guarantee, Intervention, Scenario};
use crate::timeline::Timeline;
use crate::trace::Event;
use crate::verdict::ServiceReport;
use crate::view::sentence::told;
use crate::view::words;

/// Events of the queue that a column may handle between two renewals while the run plays.
const MOST_AT_ONCE: usize = 20_000;

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
struct Choice {
    service: usize,
    guarantees: Vec<Guarantee>,
}

/// A column at the cursor.
#[derive(Clone, Debug, PartialEq)]
struct Reading {
    guarantee: Guarantee,
    report: ServiceReport,
    outcome: String,
    /// Where it leaves the first column: when, the event, and what happens instead.
    parts: Option<(u64, u64, String, String)>,
    behind: bool,
}

/// The panel.
#[component]
pub fn Compare(lab: Lab) -> impl IntoView {
    let own = move |service: usize| {
        lab.base
            .with_untracked(|s| s.services.get(service).map(|s| s.guarantee))
    };
    let others = move |service| {
        let own = own(service);
        let stronger = [
            Guarantee::AtMostOnce,
            Guarantee::AtLeastOnce,
            Guarantee::ExactlyOnce,
        ];
        own.into_iter()
            .chain(stronger.into_iter().filter(|g| Some(*g) != own))
            .take(3)
            .collect()
    };
    let choice = RwSignal::new(Choice {
        service: 0,
        guarantees: others(0),
    });
    let columns = StoredValue::new_local(Vec::<Timeline>::new());
    let made_of = Memo::new(move |_| {
        lab.traced.track();
        (choice.get(), lab.base.get(), lab.inputs())
    });
    let readings = Memo::new(move |before: Option<&(Vec<Reading>, Made)>| {
        let (now, made) = (lab.now.get(), made_of.get());
        if before.is_none_or(|(_, known)| *known != made) {
            columns.set_value(begin(lab, &made));
        }
        let limit = if lab.playing.get() {
            MOST_AT_ONCE
        } else {
            usize::MAX
        };
        columns.update_value(|all| all.iter_mut().for_each(|column| follow(column, now, limit)));
        let read = columns.with_value(|all| read(all, &made.0, now));
        (read, made)
    });
    let table = move || readings.with(|(readings, _)| table(lab, readings));
    view! {
        <section class="panel" aria-label="Compare">
            <p class="hint">"The same messages and the same faults, with another guarantee for one service. The cursor is the run's."</p>
            <Chooser lab choice others/>
            {table}
        </section>
    }
}

/// A figure of a report by its name.
type Figure = (&'static str, fn(&ServiceReport) -> u64);

/// What the columns follow from.
type Made = (Choice, Scenario, Vec<Intervention>);

fn begin(lab: Lab, (choice, scenario, inputs): &Made) -> Vec<Timeline> {
    let service = scenario.services.get(choice.service);
    let name = service
        .map(|s| format!("{}.guarantee", slug(&s.name)))
        .unwrap_or_default();
    let made = choice.guarantees.iter().map(|guarantee| {
        let mut other = scenario.clone();
        if service.is_some_and(|s| s.guarantee != *guarantee) {
            params::set(&mut other, &name, guarantee.slug()).map_err(|p| vec![p])?;
        }
        Timeline::with_inputs(other, inputs.clone())
    });
    made.filter_map(|made| {
        let problems = made.as_ref().err().into_iter().flatten();
        problems.for_each(|problem| Notice::push(lab.notices, problem.to_string()));
        made.ok()
    })
    .collect()
}

fn follow(column: &mut Timeline, now: u64, limit: usize) {
    match column.now() > now {
        true => column.seek(now),
        false => {
            column.advance(now, limit);
        }
    }
}

fn read(columns: &[Timeline], choice: &Choice, now: u64) -> Vec<Reading> {
    let each = columns.iter().enumerate();
    each.filter_map(|(i, column)| {
        let scenario = column.scenario();
        let service = scenario.services.get(choice.service)?;
        let report = column.report().services.into_iter().nth(choice.service)?;
        Some(Reading {
            guarantee: service.guarantee,
            outcome: words::sentence(&report, &scenario.load.noun, service.effect),
            report,
            parts: if i == 0 {
                None
            } else {
                parting(&columns[0], column)
            },
            behind: column.now() < now && !column.finished(),
        })
    })
    .collect()
}

/// The first event about a message in which two runs differ, as far as they are remembered.
fn parting(first: &Timeline, other: &Timeline) -> Option<(u64, u64, String, String)> {
    let of_messages = |run: &'_ Timeline| -> Vec<Event> {
        let about = |e: &&Event| e.kind.message().is_some();
        run.events().filter(about).copied().collect()
    };
    let (here, there) = (of_messages(first), of_messages(other));
    let differ = |(a, b): &(&Event, &Event)| (a.at, a.kind) != (b.at, b.kind);
    let (a, b) = here.iter().zip(&there).find(differ)?;
    Some((
        a.at.min(b.at),
        a.id,
        told(a, first.scenario()),
        told(b, other.scenario()),
    ))
}

#[component]
fn Chooser(
    lab: Lab,
    choice: RwSignal<Choice>,
    others: impl Fn(usize) -> Vec<Guarantee> + Copy + 'static,
) -> impl IntoView {
    let services = move || {
        lab.base.with(|s| {
            let each = s.services.iter().enumerate();
            each.map(|(i, s)| view! { <option value=i.to_string()>{s.name.clone()}</option> })
                .collect_view()
        })
    };
    let column = move |nth: usize| {
        view! {
            <select
                aria-label=format!("Guarantee of column {}", nth + 1)
                prop:value=move || choice.with(|c| c.guarantees.get(nth).map(|g| g.slug()))
                on:change=move |event| {
                    let slug = event_target_value(&event);
                    if let Some(g) = Guarantee::ALL.into_iter().find(|g| g.slug() == slug) {
                        choice.update(|c| c.guarantees[nth] = g);
                    }
                }
            >
                {Guarantee::ALL
                    .map(|g| {
                        let chosen = choice.with_untracked(|c| c.guarantees.get(nth) == Some(&g));
                        view! { <option value=g.slug() selected=chosen>{g.words()}</option> }
                    })
                    .into_iter()
                    .collect_view()}
            </select>
        }
    };
    view! {
        <div class="chooser">
            <label>
                <span>"Service"</span>
                <select on:change=move |event| {
                    let service = event_target_value(&event).parse().unwrap_or(0);
                    choice.set(Choice { service, guarantees: others(service) });
                }>{services}</select>
            </label>
            {(0..choice.with_untracked(|c| c.guarantees.len())).map(column).collect_view()}
        </div>
    }
}

/// A column for each run, a row for each figure; what differs from the first column is strong.
fn table(lab: Lab, readings: &[Reading]) -> impl IntoView + use<> {
    const ROWS: [Figure; 7] = [
        ("delivered", |r| r.delivered),
        ("effects", |r| r.effects),
        ("lost", |r| r.lost),
        ("repeated", |r| r.duplicated),
        ("out of order", |r| r.out_of_order),
        ("put aside", |r| r.dead_lettered),
        ("to come", |r| r.pending),
    ];
    let heads = readings
        .iter()
        .map(|r| view! { <th scope="col">{r.guarantee.words()}</th> });
    let heads = heads.collect_view();
    let held = readings.iter().map(|r| {
        let words = if r.report.held {
            "✓ held"
        } else {
            "✕ broken"
        };
        view! { <td><span class="tag" class:bad=!r.report.held>{words}</span></td> }
    });
    let held = held.collect_view();
    let rows = ROWS.map(|(name, figure)| {
        let first = readings.first().map(|r| figure(&r.report));
        let cells = readings.iter().map(|r| {
            let value = figure(&r.report);
            view! { <td class:strong=first != Some(value)>{value}</td> }
        });
        let cells = cells.collect_view();
        view! { <tr><th scope="row">{name}</th>{cells}</tr> }
    });
    let parts = readings
        .iter()
        .map(|r| parting_words(lab, r))
        .collect_view();
    let behind = readings.iter().any(|r| r.behind).then_some("Catching up…");
    view! {
        <table class="standings compared">
            <thead>
                <tr><td></td>{heads}</tr>
            </thead>
            <tbody>
                <tr><th scope="row">"promise"</th>{held}</tr>
                {rows.into_iter().collect_view()}
            </tbody>
        </table>
        <p class="hint">{behind}</p>
        {parts}
    }
}

fn parting_words(lab: Lab, reading: &Reading) -> impl IntoView + use<> {
    let name = reading.guarantee.words();
    let outcome = reading.outcome.clone();
    let parts = reading.parts.clone().map(|(_, event, here, there)| {
        view! {
            <p>"Parts from the first column: " {there} " In the first column: " {here}</p>
            <button type="button" on:click=move |_| lab.go(|run| run.seek_event(event))>"Go there"</button>
        }
    });
    view! {
        <h2>{name}</h2>
        <p>{outcome}</p>
        {parts}
    }
}
