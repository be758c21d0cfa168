//! One message: how it stands with each service, what is on its way, why it went wrong, and its life.

use leptos::prelude::*;

use super::diagram::Diagram;
use super::engine::is_anomaly;
use super::file;
use super::found::headline;
use super::lab::Lab;
use super::notices::Notice;
use super::packets::Packets;
use super::why::Why;
use crate::timeline::{Mark, MarkKind};
use crate::verdict::MessageLine;
use crate::view::story::{Tag, story};
use crate::view::{boundary, names};

/// The panel.
#[component]
pub fn Message(lab: Lab) -> impl IntoView {
    let noun = Memo::new(move |_| lab.scenario.with(|s| s.load.noun.clone()));
    let replayed = move || {
        let settings = lab.desk.replayed.get()?;
        Some(
            view! { <p class="replayed" role="status">{format!("The same weather with {settings}.")}</p> },
        )
    };
    // A commit that came too late is about no message.
    let of_none = Memo::new(move |_| lab.desk.why.get().is_some_and(|mark| mark.message == 0));
    view! {
        <section class="panel" aria-label="Message">
            <label class="ask">
                <span>{move || format!("Number of the {}", noun.get())}</span>
                <input
                    type="number"
                    min="1"
                    inputmode="numeric"
                    prop:value=move || lab.picked.get().map(|m| m.to_string()).unwrap_or_default()
                    on:change=move |event| lab.pick(event_target_value(&event).parse().ok().filter(|m| *m > 0))
                />
            </label>
            {replayed}
            {move || match lab.picked.get() {
                Some(message) => view! { <About lab message/> }.into_any(),
                None => {
                    view! { <p class="hint">"Pick one: click a cell or a pill on the stage, a line of the log, or of the ledger below."</p>
                        {move || of_none.get().then(|| view! { <Why lab message=0/> })}
                        <Newest lab/>
                        <Ledger lab/> }
                        .into_any()
                }
            }}
        </section>
    }
}

/// Anomalies that are listed at a time.
const LISTED: usize = 50;
/// Lines of the ledger that are shown: the newest.
const LINES: u64 = 20;

/// The newest anomaly of each kind at each service; or all of one kind at one service, if a figure of the verdict was
/// asked for.
#[component]
fn Newest(lab: Lab) -> impl IntoView {
    let listed = lab.desk.listed;
    let newest = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        let listed = listed.get();
        lab.read(|run| {
            let here = run.run().world().traced();
            let past = run.marks().iter().rev().filter(|m| m.event <= here);
            let mut found: Vec<Mark> = Vec::new();
            for mark in past.filter(|m| m.message > 0 && is_anomaly(m)) {
                let known = |m: &Mark| (m.service, m.what) == (mark.service, mark.what);
                let wanted = match listed {
                    Some((service, kind)) => {
                        mark.service == Some(service)
                            && matches!(mark.what, MarkKind::Anomaly { kind: k, .. } if k == kind)
                    }
                    None => !found.iter().any(known),
                };
                if wanted && found.len() < LISTED {
                    found.push(*mark);
                }
            }
            found
        })
        .unwrap_or_default()
    });
    let open = move |mark: Mark| {
        lab.desk.anomaly.set(Some(mark));
        lab.pick(Some(mark.message));
        lab.desk.why.set(Some(mark));
    };
    let lines = move || {
        let scenario = lab.scenario.read_untracked();
        let each = newest.get().into_iter();
        each.map(|mark| {
            let (words, _) = headline(&scenario, &mark);
            let label = format!("Why? {words}");
            view! {
                <li class="anomaly">
                    <span>{words}</span>
                    <button type="button" aria-label=label on:click=move |_| open(mark)>"Why?"</button>
                </li>
            }
        })
        .collect_view()
    };
    let heading = move || match listed.get() {
        None => "Newest of each kind".to_string(),
        Some((service, kind)) => {
            let who = lab.scenario.with_untracked(|s| names::service(s, service));
            format!("{who}: {}, newest first", kind.name())
        }
    };
    let all = move || {
        let clear = move |_| listed.set(None);
        listed.get().map(|_| view! { <p class="take"><button type="button" on:click=clear>"All kinds"</button></p> })
    };
    view! {
        <h2>{heading}</h2>
        <ul class="newest">{lines}</ul>
        {all}
    }
}

/// The newest lines of the ledger: how each message stands with each service.
#[component]
fn Ledger(lab: Lab) -> impl IntoView {
    let lines = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| {
            let run = run.run();
            let newest = run.world().published();
            let known = (newest.saturating_sub(LINES - 1).max(1)..=newest).rev();
            let line = |message| {
                let line = run.ledger().message(message);
                (
                    message,
                    line.map(|line| {
                        line.services
                            .iter()
                            .map(boundary::state)
                            .collect::<Vec<_>>()
                    }),
                )
            };
            known.map(line).collect::<Vec<_>>()
        })
        .unwrap_or_default()
    });
    let names = move || {
        lab.scenario.with(|s| {
            s.services
                .iter()
                .map(|s| view! { <th scope="col">{s.name.clone()}</th> })
                .collect_view()
        })
    };
    let rows = move || {
        let width = lab.scenario.with(|s| s.services.len());
        let noun = lab.scenario.with(|s| s.load.noun.clone());
        let each = lines.get().into_iter().map(|(message, states)| {
            // Its row is gone once everything about it is done.
            let states = states.unwrap_or_else(|| vec!["done"; width]);
            let cells = states.into_iter().map(|state| {
                let bad = matches!(state, "lost" | "repeated");
                view! { <td class:strong=bad>{if bad { "✕ " } else { "" }}{state}</td> }
            });
            let cells = cells.collect_view();
            let label = format!("{noun} {message}");
            view! {
                <tr>
                    <th scope="row">
                        <button type="button" class="line" aria-label=label on:click=move |_| lab.pick(Some(message))>{message}</button>
                    </th>
                    {cells}
                </tr>
            }
        });
        each.collect_view()
    };
    view! {
        <h2>"The ledger: the newest lines"</h2>
        <table class="standings ledger">
            <thead><tr><td></td>{names}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

#[component]
fn About(lab: Lab, message: u64) -> impl IntoView {
    let line = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| run.run().ledger().message(message))
            .flatten()
    });
    view! {
        <Standings lab line/>
        <Packets lab message=Some(message)/>
        <Why lab message/>
        <Diagram lab message/>
        <Life lab message/>
    }
}

