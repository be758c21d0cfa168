//! The column beside the stage: settings, a message's life, the log, forks, comparisons. One is open at a time.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::compare::Compare;
use super::controls::Controls;
use super::forks::Forks;
use super::lab::Lab;
use super::log::Log;
use super::message::Message;
use super::moment::Moment;
use super::numbers::Numbers;
use crate::timeline::Mark;
use crate::trace::{Event, EventId, Party};
use crate::verdict::AnomalyKind;
use crate::view::belief;

/// What the column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What fails, and what each service asks for.
    Settings,
    /// One message: its life, and why it went wrong.
    Message,
    /// The run in figures over time.
    Numbers,
    /// All events.
    Log,
    /// What each party can know at this moment, and what its death would mean.
    Moment,
    /// What was done by hand, and the branches that came of it.
    Forks,
    /// The same weather under other guarantees.
    Compare,
}

const TABS: [(Tab, &str, &str); 7] = [
    (Tab::Settings, "Settings", "tab-settings"),
    (Tab::Message, "Message", "tab-message"),
    (Tab::Numbers, "Numbers", "tab-numbers"),
    (Tab::Log, "Log", "tab-log"),
    (Tab::Moment, "Moment", "tab-moment"),
    (Tab::Forks, "Forks", "tab-forks"),
    (Tab::Compare, "Compare", "tab-compare"),
];

/// Where a branch left which other: its parent and the moment in µs.
pub type Origin = Option<(usize, u64)>;

/// What the explanations are about.
#[derive(Clone, Copy)]
pub struct Desk {
    /// What the column shows.
    pub tab: RwSignal<Tab>,
    /// The anomaly that was jumped to.
    pub anomaly: RwSignal<Option<Mark>>,
    /// The anomaly whose cause is asked for.
    pub why: RwSignal<Option<Mark>>,
    /// The events of the explanation that is shown, in their order.
    pub chain: RwSignal<Vec<Event>>,
    /// Of which service, and which kind, the anomalies are listed.
    pub listed: RwSignal<Option<(u16, AnomalyKind)>>,
    /// Whose belief the stage shows instead of the truth.
    pub party: RwSignal<Option<Party>>,
    /// The event at which a compared run parts from this one, and its moment.
    pub parted: RwSignal<Option<(EventId, u64)>>,
    /// With which settings the run was replayed to see whether they help.
    pub replayed: RwSignal<Option<String>>,
    /// The branches there are.
    pub branches: RwSignal<Vec<Origin>>,
    /// The one the cursor is on.
    pub current: RwSignal<usize>,
}

impl Desk {
    /// With the settings open.
    pub fn new() -> Desk {
        Desk {
            tab: RwSignal::new(Tab::Settings),
            anomaly: RwSignal::new(None),
            why: RwSignal::new(None),
            chain: RwSignal::new(Vec::new()),
            listed: RwSignal::new(None),
            party: RwSignal::new(None),
            parted: RwSignal::new(None),
            replayed: RwSignal::new(None),
            branches: RwSignal::new(vec![None]),
            current: RwSignal::new(0),
        }
    }

    /// For another run.
    pub fn clear(&self) {
        self.anomaly.set(None);
        self.why.set(None);
        self.listed.set(None);
        self.replayed.set(None);
    }

    /// Takes in which branches there are, if that is news.
    pub fn see_branches(&self, branches: Vec<Origin>, current: usize) {
        if self.branches.with_untracked(|known| *known != branches) {
            self.branches.set(branches);
        }
        if self.current.get_untracked() != current {
            self.current.set(current);
        }
    }
}

/// The column.
#[component]
pub fn Column(lab: Lab) -> impl IntoView {
    let tab = lab.desk.tab;
    let wide = move || tab.get() != Tab::Settings;
    let broad = move || tab.get() == Tab::Compare;
    view! {
        <div class="column" class:wide=wide class:broad=broad>
            <div class="tabs" role="tablist" aria-label="Beside the stage" on:keydown=move |e| walk(tab, &e)>
                {TABS
                    .map(|(this, name, id)| {
                        let chosen = move || tab.get() == this;
                        view! {
                            <button
                                type="button"
                                role="tab"
                                id=id
                                aria-controls="beside"
                                aria-selected=move || if chosen() { "true" } else { "false" }
                                tabindex=move || if chosen() { "0" } else { "-1" }
                                on:click=move |_| tab.set(this)
                            >
                                {name}
                            </button>
                        }
                    })
                    .into_iter()
                    .collect_view()}
            </div>
            <div class="beside" role="tabpanel" id="beside" aria-labelledby=move || id_of(tab.get())>
                {move || match tab.get() {
                    Tab::Settings => view! { <Controls lab/> }.into_any(),
                    tab => opened(lab, tab),
                }}
            </div>
        </div>
    }
}

/// What a first look does not show. Never part of a function that a first look needs: it comes with the rest.
#[inline(never)]
fn opened(lab: Lab, tab: Tab) -> AnyView {
    let view = match tab {
        Tab::Settings => ().into_any(),
        Tab::Message => view! { <Message lab/> }.into_any(),
        Tab::Numbers => view! { <Numbers lab/> }.into_any(),
        Tab::Log => view! { <Log lab/> }.into_any(),
        Tab::Moment => view! { <Moment lab/> }.into_any(),
        Tab::Forks => view! { <Forks lab/> }.into_any(),
        Tab::Compare => view! { <Compare lab/> }.into_any(),
    };
    match tab {
        Tab::Settings | Tab::Moment | Tab::Forks => view,
        _ => (beyond(lab), view).into_any(),
    }
}

/// Said over what the lab alone sees, while the stage shows what one party can know.
fn beyond(lab: Lab) -> AnyView {
    let words = move || {
        let party = lab.desk.party.get()?;
        let who = lab.scenario.with(|s| belief::name(s, party));
        let words = format!("Seen by the lab alone: what stands here, {who} cannot know.");
        Some(view! { <p class="beyond" role="note">{words}</p> })
    };
    words.into_any()
}

fn id_of(tab: Tab) -> &'static str {
    let found = TABS.iter().find(|(this, ..)| *this == tab);
    found.map_or("", |(_, _, id)| id)
}

/// Left and right arrows go through the tabs.
fn walk(tab: RwSignal<Tab>, event: &KeyboardEvent) {
    let by = match event.key().as_str() {
        "ArrowRight" => 1,
        "ArrowLeft" => TABS.len() - 1,
        _ => return,
    };
    event.prevent_default();
    let here = TABS.iter().position(|(t, ..)| *t == tab.get_untracked());
    let (next, _, id) = TABS[(here.unwrap_or(0) + by) % TABS.len()];
    tab.set(next);
    focus(id);
}

/// Gives the focus to the element of this id.
pub fn focus(id: &str) {
    use wasm_bindgen::JsCast;
    let element = web_sys::window()
        .and_then(|w| w.document()?.get_element_by_id(id))
        .and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}
