//! Runs side by side: this one, and one or two others on the same weather, at one cursor.

use leptos::html::Canvas;
use leptos::prelude::*;

use super::lab::{Lab, REPLAYED};
use super::paint::Painter;
use crate::explain::{Case, Lockstep, Parting, by_name};
use crate::scenario::link::{Panel, open};
use crate::scenario::params::{self, slug};
use crate::scenario::{Guarantee, Intervention, Problem, Scenario, preset, preset_names};
use crate::sim::FaultPlan;
use crate::timeline::{Run, Timeline};
use crate::view::compare::{Row, difference, parting_words, totals};
use crate::view::layout::{Room, layout};
use crate::view::scene::{self, Attention, Motion, Scene};
use crate::view::stage::Stage;

/// Events of the queue that a column may handle between two renewals while the run plays.
const MOST_AT_ONCE: usize = 20_000;
/// Height of a column's stage, in CSS pixels.
const HEIGHT: f64 = 180.0;

/// A run beside this one.
struct Beside {
    timeline: Timeline,
    lockstep: Lockstep,
}

/// What is shown of a run beside this one.
#[derive(Clone, PartialEq)]
enum Reading {
    /// Why there is none.
    Problems(Vec<String>),
    /// Where it parts from this one, in words, and whether it is still catching up.
    Runs {
        parting: Option<(Parting, String, String)>,
        behind: bool,
    },
}

/// What the columns follow from.
type Made = (Vec<String>, Scenario, Vec<Intervention>);

#[derive(Clone, Copy)]
struct Columns {
    /// What stands beside this run, as the options of the choosers have it; empty for nothing.
    choices: RwSignal<Vec<String>>,
    beside: StoredValue<Vec<Result<Beside, Vec<Problem>>>, LocalStorage>,
    readings: Memo<(Vec<Reading>, Made)>,
}

/// The panel.
#[component]
pub fn Compare(lab: Lab) -> impl IntoView {
    let choices = RwSignal::new(vec![lab.base.with_untracked(first_choice), String::new()]);
    let beside = StoredValue::new_local(Vec::new());
    let made_of = Memo::new(move |_| {
        lab.traced.track();
        (choices.get(), lab.base.get(), lab.inputs())
    });
    let readings = Memo::new(move |before: Option<&(Vec<Reading>, Made)>| {
        let (now, made) = (lab.now.get(), made_of.get());
        if before.is_none_or(|(_, known)| *known != made) {
            beside.set_value(begin(&made));
        }
        let limit = if lab.playing.get() {
            MOST_AT_ONCE
        } else {
            usize::MAX
        };
        let mut read = Vec::new();
        beside.update_value(|all| {
            read = all
                .iter_mut()
                .map(|one| follow(one, &made.1, now, limit))
                .collect()
        });
        (read, made)
    });
    let columns = Columns {
        choices,
        beside,
        readings,
    };
    // The first difference is marked in the log and over the bar.
    Effect::new(move |_| {
        let parted = readings.with(|(readings, _)| readings.iter().find_map(parted_here));
        lab.desk.parted.set(parted);
    });
    on_cleanup(move || {
        lab.desk.parted.try_set(None);
    });
    view! {
        <section class="panel" aria-label="Compare">
            <p class="hint">"The same messages and the same faults, side by side with another guarantee, or with any other scenario. There is one cursor: the run's."</p>
            <div class="columns">
                <div class="one">
                    <h2>"This run"</h2>
                    <SmallStage lab columns nth=None/>
                </div>
                <Other lab columns nth=0/>
                <Other lab columns nth=1/>
            </div>
            <Tables lab columns/>
        </section>
    }
}

fn parted_here(reading: &Reading) -> Option<(u64, u64)> {
    match reading {
        Reading::Runs {
            parting: Some((parting, ..)),
            ..
        } => parting.here.map(|event| (event.id, event.at)),
        _ => None,
    }
}

