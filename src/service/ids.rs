//! Which message ids were seen: a set that is small for ids in sequence and cheap to clone, and a
//! memory of such sets that forgets.

use crate::broker::wire::Micros;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const WORDS: usize = 128;
const CHUNK: u64 = WORDS as u64 * 64;
const SLOTS: usize = 64;
const PAGE: u64 = CHUNK * SLOTS as u64;

#[derive(Clone)]
struct Chunk {
    words: [u64; WORDS],
    len: u64,
}

/// A full chunk needs no bits, so ids without holes cost next to nothing.
#[derive(Clone)]
enum Slot {
    Empty,
    Some(Arc<Chunk>),
    Full,
}

/// A set of ids. Ids in sequence take a bit each until 8,192 neighbours are complete, then nothing;
/// cloning shares everything and the next insert copies about 2 kB.
#[derive(Clone, Default)]
pub struct IdSet {
    pages: BTreeMap<u64, Arc<[Slot; SLOTS]>>,
    len: u64,
}

impl std::fmt::Debug for IdSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdSet").field("len", &self.len).finish()
    }
}

/// Page, slot in it, word in the chunk, bit in the word.
fn place(id: u64) -> (u64, usize, usize, u64) {
    let slot = (id % PAGE / CHUNK) as usize;
    let word = (id % CHUNK / 64) as usize;
    (id / PAGE, slot, word, 1 << (id % 64))
}

impl IdSet {
    /// How many ids are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `id` is in it.
    pub fn contains(&self, id: u64) -> bool {
        let (page, slot, word, bit) = place(id);
        match self.pages.get(&page).map(|slots| &slots[slot]) {
            None | Some(Slot::Empty) => false,
            Some(Slot::Full) => true,
            Some(Slot::Some(chunk)) => chunk.words[word] & bit != 0,
        }
    }

    /// Puts `id` in; false when it was there.
    pub fn insert(&mut self, id: u64) -> bool {
        if self.contains(id) {
            return false;
        }
        let (page, slot, word, bit) = place(id);
        let slots = self
            .pages
            .entry(page)
            .or_insert_with(|| Arc::new([const { Slot::Empty }; SLOTS]));
        let slot = &mut Arc::make_mut(slots)[slot];
        if matches!(slot, Slot::Empty) {
            *slot = Slot::Some(Arc::new(Chunk {
                words: [0; WORDS],
                len: 0,
            }));
        }
        if let Slot::Some(chunk) = slot {
            let chunk = Arc::make_mut(chunk);
            chunk.words[word] |= bit;
            chunk.len += 1;
            if chunk.len == CHUNK {
                *slot = Slot::Full;
            }
        }
        self.len += 1;
        true
    }
}

/// How long ids are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdMemory {
    /// For ever.
    Unlimited,
    /// The last so many ids (at most a 64th more; exactly for 64 and fewer). 0 remembers none.
    Last(u32),
    /// Ids for so many microseconds from their first use (at most a 64th longer: real tables and key
    /// stores are swept now and then as well).
    For(Micros),
}

/// A window is kept in this many generations; whole generations are forgotten.
const GENERATIONS: u64 = 64;

#[derive(Clone, Debug, Default)]
struct Generation {
    ids: IdSet,
    lowest: u64,
    highest: u64,
    started: Micros,
    ended: Micros,
}

impl Generation {
    fn contains(&self, id: u64) -> bool {
        self.lowest <= id && id <= self.highest && self.ids.contains(id)
    }

    fn insert(&mut self, id: u64, now: Micros) {
        if self.ids.is_empty() {
            (self.lowest, self.highest, self.started) = (id, id, now);
        }
        self.lowest = self.lowest.min(id);
        self.highest = self.highest.max(id);
        self.ended = now;
        self.ids.insert(id);
    }
}

/// Ids seen, as long as they are remembered.
#[derive(Clone, Debug)]
pub struct RememberedIds {
    memory: IdMemory,
    old: VecDeque<Arc<Generation>>,
    current: Generation,
    len: u64,
}

impl RememberedIds {
    /// None yet.
    pub fn new(memory: IdMemory) -> Self {
        Self {
            memory,
            old: VecDeque::new(),
            current: Generation::default(),
            len: 0,
        }
    }

    /// How many ids are held, forgotten ones that were not swept yet included.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `id` is remembered at `now`.
    pub fn contains(&self, id: u64, now: Micros) -> bool {
        let alive = |g: &Generation| !self.outdated(g, now) && g.contains(id);
        alive(&self.current) || self.old.iter().rev().any(|g| alive(g))
    }

