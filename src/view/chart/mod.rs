//! A run in figures over virtual time: small charts, the same as a table, and as a file.

mod svg;
#[cfg(test)]
mod tests;

use crate::broker::wire::Micros;
use crate::scenario::Scenario;
use crate::timeline::{Sample, Timeline};

use super::names;

/// Rates and means are taken over this stretch, or since the start where that is shorter.
const WINDOW: Micros = 1_000_000;
/// Over less than this a rate says nothing.
const LEAST: Micros = 100_000;
/// A table has about so many rows.
const ROWS: usize = 24;

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Messages published and effects, a second.
    Rate,
    /// Messages stored for a service that it is not through with.
    Lag,
    /// From publishing to the first effect, on average.
    Latency,
    /// Effects beyond each message's first, so far.
    Repeated,
    /// Messages without an effect that can have none any more, so far.
    Lost,
}

impl Figure {
    /// All, in the order in which they are shown.
    pub const ALL: [Figure; 5] = [
        Figure::Rate,
        Figure::Lag,
        Figure::Latency,
        Figure::Repeated,
        Figure::Lost,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Figure::Rate => "Rate",
            Figure::Lag => "Lag",
            Figure::Latency => "Latency",
            Figure::Repeated => "Repeated",
            Figure::Lost => "Lost",
        }
    }

    /// What it counts, and over which time.
    pub fn words(self) -> &'static str {
        match self {
            Figure::Rate => "published, and effects, a second",
            Figure::Lag => "stored and not yet done",
            Figure::Latency => "publishing to effect, mean of a second",
            Figure::Repeated => "effects beyond the first, so far",
            Figure::Lost => "can have no effect any more, so far",
        }
    }

    /// A value with its unit.
    pub fn show(self, value: f64) -> String {
        match self {
            Figure::Latency => names::span(value as u64),
            Figure::Rate if value < 99.95 && value.fract() > 0.0 => format!("{value:.1}/s"),
            Figure::Rate => format!("{value:.0}/s"),
            _ => format!("{value:.0}"),
        }
    }
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Whose it is; `None`: what is published.
    pub service: Option<u16>,
    /// Its name.
    pub name: String,
    /// One for each moment of the chart; `None` where there is nothing to say.
    pub values: Vec<Option<f64>>,
}

/// A chart, before it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it is about.
    pub figure: Figure,
    /// The moments, in µs, from the start to as far as the run was seen.
    pub times: Vec<Micros>,
    /// Its lines.
    pub curves: Vec<Curve>,
}

impl Chart {
    /// The figures of the branch the cursor is on.
    pub fn of(timeline: &Timeline, figure: Figure) -> Chart {
        let series = timeline.series().samples();
        let live = Sample::of(timeline.run());
        // The newest moment is between two samples.
        let newer = series.last().is_none_or(|last| last.at < live.at);
        let samples: Vec<&Sample> = series.iter().chain(newer.then_some(&live)).collect();
        let window = WINDOW.max(4 * timeline.series().step());
        let scenario = timeline.scenario();
        let curve = |service: Option<u16>| Curve {
            service,
            name: name(scenario, service),
            values: (0..samples.len())
                .map(|i| value(figure, &samples, i, window, service))
                .collect(),
        };
        let published = (figure == Figure::Rate).then_some(None);
        let services = (0..scenario.services.len()).map(|s| Some(s as u16));
        Chart {
            figure,
            times: samples.iter().map(|sample| sample.at).collect(),
            curves: published.into_iter().chain(services).map(curve).collect(),
        }
    }

    /// Which of its moments is the nearest to this one.
    pub fn nearest(&self, at: Micros) -> usize {
        let next = self.times.partition_point(|time| *time < at);
        let before = next.saturating_sub(1);
        let gap = |i: usize| self.times.get(i).map_or(Micros::MAX, |t| t.abs_diff(at));
        if gap(before) <= gap(next) {
            before
        } else {
            next
        }
    }