/// The strongest other promise of the first service that a run can be made of.
fn first_choice(base: &Scenario) -> String {
    let own = base.services.first().map(|s| s.guarantee);
    let others = Guarantee::ALL.into_iter().rev().filter(|g| Some(*g) != own);
    let mut codes = others.map(|g| format!("promise:0:{}", g.slug()));
    let runs = |code: &String| {
        scenario_of(code, base, &[])
            .and_then(|(s, _)| Timeline::new(s))
            .is_ok()
    };
    codes.find(runs).unwrap_or_default()
}

/// The scenario that an option stands for, and what is done to it by hand.
fn scenario_of(
    code: &str,
    base: &Scenario,
    inputs: &[Intervention],
) -> Result<(Scenario, Vec<Intervention>), Vec<Problem>> {
    let (kind, rest) = code.split_once(':').unwrap_or((code, ""));
    match kind {
        "promise" => {
            let (service, promise) = rest.split_once(':').unwrap_or((rest, ""));
            let service = service
                .parse()
                .ok()
                .and_then(|s: usize| base.services.get(s));
            let name = service.map_or(String::new(), |s| format!("{}.guarantee", slug(&s.name)));
            let mut other = base.clone();
            params::set(&mut other, &name, promise).map_err(|problem| vec![problem])?;
            Ok((other, inputs.to_vec()))
        }
        "preset" => match preset(rest) {
            Some(other) => Ok((other, Vec::new())),
            None => Err(vec![Problem::unknown("preset", rest, preset_names())]),
        },
        _ => {
            let (address, fragment) = rest.split_once('#').unwrap_or((rest, ""));
            let query = address.split_once('?').map_or("", |(_, query)| query);
            let opened = open(query, fragment);
            match opened.problems.is_empty() && (!query.is_empty() || !fragment.is_empty()) {
                true => Ok((opened.scenario, opened.interventions)),
                false if opened.problems.is_empty() => Err(vec![Problem::sentence(
                    "link",
                    "Paste a link that this page made: it has a `?` or a `#` in it.",
                )]),
                false => Err(opened.problems),
            }
        }
    }
}

fn begin((choices, base, inputs): &Made) -> Vec<Result<Beside, Vec<Problem>>> {
    let case = |scenario: &Scenario, inputs: &[Intervention]| Case {
        scenario: scenario.clone(),
        interventions: inputs.to_vec(),
        plan: FaultPlan::default(),
    };
    let here = case(base, inputs);
    let here = by_name(&here).unwrap_or(here);
    let (base, inputs) = (&here.scenario, &here.interventions);
    let made = choices.iter().filter(|code| !code.is_empty()).map(|code| {
        let (scenario, inputs) = scenario_of(code, base, inputs)?;
        let timeline = Timeline::with_inputs(scenario.clone(), inputs.clone(), REPLAYED)?;
        let lockstep = Lockstep::of(&here, &case(&scenario, &inputs));
        let problem = |sentence| Problem::sentence("scenario", sentence);
        let lockstep = lockstep.map_err(|all| all.into_iter().map(problem).collect::<Vec<_>>())?;
        Ok(Beside { timeline, lockstep })
    });
    made.collect()
}

fn follow(
    one: &mut Result<Beside, Vec<Problem>>,
    base: &Scenario,
    now: u64,
    limit: usize,
) -> Reading {
    match one {
        Err(problems) => Reading::Problems(problems.iter().map(ToString::to_string).collect()),
        Ok(Beside { timeline, lockstep }) => {
            match timeline.now() > now {
                true => timeline.seek(now),
                false => drop(timeline.advance(now, limit)),
            }
            let parting = lockstep.parting(now).map(|parting| {
                let (here, there) = parting_words(&parting, base, timeline.scenario());
                (parting, here, there)
            });
            let behind = timeline.now() < now && !timeline.finished();
            Reading::Runs { parting, behind }
        }
    }
}

