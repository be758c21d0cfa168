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
