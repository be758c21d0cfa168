//! A branch: one course of inputs, with snapshots of what was seen of it.

use std::sync::Arc;

use crate::broker::wire::Micros;
use crate::scenario::Intervention;
use crate::trace::{Event, Kept, Life};

use super::inputs::apply;
use super::marks::Marks;
use super::run::Run;
use super::series::Series;

/// How many events of a branch are kept for the log.
const KEPT: usize = 20_000;

/// How many snapshots before the wanted one a replay begins where nothing is kept of that time.
const PAST: usize = 2;
/// How many events of the queue a message's life is looked for in, at most.
const LIFE: u64 = 1_200_000;
/// So many at a time.
const STRETCH: usize = 2_000;
/// So many snapshots are kept at least of what lies beyond the reach of quick time travel.
const FEW: usize = 16;

/// A run at a moment, to start again from.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub run: Run,
    pub next_input: usize,
}

impl Snapshot {
    /// Events of the queue handled by then.
    pub fn handled(&self) -> u64 {
        self.run.world().handled()
    }

    /// Goes on until `until`, with these inputs on the way, but handles at most about `limit` events of the queue.
    /// True when it got there, or to the end of the run.
    pub fn advance(
        &mut self,
        inputs: &[Intervention],
        until: Micros,
        limit: usize,
        see: &mut dyn FnMut(&Event),
    ) -> bool {
        let last = self.handled().saturating_add(limit as u64);
        loop {
            let input = inputs.get(self.next_input).filter(|i| i.at.0 <= until);
            let target = input.map_or(until, |input| input.at.0);
            let left = last.saturating_sub(self.handled()) as usize;
            if !self.run.advance(target, left, see) {
                return false;
            }
            let Some(input) = input.filter(|_| !self.run.finished()) else {
                return true;
            };
            // It applied when it was made.
            let _ = apply(&mut self.run, &input.action);
            self.next_input += 1;
        }
    }
}

/// One course of a run: its inputs, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The branch it came from, and when it left it, in µs. `None` for the first.
    pub parent: Option<(usize, Micros)>,
    pub(super) inputs: Vec<Intervention>,
    pub(super) snapshots: Vec<Arc<Snapshot>>,
    pub(super) kept: Kept,
    last_kept: u64,
    /// The last event that the marks know.
    last_marked: u64,
    pub(super) marks: Marks,
    pub(super) series: Series,
    pub(super) seen: Micros,
}

impl Branch {
    pub(super) fn root(start: Arc<Snapshot>) -> Self {
        Branch {
            parent: None,
            inputs: Vec::new(),
            snapshots: vec![start],
            kept: Kept::new(KEPT),
            last_kept: 0,
            last_marked: 0,
            marks: Marks::default(),
            series: Series::default(),
            seen: 0,
        }
    }

    /// What was done on this branch, in order.
    pub fn inputs(&self) -> &[Intervention] {
        &self.inputs
    }

    /// How far it has been seen, in µs.
    pub fn seen(&self) -> Micros {
        self.seen
    }

    /// A branch that shares everything up to `at` (when `traced` events had been) and then goes its own way.
    pub(super) fn fork(&self, own: usize, at: Micros, traced: u64, next_input: usize) -> Branch {
        let shared = |snapshot: &&Arc<Snapshot>| {
            snapshot.run.now() <= at
                && snapshot.run.world().traced() <= traced
                && snapshot.next_input <= next_input
        };
        let mut kept = Kept::new(KEPT);
        self.kept
            .iter()
            .filter(|event| event.id <= traced)
            .for_each(|event| kept.push(*event));
        Branch {
            parent: Some((own, at)),
            inputs: self.inputs[..next_input].to_vec(),
            snapshots: self.snapshots.iter().filter(shared).cloned().collect(),
            kept,
            last_kept: traced.min(self.last_kept),
            last_marked: traced.min(self.last_marked),
            marks: self.marks.up_to(traced),
            series: self.series.up_to(at),
            seen: at,
        }
    }

    /// Takes an event in, unless it was seen before.
    pub(super) fn see(&mut self, event: &Event) {
        if event.id > self.last_marked {
            self.last_marked = event.id;
            self.marks.see(event);
        }
        if event.id > self.last_kept {
            self.last_kept = event.id;
            self.kept.push(*event);
        }
    }

    /// The last event that is kept, or would be if there were any.
    pub(super) fn last_kept(&self) -> u64 {
        self.last_kept
    }

    /// Whether events that come after so many join those that are kept, or are among them.
    fn joins(&self, traced: u64) -> bool {
        let first = self.kept.iter().next().map_or(self.last_kept + 1, |e| e.id);
        (first..=self.last_kept + 1).contains(&(traced + 1))
    }

    /// Where to begin so that what happened before a snapshot is known too: there, or where its time is not kept any
    /// more, a little before; what is kept of another time is dropped then.
    pub(super) fn with_past(&mut self, snapshot: &Arc<Snapshot>) -> Arc<Snapshot> {
        if self.joins(snapshot.run.world().traced()) {
            return Arc::clone(snapshot);
        }
        let place = self
            .snapshots
            .partition_point(|s| s.handled() < snapshot.handled());
        let start = Arc::clone(&self.snapshots[place.saturating_sub(PAST)]);
        let traced = start.run.world().traced();
        if !self.joins(traced) {
            self.kept.clear();
            self.last_kept = traced;
        }
        start
    }

    /// The events up to the end of what is kept that belong to a message's life: from the snapshot before it was
    /// published, as far as they are not kept, and then from what is. True if that is all of them.
    pub(super) fn life(&self, message: u64) -> (Life, bool) {
        let mut life = Life::of(message);
        let place = self
            .snapshots
            .partition_point(|s| s.run.world().published() < message);
        let mut at = Snapshot::clone(&self.snapshots[place.saturating_sub(1)]);
        let first = self.kept.iter().next().map_or(0, |event| event.id);
        let last = at.handled() + LIFE;
        let joins = |at: &Snapshot| at.run.world().traced() + 1 >= first;
        while !joins(&at) && !at.run.finished() && at.handled() < last {
            at.advance(&self.inputs, Micros::MAX, STRETCH, &mut |event| {
                if event.id < first {
                    life.see(event);
                }
            });
        }
        let reached = joins(&at);
        self.kept.iter().for_each(|event| life.see(event));
        (life, reached)
    }

    /// The last snapshot at or before a moment.
    pub(super) fn before_time(&self, at: Micros) -> Arc<Snapshot> {
        let place = self
            .snapshots
            .partition_point(|snapshot| snapshot.run.now() < at);
        Arc::clone(&self.snapshots[place.saturating_sub(1)])
    }

    /// The last snapshot before an event.
    pub(super) fn before_event(&self, id: u64) -> Arc<Snapshot> {
        let place = self
            .snapshots
            .partition_point(|snapshot| snapshot.run.world().traced() < id);
        Arc::clone(&self.snapshots[place.saturating_sub(1)])
    }

    /// Thins out the snapshots before a number of handled events: there are never many of them, and the longer ago the
    /// fewer.
    pub(super) fn thin_out(&mut self, before: u64) {
        let old = self
            .snapshots
            .partition_point(|snapshot| snapshot.handled() < before);
        if old <= 2 * FEW {
            return;
        }
        let mut nth = 0;
        self.snapshots.retain(|_| {
            nth += 1;
            nth > old || nth % 2 == 1
        });
    }
}
