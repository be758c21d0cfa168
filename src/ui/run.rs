//! The run behind the page.

use crate::scenario::{Action, Scenario};
use crate::timeline::Run;
use crate::verdict::Report;
use crate::view::stage::Stage;

/// A run with what has been done to it by hand.
pub struct Timeline {
    run: Run,
}

impl Timeline {
    /// A run at its beginning.
    ///
    /// # Errors
    /// A sentence for each thing in the scenario that cannot be.
    pub fn new(scenario: Scenario) -> Result<Timeline, Vec<String>> {
        Run::new(scenario).map(|run| Timeline { run })
    }

    /// The moment, in µs.
    pub fn now(&self) -> u64 {
        self.run.now()
    }

    /// Goes on until this moment, or for about so many events. True when it got there.
    pub fn advance(&mut self, until: u64, events: usize) -> bool {
        self.run.advance(until, events, &mut |_| {})
    }

    /// To the next event that leaves a trace.
    pub fn step(&mut self) {
        self.run.step(&mut |_| {});
    }

    /// True when nothing can change any more.
    pub fn finished(&self) -> bool {
        self.run.finished()
    }

    /// Does something to the run, now. False where it makes no sense.
    pub fn intervene(&mut self, _action: Action) -> bool {
        false
    }

    /// What is run.
    pub fn scenario(&self) -> &Scenario {
        self.run.world().scenario()
    }

    /// The judgement so far.
    pub fn report(&self) -> Report {
        self.run.report()
    }

    /// What can be seen now.
    pub fn stage(&self) -> Stage {
        Stage::of(self.run.world())
    }
}
