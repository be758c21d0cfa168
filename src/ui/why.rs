//! Why a message was lost, repeated or overtaken: the decisive faults, and what would have helped.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::found::headline;
use super::lab::Lab;
use crate::explain::{Case, Setting};
use crate::scenario::Scenario;
use crate::sim::FaultPlan;
use crate::timeline::{Mark, MarkKind};
use crate::trace::{Event, EventId};
use crate::verdict::Anomaly;
use crate::view::why::{Explanation, explain};

/// Before the work begins, so that the page can say that it has begun, in ms.
const A_MOMENT: u32 = 30;

/// What was found out.
type Answer = Result<Explanation, Vec<String>>;

/// The anomalies of this message (of those about none, 0, the one that is asked about), and the cause of the one that is asked about.
#[component]
pub fn Why(lab: Lab, message: u64) -> impl IntoView {
    let known = Memo::new(move |_| {
        lab.seen.track();
        lab.traced.track();
        lab.desk.current.track();
        let asked = lab.desk.why.get();
        let own = |m: &&Mark| {
            let one_of_many = message == 0 && asked != Some(**m);
            m.message == message && anomaly_of(m).is_some() && !one_of_many
        };
        lab.read(|run| run.marks().iter().filter(own).copied().collect::<Vec<_>>())
            .unwrap_or_default()
    });
    let answer = RwSignal::new(None::<Answer>);
    let asked = Memo::new(move |_| lab.desk.why.get().filter(|mark| mark.message == message));
    Effect::new(move |_| {
        let mark = asked.get();
        answer.set(None);
        light(lab, Vec::new());
        if let Some(anomaly) = mark.as_ref().and_then(anomaly_of) {
            let case = case(lab);
            Timeout::new(A_MOMENT, move || {
                let found = explain(&case, &anomaly);
                let chain = found
                    .iter()
                    .flat_map(|found| found.events.clone())
                    .collect();
                // Set only if the panel is still there.
                if answer.try_set(Some(found)).is_none() {
                    light(lab, chain);
                }
            })
            .forget();
        }
    });
    let each = move || {
        let scenario = lab.scenario.read_untracked();
        let marks = known.get().into_iter();
        marks
            .map(|mark| question(lab, &scenario, mark, asked))
            .collect_view()
    };
    view! {
        <div class="whys">
            {each}
            // Told in short; the explanation itself is long, and stands below.
            <p class="unseen" role="status">{move || asked.get().map(|_| answer.with(told))}</p>
            <div>
                {move || {
                    asked.get()?;
                    Some(match answer.get() {
                        None => view! { <p class="hint">"Replaying without each fault…"</p> }.into_any(),
                        Some(Ok(found)) => view! { <Found lab found/> }.into_any(),
                        Some(Err(problems)) => view! { <p>{problems.join(" ")}</p> }.into_any(),
                    })
                }}
            </div>
        </div>
    }
}

/// What a screen reader is told of an explanation that was asked for.
fn told(answer: &Option<Answer>) -> &'static str {
    match answer {
        None => "Replaying without each fault…",
        Some(Ok(_)) => "The explanation is there.",
        Some(Err(_)) => "There is no explanation.",
    }
}

fn question(
    lab: Lab,
    scenario: &Scenario,
    mark: Mark,
    asked: Memo<Option<Mark>>,
) -> impl IntoView + use<> {
    let (words, allowed) = headline(scenario, &mark);
    let ask = move |_| {
        lab.desk.anomaly.set(Some(mark));
        lab.desk.why.set(Some(mark));
    };
    view! {
        <p class="anomaly">
            <span>
                <strong>{words}</strong>
                " "
                {allowed}
            </span>
            {move || (asked.get() != Some(mark)).then(|| view! { <button type="button" on:click=ask>"Why?"</button> })}
        </p>
    }
}

/// Lights these events in log, diagram and stage.
fn light(lab: Lab, chain: Vec<Event>) {
    lab.with(|e| e.light(chain.clone()));
    lab.desk.chain.set(chain);
}

/// Everything the run at the cursor follows from.
fn case(lab: Lab) -> Case {
    Case {
        scenario: lab.base.get_untracked(),
        interventions: lab.inputs(),
        plan: FaultPlan::default(),
    }
}

fn anomaly_of(mark: &Mark) -> Option<Anomaly> {
    let MarkKind::Anomaly { kind, allowed } = mark.what else {
        return None;
    };
    Some(Anomaly {
        kind,
        allowed,
        service: mark.service,
        message: mark.message,
        at: mark.at,
        event: mark.event,
    })
}

/// The explanation.
#[component]
fn Found(lab: Lab, found: Explanation) -> impl IntoView {
    let to = move |event: EventId| lab.go(|run| run.seek_event(event));
    let some = !found.decisive.is_empty();
    let faults = found.decisive.into_iter().map(|fault| {
        view! {
            <li class="fault">
                <button type="button" class="line" title="Go there" on:click=move |_| to(fault.event)>
                    {fault.sentence}
                </button>
            </li>
        }
    });
    let faults = faults.collect_view();
    let chain = found.chain.into_iter().map(|line| {
        view! {
            <li>
                <button type="button" class="line" title="Go there" on:click=move |_| to(line.event)>
                    {line.sentence}
                </button>
            </li>
        }
    });
    let chain = chain.collect_view();
    let apply = found.cure.map(|advice| {
        let settings = advice.cure.settings;
        let at = found.anomaly.at;
        view! {
            <button type="button" class="why" disabled=lab.readonly() on:click=move |_| retry(lab, &settings, at)>
                "Apply and replay the same weather"
            </button>
        }
    });
    view! {
        <div class="explanation">
            <p class="because">{found.sentence}</p>
            {some.then(|| view! { <h3>"Without this it would not have happened"</h3><ul>{faults}</ul> })}
            <p>{found.remedy}</p>
            {apply}
            <h3>"The chain of events, lit on the stage, in the diagram and in the log"</h3>
            <ol class="chain">{chain}</ol>
        </div>
    }
}

/// Replays the run with these settings and the same faults, to a moment a little after the anomaly.
fn retry(lab: Lab, settings: &[Setting], at: u64) {
    /// What had not come in time may come a little later.
    const AFTER: u64 = 2_000_000;
    let picked = lab.picked.get_untracked();
    let words: Vec<_> = settings
        .iter()
        .map(|s| format!("{} = {}", s.name, s.value))
        .collect();
    if lab.rerun(settings) {
        lab.go(|run| run.seek(at + AFTER));
        lab.pick(picked);
        lab.desk.replayed.set(Some(words.join(", ")));
    }
}
