//! The verdict: for each service what was promised, whether it held, and the figures it rests on.

use leptos::prelude::*;

use super::lab::Lab;
use crate::verdict::{AnomalyKind, Latency, ServiceReport};
use crate::view::scene::Shape;
use crate::view::words;

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
    let promise = Memo::new(move |_| {
        lab.scenario.with(|s| {
            let service = s.services.get(i)?;
            Some(words::promise(
                service.guarantee,
                &s.load.noun,
                service.effect,
            ))
        })
    });
    let outcome = move || {
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
                <span class="tag" class:bad=move || !held.get()>
                    {move || if held.get() { "✓ held" } else { "✕ broken" }}
                </span>
            </h2>
            <p class="promise">{move || promise.get()}</p>
            <p class="outcome">{outcome}</p>
            <dl class="figures">{move || lab.report.with(|r| r.services.get(i).map(|s| figures(lab, i, s)))}</dl>
        </article>
    }
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

/// The figures behind the judgement. Each that tells of an anomaly leads to those it counts.
fn figures(lab: Lab, i: usize, s: &ServiceReport) -> impl IntoView + use<> {
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
        let asks = kind.filter(|_| n > 0 && lab.has_column());
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
        {each.collect_view()}
        <div title="Latency from publishing to the first effect: half are faster, and 99 in 100">
            <dt>"p50 / p99"</dt>
            <dd>{pair(s.latency_us)}</dd>
        </div>
    }
}

/// Two latencies with one unit.
fn pair(latency: Latency) -> String {
    match latency.p99 {
        0 => "–".into(),
        1..10_000 => format!(
            "{:.1} / {:.1} ms",
            latency.p50 as f64 / 1e3,
            latency.p99 as f64 / 1e3
        ),
        10_000..10_000_000 => format!("{} / {} ms", latency.p50 / 1_000, latency.p99 / 1_000),
        _ => format!(
            "{:.1} / {:.1} s",
            latency.p50 as f64 / 1e6,
            latency.p99 as f64 / 1e6
        ),
    }
}
