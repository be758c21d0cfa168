//! The moment: what each party can know of it, and what would happen if one of them died now.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::Scenario;
use crate::view::belief::{self, TWO_GENERALS};
use crate::view::frontier::{self, Band, Mark};
use crate::view::names;
use crate::view::stage::Stage;

/// The panel.
#[component]
pub fn Moment(lab: Lab) -> impl IntoView {
    view! {
        <section class="panel" aria-label="Moment">
            <h2>"Truth and belief"</h2>
            <p class="hint">"The stage shows everything. No party inside does: choose one, and what it cannot know is fogged."</p>
            <SeenBy lab/>
            <Beliefs lab/>
            <details>
                <summary>"Why nobody who sends can be sure: the Two Generals"</summary>
                {TWO_GENERALS.map(|words| view! { <p>{words}</p> }).into_iter().collect_view()}
            </details>
            <h2>"If it died now"</h2>
            <DiedNow lab/>
        </section>
    }
}

/// The switch between the truth and what one party can know.
#[component]
pub fn SeenBy(lab: Lab) -> impl IntoView {
    let choose = move |event| {
        let place: Option<usize> = event_target_value(&event).parse().ok();
        let parties = lab.scenario.with_untracked(belief::parties);
        lab.see_as(place.and_then(|at| parties.get(at).copied()));
        lab.figures();
    };
    let options = move || {
        lab.scenario.with(|s| {
            let parties = belief::parties(s).into_iter().enumerate();
            let chosen = |party| lab.desk.party.get_untracked() == Some(party);
            parties
                .map(|(i, party)| view! { <option value=i.to_string() selected=chosen(party)>{belief::name(s, party)}</option> })
                .collect_view()
        })
    };
    let place = move || {
        let parties = lab.scenario.with(belief::parties);
        let party = lab.desk.party.get();
        party
            .and_then(|party| parties.iter().position(|p| *p == party))
            .map_or("all".into(), |at| at.to_string())
    };
    view! {
        <label class="seen-by">
            <span>"Seen by"</span>
            <select class:strong=move || lab.desk.party.get().is_some() prop:value=place on:change=choose>
                <option value="all">"everything"</option>
                {options}
            </select>
        </label>
    }
}

/// What is believed of the message that is followed: by the party chosen, or by everybody in turn.
#[component]
fn Beliefs(lab: Lab) -> impl IntoView {
    let said = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        let message = lab.picked.get()?;
        let chosen = lab.desk.party.get();
        lab.read(|run| {
            let s = run.scenario();
            let known = run.told_of(message);
            let parties = belief::parties(s)
                .into_iter()
                .filter(|p| chosen.is_none_or(|c| c == *p));
            let sentence =
                |party| belief::sentence(s, party, message, belief::knows(party, message, &known));
            parties.map(sentence).collect::<Vec<_>>()
        })
    });
    move || match said.get() {
        None => {
            view! { <p class="hint">"Pick a message, and what is believed of it stands here."</p> }
                .into_any()
        }
        Some(said) => {
            let lines = said.into_iter().map(|words| view! { <li>{words}</li> });
            view! { <ul class="beliefs">{lines.collect_view()}</ul> }.into_any()
        }
    }
}

/// A strip with its sentence.
#[derive(Clone, PartialEq)]
struct Strip {
    title: String,
    marks: Vec<Mark>,
    again: Band,
    lost: Band,
    sentence: String,
}

#[component]
fn DiedNow(lab: Lab) -> impl IntoView {
    // A service by its number, or the brokers.
    let who = RwSignal::new(Some(0_u16));
    let strips = Memo::new(move |_| {
        lab.now.track();
        lab.traced.track();
        let who = who.get();
        lab.read(|run| strips(run.scenario(), &Stage::of(run.run().world()), who))
            .unwrap_or_default()
    });
    let options = move || {
        lab.scenario.with(|s| {
            let services = s.services.iter().enumerate();
            services
                .map(|(i, service)| view! { <option value=i.to_string()>{format!("the consumer ({})", service.name)}</option> })
                .collect_view()
        })
    };
    let shown = move || {
        let (strips, sentences) = strips.get();
        let each = strips.into_iter().map(|strip| {
            let svg = frontier::strip(&strip.marks, &strip.again, &strip.lost, &strip.sentence);
            view! { <h3>{strip.title}</h3><div class="strip-of-log" inner_html=svg></div><p>{strip.sentence}</p> }.into_any()
        });
        let lines = sentences
            .into_iter()
            .map(|words| view! { <p>{words}</p> }.into_any());
        each.chain(lines).collect_view()
    };
    view! {
        <label class="seen-by">
            <span>"Who"</span>
            <select on:change=move |event| who.set(event_target_value(&event).parse().ok())>
                {options}
                <option value="broker">"the partition's broker"</option>
            </select>
        </label>
        <p class="hint">"Bars: would be done again. Crosses: would be lost."</p>
        {shown}
    }
}

fn strips(scenario: &Scenario, stage: &Stage, who: Option<u16>) -> (Vec<Strip>, Vec<String>) {
    let Some(service) = who else {
        let all = frontier::leader_frontiers(scenario, stage).into_iter();
        let strips = all.map(|f| Strip {
            title: names::partition(scenario, f.topic, f.partition),
            marks: f.marks,
            again: Band::default(),
            lost: f.lost,
            sentence: f.sentence,
        });
        return (strips.collect(), Vec::new());
    };
    let own = frontier::frontiers(scenario, stage)
        .into_iter()
        .filter(|f| f.service == service);
    let strips = own.map(|f| Strip {
        title: names::partition(scenario, f.topic, f.partition),
        marks: f.marks,
        again: f.again,
        lost: f.lost,
        sentence: f.sentence,
    });
    (strips.collect(), frontier::held(scenario, stage, service))
}
