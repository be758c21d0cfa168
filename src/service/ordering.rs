//! Cures for messages that arrive out of order: hold back until the one before has come, or try
//! again later.

use crate::broker::wire::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// What became of an offered item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offered<T> {
    /// It is its turn; say [`WaitBuffer::done`] when it is through.
    Ready(T),
    /// It waits for one before it.
    Held,
    /// Its turn is over: a repeat, or later than it was waited for.
    Late(T),
    /// It would have to wait, but the buffer is full.
    Full(T),
}

/// Holds items back until those of the same key with lower sequence numbers (from 0) have come.
#[derive(Clone, Debug)]
pub struct WaitBuffer<T> {
    limit: usize,
    max_wait: Micros,
    /// By key: the sequence number whose turn it is, behind the last one that is through. 0 at first.
    next: BTreeMap<u64, u64>,
    /// By key and sequence number: the item and when its waiting ends.
    held: BTreeMap<(u64, u64), (Micros, T)>,
    /// Ends of waiting with key and sequence number.
    deadlines: BTreeSet<(Micros, u64, u64)>,
}

impl<T> WaitBuffer<T> {
    /// Holds at most `limit` items, each for at most `max_wait`.
    pub fn new(limit: u32, max_wait: Micros) -> Self {
        Self {
            limit: limit as usize,
            max_wait,
            next: BTreeMap::new(),
            held: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    /// How many items wait.
    pub fn waiting(&self) -> usize {
        self.held.len()
    }

    /// The items that wait.
    pub fn held(&self) -> impl Iterator<Item = &T> {
        self.held.values().map(|(_, item)| item)
    }

    /// Lets go of the waiting items that `gone` picks; they may be offered again.
    pub fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        let deadlines = &mut self.deadlines;
        self.held.retain(|&(key, sequence), (until, item)| {
            let keep = !gone(item);
            if !keep {
                deadlines.remove(&(*until, key, sequence));
            }
            keep
        });
    }

    /// The sequence number of `key` whose turn it is.
    pub fn turn(&self, key: u64) -> u64 {
        self.next.get(&key).copied().unwrap_or(0)
    }

    /// The item of `key` with this sequence number is through.
    pub fn done(&mut self, key: u64, sequence: u64) {
        let next = self.turn(key).max(sequence.saturating_add(1));
        self.next.insert(key, next);
    }

    /// An item arrives. A repeat of a waiting one takes its place, and waits no longer than it.
    pub fn offer(&mut self, key: u64, sequence: u64, item: T, now: Micros) -> Offered<T> {
        let next = self.turn(key);
        if sequence < next {
            Offered::Late(item)
        } else if sequence == next {
            Offered::Ready(item)
        } else if let Some((_, held)) = self.held.get_mut(&(key, sequence)) {
            *held = item;
            Offered::Held
        } else if self.held.len() >= self.limit {
            Offered::Full(item)
        } else {
            let until = now.saturating_add(self.max_wait);
            self.held.insert((key, sequence), (until, item));
            self.deadlines.insert((until, key, sequence));
            Offered::Held
        }
    }

    /// The waiting item of `key` whose turn has come: ask after every [`WaitBuffer::done`] and
    /// [`WaitBuffer::give_up`]. It is not through yet.
    pub fn release(&mut self, key: u64) -> Option<T> {
        let next = self.turn(key);
        let (until, item) = self.held.remove(&(key, next))?;
        self.deadlines.remove(&(until, key, next));
        Some(item)
    }

    /// When the longest waiting item has waited enough.
    pub fn next_deadline(&self) -> Option<Micros> {
        self.deadlines.first().map(|&(until, _, _)| until)
    }

    /// The key of an item that has waited enough at `now`: what its key lacks is given up, and
    /// [`WaitBuffer::release`] has items of it. Call it until `None`.
    pub fn give_up(&mut self, now: Micros) -> Option<u64> {
        let &(_, key, _) = self
            .deadlines
            .first()
            .filter(|&&(until, _, _)| until <= now)?;
        let (&(_, lowest), _) = self.held.range((key, 0)..=(key, u64::MAX)).next()?;
        self.next.insert(key, lowest);
        Some(key)
    }
}

/// Items to try again at a later time (a retry topic, a delayed redelivery).
#[derive(Clone, Debug)]
pub struct RetryLater<T> {
    limit: usize,
    put: u64,
    waiting: BTreeMap<(Micros, u64), T>,
}

impl<T> RetryLater<T> {
    /// Holds at most `limit` items.
    pub fn new(limit: u32) -> Self {
        Self {
            limit: limit as usize,
            put: 0,
            waiting: BTreeMap::new(),
        }
    }

    /// Keeps `item` until `due`.
    ///
    /// # Errors
    /// Gives the item back when the limit is reached.
    pub fn put(&mut self, due: Micros, item: T) -> Result<(), T> {
        if self.waiting.len() >= self.limit {
            return Err(item);
        }
        self.waiting.insert((due, self.put), item);
        self.put += 1;
        Ok(())
    }

    /// The items that wait.
    pub fn held(&self) -> impl Iterator<Item = &T> {
        self.waiting.values()
    }

    /// Lets go of the items that `gone` picks.
    pub fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        self.waiting.retain(|_, item| !gone(item));
    }

    /// When the first item is due.
    pub fn next_due(&self) -> Option<Micros> {
        self.waiting.first_key_value().map(|(&(due, _), _)| due)
    }

