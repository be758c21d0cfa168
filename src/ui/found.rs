//! From anomaly to anomaly: the way there, and what the cursor has come to.

use leptos::prelude::*;

use super::lab::Lab;
use super::moment::SeenBy;
use crate::scenario::Scenario;
use crate::scenario::link::Panel;
use crate::timeline::{Mark, MarkKind};
use crate::verdict::AnomalyKind;
use crate::view::names;

/// In place of what an anomaly is, for who sees as one party does.
const FOGGED: &str = "Something went wrong at this moment.";

/// "Duplicate effect: order 18 at Payment", and the way to its cause.
#[component]
pub fn Found(lab: Lab) -> impl IntoView {
    let anomaly = lab.desk.anomaly;
    let ask = move |_| {
        let mark = anomaly.get_untracked();
        lab.desk.why.set(mark);
        lab.pick(mark.map(|m| m.message).filter(|message| *message > 0));
        lab.show(Panel::Message);
    };
    view! {
        <div class="found">
            <button
                type="button"
                tabindex="-1"
                class="quiet"
                aria-label="Previous anomaly"
                title="Previous anomaly ( [ )"
                on:click=move |_| lab.previous_anomaly()
            >
                <span aria-hidden="true" class="icon-to back"></span>
            </button>
            <button type="button" tabindex="-1" title="Next anomaly ( ] )" on:click=move |_| lab.next_anomaly()>
                "Next anomaly"
                <span aria-hidden="true" class="icon-to"></span>
            </button>
            <SeenBy lab/>
            <div class="what" role="status">
            {move || {
                let mark = anomaly.get()?;
                let (words, allowed) = match lab.desk.party.get() {
                    None => lab.scenario.with_untracked(|s| headline(s, &mark)),
                    Some(_) => (FOGGED.into(), "Who sees it here may not know."),
                };
                Some(
                    view! {
                        <p>
                            <strong>{words}</strong>
                            " "
                            <span>{allowed}</span>
                        </p>
                        {lab.has(Panel::Message).then(|| view! {
                            <button type="button" class="why" on:click=ask>"Why?"</button>
                        })}
                    },
                )
            }}
            </div>
        </div>
    }
}

/// What a mark is, and whether that breaks a promise.
pub fn headline(scenario: &Scenario, mark: &Mark) -> (String, &'static str) {
    let MarkKind::Anomaly { kind, allowed } = mark.what else {
        return (String::new(), "");
    };
    let mut words = kind.name().to_string();
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    if mark.message > 0 {
        words.push_str(": ");
        words.push_str(&names::message(scenario, mark.message));
    }
    if let Some(service) = mark.service {
        words.push_str(" at ");
        words.push_str(&names::service(scenario, service));
    }
    let verdict = match (allowed, kind) {
        (true, AnomalyKind::OutOfOrderEffect) => "No guarantee of delivery speaks of order.",
        (true, _) => "Its guarantee allows that.",
        (false, AnomalyKind::OutOfOrderEffect) => "Order is required here.",
        (false, _) => "A broken promise.",
    };
    (words, verdict)
}
