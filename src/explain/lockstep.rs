//! Two runs side by side: where they part.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::replay::{Case, Replay};
use crate::broker::wire::Micros;
use crate::trace::Event;

/// Both runs go on by so much in turn, so that little is computed beyond the first difference.
const STRIDE: Micros = 100_000;
/// What one run has and the other has not within so long after, it does not have. A setting may shift everything a
/// little: that alone is no difference.
const PATIENCE: Micros = 1_000_000;

/// The first event of a message's life that only one of two runs has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parting {
    /// When, in µs: the earlier of the two moments.
    pub at: Micros,
    /// What the first run has there; `None` if nothing more happens to the message in it.
    pub here: Option<Event>,
    /// What the second run has there.
    pub there: Option<Event>,
}

/// Two runs that go on together until they part.
#[derive(Clone, Debug)]
pub struct Lockstep {
    runs: [Replay; 2],
    /// By message, what one of them has shown and the other has not, or has shown otherwise.
    open: BTreeMap<u64, [VecDeque<Event>; 2]>,
    found: Option<Parting>,
}

impl Lockstep {
    /// Both at their beginning.
    ///
    /// # Errors
    /// A sentence for each thing in one of the scenarios that cannot be.
    pub fn of(here: &Case, there: &Case) -> Result<Self, Vec<String>> {
        Ok(Lockstep {
            runs: [here.start()?, there.start()?],
            open: BTreeMap::new(),
            found: None,
        })
    }

    /// Where they part, if that is at or before `until`: the earliest event of any message's life that the other run
    /// does not have at that point of it, be it a little sooner or later.
    pub fn parting(&mut self, until: Micros) -> Option<Parting> {
        let beyond = until.saturating_add(PATIENCE);
        while self.found.is_none() && !self.over(beyond) {
            let to = (self.reached() + STRIDE).min(beyond);
            self.advance(to);
            self.compare(to);
        }
        self.found.filter(|parting| parting.at <= until)
    }

    fn reached(&self) -> Micros {
        let reached = self.runs.iter().map(|run| run.run.now());
        reached.max().unwrap_or(0)
    }

    fn over(&self, until: Micros) -> bool {
        let mut runs = self.runs.iter();
        runs.all(|run| run.run.finished() || run.run.now() >= until)
    }

    fn advance(&mut self, to: Micros) {
        for (which, run) in self.runs.iter_mut().enumerate() {
            let open = &mut self.open;
            run.advance(to, &mut |event| {
                if let Some(message) = event.kind.message() {
                    open.entry(message).or_default()[which].push_back(*event);
                }
            });
        }
    }

    fn compare(&mut self, now: Micros) {
        self.open.retain(|_, [here, there]| {
            let same = |a: &Event, b: &Event| a.kind == b.kind;
            while here
                .front()
                .zip(there.front())
                .is_some_and(|(a, b)| same(a, b))
            {
                here.pop_front();
                there.pop_front();
            }
            !here.is_empty() || !there.is_empty()
        });
        let ended = self.runs.iter().all(|run| run.run.finished());
        let fronts = self
            .open
            .values()
            .map(|[here, there]| (here.front(), there.front()));
        let earliest = fronts.min_by_key(|(a, b)| moment(*a, *b));
        let Some((here, there)) = earliest else {
            return;
        };
        let at = moment(here, there);
        let decided = here.is_some() && there.is_some();
        if decided || ended || at.saturating_add(PATIENCE) <= now {
            self.found = Some(Parting {
                at,
                here: here.copied(),
                there: there.copied(),
            });
        }
    }
}

/// The earlier of the two.
fn moment(here: Option<&Event>, there: Option<&Event>) -> Micros {
    let moments = here.into_iter().chain(there).map(|event| event.at);
    moments.min().unwrap_or(Micros::MAX)
}
