//! A table with one row for each running number, cheap to clone and bounded.

use std::collections::VecDeque;
use std::sync::Arc;

const ROWS: usize = 1024;

/// Rows by running number, in chunks that clones share until one of them writes. The oldest chunks are
/// forgotten when the table is longer than its window; a forgotten row reads as `None`.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    chunks: VecDeque<Arc<[T; ROWS]>>,
    first_chunk: u64,
    window_chunks: usize,
}

impl<T: Copy + Default> Rows<T> {
    /// A table that remembers at least the newest `window` rows.
    pub fn new(window: usize) -> Self {
        Rows {
            chunks: VecDeque::new(),
            first_chunk: 0,
            window_chunks: window / ROWS + 2,
        }
    }

    /// The row of this number; `None` where it was never written or is forgotten.
    #[inline]
    pub fn get(&self, number: u64) -> Option<&T> {
        let (chunk, row) = split(number);
        self.chunks
            .get(chunk.checked_sub(self.first_chunk)? as usize)
            .map(|rows| &rows[row])
    }

    /// The row of this number, to be written; it comes into being if need be. `None` where it is forgotten.
    #[inline]
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (chunk, row) = split(number);
        let mut index = chunk.checked_sub(self.first_chunk)? as usize;
        if index >= self.chunks.len() {
            self.grow_to(index);
            index = chunk.checked_sub(self.first_chunk)? as usize;
        }
        self.chunks
            .get_mut(index)
            .map(|rows| &mut Arc::make_mut(rows)[row])
    }

    /// Adds chunks up to this index, and forgets the oldest that are too many.
    #[cold]
    fn grow_to(&mut self, index: usize) {
        while self.chunks.len() <= index {
            self.chunks.push_back(Arc::new([T::default(); ROWS]));
        }
        let forget = self.chunks.len().saturating_sub(self.window_chunks);
        self.chunks.drain(..forget);
        self.first_chunk += forget as u64;
    }
}

#[inline]
fn split(number: u64) -> (u64, usize) {
    (number / ROWS as u64, (number % ROWS as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_writes_and_old_rows_are_forgotten() {
        let mut rows: Rows<u32> = Rows::new(2048);
        *rows.get_mut(5).unwrap() = 7;
        let before = rows.clone();
        *rows.get_mut(5).unwrap() = 8;
        assert_eq!((before.get(5), rows.get(5)), (Some(&7), Some(&8)));
        rows.get_mut(10_000).unwrap();
        assert_eq!(rows.get(5), None);
        assert!(rows.get_mut(5).is_none());
        assert_eq!(rows.get(10_000), Some(&0));
    }
}
