//! What was done by hand, and the branches that came of it.

use leptos::prelude::*;

use super::crash::Crashes;
use super::lab::Lab;
use super::transport::clock;
use crate::scenario::{Action, Scenario, Span};
use crate::trace::Party;
use crate::view::names;

/// How long a link stays cut, and how much a packet is held up, by a button.
const A_WHILE: Span = Span(2_000_000);

/// The branches as a tree, the interventions of the current one, and buttons for more.
#[component]
pub fn Forks(lab: Lab) -> impl IntoView {
    let brokers = move || lab.scenario.with(|s| s.cluster.brokers as u16);
    view! {
        <section class="panel" aria-label="Forks">
            <h2>"Branches of this run"</h2>
            <p class="hint">
                "Go back in time and do something: the run forks there. The same faults strike every branch."
            </p>
            <Tree lab/>
            <h2>"Done on this branch"</h2>
            <Done lab/>
            <h2>"Do now"</h2>
            <Crashes lab/>
            <div class="crashes">
                {move || {
                    (0..brokers())
                        .map(|broker| {
                            let cut = move |_| {
                                lab.act(Action::CutBroker { broker, lasting: A_WHILE });
                            };
                            view! { <button type="button" on:click=cut>{format!("Cut off broker {broker} for 2 s")}</button> }
                        })
                        .collect_view()
                }}
            </div>
        </section>
    }
}

/// The branches, each under the one it left.
#[component]
fn Tree(lab: Lab) -> impl IntoView {
    let desk = lab.desk;
    view! {
        <ol class="forks">
            {move || {
                let branches = desk.branches.get();
                let depth = |mut b: usize| {
                    let mut depth = 0;
                    while let Some(Some((parent, _))) = branches.get(b).copied() {
                        b = parent;
                        depth += 1;
                    }
                    depth
                };
                ordered(&branches)
                    .into_iter()
                    .map(|b| {
                        let class = format!("depth-{}", depth(b).min(5));
                        let here = move || if desk.current.get() == b { "true" } else { "false" };
                        view! {
                            <li class=class>
                                <button type="button" aria-pressed=here on:click=move |_| lab.switch(b)>
                                    {branch_words(lab, b)}
                                </button>
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ol>
    }
}

/// Branches in the order of a tree: each followed by those that left it.
fn ordered(branches: &[super::desk::Origin]) -> Vec<usize> {
    let mut list = Vec::new();
    let mut open = vec![0];
    while let Some(branch) = open.pop() {
        list.push(branch);
        let children = (0..branches.len()).rev();
        open.extend(children.filter(|c| branches[*c].is_some_and(|(parent, _)| parent == branch)));
    }
    list
}

fn branch_words(lab: Lab, branch: usize) -> String {
    if branch == 0 {
        return "As it ran first".into();
    }
    let told = lab.read(|run| {
        let branch = run.branches().get(branch)?;
        let (_, at) = branch.parent?;
        let first = branch.inputs().iter().find(|input| input.at.0 >= at)?;
        Some(action_words(run.scenario(), &first.action, at))
    });
    told.flatten().unwrap_or_else(|| "Another course".into())
}

#[component]
fn Done(lab: Lab) -> impl IntoView {
    let done = move || {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| {
            let each = run.inputs().iter();
            let words = each.map(|i| (i.at.0, action_words(run.scenario(), &i.action, i.at.0)));
            words.collect::<Vec<_>>()
        })
        .unwrap_or_default()
    };
    let done = Memo::new(move |_| done());
    view! {
        <ul class="done">
            {move || {
                let done = done.get();
                if done.is_empty() {
                    return view! { <li class="hint">"Nothing yet."</li> }.into_any();
                }
                done.into_iter()
                    .map(|(at, words)| {
                        view! {
                            <li>
                                <button type="button" class="line" on:click=move |_| lab.go(|run| run.seek(at))>{words}</button>
                            </li>
                        }
                    })
                    .collect_view()
                    .into_any()
            }}
        </ul>
    }
}

/// "00:01.200 crash of Payment 1".
fn action_words(scenario: &Scenario, action: &Action, at: u64) -> String {
    let party = |party| names::party(scenario, party);
    let what = match action {
        Action::CrashConsumer { service, instance } => {
            format!("crash of {}", party(Party::Member(*service, *instance)))
        }
        Action::CrashBroker { broker } => format!("crash of {}", party(Party::Broker(*broker))),
        Action::CrashProducer { producer } => {
            format!("crash of {}", party(Party::Producer(*producer)))
        }
        Action::Drop { packet } => format!("packet {packet} dropped"),
        Action::Delay { packet, by } => format!("packet {packet} held up by {by}"),
        Action::CutBroker { broker, lasting } => {
            format!("{} cut off for {lasting}", party(Party::Broker(*broker)))
        }
        Action::Set { name, value } => format!("{name} set to {value}"),
    };
    format!("{} {what}", clock(at))
}