/// A run beside this one: which, its stage, and where it parts from this one.
#[component]
fn Other(lab: Lab, columns: Columns, nth: usize) -> impl IntoView {
    let chosen = move || {
        columns
            .choices
            .with(|c| c.get(nth).cloned().unwrap_or_default())
    };
    let place = move || {
        columns
            .choices
            .with(|c| c.iter().take(nth).filter(|code| !code.is_empty()).count())
    };
    let reading = move || {
        let shown = !chosen().is_empty();
        columns
            .readings
            .with(|(readings, _)| readings.get(place()).filter(|_| shown).cloned())
    };
    let words = move || {
        reading().map(|reading| match reading {
            Reading::Problems(all) => view! { <p role="alert">{all.join(" ")}</p> }.into_any(),
            Reading::Runs { behind: true, .. } => view! { <p class="hint">"Catching up…"</p> }.into_any(),
            Reading::Runs { parting: None, .. } => view! { <p class="hint">"So far every message fares the same."</p> }.into_any(),
            Reading::Runs { parting: Some((parting, here, there)), .. } => {
                let go = move |_| lab.go(|run| run.seek(parting.at));
                view! {
                    <p><strong>"≠ First difference. "</strong>"Here: " {there}" In this run: " {here}</p>
                    <button type="button" on:click=go>"Go there"</button>
                }
                .into_any()
            }
        })
    };
    let stage = move || {
        let runs = Memo::new(move |_| matches!(reading(), Some(Reading::Runs { .. })));
        move || {
            runs.get()
                .then(|| view! { <SmallStage lab columns nth=Some(place())/> })
        }
    };
    view! {
        <div class="one">
            <Chooser lab columns nth/>
            {stage()}
            {words}
        </div>
    }
}

#[component]
fn Chooser(lab: Lab, columns: Columns, nth: usize) -> impl IntoView {
    let chosen = move || {
        columns
            .choices
            .with(|c| c.get(nth).cloned().unwrap_or_default())
    };
    let choose = move |code: String| columns.choices.update(|c| c[nth] = code);
    let option = move |code: String, words: String| {
        let selected = columns
            .choices
            .with_untracked(|c| c.get(nth) == Some(&code));
        view! { <option value=code selected=selected>{words}</option> }.into_any()
    };
    let promises = move || {
        lab.base.with(|s| {
            let each = s.services.iter().enumerate().flat_map(|(i, service)| {
                let others = Guarantee::ALL
                    .into_iter()
                    .filter(|g| *g != service.guarantee);
                others.map(move |g| {
                    option(
                        format!("promise:{i}:{}", g.slug()),
                        format!("{}: {}", service.name, g.words()),
                    )
                })
            });
            each.collect_view()
        })
    };
    let presets = preset_names().map(|name| {
        option(
            format!("preset:{name}"),
            preset(name).map_or(name.into(), |s| s.title),
        )
    });
    let presets = presets.collect_view();
    let by_link = move || chosen().starts_with("link:");
    view! {
        <select
            aria-label=format!("Beside this run, {}", if nth == 0 { "first" } else { "second" })
            prop:value=move || if by_link() { "link:".to_string() } else { chosen() }
            on:change=move |event| choose(event_target_value(&event))
        >
            {option(String::new(), "nothing beside it".into())}
            <optgroup label="This run with another promise">{promises}</optgroup>
            <optgroup label="Another scenario">{presets}</optgroup>
            <option value="link:">"what a link opens…"</option>
        </select>
        {move || {
            by_link().then(|| {
                view! {
                    <input
                        type="url"
                        aria-label="Link to compare with"
                        placeholder="Paste a link"
                        on:change=move |event| choose(format!("link:{}", event_target_value(&event)))
                    />
                }
            })
        }}
    }
}

