//! Links: query parameters that a person can read and edit, and whole scenarios in the fragment.
//!
//! Reading keeps its problems: what is wrong keeps its default and is said. Names that are nobody's (a host's or a
//! tracker's) are passed over, near misses are named.

mod codec;
mod diff;
mod fragment;
mod page;
mod panel;
mod words;

use codec::{escape, unescape};
pub(super) use diff::json;
pub use fragment::{from_fragment, to_fragment};
pub use page::{Controls, Motion, PAGE_OPTIONS, PageOption, PageOptions, Theme};

pub use panel::{PANELS, Panel};

use super::params::{self, Handle};
use super::{Intervention, Problem, Scenario, check, preset, preset_names};

/// The most characters that a query or a fragment has.
pub const LONGEST: usize = 2_000;

/// What a link opens.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// What to run; can be run.
    pub scenario: Scenario,
    /// How to show it.
    pub page: PageOptions,
    /// What was done to it, in order of time.
    pub interventions: Vec<Intervention>,
    /// What in the link was wrong and so is not in effect.
    pub problems: Vec<Problem>,
}

/// Opens a link: the fragment's scenario if there is one, otherwise the query's preset; the query's parameters are
/// applied to it. Beside a fragment, `preset` has no effect.
pub fn open(query: &str, fragment: &str) -> Opened {
    let mut problems = Vec::new();
    let state = from_fragment(fragment)
        .and_then(|state| state.map_err(|problem| problems.push(problem)).ok());
    let pairs = pairs(query);
    let (base, interventions) =
        state.unwrap_or_else(|| (named_preset(&pairs, &mut problems), Vec::new()));
    let (scenario, page) = apply_query(base, &pairs, &mut problems);
    Opened {
        scenario,
        page,
        interventions,
        problems,
    }
}

/// The scenario and the page of a query, with or without its `?`, and what was wrong in it.
pub fn from_query(query: &str) -> (Scenario, PageOptions, Vec<Problem>) {
    let Opened {
        scenario,
        page,
        problems,
        ..
    } = open(query, "");
    (scenario, page, problems)
}

/// The query for a scenario and a page, without the `?`: the preset and what differs from it, in a fixed order.
/// What no parameter can say (another topology, placed faults) is not in it; see [`link`].
pub fn to_query(scenario: &Scenario, page: &PageOptions) -> String {
    let mut parts = Vec::new();
    if let Some(mut base) = preset(&scenario.name) {
        parts.push(format!("preset={}", escape(&scenario.name)));
        for handle in params::of(scenario) {
            let Some(raw) = handle
                .raw(scenario)
                .filter(|_| !handle.same(scenario, &base))
            else {
                continue;
            };
            if handle.set_raw(&mut base, raw).is_ok() {
                let value = handle.param.kind.link_text(raw);
                parts.push(format!(
                    "{}={}",
                    escape(&handle.name(scenario)),
                    escape(&value)
                ));
            }
        }
    }
    parts.extend(
        page.changed()
            .map(|(name, value)| format!("{name}={}", escape(&value))),
    );
    parts.join("&")
}

/// The part of a link behind the page's address: a readable query where that says everything, otherwise the
/// scenario in the fragment and the page's options in the query.
///
/// # Errors
/// A [`Problem`] when it would be longer than a link may be.
pub fn link(
    scenario: &Scenario,
    page: &PageOptions,
    interventions: &[Intervention],
) -> Result<String, Problem> {
    let query = to_query(scenario, page);
    if interventions.is_empty() && query.len() < LONGEST {
        let (again, _, problems) = from_query(&query);
        if problems.is_empty() && again == *scenario {
            return Ok(format!("?{query}"));
        }
    }
    let unnamed = Scenario::default();
    let query = to_query(&unnamed, page);
    let fragment = to_fragment(scenario, interventions)?;
    let mark = if query.is_empty() { "" } else { "?" };
    let whole = format!("{mark}{query}#{fragment}");
    if whole.len() > LONGEST {
        let sentence = format!(
            "The link would have {} characters; a link has at most {LONGEST}. Save it as a file instead.",
            whole.len()
        );
        return Err(Problem::sentence("s", sentence));
    }
    Ok(whole)
}

