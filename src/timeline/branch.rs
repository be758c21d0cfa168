//! A branch: one course of inputs, with snapshots of what was seen of it.

use std::sync::Arc;

use crate::broker::wire::Micros;
use crate::scenario::Intervention;
use crate::trace::{Event, Kept};

use super::marks::Marks;
use super::run::Run;
use super::series::Series;

/// How many events of a branch are kept for the log.
const KEPT: usize = 20_000;

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
            marks: self.marks.up_to(traced),
            series: self.series.up_to(at),
            seen: at,
        }
    }

    /// Takes an event in, unless it was seen before.
    pub(super) fn see(&mut self, event: &Event) {
        if event.id > self.last_kept {
            self.last_kept = event.id;
            self.kept.push(*event);
            self.marks.see(event);
        }
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

    /// Drops the snapshots before a number of handled events, but for the first.
    pub(super) fn forget(&mut self, before: u64) {
        let old = self
            .snapshots
            .partition_point(|snapshot| snapshot.handled() < before);
        if old > 1 {
            self.snapshots.drain(1..old);
        }
    }
}
