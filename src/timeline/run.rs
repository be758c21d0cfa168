//! A run and its ledger, going forward.

use crate::broker::wire::Micros;
use crate::scenario::{Action, Scenario};
use crate::sim::{FaultKey, FaultPlan};
use crate::trace::Event;
use crate::verdict::{Ledger, Report};
use crate::world::World;

/// Whether everything has settled is looked at in these steps of virtual time, so that a run ends at the
/// same moment however it is driven.
const GRID: Micros = 100_000;

/// Events of the queue handled between two looks at the trace.
const CHUNK: usize = 4_096;

/// A world and the ledger that has seen all of it.
#[derive(Clone, Debug)]
pub struct Run {
    world: World,
    ledger: Ledger,
    finished: bool,
    /// Nothing can change any more; otherwise a finished run was cut short, and what is open stays open.
    settled: bool,
}

impl Run {
    /// A run of this scenario at its beginning.
    ///
    /// # Errors
    /// A sentence for each thing in the scenario that cannot be.
    pub fn new(scenario: Scenario) -> Result<Run, Vec<String>> {
        Run::with_faults(scenario, FaultPlan::default())
    }

    /// The same, with some faults placed or suppressed.
    ///
    /// # Errors
    /// As [`Run::new`].
    pub fn with_faults(scenario: Scenario, plan: FaultPlan) -> Result<Run, Vec<String>> {
        let ledger = Ledger::new(&scenario);
        Ok(Run {
            world: World::with_faults(scenario, plan)?,
            ledger,
            finished: false,
            settled: false,
        })
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The moment, in µs.
    pub fn now(&self) -> Micros {
        self.world.now()
    }

    /// True when nothing can change any more, or the time to settle is over.
    pub fn finished(&self) -> bool {
        self.finished
    }

    /// True at an end at which nothing was open any more; false where the time to settle ran out.
    pub fn settled(&self) -> bool {
        self.settled
    }

    /// The judgement so far; once everything has settled, the judgement.
    pub fn report(&self) -> Report {
        self.ledger.report(self.settled)
    }

    /// Goes on until `until`, but handles at most about `limit` events. `see` gets each event of the trace.
    /// True when it got there, or to the end of the run.
    pub fn advance(&mut self, until: Micros, limit: usize, see: &mut dyn FnMut(&Event)) -> bool {
        let mut left = limit;
        while !self.finished {
            if left == 0 {
                return false;
            }
            let next_look = (self.world.now() / GRID + 1) * GRID;
            let target = until.min(next_look);
            let chunk = left.min(CHUNK);
            let before = self.world.handled();
            let arrived = self.world.run_until(target, chunk);
            left = left.saturating_sub((self.world.handled() - before).max(1) as usize);
            self.look(see);
            if arrived && target == next_look {
                self.check_end();
            }
            if arrived && target == until {
                return true;
            }
        }
        true
    }

    /// Handles events until one of them leaves a trace.
    pub fn step(&mut self, see: &mut dyn FnMut(&Event)) {
        self.step_until(Micros::MAX, see);
    }

    /// Handles events until one of them leaves a trace, or all up to `limit` if none does; true then.
    pub fn step_until(&mut self, limit: Micros, see: &mut dyn FnMut(&Event)) -> bool {
        let before = self.world.traced();
        let mut quiet = false;
        while !quiet && !self.finished && self.world.traced() == before {
            let next_look = (self.world.now() / GRID + 1) * GRID;
            let target = next_look.min(limit);
            if self.world.next_at().is_some_and(|at| at <= target) {
                self.world.step();
                continue;
            }
            self.world.run_until(target, 1);
            if target == next_look {
                self.check_end();
            }
            quiet = target == limit;
        }
        self.look(see);
        quiet
    }

    /// Does something to the world now. False when it does not apply.
    pub fn intervene(&mut self, action: &Action) -> bool {
        self.world.intervene(action)
    }

    /// Goes on under other rates, delays and service times.
    pub fn change(&mut self, scenario: Scenario) {
        self.world.change(scenario);
    }

    /// Keeps a fault that has not fired yet from firing.
    pub fn suppress(&mut self, fault: FaultKey) {
        self.world.suppress(fault);
    }

    /// Goes on to the end.
    pub fn to_end(&mut self) {
        self.advance(Micros::MAX, usize::MAX, &mut |_| {});
    }

    fn look(&mut self, see: &mut dyn FnMut(&Event)) {
        for event in self.world.take_events() {
            self.ledger.observe(&event);
            see(&event);
        }
    }

    fn check_end(&mut self) {
        let scenario = self.world.scenario();
        let limit = scenario.duration.0.saturating_add(scenario.drain.0);
        let now = self.world.now();
        self.settled = self.world.settled();
        self.finished = self.settled || now >= limit;
        if self.settled {
            self.ledger.settle(now, self.world.traced());
        }
    }
}
