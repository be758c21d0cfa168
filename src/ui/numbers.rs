//! The run in figures over time: a small chart for each, its values at one moment, and the same as a table.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::file;
use super::lab::Lab;
use super::strip::Sign;
use crate::timeline::Timeline;
use crate::view::chart::{Chart, Figure, to_csv};
use crate::view::names;

/// While the run plays, charts are drawn anew at most this often, in ms.
const EVERY: f64 = 250.0;
/// Steps of the slider over all moments.
const STEPS: u64 = 200;

/// What all charts share.
#[derive(Clone, Copy)]
struct Reader {
    lab: Lab,
    /// Rises when the charts are to be drawn anew.
    drawn: Memo<u32>,
    /// The moment that is read, in µs; `None`: the run's own.
    at: RwSignal<Option<u64>>,
}

impl Reader {
    fn new(lab: Lab) -> Reader {
        let last = StoredValue::new(0.0_f64);
        let drawn = Memo::new(move |before: Option<&u32>| {
            lab.shown.track();
            lab.desk.current.track();
            let now = web_sys::window()
                .and_then(|w| w.performance())
                .map_or(0.0, |p| p.now());
            let before = before.copied().unwrap_or(0);
            if lab.playing.get() && now - last.get_value() < EVERY {
                return before;
            }
            last.set_value(now);
            before.wrapping_add(1)
        });
        let at = RwSignal::new(None);
        Reader { lab, drawn, at }
    }

    /// Reads a chart as it is now, and the moment that is read.
    fn with<T>(&self, figure: Figure, read: impl FnOnce(&Chart, usize) -> T) -> Option<T> {
        self.drawn.get();
        let at = self.at.get();
        self.lab.read(|run| {
            let chart = Chart::of(run, figure);
            let moment = chart.nearest(at.unwrap_or(run.now()));
            read(&chart, moment)
        })
    }

    fn seen(&self) -> u64 {
        self.lab.seen.get().max(1)
    }
}

/// The panel.
#[component]
pub fn Numbers(lab: Lab) -> impl IntoView {
    let reader = Reader::new(lab);
    let charts = Figure::ALL.map(|figure| chart(reader, figure));
    let save = move |_| {
        let name = lab
            .scenario
            .with_untracked(|s| format!("{}-{}.csv", s.name, s.seed));
        if let Some(csv) = lab.read(to_csv) {
            file::save(&name, "text/csv", &csv);
        }
    };
    view! {
        <section class="panel numbers" aria-label="Numbers over time">
            {moment(reader)}
            {charts.into_iter().collect_view()}
            {table(reader)}
            <p class="take">
                <button type="button" on:click=save>"Save as CSV"</button>
            </p>
        </section>
    }
}

/// The moment whose values stand beside the charts; by keys as well as by pointing at a chart.
fn moment(reader: Reader) -> AnyView {
    let lab = reader.lab;
    let place = move || {
        let at = reader.at.get().unwrap_or(lab.now.get());
        (at * STEPS / reader.seen()).to_string()
    };
    let words = move || names::moment(reader.at.get().unwrap_or(lab.now.get()));
    view! {
        <div class="slider">
            <label for="numbers-at">"Values at"</label>
            <span class="value">{words}</span>
            <input
                id="numbers-at"
                type="range"
                min="0"
                max=STEPS
                prop:value=place
                aria-valuetext=words
                on:input=move |event| {
                    let place: u64 = event_target_value(&event).parse().unwrap_or(STEPS);
                    let at = (place < STEPS).then(|| place * reader.seen() / STEPS);
                    reader.at.set(at);
                }
            />
        </div>
    }
    .into_any()
}

fn chart(reader: Reader, figure: Figure) -> AnyView {
    let drawing = move || reader.with(figure, Chart::to_svg);
    let described = move || reader.with(figure, Chart::described);
    let values = move || {
        reader.with(figure, |chart, moment| {
            let each = chart.curves.iter();
            each.map(|curve| value(curve.service, &curve.name, chart.read(curve, moment)))
                .collect_view()
        })
    };
    let point = move |event: MouseEvent| {
        let target = event_target::<web_sys::HtmlElement>(&event);
        let part = f64::from(event.offset_x()) / f64::from(target.client_width().max(1));
        let at = reader.lab.read(|run| Chart::of(run, figure).moment(part));
        reader.at.set(at);
        at
    };
    view! {
        <figure class="chart">
            <figcaption><b>{figure.title()}</b>" "{figure.words()}</figcaption>
            <div
                class="plot"
                role="img"
                aria-label=described
                inner_html=drawing
                title="A click takes the run to this moment"
                on:mousemove=move |event| { point(event); }
                on:mouseleave=move |_| reader.at.set(None)
                on:click=move |event| {
                    if let Some(at) = point(event) {
                        reader.lab.go(|run: &mut Timeline| run.seek(at));
                    }
                }
            ></div>
            <ul class="values">{values}</ul>
        </figure>
    }
    .into_any()
}

fn value(service: Option<u16>, name: &str, value: String) -> AnyView {
    let sign = service.map(|service| view! { <Sign service=usize::from(service)/> });
    view! { <li>{sign}{name.to_string()}" "<b>{value}</b></li> }.into_any()
}

/// One figure at evenly spaced moments.
fn table(reader: Reader) -> AnyView {
    let open = RwSignal::new(false);
    let figure = RwSignal::new(Figure::Rate);
    let options = Figure::ALL.iter().enumerate();
    let options = options.map(|(i, f)| view! { <option value=i.to_string()>{f.title()}</option> });
    let rows = move || reader.with(figure.get(), |chart, _| grid(chart));
    view! {
        <details class="more" on:toggle=move |_| open.set(true)>
            <summary>"As a table"</summary>
            <label class="small">
                "Figure "
                <select on:change=move |event| {
                    let place: usize = event_target_value(&event).parse().unwrap_or(0);
                    figure.set(Figure::ALL[place.min(Figure::ALL.len() - 1)]);
                }>{options.collect_view()}</select>
            </label>
            <div class="scrolls" tabindex="0" role="group" aria-label="Table of figures">
                {move || open.get().then(rows)}
            </div>
        </details>
    }
    .into_any()
}

fn grid(chart: &Chart) -> AnyView {
    let heads = chart.curves.iter().map(|curve| {
        view! { <th scope="col">{curve.name.clone()}</th> }
    });
    let heads = heads.collect_view();
    let rows = chart.rows().into_iter().map(|row| {
        let mut cells = row.into_iter();
        let at = cells.next();
        let cells = cells.map(|cell| view! { <td>{cell}</td> }).collect_view();
        view! { <tr><th scope="row">{at}</th>{cells}</tr> }
    });
    let rows = rows.collect_view();
    view! {
        <table class="standings">
            <caption class="unseen">{chart.figure.title()}", "{chart.figure.words()}</caption>
            <thead>
                <tr><th scope="col">"at"</th>{heads}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