    /// An item that is due at `now`: the earliest first, equal ones in the order they were put.
    pub fn take_due(&mut self, now: Micros) -> Option<T> {
        if self.next_due()? > now {
            return None;
        }
        self.waiting.pop_first().map(|(_, item)| item)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything of `key` that is free to go now, each through at once.
    fn release_all(buffer: &mut WaitBuffer<u64>, key: u64) -> Vec<u64> {
        let next = || {
            let item = buffer.release(key)?;
            buffer.done(key, item);
            Some(item)
        };
        std::iter::from_fn(next).collect()
    }

    /// Offers, and is through at once with what has its turn; gives what came out.
    fn offer(buffer: &mut WaitBuffer<u64>, key: u64, sequence: u64, now: Micros) -> Vec<u64> {
        match buffer.offer(key, sequence, sequence, now) {
            Offered::Ready(first) => {
                buffer.done(key, sequence);
                let mut out = vec![first];
                out.extend(release_all(buffer, key));
                out
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_order_waits_for_its_account() {
        let mut buffer = WaitBuffer::new(10, 1000);
        assert_eq!(buffer.offer(7, 1, "order", 0), Offered::Held);
        assert_eq!(buffer.offer(7, 1, "order again", 0), Offered::Held);
        assert_eq!(
            buffer.offer(8, 0, "other account", 0),
            Offered::Ready("other account")
        );
        assert_eq!(buffer.offer(7, 0, "account", 5), Offered::Ready("account"));
        assert_eq!(buffer.release(7), None, "the account is not through");
        buffer.done(7, 0);
        assert_eq!(
            (buffer.release(7), buffer.release(7)),
            (Some("order again"), None)
        );
        assert_eq!(buffer.offer(7, 1, "order", 8), Offered::Ready("order"));
        assert_eq!((buffer.waiting(), buffer.next_deadline()), (0, None));
        assert_eq!(buffer.offer(7, 0, "account", 9), Offered::Late("account"));
    }

    #[test]
    fn waiting_has_a_limit_and_an_end() {
        let mut buffer = WaitBuffer::new(2, 100);
        assert_eq!(buffer.offer(1, 3, 'd', 0), Offered::Held);
        assert_eq!(buffer.offer(1, 2, 'c', 10), Offered::Held);
        assert_eq!(buffer.offer(2, 1, 'x', 20), Offered::Full('x'));
        assert_eq!(
            (buffer.next_deadline(), buffer.give_up(99)),
            (Some(100), None)
        );
        assert_eq!(buffer.give_up(100), Some(1));
        assert_eq!((buffer.release(1), buffer.release(1)), (Some('c'), None));
        buffer.done(1, 2);
        assert_eq!((buffer.release(1), buffer.release(1)), (Some('d'), None));
        assert_eq!(
            (buffer.give_up(100), buffer.offer(1, 1, 'b', 101)),
            (None, Offered::Late('b'))
        );
    }

    #[test]
    fn what_is_forgotten_can_be_offered_again() {
        let mut buffer = WaitBuffer::new(10, 100);
        assert_eq!(buffer.offer(1, 1, 'b', 0), Offered::Held);
        assert_eq!(buffer.offer(1, 2, 'c', 0), Offered::Held);
        buffer.forget(|&item| item == 'b');
        assert!(buffer.held().eq(&['c']));
        assert_eq!(buffer.offer(1, 1, 'b', 50), Offered::Held);
        assert_eq!(buffer.next_deadline(), Some(100));
        assert_eq!(buffer.offer(1, 0, 'a', 60), Offered::Ready('a'));
        buffer.done(1, 0);
        assert_eq!(buffer.release(1), Some('b'));
        buffer.done(1, 1);
        assert_eq!(
            (buffer.release(1), buffer.next_deadline()),
            (Some('c'), None)
        );
    }

    #[test]
    fn later_means_when_it_is_due() {
        let mut later = RetryLater::new(3);
        assert_eq!(
            [later.put(9, 'a'), later.put(5, 'b'), later.put(9, 'c')],
            [Ok(()); 3]
        );
        assert_eq!(later.put(1, 'd'), Err('d'));
        assert_eq!((later.take_due(4), later.next_due()), (None, Some(5)));
        let due: Vec<_> = std::iter::from_fn(|| later.take_due(9)).collect();
        assert_eq!(due, ['b', 'a', 'c']);
        assert_eq!([later.put(1, 'd'), later.put(2, 'e')], [Ok(()); 2]);
        later.forget(|&item| item == 'd');
        assert!(later.held().eq(&['e']));
    }

    proptest! {
        #[test]
        fn every_key_comes_out_whole_and_in_order(
            arrivals in Just((0..4u64).flat_map(|k| (0..8).map(move |s| (k, s))).collect::<Vec<_>>())
                .prop_shuffle(),
            repeat in 0usize..32,
        ) {
            let mut buffer = WaitBuffer::new(100, 1000);
            let mut out = vec![Vec::new(); 4];
            for &(key, sequence) in arrivals.iter().chain(&arrivals[..repeat]) {
                out[key as usize].extend(offer(&mut buffer, key, sequence, 0));
            }
            prop_assert!(out.iter().all(|o| o.iter().copied().eq(0..8)));
            prop_assert_eq!(buffer.waiting(), 0);
        }

        #[test]
        fn giving_up_empties_the_buffer_in_order(
            arrivals in proptest::collection::vec((0u64..3, 0u64..20), 0..60),
        ) {
            let mut buffer = WaitBuffer::new(30, 10);
            let mut out = vec![Vec::new(); 3];
            for (now, &(key, sequence)) in arrivals.iter().enumerate() {
                out[key as usize].extend(offer(&mut buffer, key, sequence, now as u64));
            }
            while let Some(key) = buffer.give_up(1000) {
                out[key as usize].extend(release_all(&mut buffer, key));
            }
            prop_assert!(out.iter().all(|o| o.windows(2).all(|w| w[0] < w[1])));
            prop_assert_eq!((buffer.waiting(), buffer.next_deadline()), (0, None));
        }
    }
}
