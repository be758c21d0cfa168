//! What is asked of all services together, and whether it is met so far.

use leptos::prelude::*;

use super::lab::Lab;
use crate::scenario::Scenario;

/// One line, where the scenario asks for anything. It has its place from the beginning and is filled when the whole
/// program is there.
#[component]
pub fn Requires(lab: Lab) -> impl IntoView {
    let none = Memo::new(move |_| lab.scenario.with(|s| s.requires.is_empty()));
    let filled = move || (lab.whole.get() && !none.get()).then(|| list(lab));
    view! {
        <section class="requires" aria-label="Required" hidden=move || none.get()>
            {filled}
        </section>
    }
}

#[inline(never)]
fn list(lab: Lab) -> AnyView {
    let judged = Memo::new(move |_| {
        let stand = |s: &Scenario| lab.report.with(|report| report.requirements(s));
        lab.scenario.with(stand)
    });
    let lines = move || {
        let fogged = lab.desk.party.get().is_some();
        let each = judged.get().into_iter().map(|judged| {
            let (sign, word) = match (fogged, judged.met) {
                (true, _) => ("?", "fogged: "),
                (_, true) => ("✓", "met so far: "),
                (_, false) => ("✕", "not met: "),
            };
            let broken = !fogged && !judged.met;
            let because = if fogged {
                String::new()
            } else {
                judged.because
            };
            view! {
                <li class:bad=broken title=because>
                    <span aria-hidden="true">{sign}</span>
                    <span class="unseen">{word}</span>
                    {judged.words}
                </li>
            }
        });
        each.collect_view()
    };
    view! { <h2>"Required"</h2><ul role="list">{lines}</ul> }.into_any()
}
