//! One message: how it stands with each service, what is on its way, why it went wrong, and its life.

use leptos::prelude::*;

use super::diagram::Diagram;
use super::engine::is_anomaly;
use super::file;
use super::found::headline;
use super::lab::Lab;
use super::notices::Notice;
use super::why::Why;
use crate::scenario::{Action, Scenario, Span};
use crate::timeline::Mark;
use crate::verdict::{MessageLine, Standing, State};
use crate::view::names;
use crate::view::stage::{Moving, Stage};
use crate::view::story::{Tag, story};

/// How long a packet is held up by a button.
const HELD_UP: Span = Span(500_000);

/// The panel.
#[component]
pub fn Message(lab: Lab) -> impl IntoView {
    let noun = Memo::new(move |_| lab.scenario.with(|s| s.load.noun.clone()));
    view! {
        <section class="panel" aria-label="Message">
            <label class="ask">
                <span>{move || format!("Number of the {}", noun.get())}</span>
                <input
                    type="number"
                    min="1"
                    inputmode="numeric"
                    prop:value=move || lab.picked.get().map(|m| m.to_string()).unwrap_or_default()
                    on:change=move |event| lab.pick(event_target_value(&event).parse().ok().filter(|m| *m > 0))
                />
            </label>
            {move || match lab.picked.get() {
                Some(message) => view! { <About lab message/> }.into_any(),
                None => {
                    view! { <p class="hint">"Pick one: click a cell or a pill on the stage, or a line of the log."</p>
                        <Newest lab/> }
                        .into_any()
                }
            }}
        </section>
    }
}

/// The newest anomaly of each kind at each service.
#[component]
fn Newest(lab: Lab) -> impl IntoView {
    let newest = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| {
            let here = run.run().world().traced();
            let past = run.marks().iter().rev().filter(|m| m.event <= here);
            let mut found: Vec<Mark> = Vec::new();
            for mark in past.filter(|m| m.message > 0 && is_anomaly(m)) {
                let known = |m: &Mark| (m.service, m.what) == (mark.service, mark.what);
                if !found.iter().any(known) {
                    found.push(*mark);
                }
            }
            found
        })
        .unwrap_or_default()
    });
    let open = move |mark: Mark| {
        lab.desk.anomaly.set(Some(mark));
        lab.pick(Some(mark.message));
    };
    let lines = move || {
        let scenario = lab.scenario.read_untracked();
        let each = newest.get().into_iter();
        each.map(|mark| {
            let (words, _) = headline(&scenario, &mark);
            view! { <li><button type="button" class="line" on:click=move |_| open(mark)>{words}</button></li> }
        })
        .collect_view()
    };
    view! {
        <h2>"Newest of each kind"</h2>
        <ul>{lines}</ul>
    }
}

#[component]
fn About(lab: Lab, message: u64) -> impl IntoView {
    let line = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| run.run().ledger().message(message))
            .flatten()
    });
    let replayed = move || {
        let settings = lab.desk.replayed.get()?;
        Some(
            view! { <p class="replayed" role="status">{format!("The same weather with {settings}.")}</p> },
        )
    };
    view! {
        {replayed}
        <Standings lab line/>
        <OnTheWay lab message/>
        <Why lab message/>
        <Diagram lab message/>
        <Life lab message/>
    }
}

/// Delivered, processed, effected: a row for each service.
#[component]
fn Standings(lab: Lab, line: Memo<Option<MessageLine>>) -> impl IntoView {
    let rows = move || {
        let line = line.get()?;
        lab.scenario.with(|s| {
            let services = s.services.iter().zip(line.services.iter().copied());
            let meant = services.filter(|(_, standing)| standing.state != State::Elsewhere);
            Some(
                meant
                    .map(|(service, standing)| row(&service.name, standing))
                    .collect_view(),
            )
        })
    };
    let producer = move || {
        line.with(|line| match line {
            None => "Nothing is known of it at this moment: it is not published yet, or it was settled long ago.",
            Some(line) if line.acked => "Its producer knows it to be stored.",
            Some(line) if line.gave_up => "Its producer has reported it as failed.",
            Some(_) => "Its producer has no answer yet.",
        })
    };
    view! {
        <table class="standings">
            <thead>
                <tr>
                    <th scope="col">"Service"</th>
                    <th scope="col">"delivered"</th>
                    <th scope="col">"processed"</th>
                    <th scope="col" class="outside">"effect"</th>
                    <th scope="col">"so far"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="hint">{producer}</p>
    }
}

