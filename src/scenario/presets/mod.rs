//! Ready-made scenarios, each with a title, what to watch for, a seed that shows it, and what it expects.

mod orders;

use super::Scenario;

type Preset = (&'static str, fn() -> Scenario);

/// Every preset: its name and how it is made. The first is the default of page and command line.
const ALL: &[Preset] = &[("order-processing", orders::order_processing)];

/// Names of all presets, in the order in which they are shown.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

/// The preset of this name.
pub fn preset(name: &str) -> Option<Scenario> {
    let (name, make) = ALL.iter().find(|(known, _)| *known == name)?;
    let mut scenario = make();
    scenario.name = (*name).into();
    Some(scenario)
}