/// The stage of a run, small: of this one, or of the `nth` beside it.
#[component]
fn SmallStage(lab: Lab, columns: Columns, nth: Option<usize>) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let painter = StoredValue::new_local(None::<Painter>);
    let drawing = StoredValue::new_local(Scene::default());
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        columns.readings.with(|_| ());
        lab.shown.track();
        lab.coloured.track();
        let stage = match nth {
            None => lab.read(|run| Stage::of(run.run().world())),
            Some(nth) => columns.beside.with_value(|all| {
                let one = all.get(nth)?.as_ref().ok()?;
                Some(Stage::of(one.timeline.run().world()))
            }),
        };
        let Some(stage) = stage else {
            return;
        };
        let width = f64::from(canvas.client_width());
        let place = layout(
            &stage,
            Room {
                width,
                height: HEIGHT,
                fixed: true,
            },
        );
        let about = Attention {
            picked: lab.picked.get(),
            ..Attention::default()
        };
        let density = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio());
        painter.update_value(|painter| {
            let painter = match painter {
                Some(painter) => {
                    painter.recolour();
                    painter
                }
                None => match Painter::new(canvas) {
                    Some(new) => painter.insert(new),
                    None => return,
                },
            };
            drawing.update_value(|drawing| {
                scene::draw(drawing, &stage, &place, Motion::Gliding, about);
                painter.resize(width, HEIGHT, density);
                painter.draw(drawing, width, HEIGHT);
            });
        });
    });
    let label = match nth {
        None => "The stage of this run; its figures are in the table below",
        Some(_) => "The stage of the run beside it; its figures are in the table below",
    };
    view! { <canvas class="small-stage" role="img" aria-label=label node_ref=canvas></canvas> }
}

/// The difference of the ledgers: the totals of each service, and the messages that fared differently.
#[component]
fn Tables(lab: Lab, columns: Columns) -> impl IntoView {
    let rows = Memo::new(move |_| {
        columns.readings.with(|_| ());
        lab.shown.track();
        columns
            .beside
            .with_value(|all| {
                let beside = all.iter().filter_map(|one| one.as_ref().ok());
                let beside: Vec<&Run> = beside.map(|one| one.timeline.run()).collect();
                lab.read(|run| {
                    let runs: Vec<&Run> = [run.run()].into_iter().chain(beside).collect();
                    (totals(&runs), difference(&runs))
                })
            })
            .unwrap_or_default()
    });
    move || {
        let (totals, differ) = rows.get();
        let none = differ
            .is_empty()
            .then(|| view! { <p class="hint">"No message fares differently so far."</p> });
        view! {
            <h2>"The ledgers"</h2>
            {table(lab, totals)}
            <h2>"Messages that fare differently"</h2>
            {none}
            {table(lab, differ)}
        }
    }
}

fn table(lab: Lab, rows: Vec<Row>) -> AnyView {
    let Some(columns) = rows.first().map(|row| row.values.len()) else {
        return ().into_any();
    };
    let heads = ["this run", "beside it", "and beside that"]
        .into_iter()
        .take(columns);
    let heads = heads
        .map(|name| view! { <th scope="col">{name}</th> })
        .collect_view();
    let mut last = String::new();
    let rows = rows.into_iter().map(|row| {
        // A service is named once, at its first row.
        let head = match row.service == last {
            true => view! { <td></td> }.into_any(),
            false => view! { <th scope="row">{row.service.clone()}</th> }.into_any(),
        };
        last = row.service;
        let message = row.message;
        let what = match message {
            0 => row.what.into_any(),
            _ => {
                let pick = move |_| {
                    lab.pick(Some(message));
                    lab.show(Panel::Message);
                };
                view! { <button type="button" class="line" on:click=pick>{row.what}</button> }
                    .into_any()
            }
        };
        let cells = row
            .values
            .into_iter()
            .map(|value| view! { <td>{value}</td> });
        view! {
            <tr class:strong=row.differs>
                {head}
                <td>{what}</td>
                {cells.collect_view()}
            </tr>
        }
    });
    view! {
        <table class="standings compared">
            <thead><tr><td></td><td></td>{heads}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}
