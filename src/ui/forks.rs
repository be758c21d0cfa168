//! What was done by hand, and the branches that came of it.

use leptos::prelude::*;

use super::crash::Crashes;
use super::lab::Lab;
use super::packets::Packets;
use super::transport::clock;
use crate::scenario::{Action, Span};
use crate::timeline::{Branch, Timeline};
use crate::view::branches::{self, Limb};
use crate::view::deeds;

/// How long a link stays cut by a button.
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
            <Packets lab message=None/>
            <h2>"Do now"</h2>
            <Crashes lab/>
            <div class="crashes">
                {move || {
                    (0..brokers())
                        .map(|broker| {
                            let cut = move |_| {
                                lab.act(Action::CutBroker { broker, lasting: A_WHILE });
                            };
                            view! { <button type="button" disabled=lab.readonly() on:click=cut>{format!("Cut off broker {broker} for 2 s")}</button> }
                        })
                        .collect_view()
                }}
            </div>
        </section>
    }
}

/// The branches, as far as a picture of them goes.
fn limbs_of(lab: Lab) -> Vec<Limb> {
    let limb = |b: &Branch| Limb {
        parent: b.parent,
        seen: b.seen(),
    };
    let limbs = lab.read(|run| run.branches().iter().map(limb).collect());
    limbs.unwrap_or_default()
}

/// Goes onto the branch after this one, in the order of the tree.
pub fn next_branch(lab: Lab) {
    let order = branches::ordered(&limbs_of(lab));
    let current = lab.desk.current.get_untracked();
    let here = order.iter().position(|b| *b == current).unwrap_or(0);
    lab.switch(order[(here + 1) % order.len()]);
}

/// The branches as a tree over time, and beside it what each of them began with; a press goes onto it.
#[component]
fn Tree(lab: Lab) -> impl IntoView {
    let desk = lab.desk;
    let limbs = Memo::new(move |_| {
        desk.branches.track();
        lab.seen.track();
        limbs_of(lab)
    });
    let drawn = move || branches::to_svg(&limbs.get(), desk.current.get(), lab.now.get());
    let buttons = move || {
        desk.branches.track();
        let each = branches::ordered(&limbs_of(lab)).into_iter();
        each.map(|b| {
            let here = move || if desk.current.get() == b { "true" } else { "false" };
            view! {
                <li>
                    <button type="button" aria-pressed=here on:click=move |_| lab.switch(b)>{branch_words(lab, b)}</button>
                </li>
            }
        })
        .collect_view()
    };
    view! {
        <div class="tree">
            <div aria-hidden="true" inner_html=drawn></div>
            <ol class="forks">{buttons}</ol>
        </div>
    }
}

fn branch_words(lab: Lab, branch: usize) -> String {
    if branch == 0 {
        return "As it ran first".into();
    }
    let told = lab.read(|run| {
        let own = run.branches().get(branch)?;
        let (_, at) = own.parent?;
        let nth = own.inputs().iter().position(|input| input.at.0 >= at)?;
        deed(run, branch, nth)
    });
    told.flatten().unwrap_or_else(|| "Another course".into())
}

/// "00:01.200 crash of Payment 1".
pub fn deed(run: &Timeline, branch: usize, nth: usize) -> Option<String> {
    let input = run.branches().get(branch)?.inputs().get(nth)?;
    let what = deeds::words(run.scenario(), &input.action, run.pointed_at(branch, nth));
    Some(format!("{} {what}", clock(input.at.0)))
}

#[component]
fn Done(lab: Lab) -> impl IntoView {
    let done = move || {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| {
            let branch = run.current_branch();
            let each = run.inputs().iter().enumerate();
            let words = each.filter_map(|(nth, input)| Some((input.at.0, deed(run, branch, nth)?)));
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
