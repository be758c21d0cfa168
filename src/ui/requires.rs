//! What is asked of all services together, and whether it is met so far.

use leptos::prelude::*;

use super::lab::Lab;

/// One line, where the scenario asks for anything.
#[component]
pub fn Requires(lab: Lab) -> impl IntoView {
    let judged = Memo::new(move |_| {
        let report = lab.report.get();
        lab.scenario.with(|s| report.requirements(s))
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
    let any = Memo::new(move |_| lab.scenario.with(|s| !s.requires.is_empty()));
    view! {
        {move || any.get().then(|| view! {
            <section class="requires" aria-labelledby="requires">
                <h2 id="requires">"Required"</h2>
                <ul role="list">{lines}</ul>
            </section>
        })}
    }
}
