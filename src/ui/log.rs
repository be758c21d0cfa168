//! The event log: only the rows in sight are in the document.

use leptos::html::Div;
use leptos::prelude::*;

use super::file;
use super::lab::Lab;
use crate::scenario::Scenario;
use crate::scenario::link::Panel;
use crate::trace::Event;
use crate::view::log::{FAMILIES, Filter, json_lines};
use crate::view::names;
use crate::view::sentence::sentence;

/// Height of a row in CSS pixels; `.log-row` has the same.
const ROW: usize = 40;
/// Rows kept in the document above and below those in sight.
const MARGIN: usize = 4;

/// The panel.
#[component]
pub fn Log(lab: Lab) -> impl IntoView {
    let filter = RwSignal::new(Filter::default());
    let found = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        filter.with(|f| {
            lab.read(|run| {
                run.events()
                    .filter(|e| f.lets(e))
                    .copied()
                    .collect::<Vec<_>>()
            })
            .unwrap_or_default()
        })
    });
    let export = move |_| {
        let lines = found.with(|events| json_lines(events));
        let name = lab
            .scenario
            .with_untracked(|s| format!("{}-{}.jsonl", s.name, s.seed));
        file::save(&name, "application/jsonl", &lines);
    };
    // Told when the reader asks for others, not whenever there is another.
    let filtered = move || {
        let all = filter.with(|f| *f == Filter::default());
        (!all).then(|| format!("Filtered: {}.", count_words(found.with_untracked(Vec::len))))
    };
    view! {
        <section class="panel log" aria-label="Event log">
            <Filters lab filter/>
            <p class="log-head">
                <span>{move || count_words(found.with(Vec::len))}</span>
                <span class="unseen" role="status">{filtered}</span>
                <button type="button" on:click=export title="One event a line, as shown">"Export as JSON Lines"</button>
            </p>
            <Rows lab found/>
        </section>
    }
}

fn count_words(count: usize) -> String {
    match count {
        0 => "No events".into(),
        1 => "1 event".into(),
        n => format!("{n} events"),
    }
}

#[component]
fn Filters(lab: Lab, filter: RwSignal<Filter>) -> impl IntoView {
    let services = move || {
        lab.scenario.with(|s| {
            let each = s.services.iter().enumerate();
            each.map(|(i, s)| view! { <option value=i.to_string()>{s.name.clone()}</option> })
                .collect_view()
        })
    };
    view! {
        <fieldset class="filters">
            <legend class="unseen">"Show only"</legend>
            <label>
                <span>{move || lab.scenario.with(|s| s.load.noun.clone())}</span>
                <input
                    type="number"
                    min="1"
                    on:input=move |event| {
                        let message = event_target_value(&event).parse().ok();
                        filter.update(|f| f.message = message);
                    }
                />
            </label>
            <label>
                <span>"partition"</span>
                <input
                    type="number"
                    min="0"
                    on:input=move |event| {
                        let partition = event_target_value(&event).parse().ok();
                        filter.update(|f| f.partition = partition);
                    }
                />
            </label>
            <label>
                <span>"service"</span>
                <select on:change=move |event| {
                    let service = event_target_value(&event).parse().ok();
                    filter.update(|f| f.service = service);
                }>
                    <option value="">"all"</option>
                    {services}
                </select>
            </label>
            <label>
                <span>"kind"</span>
                <select on:change=move |event| {
                    let place = event_target_value(&event).parse::<usize>().ok();
                    let kind = place.and_then(|n| FAMILIES.get(n)).map(|(f, _)| *f);
                    filter.update(|f| f.kind = kind);
                }>
                    <option value="">"all"</option>
                    {FAMILIES
                        .iter()
                        .enumerate()
                        .map(|(i, (_, name))| view! { <option value=i.to_string()>{*name}</option> })
                        .collect_view()}
                </select>
            </label>
        </fieldset>
    }
}

/// The rows in sight. The newest is at the bottom, and stays in sight unless the reader scrolled up.
#[component]
fn Rows(lab: Lab, found: Memo<Vec<Event>>) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let top = RwSignal::new(0_usize);
    let height = RwSignal::new(400_usize);
    let follows = StoredValue::new(true);
    let measure = move |frame: &web_sys::HtmlDivElement| {
        let (above, room) = (
            frame.scroll_top().max(0) as usize,
            frame.client_height().max(0) as usize,
        );
        top.set(above);
        height.set(room);
        follows.set_value(above + room + ROW >= frame.scroll_height().max(0) as usize);
    };
    Effect::new(move |_| {
        found.track();
        let Some(frame) = frame.get() else {
            return;
        };
        request_animation_frame(move || {
            if follows.try_get_value() == Some(true) {
                frame.set_scroll_top(frame.scroll_height());
            }
            measure(&frame);
        });
    });
    let shown = Memo::new(move |_| {
        let first = (top.get() / ROW).saturating_sub(MARGIN);
        let many = height.get() / ROW + 2 * MARGIN + 1;
        (first, many)
    });
    let rows = move || {
        let (first, many) = shown.get();
        let scenario = lab.scenario.read_untracked();
        found.with(|events| {
            let first = first.min(events.len().saturating_sub(1));
            let seen = events.iter().enumerate().skip(first).take(many);
            seen.map(|(i, event)| row(lab, &scenario, i, event))
                .collect_view()
        })
    };
    let tall = move || (found.with(Vec::len) * ROW).to_string();
    view! {
        <div
            class="log-rows"
            tabindex="0"
            role="list"
            aria-label="Events, oldest first"
            node_ref=frame
            on:scroll=move |_| {
                if let Some(frame) = frame.get_untracked() {
                    measure(&frame);
                }
            }
        >
            // An empty picture as tall as all rows: a height without a style attribute.
            <svg class="log-height" width="1" height=tall aria-hidden="true"></svg>
            {rows}
        </div>
    }
}

fn row(lab: Lab, scenario: &Scenario, place: usize, event: &Event) -> impl IntoView + use<> {
    let (id, message) = (event.id, event.kind.message());
    let words = sentence(event, scenario);
    let fault = event.kind.fault().is_some();
    let node = NodeRef::<Div>::new();
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            let _ = web_sys::HtmlElement::style(&node)
                .set_property("top", &format!("{}px", place * ROW));
        }
    });
    let choose = move |_| {
        if let Some(message) = message {
            lab.pick(Some(message));
        }
        lab.go(|run| run.seek_event(id));
    };
    let open = move |_| lab.show(Panel::Message);
    let lit = move || message.is_some() && lab.picked.get() == message;
    // Where it stands in the explanation that is shown.
    let place = move || {
        lab.desk
            .chain
            .with(|chain| chain.iter().position(|event| event.id == id))
    };
    let link = move || {
        place().map(|at| view! { <span class="place" title="In the chain of the explanation">{at + 1}</span> })
    };
    let parts = move || lab.desk.parted.get().is_some_and(|(event, _)| event == id);
    let parting = move || {
        parts().then(|| view! { <span class="parting">"≠ here the compared run parts"</span> })
    };
    view! {
        <div class="log-row" class:fault=fault class:lit=lit class:chained=move || place().is_some() role="listitem" node_ref=node>
            <button type="button" class="line" title=words.clone() on:click=choose on:dblclick=open>
                {link}
                {parting}
                <span class="when">{names::moment(event.at)}</span>
                " "
                {words.clone()}
            </button>
        </div>
    }
}
