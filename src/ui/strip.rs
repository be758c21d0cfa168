//! The verdict: for each service what was promised, whether it held, and the figures it rests on.

use leptos::prelude::*;

use super::lab::Lab;
use super::promise::promise;
use crate::scenario::kept_by_settings;
use crate::scenario::link::Panel;
use crate::trace::Party;
use crate::verdict::{AnomalyKind, Latency, ServiceReport};
use crate::view::scene::Shape;
use crate::view::{belief, words};

/// One card for each service.
#[component]
pub fn Strip(lab: Lab) -> impl IntoView {
    let count = Memo::new(move |_| lab.report.with(|r| r.services.len()));
    view! {
        <section class="strip" aria-label="Verdict">
            {move || {
                (0..count.get()).map(|i| view! { <Card lab i/> }.into_any()).collect_view()
            }}
        </section>
    }
}

#[component]
fn Card(lab: Lab, i: usize) -> impl IntoView {
    let part = move |f: fn(&ServiceReport) -> String| {
        lab.report
            .with(|r| r.services.get(i).map(f).unwrap_or_default())
    };
    let held = Memo::new(move |_| {
        lab.report
            .with(|r| r.services.get(i).is_none_or(|s| s.held))
    });
    let kept = Memo::new(move |_| {
        lab.scenario.with(|s| {
            let service = s.services.get(i)?;
            let kept = words::kept(service.guarantee, &s.load.noun, service.effect);
            let holds = !lab.whole.get() || kept_by_settings(s, i).keeps(service.guarantee);
            Some((kept, holds))
        })
    });
    let party = lab.desk.party;
    let tag = move || match (party.get(), held.get()) {
        (Some(_), _) => "? fogged",
        (None, true) => "✓ held",
        (None, false) => "✕ broken",
    };
    let outcome = move || {
        if let Some(party) = party.get() {
            return Some(unknown(lab, party));
        }
        lab.report.with(|r| {
            let report = r.services.get(i)?;
            lab.scenario.with(|s| {
                let effect = s.services.get(i)?.effect;
                Some(words::tally(report, &s.load.noun, effect))
            })
        })
    };
    view! {
        <article class="verdict">
            <h2>
                <Sign service=i/>
                <span class="name">{move || part(|s| s.name.clone())}</span>
                <span class="tag" class:bad=move || !held.get() && party.get().is_none() class:fogged=move || party.get().is_some()>
                    {tag}
                </span>
            </h2>
            {promise(lab, i)}
            <p class="kept">
                {move || kept.get().map(|(words, _)| words)}
                {move || kept.get().filter(|(_, holds)| !holds).map(|_| " (its settings do not ensure that)")}
            </p>
            <p class="outcome">{outcome}</p>
            <dl class="figures" class:fogged=move || party.get().is_some()>{move || lab.report.with(|r| r.services.get(i).map(|s| figures(lab, i, s)))}</dl>
        </article>
    }
}

/// Said in place of what came of a promise, while the page shows what one party can know.
#[inline(never)]
pub fn unknown(lab: Lab, party: Party) -> String {
    let who = lab.scenario.with(|s| belief::name(s, party));
    format!("What came of it, {who} cannot know.")
}

/// The shape and colour of a service.
#[component]
pub fn Sign(service: usize) -> impl IntoView {
    let class = format!(
        "sign {} service-{}",
        Shape::of(service as u16).name(),
        service % 6
    );
    view! { <span class=class aria-hidden="true"></span> }
}

/// The figures behind the judgement. Each that tells of an anomaly leads to those it counts. In the fog of one party's
/// belief none is told.
fn figures(lab: Lab, i: usize, s: &ServiceReport) -> AnyView {
    if lab.desk.party.get().is_some() {
        return hidden();
    }
    let usual = [("delivered", s.delivered), ("processed", s.processed)];
    let usual = usual.map(|(words, n)| view! { <div><dt>{words}</dt><dd>{n}</dd></div> });
    let mut all = vec![
        ("lost", s.lost, Some(AnomalyKind::LostEffect)),
        (
            "out of order",
            s.out_of_order,
            Some(AnomalyKind::OutOfOrderEffect),
        ),
        ("repeated", s.duplicated, Some(AnomalyKind::DuplicateEffect)),
    ];
    if s.dead_lettered > 0 {
        all.push(("put aside", s.dead_lettered, None));
    }
    let each = all.into_iter().map(|(words, n, kind)| {
        let class = if n > 0 { "strong" } else { "" };
        let asks = kind.filter(|_| n > 0 && lab.has(Panel::Message));
        let figure = match asks {
            None => n.into_any(),
            Some(kind) => {
                let ask = move |_| lab.list(i as u16, kind);
                let label = format!("{n} {words}: why?");
                view! { <button type="button" class="asks" aria-label=label title="Why?" on:click=ask>{n}</button> }.into_any()
            }
        };
        view! { <div class=class><dt>{words}</dt><dd>{figure}</dd></div> }
    });
    view! {
        {usual.into_iter().collect_view()}
        {each.collect_view()}
        <div title="Latency from publishing to the first effect: half are faster, and 99 in 100">
            <dt>"p50 / p99"</dt>
            <dd>{pair(s.latency_us)}</dd>
        </div>
    }
    .into_any()
}

/// In place of the figures.
#[inline(never)]
fn hidden() -> AnyView {
    view! { <div><dt class="unseen">"delivered, processed, lost, out of order, repeated, latency"</dt><dd>"?"</dd></div> }
        .into_any()
}

/// Two latencies with one unit.
pub fn pair(latency: Latency) -> String {
    let (unit, scale) = match latency.p99 {
        0 => return "–".into(),
        1..1_000_000 => ("ms", 1e3),
        _ => ("s", 1e6),
    };
    let digits = usize::from(latency.p99 as f64 / scale < 99.95);
    let show = |us: u64| format!("{:.digits$}", us as f64 / scale);
    format!("{} / {} {unit}", show(latency.p50), show(latency.p99))
}
