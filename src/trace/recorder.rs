//! The recorder: a number and a hash for every event, and a place where the newest are kept.

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

/// Numbers events and hashes them; the events themselves wait here until somebody takes them.
///
/// The world writes, whoever drives it takes: so a snapshot of the world is small, and what is kept of
/// the past is the reader's choice.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    fresh: Vec<Event>,
    count: u64,
    hash: TraceHash,
}

impl Recorder {
    /// Writes down that `kind` happened at `at` because of `cause`; gives the event's number.
    #[inline]
    pub fn record(&mut self, at: Micros, cause: EventId, kind: Kind) -> EventId {
        self.count += 1;
        self.hash.take(at);
        self.hash.take(cause);
        kind.hash(&mut self.hash);
        self.fresh.push(Event {
            id: self.count,
            at,
            cause,
            kind,
        });
        self.count
    }

    /// How many events there have been; also the number of the last one.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash over all events so far.
    pub fn hash(&self) -> TraceHash {
        self.hash
    }

    /// How many events wait to be taken.
    pub fn waiting(&self) -> usize {
        self.fresh.len()
    }

    /// Takes the events since the last time, oldest first.
    pub fn take(&mut self) -> std::vec::Drain<'_, Event> {
        self.fresh.drain(..)
    }
}

/// The newest events of a run, up to a number.
#[derive(Clone, Debug)]
pub struct Kept {
    events: VecDeque<Event>,
    capacity: usize,
}

impl Kept {
    /// Keeps up to so many events.
    pub fn new(capacity: usize) -> Self {
        Kept {
            events: VecDeque::new(),
            capacity,
        }
    }

    /// Takes an event in; the oldest goes if there is no room.
    pub fn push(&mut self, event: Event) {
        if self.capacity == 0 {
            return;
        }
        if self.events.len() == self.capacity {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The events that are kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.events.iter()
    }

    /// The event of this number, if it is kept.
    pub fn get(&self, id: EventId) -> Option<&Event> {
        let first = self.events.front()?.id;
        self.events
            .get(usize::try_from(id.checked_sub(first)?).ok()?)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.events.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest() {
        let mut recorder = Recorder::default();
        for message in 1..=5 {
            recorder.record(
                message,
                0,
                Kind::Sent {
                    producer: 0,
                    message,
                    attempt: 1,
                },
            );
        }
        let mut kept = Kept::new(2);
        recorder.take().for_each(|event| kept.push(event));
        assert_eq!((recorder.count(), recorder.waiting()), (5, 0));
        assert_eq!(kept.iter().map(|e| e.id).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(kept.get(3), None);
        assert_eq!(kept.get(5).and_then(|e| e.kind.message()), Some(5));
    }

    #[test]
    fn any_difference_shows_in_the_hash() {
        let hash = |at, cause, message, attempt| {
            let mut recorder = Recorder::default();
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
