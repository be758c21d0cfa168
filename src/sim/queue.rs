//! The event queue: what happens next.
//!
//! A heap, and beside it lanes: first-in first-out lists for what is put in with the same delay each time (a
//! time-out, a fetch that waits, what is due at once). Such events come in the order of their time anyway, so
//! a lane takes them in and gives them out at no cost that grows with their number.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// An event and when it is due.
#[derive(Clone, Copy, Debug)]
pub struct Scheduled<E> {
    /// When, in the queue's unit of time (the lab's is the microsecond).
    pub at: u64,
    sequence: u64,
    /// What.
    pub event: E,
}

/// What events are ordered by: their time, then the order in which they were put in.
type Due = (u64, u64);

/// Later than any event.
const NEVER: Due = (u64::MAX, u64::MAX);

impl<E> Scheduled<E> {
    #[inline]
    fn due(&self) -> Due {
        (self.at, self.sequence)
    }
}

impl<E> PartialEq for Scheduled<E> {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl<E> Eq for Scheduled<E> {}

impl<E> PartialOrd for Scheduled<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Scheduled<E> {
    /// Reversed, because the standard heap gives the greatest first.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.due().cmp(&self.due())
    }
}

/// Events in the order of their time; events of the same time in the order in which they were put in,
/// whether by [`Queue::push`] or into a lane.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Scheduled<E>>,
    lanes: Vec<VecDeque<Scheduled<E>>>,
    /// The lane whose first event comes before those of the other lanes, and when that is due.
    next_lane: usize,
    next_in_lanes: Due,
    next_sequence: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            lanes: Vec::new(),
            next_lane: 0,
            next_in_lanes: NEVER,
            next_sequence: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Puts in an event that is due at `at`.
    pub fn push(&mut self, at: u64, event: E) {
        let entry = self.entry(at, event);
        self.heap.push(entry);
    }

    /// The same, by way of a lane: cheaper where events of that lane come in the order of their time, as those
    /// with a constant delay do. One that comes too early for it goes by the heap. Lanes are numbered from 0,
    /// and come into being as they are used.
    pub fn push_timer(&mut self, lane: u8, at: u64, event: E) {
        let entry = self.entry(at, event);
        let lane = usize::from(lane);
        if lane >= self.lanes.len() {
            self.lanes.resize_with(lane + 1, VecDeque::new);
        }
        match self.lanes[lane].back() {
            Some(last) if last.at > at => return self.heap.push(entry),
            Some(_) => {}
            None if entry.due() < self.next_in_lanes => {
                (self.next_lane, self.next_in_lanes) = (lane, entry.due());
            }
            None => {}
        }
        self.lanes[lane].push_back(entry);
    }

    #[inline]
    fn entry(&mut self, at: u64, event: E) -> Scheduled<E> {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Scheduled {
            at,
            sequence,
            event,
        }
    }

    /// Takes out the next event, if there is one.
    #[inline]
    pub fn pop(&mut self) -> Option<Scheduled<E>> {
        if self.next_in_heap() < self.next_in_lanes {
            self.heap.pop()
        } else {
            self.pop_lane()
        }
    }

    /// Takes out the next event if it is due at `until` or before.
    #[inline]
    pub fn pop_until(&mut self, until: u64) -> Option<Scheduled<E>> {
        let in_heap = self.next_in_heap();
        if in_heap.min(self.next_in_lanes).0 > until {
            None
        } else if in_heap < self.next_in_lanes {
            self.heap.pop()
        } else {
            self.pop_lane()
        }
    }

    #[inline]
    fn next_in_heap(&self) -> Due {
        self.heap.peek().map_or(NEVER, Scheduled::due)
    }

    fn pop_lane(&mut self) -> Option<Scheduled<E>> {
        let next = self.lanes.get_mut(self.next_lane)?.pop_front();
        self.next_in_lanes = NEVER;
        for (lane, events) in self.lanes.iter().enumerate() {
            let due = events.front().map_or(NEVER, Scheduled::due);
            if due < self.next_in_lanes {
                (self.next_lane, self.next_in_lanes) = (lane, due);
            }
        }
        next
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<u64> {
        let next = self.next_in_heap().min(self.next_in_lanes);
        (next != NEVER).then_some(next.0)
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len() + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_comes_first_and_ties_keep_their_order() {
        let mut queue = Queue::default();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (3, 'b'), (5, 'e')] {
            queue.push(at, event);
        }
        let order: String = std::iter::from_fn(|| queue.pop())
            .map(|s| s.event)
            .collect();
        assert_eq!(order, "abcde");
    }

    #[test]
    fn lanes_and_heap_share_one_order() {
        let mut queue = Queue::default();
        queue.push_timer(2, 5, 'b');
        queue.push(5, 'c');
        queue.push_timer(0, 5, 'd');
        queue.push_timer(2, 4, 'a');
        assert_eq!((queue.len(), queue.next_at()), (4, Some(4)));
        let order: String = std::iter::from_fn(|| queue.pop())
            .map(|s| s.event)
            .collect();
        assert_eq!(order, "abcd");
        assert_eq!((queue.is_empty(), queue.next_at()), (true, None));
    }

    #[test]
    fn pop_until_leaves_what_is_due_later() {
        let mut queue = Queue::default();
        queue.push(10, 'x');
        queue.push_timer(0, 11, 'y');
        assert!(queue.pop_until(9).is_none());
        assert_eq!(
            queue.pop_until(10).map(|s| (s.at, s.event)),
            Some((10, 'x'))
        );
        assert!(queue.pop_until(10).is_none());
        assert_eq!(
            queue.pop_until(11).map(|s| (s.at, s.event)),
            Some((11, 'y'))
        );
        assert!(queue.is_empty());
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod random {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Op {
        Push(u64),
        Timer(u8, u64),
        Pop,
        PopUntil(u64),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let at = 0u64..12;
        let op = prop_oneof![
            2 => at.clone().prop_map(Op::Push),
            4 => (0u8..4, at.clone()).prop_map(|(lane, at)| Op::Timer(lane, at)),
            3 => Just(Op::Pop),
            1 => at.prop_map(Op::PopUntil),
        ];
        prop::collection::vec(op, 0..80)
    }

    proptest! {
        /// However events get in, they come out by time and then by the order they were put in.
        #[test]
        fn any_mix_of_lanes_and_heap_keeps_one_order(ops in ops()) {
            let mut queue = Queue::default();
            let mut model: Vec<(u64, usize)> = Vec::new();
            for (number, op) in ops.iter().chain([&Op::Pop; 80]).enumerate() {
                let next = model.iter().copied().min();
                prop_assert_eq!(queue.next_at(), next.map(|(at, _)| at));
                prop_assert_eq!(queue.len(), model.len());
                let (got, expected) = match *op {
                    Op::Push(at) => {
                        queue.push(at, number);
                        model.push((at, number));
                        continue;
                    }
                    Op::Timer(lane, at) => {
                        queue.push_timer(lane, at, number);
                        model.push((at, number));
                        continue;
                    }
                    Op::Pop => (queue.pop(), next),
                    Op::PopUntil(until) => (queue.pop_until(until), next.filter(|&(at, _)| at <= until)),
                };
                prop_assert_eq!(got.map(|next| (next.at, next.event)), expected);
                model.retain(|entry| Some(*entry) != expected);
            }
        }
    }
}