fn row(name: &str, standing: Standing) -> impl IntoView + use<> {
    let state = match (standing.state, standing.effects) {
        (State::Elsewhere, _) => "",
        (State::Pending, _) => "pending",
        (State::Taken, 0 | 1) => "done",
        (State::Taken, _) => "repeated",
        (State::Lost, _) => "lost",
        (State::Aside, _) => "put aside",
    };
    let bad = matches!(state, "lost" | "repeated");
    view! {
        <tr>
            <th scope="row">{name.to_string()}</th>
            <td>{standing.delivered}</td>
            <td>{standing.processed}</td>
            <td class="outside">{standing.effects}</td>
            <td class:strong=bad>{state}</td>
        </tr>
    }
}

/// Packets with the message (or about it), and what can be done to them.
#[component]
fn OnTheWay(lab: Lab, message: u64) -> impl IntoView {
    let packets = Memo::new(move |_| {
        lab.now.track();
        lab.traced.track();
        lab.read(|run| {
            let stage = Stage::of(run.run().world());
            let about = |m: &&Moving| m.message == message && !m.lost;
            stage
                .moving
                .iter()
                .filter(about)
                .copied()
                .collect::<Vec<_>>()
        })
        .unwrap_or_default()
    });
    move || {
        let packets = packets.get();
        (!packets.is_empty() && !lab.playing.get()).then(|| {
            view! {
                <h2>"On its way now"</h2>
                <ul class="packets">
                    {packets
                        .into_iter()
                        .map(|packet| view! { <Packet lab packet/> })
                        .collect_view()}
                </ul>
            }
        })
    }
}

#[component]
fn Packet(lab: Lab, packet: Moving) -> impl IntoView {
    let words = lab.scenario.with_untracked(|s| way_words(s, &packet));
    let number = packet.packet;
    let drop = move |_| {
        lab.act(Action::Drop { packet: number });
    };
    let delay = move |_| {
        let by = HELD_UP;
        lab.act(Action::Delay { packet: number, by });
    };
    let leg = names::leg(packet.leg);
    view! {
        <li>
            <span>{words}</span>
            <button type="button" on:click=drop>{format!("Drop this {leg}")}</button>
            <button type="button" on:click=delay>"Hold it up 500 ms"</button>
        </li>
    }
}

/// "ack, from order-events 0 to Order API".
fn way_words(scenario: &Scenario, packet: &Moving) -> String {
    let place = |place| names::place(scenario, place);
    let (leg, from, to) = (names::leg(packet.leg), place(packet.from), place(packet.to));
    format!("{leg} from {from} to {to}")
}

/// Everything that happened to it up to the cursor, as sentences.
#[component]
fn Life(lab: Lab, message: u64) -> impl IntoView {
    let told = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| story(run.scenario(), run.events(), message))
            .unwrap_or_default()
    });
    let lines = move || {
        let each = told.get().into_iter();
        each.map(|line| {
            let class = tag_class(line.tag);
            view! {
                <li class=class>
                    <button type="button" class="line" on:click=move |_| lab.go(|run| run.seek_event(line.event))>
                        {line.sentence}
                    </button>
                </li>
            }
        })
        .collect_view()
    };
    let text = move || {
        let lines =
            told.with_untracked(|all| all.iter().map(|l| l.sentence.clone()).collect::<Vec<_>>());
        lines.join("\n")
    };
    view! {
        <h2>"Its life"</h2>
        <ol class="life">{lines}</ol>
        <p class="take">
            <Copy lab what="Copy as text" text/>
        </p>
    }
}

fn tag_class(tag: Tag) -> &'static str {
    match tag {
        Tag::Normal => "",
        Tag::Lost | Tag::Crash => "fault",
        _ => "again",
    }
}

/// A button that puts a text on the clipboard.
#[component]
pub fn Copy(lab: Lab, what: &'static str, text: impl Fn() -> String + 'static) -> impl IntoView {
    let copied = RwSignal::new(false);
    let done = move |well: bool| {
        copied.try_set(well);
        if !well {
            let words = "The browser does not let this page use the clipboard.";
            Notice::push(lab.notices, words.into());
        }
    };
    view! {
        <button type="button" on:click=move |_| file::copy(&text(), done)>{what}</button>
        <span role="status">{move || copied.get().then_some(" Copied.")}</span>
    }
}
