//! What is printed: for programs as JSON, for people as a table.

use delivery_lab::scenario::{
    Scenario, Span, kept_by_settings, params::slug, preset, preset_names,
};
use delivery_lab::verdict::{Judged, Latency, Report, ServiceReport};
use delivery_lab::view::words;
use serde::{Serialize, Serializer};

use crate::run::Done;

#[derive(Serialize)]
struct Verdict<'a> {
    preset: &'a str,
    seed: u32,
    simulated_us: u64,
    orders: u64,
    events: u64,
    trace_hash: String,
    #[serde(serialize_with = "by_name")]
    services: &'a [ServiceReport],
}

#[derive(Serialize)]
struct Service {
    guarantee: &'static str,
    held: bool,
    published: u64,
    delivered: u64,
    processed: u64,
    effects: u64,
    lost: u64,
    duplicated: u64,
    out_of_order: u64,
    pending: u64,
    latency_us: Latency,
}

fn by_name<S: Serializer>(services: &[ServiceReport], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(services.iter().map(|service| {
        let figures = Service {
            guarantee: service.guarantee.slug(),
            held: service.held,
            published: service.published,
            delivered: service.delivered,
            processed: service.processed,
            effects: service.effects,
            lost: service.lost,
            duplicated: service.duplicated,
            out_of_order: service.out_of_order,
            pending: service.pending,
            latency_us: service.latency_us,
        };
        (slug(&service.name), figures)
    }))
}

/// The verdict as JSON; services by their names in lower case.
pub fn json(done: &Done) -> String {
    let verdict = Verdict {
        preset: &done.scenario.name,
        seed: done.scenario.seed,
        simulated_us: done.simulated_us,
        orders: done.report.published,
        events: done.events,
        trace_hash: format!("{:016x}", done.trace_hash),
        services: &done.report.services,
    };
    match serde_json::to_string_pretty(&verdict) {
        Ok(text) => text + "\n",
        Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
    }
}

/// The verdict as a table.
pub fn table(done: &Done) -> String {
    let (scenario, report) = (&done.scenario, &done.report);
    let head = "service|promised|held|published|delivered|processed|effects|lost|duplicated|out of order|pending|p50|p99";
    let mut rows = vec![head.split('|').map(String::from).collect::<Vec<_>>()];
    for service in &report.services {
        let mut row = vec![service.name.clone(), service.guarantee.words().into()];
        row.push(if service.held { "yes" } else { "NO" }.into());
        let figures = [
            service.published,
            service.delivered,
            service.processed,
            service.effects,
            service.lost,
            service.duplicated,
            service.out_of_order,
            service.pending,
        ];
        row.extend(figures.map(|figure| figure.to_string()));
        row.extend([service.latency_us.p50, service.latency_us.p99].map(short));
        rows.push(row);
    }
    let title = if scenario.title.is_empty() {
        &scenario.name
    } else {
        &scenario.title
    };
    format!(
        "{title}, seed {}: {} published in {}, {} acknowledged, {} given up; over after {}\n\n{}{}\n{} events, trace hash {:016x}\n",
        scenario.seed,
        report.published,
        scenario.duration,
        report.acked,
        report.gave_up,
        short(done.simulated_us),
        columns(&rows),
        cut_short(done) + &required(scenario, report) + &not_kept(scenario),
        done.events,
        done.trace_hash,
    )
}

/// Said where the run was ended before everything had settled.
fn cut_short(done: &Done) -> String {
    match done.settled {
        true => String::new(),
        false => format!(
            "\nNot everything had settled: the run was ended at its limit, {} after the last was published \
             (`--set drain=...` for more). What is pending is neither done nor lost.\n",
            done.scenario.drain
        ),
    }
}

/// What is asked of all services together, a line each.
fn required(scenario: &Scenario, report: &Report) -> String {
    let judged = report.requirements(scenario);
    let begin = if judged.is_empty() { "" } else { "\n" };
    let line = |judged: &Judged| match judged.met {
        true => format!("met      {}\n", judged.words),
        false => format!("NOT MET  {}: {}\n", judged.words, judged.because),
    };
    begin.to_string() + &judged.iter().map(line).collect::<String>()
}

/// A line for each service whose settings do not keep what it promises.
fn not_kept(scenario: &Scenario) -> String {
    let lines = scenario
        .services
        .iter()
        .zip(0..)
        .filter_map(|(service, i)| {
            let left = words::left(service.guarantee, &kept_by_settings(scenario, i))?;
            let promise = service.guarantee.words();
            Some(format!(
                "\n{} promises {promise}, but {left}.\n",
                service.name
            ))
        });
    lines.collect()
}

/// A span in three or four digits.
fn short(us: u64) -> String {
    let step = match us {
        0..10_000 => 10,
        10_000..1_000_000 => 100,
        1_000_000..10_000_000 => 10_000,
        _ => 100_000,
    };
    Span(us / step * step).to_string()
}

/// Rows in columns: names to the left, figures to the right.
fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match i {
                0 => line.push_str(&format!("{cell:width$}")),
                1 => line.push_str(&format!("  {cell:width$}")),
                _ => line.push_str(&format!("  {cell:>width$}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// All presets: name, title, and what to watch for.
pub fn presets() -> String {
    let width = preset_names().map(str::len).max().unwrap_or(0);
    let line = |name: &'static str| {
        let scenario = preset(name).unwrap_or_default();
        format!(
            "{name:width$}  {}. Watch for {}\n",
            scenario.title, scenario.watch_for
        )
    };
    preset_names().map(line).collect()
}

/// How a check turned out.
pub fn checked(name: &str, expects: usize, unmet: &[String]) -> String {
    if unmet.is_empty() {
        let s = if expects == 1 { "" } else { "s" };
        return format!(
            "ok    {name}: {expects} expectation{s} hold{}\n",
            if expects == 1 { "s" } else { "" }
        );
    }
    unmet
        .iter()
        .map(|miss| format!("FAIL  {name}: {miss}\n"))
        .collect()
}