    /// The last moment, in µs.
    pub fn end(&self) -> Micros {
        self.times.last().copied().unwrap_or(0)
    }

    /// The highest value of all lines.
    pub fn highest(&self) -> f64 {
        let values = self.curves.iter().flat_map(|curve| &curve.values);
        values.flatten().fold(0.0, |most, value| most.max(*value))
    }

    /// A line's value at a moment, with its unit.
    pub fn read(&self, curve: &Curve, moment: usize) -> String {
        let value = curve.values.get(moment).copied().flatten();
        value.map_or("–".into(), |value| self.figure.show(value))
    }

    /// The chart in a sentence, for who does not see it.
    pub fn described(&self, moment: usize) -> String {
        let at = self.times.get(moment).copied().unwrap_or(0);
        let mut words = format!(
            "{}, {}. At {}:",
            self.figure.title(),
            self.figure.words(),
            names::moment(at)
        );
        for curve in &self.curves {
            words.push_str(&format!(" {} {},", curve.name, self.read(curve, moment)));
        }
        words.push_str(&format!(" at most {}.", self.figure.show(self.highest())));
        words
    }

    /// The rows of a table: a moment, then each line's value.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let every = self.times.len().div_ceil(ROWS).max(1);
        let last = self.times.len().saturating_sub(1);
        let shown = (0..self.times.len()).filter(|i| i % every == 0 || *i == last);
        shown
            .map(|i| {
                let values = self.curves.iter().map(|curve| self.read(curve, i));
                std::iter::once(names::moment(self.times[i]))
                    .chain(values)
                    .collect()
            })
            .collect()
    }
}

fn name(scenario: &Scenario, service: Option<u16>) -> String {
    match service {
        Some(service) => names::service(scenario, service),
        None => "published".into(),
    }
}

/// The value at the `i`th sample.
fn value(
    figure: Figure,
    samples: &[&Sample],
    i: usize,
    window: Micros,
    service: Option<u16>,
) -> Option<f64> {
    let now = samples[i];
    let first = samples[..i].partition_point(|sample| sample.at + window < now.at);
    let then = samples[first.min(i)];
    let of = |sample: &Sample| sample.services.get(usize::from(service?)).copied();
    let rate = |from: u64, to: u64| {
        let time = now.at - then.at;
        (time >= LEAST).then(|| to.saturating_sub(from) as f64 * 1e6 / time as f64)
    };
    if figure == Figure::Rate && service.is_none() {
        return rate(then.published, now.published);
    }
    let (then, now) = (of(then)?, of(now)?);
    match figure {
        Figure::Rate => rate(then.count.effects, now.count.effects),
        Figure::Lag => Some(now.lag as f64),
        Figure::Repeated => Some(now.count.duplicated as f64),
        Figure::Lost => Some(now.count.lost as f64),
        Figure::Latency => {
            let timed = now.count.timed.saturating_sub(then.count.timed);
            let sum = now.count.latency_sum.saturating_sub(then.count.latency_sum);
            (timed > 0).then(|| sum as f64 / timed as f64)
        }
    }
}

/// All samples as comma-separated values: totals so far, times in seconds.
pub fn to_csv(timeline: &Timeline) -> String {
    let scenario = timeline.scenario();
    let mut out = String::from("time_s,published");
    for service in &scenario.services {
        let name = crate::scenario::params::slug(&service.name);
        for column in ["effects", "repeated", "lost", "lag", "latency_mean_ms"] {
            out.push_str(&format!(",{name}_{column}"));
        }
    }
    for sample in timeline.series().samples() {
        out.push_str(&format!(
            "\n{:.3},{}",
            sample.at as f64 / 1e6,
            sample.published
        ));
        for service in &sample.services {
            let count = service.count;
            let mean = count.latency_sum as f64 / count.timed.max(1) as f64 / 1e3;
            out.push_str(&format!(
                ",{},{},{},{},{mean:.3}",
                count.effects, count.duplicated, count.lost, service.lag
            ));
        }
    }
    out.push('\n');
    out
}
