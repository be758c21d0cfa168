//! A queue's messages by sequence number, in shared segments: cloning copies one pointer per segment,
//! and a write after a clone copies only the segment it touches.

use std::collections::VecDeque;
use std::sync::Arc;

const SEGMENT: u64 = 64;

#[derive(Clone, Debug)]
struct Segment<T> {
    live: u32,
    slots: [Option<T>; SEGMENT as usize],
}

/// Items under ever growing sequence numbers, removable from anywhere.
#[derive(Clone, Debug)]
pub struct Sequence<T> {
    /// Number of the segment at the front.
    front: u64,
    next: u64,
    len: u64,
    segments: VecDeque<Option<Arc<Segment<T>>>>,
}

impl<T: Copy> Default for Sequence<T> {
    fn default() -> Self {
        Self {
            front: 0,
            next: 0,
            len: 0,
            segments: VecDeque::new(),
        }
    }
}

impl<T: Copy> Sequence<T> {
    /// Number of items.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends an item and tells its number.
    pub fn push(&mut self, item: T) -> u64 {
        let number = self.next;
        if self.segments.is_empty() {
            self.front = number / SEGMENT;
        }
        let at = (number / SEGMENT - self.front) as usize;
        if at == self.segments.len() {
            self.segments.push_back(None);
        }
        let segment = self.segments[at].get_or_insert_with(|| {
            Arc::new(Segment {
                live: 0,
                slots: [None; SEGMENT as usize],
            })
        });
        let segment = Arc::make_mut(segment);
        segment.slots[(number % SEGMENT) as usize] = Some(item);
        segment.live += 1;
        self.next += 1;
        self.len += 1;
        number
    }

    fn position(&self, number: u64) -> Option<usize> {
        let at = (number / SEGMENT).checked_sub(self.front)? as usize;
        (at < self.segments.len()).then_some(at)
    }

    /// The item with this number.
    pub fn get(&self, number: u64) -> Option<&T> {
        let segment = self.segments[self.position(number)?].as_ref()?;
        segment.slots[(number % SEGMENT) as usize].as_ref()
    }

    /// The item with this number, to change it.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        // Looked up first, so that a miss never copies a shared segment.
        self.get(number)?;
        let at = self.position(number)?;
        let segment = Arc::make_mut(self.segments[at].as_mut()?);
        segment.slots[(number % SEGMENT) as usize].as_mut()
    }

    /// Takes an item out.
    pub fn remove(&mut self, number: u64) -> Option<T> {
        self.get(number)?;
        let at = self.position(number)?;
        let segment = Arc::make_mut(self.segments[at].as_mut()?);
        let item = segment.slots[(number % SEGMENT) as usize].take()?;
        segment.live -= 1;
        if segment.live == 0 {
            self.segments[at] = None;
            while let Some(None) = self.segments.front() {
                self.segments.pop_front();
                self.front += 1;
            }
        }
        self.len -= 1;
        Some(item)
    }

    /// The first item numbered `from` or later.
    pub fn first_from(&self, from: u64) -> Option<(u64, &T)> {
        let mut number = from.max(self.front * SEGMENT);
        while let Some(at) = self.position(number) {
            let base = number - number % SEGMENT;
            if let Some(segment) = &self.segments[at] {
                let start = (number % SEGMENT) as usize;
                let tail = segment.slots[start..].iter().zip(number..);
                if let Some((item, n)) = tail.filter_map(|(s, n)| Some((s.as_ref()?, n))).next() {
                    return Some((n, item));
                }
            }
            number = base + SEGMENT;
        }
        None
    }

    /// All items in order, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.segments
            .iter()
            .zip(self.front..)
            .flat_map(|(segment, n)| {
                let slots = segment.iter().flat_map(|s| s.slots.iter());
                slots
                    .zip(n * SEGMENT..)
                    .filter_map(|(item, number)| Some((number, item.as_ref()?)))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_numbers_when_others_go() {
        let mut sequence = Sequence::default();
        for i in 0..300u64 {
            assert_eq!(sequence.push(i), i);
        }
        for i in (0..300).filter(|i| i % 100 != 7) {
            assert_eq!(sequence.remove(i), Some(i));
        }
        let left: Vec<_> = sequence.iter().map(|(n, i)| (n, *i)).collect();
        assert_eq!(left, [(7, 7), (107, 107), (207, 207)]);
        assert_eq!(sequence.first_from(8), Some((107, &107)));
        assert_eq!(sequence.first_from(208), None);
        assert_eq!(sequence.remove(8), None);
        assert_eq!(sequence.len(), 3);
        for i in [7, 107, 207] {
            sequence.remove(i);
        }
        assert_eq!(sequence.push(1), 300);
        assert_eq!(sequence.iter().next(), Some((300, &1)));
        assert_eq!(sequence.first_from(0), Some((300, &1)));
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut sequence = Sequence::default();
        sequence.push(1u64);
        let before = sequence.clone();
        *sequence.get_mut(0).unwrap() = 2;
        assert_eq!((before.get(0), sequence.get(0)), (Some(&1), Some(&2)));
    }
}