/// Names and values of a query, in its order.
fn pairs(query: &str) -> Vec<(String, String)> {
    let query = query.strip_prefix('?').unwrap_or(query);
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (unescape(name), unescape(value))
    };
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(pair)
        .collect()
}

/// The preset that the query names, or the first of all.
fn named_preset(pairs: &[(String, String)], problems: &mut Vec<Problem>) -> Scenario {
    let named = pairs
        .iter()
        .rev()
        .find(|(name, _)| name.eq_ignore_ascii_case("preset"));
    if let Some((_, name)) = named {
        match preset(&name.to_ascii_lowercase()) {
            Some(scenario) => return scenario,
            None => problems.push(Problem::unknown("preset", name, preset_names())),
        }
    }
    preset_names().next().and_then(preset).unwrap_or_default()
}

/// One parameter of the query that is understood.
struct Setting<'a> {
    handle: Handle,
    text: &'a str,
}

fn apply_query(
    base: Scenario,
    pairs: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> (Scenario, PageOptions) {
    let mut page = PageOptions::default();
    let mut settings: Vec<Setting> = Vec::new();
    for (name, text) in pairs
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("preset"))
    {
        if let Some(option) = PageOptions::option(name) {
            problems.extend(option.set(&mut page, text).err());
            continue;
        }
        match params::look_up(&base, name) {
            Ok(handle) => match handle.set(&mut base.clone(), text) {
                Ok(()) => settings.push(Setting { handle, text }),
                Err(problem) => problems.push(problem),
            },
            Err(Some(problem)) => problems.push(problem),
            Err(None) => problems.extend(stranger(&base, name)),
        }
    }
    (settled(&base, settings, problems), page)
}

/// What to say about a name that nothing has: only that it is near one.
fn stranger(base: &Scenario, name: &str) -> Option<Problem> {
    let names = params::names(base);
    let known = names
        .iter()
        .map(String::as_str)
        .chain(PAGE_OPTIONS.iter().map(|option| option.name));
    Problem::near_miss("parameter", name, known.chain(["preset"]))
}

/// The scenario with the settings that go together. Those that contradict others are left out, and said.
fn settled(base: &Scenario, mut settings: Vec<Setting>, problems: &mut Vec<Problem>) -> Scenario {
    // In the table's order a guarantee comes before the settings that it sets, wherever the link has them.
    settings.sort_by_key(|setting| setting.handle.rank());
    let with = |settings: &[Setting], without: usize| {
        let mut scenario = base.clone();
        for (_, setting) in settings.iter().enumerate().filter(|(i, _)| *i != without) {
            // Each has been set alone before.
            let _ = setting.handle.set(&mut scenario, setting.text);
        }
        scenario
    };
    // A preset is as it should be whatever its seed.
    if settings
        .iter()
        .all(|setting| setting.handle.param.name == "seed")
    {
        return with(&settings, usize::MAX);
    }
    loop {
        let scenario = with(&settings, usize::MAX);
        let wrong = check(&scenario);
        if wrong.is_empty() {
            return scenario;
        }
        let fewest = (0..settings.len())
            .rev()
            .min_by_key(|&i| check(&with(&settings, i)).len());
        problems.extend(
            wrong
                .into_iter()
                .filter(|problem| !problems.contains(problem))
                .collect::<Vec<_>>(),
        );
        match fewest {
            Some(i) => drop(settings.remove(i)),
            None => return scenario,
        }
    }
}

/// Several problems in one line.
fn one_sentence(problems: &[Problem]) -> String {
    let sentences: Vec<&str> = problems
        .iter()
        .map(|problem| problem.sentence.as_str())
        .collect();
    sentences.join(" ")
}

#[cfg(test)]
mod tests;
