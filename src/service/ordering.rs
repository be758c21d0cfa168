//! Cures for messages that arrive out of order: hold back until the one before has come, or try
//! again later.

use crate::broker::wire::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// What became of an offered item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offered<T> {
    /// It is its turn; ask [`WaitBuffer::release`] for what it set free.
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
    /// By key: the sequence number whose turn it is. A key that never had one is at 0.
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

    /// An item arrives. A repeat of a waiting one counts as late.
    pub fn offer(&mut self, key: u64, sequence: u64, item: T, now: Micros) -> Offered<T> {
        let next = self.next.get(&key).copied().unwrap_or(0);
        if sequence < next || self.held.contains_key(&(key, sequence)) {
            Offered::Late(item)
        } else if sequence == next {
            self.next.insert(key, next.saturating_add(1));
            Offered::Ready(item)
        } else if self.held.len() >= self.limit {
            Offered::Full(item)
        } else {
            let until = now.saturating_add(self.max_wait);
            self.held.insert((key, sequence), (until, item));
            self.deadlines.insert((until, key, sequence));
            Offered::Held
        }
    }

    /// The next item of `key` whose turn has come. Call it until `None` after every
    /// [`Offered::Ready`] and every [`WaitBuffer::give_up`].
    pub fn release(&mut self, key: u64) -> Option<T> {
        let next = self.next.get_mut(&key)?;
        let (until, item) = self.held.remove(&(key, *next))?;
        self.deadlines.remove(&(until, key, *next));
        *next = next.saturating_add(1);
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
