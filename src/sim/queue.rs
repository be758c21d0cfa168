//! The event queue: what happens next.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An event and when it is due.
#[derive(Clone, Copy, Debug)]
pub struct Scheduled<E> {
    /// When, in the queue's unit of time (the lab's is the microsecond).
    pub at: u64,
    sequence: u64,
    /// What.
    pub event: E,
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
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

/// Events in the order of their time; events of the same time in the order in which they were put in.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Scheduled<E>>,
    next_sequence: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            next_sequence: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Puts in an event that is due at `at`.
    pub fn push(&mut self, at: u64, event: E) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.heap.push(Scheduled {
            at,
            sequence,
            event,
        });
    }

    /// Takes out the next event, if there is one.
    pub fn pop(&mut self) -> Option<Scheduled<E>> {
        self.heap.pop()
    }

    /// Takes out the next event if it is due at `until` or before.
    pub fn pop_until(&mut self, until: u64) -> Option<Scheduled<E>> {
        if self.next_at()? <= until {
            self.heap.pop()
        } else {
            None
        }
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|next| next.at)
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
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
    fn pop_until_leaves_what_is_due_later() {
        let mut queue = Queue::default();
        queue.push(10, 'x');
        assert!(queue.pop_until(9).is_none());
        assert_eq!(
            queue.pop_until(10).map(|s| (s.at, s.event)),
            Some((10, 'x'))
        );
        assert!(queue.is_empty());
    }
}
