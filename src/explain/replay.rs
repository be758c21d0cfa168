//! The same run once more, with something left out or set otherwise.

use std::sync::Arc;

use crate::broker::wire::Micros;
use crate::scenario::{Action, Intervention, Scenario, params};
use crate::sim::{FaultKey, FaultPlan};
use crate::timeline::Run;
use crate::trace::Event;

/// Everything a run follows from.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What runs.
    pub scenario: Scenario,
    /// What was done to it by hand, in order of time.
    pub interventions: Vec<Intervention>,
    /// Faults placed or suppressed besides.
    pub plan: FaultPlan,
}

impl Case {
    /// A run of this scenario that nobody touched.
    pub fn of(scenario: Scenario) -> Self {
        Case {
            scenario,
            interventions: Vec::new(),
            plan: FaultPlan::default(),
        }
    }

    /// The run at its beginning.
    ///
    /// # Errors
    /// A sentence for each thing in the scenario that cannot be.
    pub fn start(&self) -> Result<Replay, Vec<String>> {
        let run = Run::with_faults(self.scenario.clone(), self.plan.clone())?;
        Ok(Replay {
            run,
            inputs: self.interventions.as_slice().into(),
            next: 0,
        })
    }
}

/// A run that is on its way, with the interventions still to come. A clone is a snapshot.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The run.
    pub run: Run,
    inputs: Arc<[Intervention]>,
    next: usize,
}

impl Replay {
    /// Goes on until `until` or to the end of the run; `see` gets each event of the trace.
    pub fn advance(&mut self, until: Micros, see: &mut dyn FnMut(&Event)) {
        let inputs = Arc::clone(&self.inputs);
        while let Some(input) = inputs.get(self.next) {
            if input.at.0 > until || self.run.finished() {
                break;
            }
            self.run.advance(input.at.0, usize::MAX, see);
            self.apply(&input.action);
            self.next += 1;
        }
        self.run.advance(until, usize::MAX, see);
    }

    /// Goes on to the moment of an intervention, with all that comes before it done, and not it.
    pub(super) fn advance_before(&mut self, input: &Intervention) {
        let all = Arc::clone(&self.inputs);
        while let Some(next) = all.get(self.next) {
            self.run.advance(next.at.0, usize::MAX, &mut |_| {});
            if next == input {
                return;
            }
            self.apply(&next.action);
            self.next += 1;
        }
    }

    fn apply(&mut self, action: &Action) {
        if let Action::Set { name, value } = action {
            let mut scenario = self.run.world().scenario().clone();
            if params::set(&mut scenario, name, value).is_ok() {
                self.run.change(scenario);
            }
        } else {
            self.run.intervene(action);
        }
    }

    /// The same from here on without these faults.
    pub fn without(&self, faults: &[FaultKey]) -> Self {
        let mut other = self.clone();
        for &fault in faults {
            other.run.suppress(fault);
        }
        other
    }
}