/// Delivered, processed, effected: a row for each service, drawn with the line where exactly-once ends, and as a table.
#[component]
fn Standings(lab: Lab, line: Memo<Option<MessageLine>>) -> impl IntoView {
    let rows = Memo::new(move |_| {
        let line = line.get();
        lab.scenario
            .with(|s| line.map(|line| (line.message, boundary::rows(s, &line))))
    });
    let drawn = move || {
        let rows = rows.get();
        lab.scenario
            .with(|s| rows.map(|(message, rows)| boundary::to_svg(s, message, &rows)))
    };
    let table = move || {
        rows.get()
            .map(|(_, rows)| rows.iter().map(row).collect_view())
    };
    let grounds = move || {
        let (_, rows) = rows.get()?;
        let each = rows.iter().map(
            |row| view! { <li><strong>{row.name.clone()}</strong>": "{row.ground.sentence()}</li> },
        );
        Some(each.collect_view())
    };
    let producer = move || {
        line.with(|line| match line {
            None => "Nothing is known of it at this moment: it is not published yet, or it was settled long ago.".into(),
            Some(line) if line.acked => {
                let known = lab.scenario.with(|s| names::acked(s, 0));
                format!("Its producer knows that it {known}.")
            }
            Some(line) if line.gave_up => "Its producer has reported it as failed.".into(),
            Some(_) => "Its producer has no answer yet.".into(),
        })
    };
    view! {
        <div class="boundary" inner_html=drawn></div>
        <table class="standings unseen">
            <thead>
                <tr>
                    <th scope="col">"Service"</th>
                    <th scope="col">"delivered"</th>
                    <th scope="col">"processed"</th>
                    <th scope="col">"effect"</th>
                    <th scope="col">"so far"</th>
                </tr>
            </thead>
            <tbody>{table}</tbody>
        </table>
        <p class="hint">{producer}</p>
        <details>
            <summary>"Where exactly-once ends"</summary>
            <ul>{grounds}</ul>
        </details>
    }
}

fn row(row: &boundary::Row) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">{row.name.clone()}</th>
            <td>{row.delivered}</td>
            <td>{row.processed}</td>
            <td>{row.effects}</td>
            <td>{row.state}</td>
        </tr>
    }
}

/// Everything that happened to it up to the cursor, as sentences.
#[component]
fn Life(lab: Lab, message: u64) -> impl IntoView {
    let told = Memo::new(move |_| {
        lab.traced.track();
        lab.desk.current.track();
        lab.read(|run| story(run.scenario(), &run.told_of(message), message))
            .unwrap_or_default()
    });
    let cut = move || {
        told.track();
        let whole = lab.read(|run| run.knows_all_of(message)).unwrap_or(true);
        let words = "Some of it lies too far back to be replayed, and is not told here.";
        (!whole).then(|| view! { <p class="hint">{words}</p> })
    };
    let lines = move || {
        let each = told.get().into_iter();
        each.map(|line| {
            let class = tag_class(line.tag);
            view! {
                <li class=class>
                    <button type="button" class="line" on:click=move |_| lab.go(|run| run.seek_event(line.event))>
                        {line.sentence}
                    </button>
                </li>
            }
        })
        .collect_view()
    };
    let text = move || {
        let lines =
            told.with_untracked(|all| all.iter().map(|l| l.sentence.clone()).collect::<Vec<_>>());
        lines.join("\n")
    };
    view! {
        <h2>"Its life"</h2>
        <ol class="life">{lines}</ol>
        {cut}
        <p class="take">
            <Copy lab what="Copy as text" text/>
        </p>
    }
}

fn tag_class(tag: Tag) -> &'static str {
    match tag {
        Tag::Normal => "",
        Tag::Lost | Tag::Crash => "fault",
        _ => "again",
    }
}

/// A button that puts a text on the clipboard.
#[component]
pub fn Copy(lab: Lab, what: &'static str, text: impl Fn() -> String + 'static) -> impl IntoView {
    let copied = RwSignal::new(false);
    let done = move |well: bool| {
        copied.try_set(well);
        if !well {
            let words = "The browser does not let this page use the clipboard.";
            Notice::push(lab.notices, words.into());
        }
    };
    view! {
        <button type="button" on:click=move |_| file::copy(&text(), done)>{what}</button>
        <span role="status">{move || copied.get().then_some(" Copied.")}</span>
    }
}
