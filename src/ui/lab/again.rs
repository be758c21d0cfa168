//! The same run once more, under other settings.

use leptos::prelude::*;

use super::{Lab, REPLAYED};
use crate::explain::{Case, Setting, by_name};
use crate::scenario::{Intervention, Scenario, params};
use crate::timeline::Timeline;
use crate::ui::notices::Notice;

impl Lab {
    /// The scenario the run began with and what was done to it by hand, for a run under other settings.
    fn by_name(&self) -> (Scenario, Vec<Intervention>) {
        let scenario = self.base.get_untracked();
        let case = Case {
            interventions: self.inputs(),
            ..Case::of(scenario)
        };
        let case = by_name(&case).unwrap_or(case);
        (case.scenario, case.interventions)
    }

    /// The same run, with what was done to it by hand, under other settings. False, and a notice, where
    /// they cannot be.
    pub fn rerun(&self, settings: &[Setting]) -> bool {
        let (mut scenario, inputs) = self.by_name();
        let mut set = self.changeable();
        for Setting { name, value } in settings {
            set = set.and_then(|()| params::set(&mut scenario, name, value));
        }
        if let Err(problem) = set {
            Notice::push(self.notices, problem.to_string());
            return false;
        }
        match Timeline::with_inputs(scenario.clone(), inputs, REPLAYED) {
            Ok(run) => {
                self.replace(scenario, run);
                true
            }
            Err(problems) => {
                let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
                Notice::push(self.notices, all.join(" "));
                false
            }
        }
    }
}
