//! The recorder: keeps the newest events, and a hash of all.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use super::event::{Event, EventId, Kind};
use crate::broker::wire::Micros;
use crate::sim::mix;

/// A hash over every event of a run, the same on every platform: it takes integers of fixed width only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceHash(u64);

impl TraceHash {
    /// The hash so far.
    pub fn value(self) -> u64 {
        self.0
    }

    #[inline]
    fn take(&mut self, word: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ word);
    }
}

impl Hasher for TraceHash {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.take(u64::from(byte)));
    }
    fn write_u8(&mut self, n: u8) {
        self.take(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.take(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.take(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.take(n);
    }
    fn write_i16(&mut self, n: i16) {
        self.take(n as u64);
    }
    fn write_usize(&mut self, n: usize) {
        self.take(n as u64);
    }
    /// The derived `Hash` writes an enum's discriminant with this.
    fn write_isize(&mut self, n: isize) {
        self.take(n as u64);
    }
}

/// Numbers events, hashes them, and keeps the newest ones.
#[derive(Clone, Debug)]
pub struct Recorder {
    kept: VecDeque<Event>,
    capacity: usize,
    count: u64,
    hash: TraceHash,
}

impl Recorder {
    /// A recorder that keeps up to so many events; 0 keeps none and only counts and hashes.
    pub fn new(capacity: usize) -> Self {
        Recorder {
            kept: VecDeque::new(),
            capacity,
            count: 0,
            hash: TraceHash::default(),
        }
    }

    /// Writes down that `kind` happened at `at` because of `cause`; gives the event.
    #[inline]
    pub fn record(&mut self, at: Micros, cause: EventId, kind: Kind) -> Event {
        self.count += 1;
        self.hash.take(at);
        self.hash.take(cause);
        kind.hash(&mut self.hash);
        let event = Event {
            id: self.count,
            at,
            cause,
            kind,
        };
        if self.capacity > 0 {
            if self.kept.len() == self.capacity {
                self.kept.pop_front();
            }
            self.kept.push_back(event);
        }
        event
    }

    /// How many events there have been; also the number of the last one.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash over all events so far.
    pub fn hash(&self) -> TraceHash {
        self.hash
    }

    /// The events that are kept, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.kept.iter()
    }

    /// The event of this number, if it is kept.
    pub fn get(&self, id: EventId) -> Option<&Event> {
        let first = self.kept.front()?.id;
        self.kept.get(usize::try_from(id.checked_sub(first)?).ok()?)
    }

    /// Changes how many events are kept; the oldest go first.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.kept.len() > capacity {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_hashes_all() {
        let kind = |message| Kind::Sent {
            producer: 0,
            message,
            attempt: 1,
        };
        let (mut small, mut large) = (Recorder::new(2), Recorder::new(10));
        for message in 1..=5 {
            small.record(message, 0, kind(message));
            large.record(message, 0, kind(message));
        }
        assert_eq!(small.hash(), large.hash());
        assert_eq!(small.events().map(|e| e.id).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(small.get(3), None);
        assert_eq!(small.get(5).and_then(|e| e.kind.message()), Some(5));
    }

    #[test]
    fn any_difference_shows_in_the_hash() {
        let hash = |at, cause, message, attempt| {
            let mut recorder = Recorder::new(0);
            recorder.record(
                at,
                cause,
                Kind::Sent {
                    producer: 0,
                    message,
                    attempt,
                },
            );
            recorder.hash()
        };
        let base = hash(1, 0, 1, 1);
        for other in [
            hash(2, 0, 1, 1),
            hash(1, 1, 1, 1),
            hash(1, 0, 2, 1),
            hash(1, 0, 1, 2),
        ] {
            assert_ne!(base, other);
        }
    }
}
