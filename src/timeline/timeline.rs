//! A run that can be taken anywhere: on, back, to a moment, to an anomaly, and onto another branch.

mod overrule;

use std::sync::Arc;

use crate::broker::wire::Micros;
use crate::scenario::{Action, Intervention, Problem, Scenario, Span, check};
use crate::trace::Event;
use crate::verdict::Report;

use super::branch::{Branch, Snapshot};
use super::followed::Followed;
use super::inputs::apply;
use super::marks::Mark;
use super::run::Run;
use super::series::{Sample, Series};

/// Events of the queue between two snapshots: what a seek has to replay at most.
const EVERY: u64 = 6_000;
/// How many events of the queue time travel reaches back quickly; of what is older there are few snapshots.
const REACH: u64 = 1_200_000;

/// A run at a cursor, with its past, its inputs and its forks.
#[derive(Clone, Debug)]
pub struct Timeline {
    run: Run,
    /// The next of the branch's inputs that the cursor has not passed.
    next_input: usize,
    pub(super) branches: Vec<Branch>,
    pub(super) current: usize,
    pub(super) followed: Option<Followed>,
}

impl Timeline {
    /// A timeline at the beginning of a scenario.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario.
    pub fn new(scenario: Scenario) -> Result<Timeline, Vec<Problem>> {
        let problems = check(&scenario);
        if !problems.is_empty() {
            return Err(problems);
        }
        Timeline::of_checked(scenario)
    }

    /// The same for a scenario that was checked before, as every preset and everything from a link is.
    ///
    /// # Errors
    /// What cannot be built of the scenario; nothing where it was checked.
    pub fn of_checked(scenario: Scenario) -> Result<Timeline, Vec<Problem>> {
        let begin = || {
            Run::new(scenario.clone()).map_err(|sentences| {
                sentences
                    .into_iter()
                    .map(|sentence| Problem::sentence("scenario", sentence))
                    .collect::<Vec<_>>()
            })
        };
        let branch = Branch::root(Arc::new(Snapshot {
            run: begin()?,
            next_input: 0,
        }));
        Ok(Timeline {
            run: begin()?,
            next_input: 0,
            branches: vec![branch],
            current: 0,
            followed: None,
        })
    }

    /// The scenario as it is at the cursor: the one it began with, and what was set since.
    pub fn scenario(&self) -> &Scenario {
        self.run.world().scenario()
    }

    /// The run at the cursor.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The moment of the cursor, in µs.
    pub fn now(&self) -> Micros {
        self.run.now()
    }

    /// True at the end of the run.
    pub fn finished(&self) -> bool {
        self.run.finished()
    }

    /// How far this branch has been seen, in µs.
    pub fn seen(&self) -> Micros {
        self.branch().seen.max(self.now())
    }

    /// The judgement at the cursor.
    pub fn report(&self) -> Report {
        self.run.report()
    }

