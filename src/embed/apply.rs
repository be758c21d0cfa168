//! What a host page's values and states make of a scenario. Nothing is changed in place, so nothing is half changed.

use super::message::Change;
use crate::scenario::link::{PageOptions, from_fragment};
use crate::scenario::params::{self, Handle};
use crate::scenario::{Intervention, Problem, Scenario, check};

/// The scenario with all of these changes, and which parameters they are of.
///
/// # Errors
/// A [`Problem`] that names the first parameter that is none or cannot have its value, or says why the values do not
/// go together.
pub fn changed(
    scenario: &Scenario,
    changes: &[Change],
) -> Result<(Scenario, Vec<Handle>), Problem> {
    let mut settings: Vec<(Handle, &Change)> = Vec::new();
    for change in changes {
        let handle = handle(scenario, &change.name)?;
        if let Some((_, other)) = settings.iter().find(|(known, _)| known.is(&handle)) {
            let sentence = format!(
                "`{}` and `{}` are names of the same parameter.",
                other.name, change.name
            );
            return Err(Problem::sentence(&change.name, sentence));
        }
        settings.push((handle, change));
    }
    // In the table's order a guarantee comes before the settings that it sets.
    settings.sort_by_key(|(handle, _)| handle.rank());
    let mut changed = scenario.clone();
    for (handle, change) in &settings {
        handle.set(&mut changed, &change.text)?;
    }
    match check(&changed).into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok((
            changed,
            settings.iter().map(|(handle, _)| *handle).collect(),
        )),
    }
}

/// Options of the page that can be others while it runs. The rest decide what the page consists of.
pub const LIVE: [&str; 3] = ["speed", "theme", "motion"];

/// The page's options with those changes that are of it, and the changes that are left: those of the scenario.
///
/// # Errors
/// A [`Problem`] that names the first option that cannot have its value.
pub fn dressed(
    page: &PageOptions,
    changes: Vec<Change>,
) -> Result<(PageOptions, Vec<Change>), Problem> {
    let live = |change: &Change| {
        PageOptions::option(&change.name).filter(|option| LIVE.contains(&option.name))
    };
    let mut page = page.clone();
    let mut left = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for change in changes {
        let Some(option) = live(&change) else {
            left.push(change);
            continue;
        };
        if known.contains(&option.name) {
            let sentence = format!("`{}` is given two values.", option.name);
            return Err(Problem::sentence(&change.name, sentence));
        }
        known.push(option.name);
        option.set(&mut page, &change.text)?;
    }
    Ok((page, left))
}

fn handle(scenario: &Scenario, name: &str) -> Result<Handle, Problem> {
    match PageOptions::option(name) {
        None => params::find(scenario, name),
        Some(option) => {
            let sentence = format!(
                "`{}` is an option of the page; it can only stand in the address.",
                option.name
            );
            Err(Problem::sentence(name, sentence))
        }
    }
}

/// The scenario and the inputs of a text that `getState` answered.
///
/// # Errors
/// A [`Problem`] that says what is wrong with it.
pub fn restored(state: &str) -> Result<(Scenario, Vec<Intervention>), Problem> {
    let wrong = || Problem::not_allowed("state", state, "a text that getState answered");
    from_fragment(state).ok_or_else(wrong)?
}