    /// Remembers `id` from `now` on; false (and no new start of its time) when it already is.
    pub fn insert(&mut self, id: u64, now: Micros) -> bool {
        if self.contains(id, now) {
            return false;
        }
        if self.memory == IdMemory::Last(0) {
            return true;
        }
        if self.current_is_full(now) {
            self.old
                .push_back(Arc::new(std::mem::take(&mut self.current)));
        }
        self.current.insert(id, now);
        self.len += 1;
        while let Some(oldest) = self.old.front().filter(|g| self.forgettable(g, now)) {
            self.len -= oldest.ids.len();
            self.old.pop_front();
        }
        true
    }

    fn current_is_full(&self, now: Micros) -> bool {
        let current = &self.current;
        !current.ids.is_empty()
            && match self.memory {
                IdMemory::Unlimited => false,
                IdMemory::Last(n) => current.ids.len() >= u64::from(n).div_ceil(GENERATIONS),
                IdMemory::For(span) => {
                    now.saturating_sub(current.started) >= (span / GENERATIONS).max(1)
                }
            }
    }

    fn forgettable(&self, oldest: &Generation, now: Micros) -> bool {
        match self.memory {
            IdMemory::Last(n) => self.len - oldest.ids.len() >= n.into(),
            IdMemory::Unlimited | IdMemory::For(_) => self.outdated(oldest, now),
        }
    }

    fn outdated(&self, generation: &Generation, now: Micros) -> bool {
        match self.memory {
            IdMemory::For(span) => now.saturating_sub(generation.ended) >= span,
            IdMemory::Unlimited | IdMemory::Last(_) => false,
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_in_sequence_take_next_to_no_memory() {
        let mut set = IdSet::default();
        for id in 0..3 * PAGE {
            assert!(set.insert(id));
        }
        let full = |slots: &Arc<[Slot; SLOTS]>| slots.iter().all(|s| matches!(s, Slot::Full));
        assert_eq!((set.len(), set.pages.len()), (3 * PAGE, 3));
        assert!(set.pages.values().all(full));
        assert!(set.contains(3 * PAGE - 1) && !set.contains(3 * PAGE) && !set.insert(0));
    }

    #[test]
    fn a_clone_keeps_what_it_had() {
        let mut set = IdSet::default();
        set.insert(7);
        let before = set.clone();
        set.insert(8);
        assert!(set.contains(8) && !before.contains(8) && before.contains(7));
    }

    proptest! {
        #[test]
        fn a_set_is_a_set(ids in proptest::collection::vec(
            prop_oneof![0u64..300, CHUNK - 5..CHUNK + 5, PAGE - 5..PAGE + 5, any::<u64>()], 0..200,
        )) {
            let (mut set, mut model) = (IdSet::default(), BTreeSet::new());
            for &id in &ids {
                prop_assert_eq!(set.insert(id), model.insert(id));
            }
            prop_assert_eq!(set.len(), model.len() as u64);
            prop_assert!(ids.iter().all(|&id| set.contains(id)
                && set.contains(id ^ 1) == model.contains(&(id ^ 1))));
        }

        #[test]
        fn the_last_n_are_remembered_and_few_more(n in 0u32..300, count in 0u64..1000) {
            let mut ids = RememberedIds::new(IdMemory::Last(n));
            for id in 0..count {
                ids.insert(id, 0);
            }
            let width = u64::from(n).div_ceil(GENERATIONS);
            let kept = (0..count).filter(|&id| ids.contains(id, 0)).count() as u64;
            prop_assert_eq!(kept, ids.len());
            prop_assert!((count.saturating_sub(n.into())..count).all(|id| ids.contains(id, 0)));
            prop_assert!(kept <= u64::from(n) + width.saturating_sub(1));
        }

        #[test]
        fn ids_live_for_the_span_and_a_64th_more(
            span in 1u64..10_000,
            gaps in proptest::collection::vec(0u64..500, 1..200),
        ) {
            let mut ids = RememberedIds::new(IdMemory::For(span));
            let (mut now, mut starts) = (0, Vec::new());
            for (id, gap) in gaps.into_iter().enumerate() {
                now += gap;
                prop_assert!(ids.insert(id as u64, now));
                starts.push(now);
                for (id, &start) in starts.iter().enumerate() {
                    let age = now - start;
                    let held = ids.contains(id as u64, now);
                    prop_assert!(held || age >= span, "forgotten at {age} of {span}");
                    prop_assert!(!held || age <= span + span / GENERATIONS, "kept at {age} of {span}");
                }
            }
            prop_assert!(ids.old.len() as u64 <= GENERATIONS + 2);
        }
    }
}
