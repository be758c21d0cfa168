//! What is on its way now, in words a reader can point at, and what can be done to it.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::{Action, Scenario, Span};
use crate::trace::Leg;
use crate::view::names;
use crate::view::stage::{Moving, Stage};

/// How long a packet is held up by a button.
const HELD_UP: Span = Span(500_000);
/// More are not listed at a time.
const MOST: usize = 12;

/// Packets on their way at this moment, those with (or about) one message or all, each with what can be done to it.
#[component]
pub fn Packets(lab: Lab, message: Option<u64>) -> impl IntoView {
    let packets = Memo::new(move |_| {
        lab.now.track();
        lab.traced.track();
        lab.read(|run| {
            let stage = Stage::of(run.run().world());
            let shown = |m: &&Moving| !m.lost && !matches!(m.leg, Leg::Control | Leg::Replication);
            let about = |m: &&Moving| message.is_none_or(|wanted| m.message == wanted);
            let found = stage.moving.iter().filter(shown).filter(about);
            found.take(MOST).copied().collect::<Vec<_>>()
        })
        .unwrap_or_default()
    });
    move || {
        let packets = packets.get();
        let empty = packets.is_empty();
        let list = match (lab.playing.get(), empty) {
            (true, _) => {
                view! { <p class="hint">"Pause to drop or hold up what is on its way."</p> }
                    .into_any()
            }
            (false, true) => view! { <p class="hint">"Nothing."</p> }.into_any(),
            (false, false) => {
                let each = packets.into_iter().map(|packet| line(lab, packet));
                view! { <ul class="packets">{each.collect_view()}</ul> }.into_any()
            }
        };
        (message.is_none() || !empty).then(|| view! { <h2>"On its way now"</h2>{list} })
    }
}

fn line(lab: Lab, packet: Moving) -> AnyView {
    let (what, way) = lab.scenario.with_untracked(|s| {
        (
            names::cargo(s, packet.leg, packet.message),
            way_words(s, &packet),
        )
    });
    let number = packet.packet;
    let drop = move |_| {
        lab.act(Action::Drop { packet: number });
    };
    let delay = move |_| {
        let by = HELD_UP;
        lab.act(Action::Delay { packet: number, by });
    };
    view! {
        <li>
            <span><strong>{what.clone()}</strong>{way}</span>
            <button type="button" disabled=lab.readonly() aria-label=format!("Drop {what}") on:click=drop>"Drop"</button>
            <button type="button" disabled=lab.readonly() aria-label=format!("Hold up 500 ms: {what}") on:click=delay>"Hold up 500 ms"</button>
        </li>
    }
    .into_any()
}

/// ", from partition 0 of order-events to Order API".
fn way_words(scenario: &Scenario, packet: &Moving) -> String {
    let place = |place| names::place(scenario, place);
    let more = match packet.count {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    format!(
        "{more}, from {} to {}",
        place(packet.from),
        place(packet.to)
    )
}
