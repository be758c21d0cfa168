//! The column beside the stage: settings, a message's life, the log, forks, comparisons. One is open at a time.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::compare::Compare;
use super::controls::Controls as Settings;
use super::forks::Forks;
use super::lab::Lab;
use super::log::Log;
use super::message::Message;
use super::moment::Moment;
use super::numbers::Numbers;
use crate::scenario::link::{Controls, PANELS, PageOptions, Panel};
use crate::timeline::Mark;
use crate::trace::{Event, EventId, Party};
use crate::verdict::AnomalyKind;
use crate::view::belief;

/// Where a branch left which other: its parent and the moment in µs.
pub type Origin = Option<(usize, u64)>;

/// What the explanations are about.
#[derive(Clone, Copy)]
pub struct Desk {
    /// What the column shows.
    pub tab: RwSignal<Panel>,
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
    /// How much was done by hand on it.
    pub done: RwSignal<usize>,
}

impl Desk {
    /// With this tab open.
    pub fn new(tab: Panel) -> Desk {
        Desk {
            tab: RwSignal::new(tab),
            anomaly: RwSignal::new(None),
            why: RwSignal::new(None),
            chain: RwSignal::new(Vec::new()),
            listed: RwSignal::new(None),
            party: RwSignal::new(None),
            parted: RwSignal::new(None),
            replayed: RwSignal::new(None),
            branches: RwSignal::new(vec![None]),
            current: RwSignal::new(0),
            done: RwSignal::new(0),
        }
    }

    /// For another run.
    pub fn clear(&self) {
        self.anomaly.set(None);
        self.why.set(None);
        self.listed.set(None);
        self.replayed.set(None);
        self.chain.set(Vec::new());
    }

    /// Takes in which branches there are and what was done, if that is news.
    pub fn see_branches(&self, branches: Vec<Origin>, current: usize, done: usize) {
        if self.branches.with_untracked(|known| *known != branches) {
            self.branches.set(branches);
        }
        if self.current.get_untracked() != current {
            self.current.set(current);
        }
        if self.done.get_untracked() != done {
            self.done.set(done);
        }
    }
}

impl Lab {
    /// Whether a panel is there: those that the link names, or else all or none.
    pub fn has(&self, panel: Panel) -> bool {
        self.page.with_value(|page| match page.controls {
            _ if !page.panels.is_empty() => page.panels.contains(&panel),
            Controls::Auto => !self.embedded,
            Controls::Full => true,
            Controls::None | Controls::Min => false,
        })
    }

    /// The panels in the column beside the stage, in their order; without any there is no column.
    pub fn tabs(&self) -> Vec<Panel> {
        let named = self.page.with_value(|page| page.panels.clone());
        let mut tabs = match named.is_empty() {
            true => PANELS.map(|(panel, ..)| panel).to_vec(),
            false => named,
        };
        tabs.retain(|panel| *panel != Panel::Verdict && self.has(*panel));
        tabs
    }

    /// Opens a panel of the column, if it is there.
    pub fn show(&self, panel: Panel) {
        if self.has(panel) {
            self.desk.tab.set(panel);
        }
    }
}

/// The first panel that a link names for the column, or the settings.
pub fn first_tab(page: &PageOptions) -> Panel {
    let mut named = page.panels.iter().copied();
    let tab = named.find(|panel| *panel != Panel::Verdict);
    tab.unwrap_or(Panel::Settings)
}

/// The column.
#[component]
pub fn Column(lab: Lab) -> impl IntoView {
    let tab = lab.desk.tab;
    let tabs = lab.tabs();
    let wide = move || tab.get() != Panel::Settings;
    let broad = move || tab.get() == Panel::Compare;
    view! {
        <div class="column" class:wide=wide class:broad=broad>
            <div class="tabs" role="tablist" aria-label="Beside the stage" on:keydown=move |e| walk(lab, &e)>
                {tabs
                    .into_iter()
                    .map(|this| {
                        let chosen = move || tab.get() == this;
                        view! {
                            <button
                                type="button"
                                role="tab"
                                id=id_of(this)
                                aria-controls="beside"
                                aria-selected=move || if chosen() { "true" } else { "false" }
                                tabindex=move || if chosen() { "0" } else { "-1" }
                                on:click=move |_| tab.set(this)
                            >
                                {this.title()}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <div class="beside" role="tabpanel" id="beside" aria-labelledby=move || id_of(tab.get())>
                {move || match tab.get() {
                    Panel::Settings => view! { <Settings lab/> }.into_any(),
                    tab => opened(lab, tab),
                }}
            </div>
        </div>
    }
}

/// What a first look does not show. Never part of a function that a first look needs: it comes with the rest.
#[inline(never)]
fn opened(lab: Lab, tab: Panel) -> AnyView {
    let view = match tab {
        Panel::Verdict | Panel::Settings => ().into_any(),
        Panel::Message => view! { <Message lab/> }.into_any(),
        Panel::Numbers => view! { <Numbers lab/> }.into_any(),
        Panel::Log => view! { <Log lab/> }.into_any(),
        Panel::Moment => view! { <Moment lab/> }.into_any(),
        Panel::Forks => view! { <Forks lab/> }.into_any(),
        Panel::Compare => view! { <Compare lab/> }.into_any(),
    };
    match tab {
        Panel::Settings | Panel::Moment | Panel::Forks => view,
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

fn id_of(tab: Panel) -> String {
    ["tab-", tab.name()].concat()
}

/// Left and right arrows go through the tabs.
fn walk(lab: Lab, event: &KeyboardEvent) {
    let tabs = lab.tabs();
    let by = match event.key().as_str() {
        "ArrowRight" => 1,
        "ArrowLeft" => tabs.len() - 1,
        _ => return,
    };
    event.prevent_default();
    let tab = lab.desk.tab;
    let here = tabs.iter().position(|t| *t == tab.get_untracked());
    let next = tabs[(here.unwrap_or(0) + by) % tabs.len()];
    tab.set(next);
    focus(&id_of(next));
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
