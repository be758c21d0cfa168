//! The ids a FIFO queue has seen within its deduplication window.

use crate::broker::wire::Micros;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// An open segment is sealed at this size, so a clone never copies more.
const SEALED: usize = 1024;

#[derive(Clone, Debug)]
struct Segment {
    newest: Micros,
    /// By id, so it can be searched; the first and last bound its range.
    seen: Vec<(u64, Micros)>,
}

/// Ids and when each was first accepted. Old ones are in sealed, shared segments.
#[derive(Clone, Debug, Default)]
pub struct DedupWindow {
    open: BTreeMap<u64, Micros>,
    sealed: VecDeque<Arc<Segment>>,
}

impl DedupWindow {
    /// Whether `id` is new, that is, was not accepted in the `window` before `now`. If so it is noted.
    /// A repeated id does not prolong the window.
    pub fn accept(&mut self, now: Micros, window: Micros, id: u64) -> bool {
        let fresh = |at: Micros| now.saturating_sub(at) < window;
        while self.sealed.front().is_some_and(|s| !fresh(s.newest)) {
            self.sealed.pop_front();
        }
        let known = self.open.get(&id).is_some_and(|at| fresh(*at))
            || self.sealed.iter().any(|s| s.find(id).is_some_and(fresh));
        if known {
            return false;
        }
        self.open.insert(id, now);
        if self.open.len() >= SEALED {
            let seen = std::mem::take(&mut self.open).into_iter().collect();
            self.sealed
                .push_back(Arc::new(Segment { newest: now, seen }));
        }
        true
    }
}

impl Segment {
    fn find(&self, id: u64) -> Option<Micros> {
        let (first, last) = (self.seen.first()?.0, self.seen.last()?.0);
        if id < first || last < id {
            return None;
        }
        let at = self.seen.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.seen[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_again_after_the_window_and_not_before() {
        let mut window = DedupWindow::default();
        for id in 0..5000 {
            assert!(window.accept(id, 10_000, id));
        }
        for id in 0..5000 {
            assert!(!window.accept(9_999, 10_000, id));
        }
        assert!(window.accept(10_000, 10_000, 0));
        assert!(!window.accept(10_000, 10_000, 1));
        assert!(!window.accept(19_999, 10_000, 0));
        assert!(window.accept(20_000, 10_000, 0));
    }

    #[test]
    fn forgotten_ids_take_no_room() {
        let mut window = DedupWindow::default();
        for id in 0..100_000 {
            window.accept(id, 3_000, id);
        }
        assert!(window.sealed.len() <= 4);
    }
}