    /// The kept events up to the cursor, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        let last = self.run.world().traced();
        self.branch()
            .kept
            .iter()
            .filter(move |event| event.id <= last)
    }

    /// Faults and anomalies of this branch as far as it has been seen, oldest first.
    pub fn marks(&self) -> &[Mark] {
        self.branch().marks.list()
    }

    /// The figures of this branch over time, as far as it has been seen.
    pub fn series(&self) -> &Series {
        &self.branch().series
    }

    /// Goes on until `until`, but handles at most about `limit` events of the queue.
    /// True when it got there, or to the end of the run.
    pub fn advance(&mut self, until: Micros, limit: usize) -> bool {
        let mut left = limit;
        while !self.run.finished() {
            let input = self.next_input_at().filter(|&at| at <= until);
            let due = self.branch().series.due();
            let mut target = input.unwrap_or(until);
            if due >= self.now() {
                target = target.min(due);
            }
            let before = self.run.world().handled();
            let stretch = left.min(self.until_snapshot());
            let arrived = self.forward(|run, see| run.advance(target, stretch, see));
            left = left.saturating_sub((self.run.world().handled() - before) as usize);
            self.keep_snapshot();
            if arrived && self.now() == due {
                self.take_sample(Sample::of(&self.run));
            }
            if !arrived {
                if left == 0 {
                    return false;
                }
            } else if input == Some(target) && !self.run.finished() {
                self.apply_next_input();
            } else if target == until {
                return true;
            }
        }
        true
    }

    /// Goes on to the next event that leaves a trace.
    pub fn step(&mut self) {
        if let Some(at) = self.next_input_at()
            && self.run.world().next_at().is_none_or(|next| next > at)
        {
            self.advance(at, usize::MAX);
            return;
        }
        let traced = self.run.world().traced();
        while self.run.world().traced() == traced && !self.run.finished() {
            let due = self.branch().series.due();
            let limit = if due > self.now() { due } else { Micros::MAX };
            if self.forward(|run, see| run.step_until(limit, see)) && self.now() == due {
                self.take_sample(Sample::of(&self.run));
            }
        }
        self.keep_snapshot();
    }

    /// Goes back to before the last event that left a trace.
    pub fn step_back(&mut self) {
        let goal = self.run.world().traced();
        if goal == 0 {
            return self.reset();
        }
        let start = self.with_past(&self.branch().before_event(goal));
        let steps = self.steps_from(&start, |run| run.world().traced() >= goal);
        self.return_to(&start);
        for _ in 1..steps {
            self.step();
        }
    }

    /// How many steps from a snapshot it takes until `there`.
    fn steps_from(&self, start: &Arc<Snapshot>, there: impl Fn(&Run) -> bool) -> usize {
        let mut probe = self.clone();
        probe.return_to(start);
        let mut steps = 0;
        while !there(&probe.run) && !probe.run.finished() {
            probe.step();
            steps += 1;
        }
        steps
    }

    /// Goes to a moment, back or on. Going on may be cut short by the end of the run.
    pub fn seek(&mut self, at: Micros) {
        if at < self.now() {
            let start = self.with_past(&self.branch().before_time(at));
            self.return_to(&start);
        } else {
            self.jump_ahead(at);
        }
        self.advance(at, usize::MAX);
    }

    /// Events of the queue between the cursor and the last snapshot before it: what a seek to this moment replays.
    pub fn replayed(&self) -> u64 {
        let snapshot = self.branch().before_time(self.now());
        self.run
            .world()
            .handled()
            .saturating_sub(snapshot.handled())
    }

    /// Goes to right after an event of this branch.
    pub fn seek_event(&mut self, id: u64) {
        if id <= self.run.world().traced() {
            let start = self.with_past(&self.branch().before_event(id));
            self.return_to(&start);
        }
        while self.run.world().traced() < id && !self.run.finished() {
            self.step();
        }
    }

    /// Goes to right after the next mark behind the cursor, if there is one as far as was seen.
    pub fn next_mark(&mut self) -> bool {
        let here = self.run.world().traced();
        let Some(mark) = self.marks().iter().find(|mark| mark.event > here).copied() else {
            return false;
        };
        self.seek_event(mark.event);
        true
    }

    /// Goes to right after the last mark before the cursor, if there is one.
    pub fn previous_mark(&mut self) -> bool {
        let here = self.run.world().traced();
        let Some(mark) = self
            .marks()
            .iter()
            .rev()
            .find(|mark| mark.event < here)
            .copied()
        else {
            return false;
        };
        self.seek_event(mark.event);
        true
    }

    /// Goes back to the beginning of this branch.
    pub fn reset(&mut self) {
        let first = self.with_past(&Arc::clone(&self.branch().snapshots[0]));
        self.return_to(&first);
    }

    /// Does something to the run at the cursor. In the past of what was seen it makes a fork, which becomes
    /// the current branch. A setting takes the place of what the same parameter was set to at the same moment.
    ///
    /// # Errors
    /// A sentence when it does not apply here; nothing is changed then.
    pub fn intervene(&mut self, action: Action) -> Result<(), Problem> {
        let overruled = self.overruled(&action);
        self.add(action)?;
        if let Some(nth) = overruled {
            self.take_back(nth);
        }
        Ok(())
    }

    /// The same, beside everything that was done before.
    pub(super) fn add(&mut self, action: Action) -> Result<(), Problem> {
        let now = self.now();
        let mut run = self.run.clone();
        run.advance(now, usize::MAX, &mut |_| {});
        apply(&mut run, &action)?;
        let branches_off = self.seen() > now || self.next_input < self.branch().inputs.len();
        if branches_off {
            let fork = self.branch().fork(
                self.current,
                now,
                self.run.world().traced(),
                self.next_input,
            );
            self.branches.push(fork);
            self.current = self.branches.len() - 1;
            self.follow_again();
        }
        self.branches[self.current].inputs.push(Intervention {
            at: Span(now),
            action,
        });
        self.advance(now, usize::MAX);
        Ok(())
    }

    /// The branches, the first one first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Which branch the cursor is on.
    pub fn current_branch(&self) -> usize {
        self.current
    }

    /// Goes onto another branch, to the same moment. False when there is no such branch.
    pub fn switch(&mut self, branch: usize) -> bool {
        if branch >= self.branches.len() {
            return false;
        }
        let now = self.now();
        self.current = branch;
        let start = self.with_past(&self.branch().before_time(now));
        self.return_to(&start);
        self.advance(now, usize::MAX);
        self.follow_again();
        true
    }

    /// The interventions of the current branch.
    pub fn inputs(&self) -> &[Intervention] {
        &self.branch().inputs
    }

    pub(super) fn branch(&self) -> &Branch {
        &self.branches[self.current]
    }

    fn next_input_at(&self) -> Option<Micros> {
        self.branch()
            .inputs
            .get(self.next_input)
            .map(|input| input.at.0)
    }

    /// Lets the run go forward, and keeps what it shows that was not seen before.
    fn forward<T>(&mut self, go: impl FnOnce(&mut Run, &mut dyn FnMut(&Event)) -> T) -> T {
        let branch = &mut self.branches[self.current];
        let followed = &mut self.followed;
        let result = go(&mut self.run, &mut |event| {
            branch.see(event);
            if let Some(followed) = followed {
                followed.see(event);
            }
        });
        branch.seen = branch.seen.max(self.run.now());
        branch.marks.note(self.run.ledger().anomalies());
        result
    }

    fn take_sample(&mut self, sample: Sample) {
        self.branches[self.current].series.take(sample);
    }

    fn apply_next_input(&mut self) {
        let input = self.branch().inputs[self.next_input].clone();
        self.next_input += 1;
        // It applied when it was made, and the run is the same; in a damaged file it just does nothing.
        let _ = apply(&mut self.run, &input.action);
    }

    /// How many events may be handled before the next snapshot is due.
    fn until_snapshot(&self) -> usize {
        let last = self
            .branch()
            .snapshots
            .last()
            .map_or(0, |last| last.handled());
        (last + EVERY)
            .saturating_sub(self.run.world().handled())
            .max(1) as usize
    }

    fn keep_snapshot(&mut self) {
        let handled = self.run.world().handled();
        let branch = &mut self.branches[self.current];
        let due = branch
            .snapshots
            .last()
            .is_none_or(|last| last.handled() + EVERY <= handled);
        if due {
            branch.snapshots.push(Arc::new(Snapshot {
                run: self.run.clone(),
                next_input: self.next_input,
            }));
            branch.thin_out(handled.saturating_sub(REACH));
        }
    }

    fn return_to(&mut self, snapshot: &Snapshot) {
        self.run = snapshot.run.clone();
        self.next_input = snapshot.next_input;
        let here = self.run.world().traced();
        if self.followed.as_ref().is_some_and(|f| f.misses(here)) {
            self.follow_again();
        }
    }

    /// Where to begin so that the events before a snapshot are there too.
    fn with_past(&mut self, snapshot: &Arc<Snapshot>) -> Arc<Snapshot> {
        self.branches[self.current].with_past(snapshot)
    }

    /// Takes the last snapshot before a later moment instead of running there.
    fn jump_ahead(&mut self, at: Micros) {
        let snapshot = self.branch().before_time(at);
        if snapshot.handled() > self.run.world().handled() {
            let start = self.with_past(&snapshot);
            self.return_to(&start);
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
