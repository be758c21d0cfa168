//! What is known of each message: a row for it, and in the row a cell for each service.
//!
//! Rows are kept in chunks that clones share until one of them writes. Old chunks go, so memory
//! does not grow with the length of a run.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use crate::broker::wire::Micros;

/// Messages in a chunk.
pub(super) const CHUNK: usize = 256;
/// A message number that runs further ahead than this is no number of ours.
const MOST_AHEAD: u64 = 1 << 20;
/// Nobody has the message in hand.
pub(super) const NOBODY: u16 = u16::MAX;

/// How a message stands with a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is not meant for this service, at least not yet.
    #[default]
    Elsewhere,
    /// It may still take effect.
    Pending,
    /// It took effect.
    Taken,
    /// It never took effect and no longer can.
    Lost,
    /// It is put aside in a dead-letter queue and has not taken effect.
    Aside,
}

/// What is known of a message, whoever reads it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    pub published_at: Micros,
    pub key: u64,
    pub producer: u16,
    pub published: bool,
    pub acked: bool,
    pub gave_up: bool,
    /// Its producer's transaction was aborted.
    pub aborted: bool,
    /// A request with it was lost on the way.
    pub request_lost: bool,
    /// A copy of it was cut off a log.
    pub cut: bool,
}

impl Row {
    /// Whether the producer will not send it any more.
    pub fn producer_done(&self) -> bool {
        self.acked || self.gave_up
    }
}

/// What is known of a message at one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// One more than the offset of its newest copy; 0 where that is unknown.
    pub end: u32,
    pub partition: u16,
    /// Who has it in hand, and in which of this instance's lives.
    pub member: u16,
    pub life: u16,
    pub delivered: u16,
    pub processed: u16,
    pub effects: u16,
    /// Times it was appended or enqueued, less the copies that were cut off.
    pub copies: u8,
    /// Times a queue forgot it.
    pub deleted: u8,
    pub state: State,
    /// Copies are in more than one partition.
    pub scattered: bool,
    /// A transaction with its effect was undone.
    pub rolled_back: bool,
}

const EMPTY: Cell = Cell {
    end: 0,
    partition: 0,
    member: NOBODY,
    life: 0,
    delivered: 0,
    processed: 0,
    effects: 0,
    copies: 0,
    deleted: 0,
    state: State::Elsewhere,
    scattered: false,
    rolled_back: false,
};

/// Rows of neighbouring messages.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub rows: Box<[Row]>,
    pub cells: Box<[Cell]>,
    /// Cells that are pending.
    pub pending: u32,
    /// Rows whose producer is not done, and cells that may still change what is counted.
    pub unfinished: u32,
}

impl Chunk {
    /// How many cells a row has.
    pub fn services(&self) -> usize {
        self.cells.len() / CHUNK
    }

    /// The producer is done with a row that it was not done with before.
    pub fn producer_done(&mut self, row: usize) {
        self.finished(u32::from(!self.rows[row].producer_done()));
    }

    /// So many rows or cells can change no more what is counted.
    pub fn finished(&mut self, more: u32) {
        self.unfinished = self.unfinished.saturating_sub(more);
    }

    fn new(services: usize) -> Self {
        Chunk {
            rows: vec![Row::default(); CHUNK].into_boxed_slice(),
            cells: vec![EMPTY; CHUNK * services].into_boxed_slice(),
            pending: 0,
            unfinished: (CHUNK * (services + 1)) as u32,
        }
    }
}

/// Where a message's row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Position of its chunk among those that are kept.
    pub chunk: usize,
    /// Position in the chunk.
    pub row: usize,
}

/// The rows that are kept.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    services: usize,
    chunks: VecDeque<Option<Arc<Chunk>>>,
    /// Number of the first message in the first chunk, less 1.
    before: u64,
    /// How many messages are kept at most, in whole chunks.
    window: usize,
}

impl Rows {
    pub fn new(services: usize, window: usize) -> Self {
        Rows {
            services,
            chunks: VecDeque::new(),
            before: 0,
            window: window.div_ceil(CHUNK).max(2),
        }
    }

    /// Number of the first message that has a row.
    pub fn first(&self) -> u64 {
        self.before + 1
    }

    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Where the message's row is, if it still has one.
    #[inline]
    pub fn place(&self, message: u64) -> Option<Place> {
        let index = message.checked_sub(self.first())? as usize;
        let place = Place {
            chunk: index / CHUNK,
            row: index % CHUNK,
        };
        self.chunks.get(place.chunk)?.as_ref()?;
        Some(place)
    }

    /// The same, but makes room for messages that are new.
    #[inline]
    pub fn place_or_new(&mut self, message: u64) -> Option<Place> {
        let index = message.checked_sub(self.first())?;
        if index >= (self.chunks.len() * CHUNK) as u64 + MOST_AHEAD {
            return None;
        }
        while self.chunks.len() <= index as usize / CHUNK {
            self.chunks
                .push_back(Some(Arc::new(Chunk::new(self.services))));
        }
        self.place(message)
    }

    pub fn number(&self, place: Place) -> u64 {
        self.first() + (place.chunk * CHUNK + place.row) as u64
    }

    pub fn chunk(&self, index: usize) -> Option<&Chunk> {
        self.chunks.get(index)?.as_deref()
    }

    pub fn chunk_mut(&mut self, index: usize) -> Option<&mut Chunk> {
        self.chunks.get_mut(index)?.as_mut().map(Arc::make_mut)
    }

    pub fn row(&self, place: Place) -> Row {
        match self.chunk(place.chunk) {
            Some(chunk) => chunk.rows[place.row],
            None => Row::default(),
        }
    }

    pub fn cell(&self, place: Place, service: usize) -> Cell {
        match self.chunk(place.chunk) {
            Some(chunk) => chunk.cells[place.row * self.services + service],
            None => EMPTY,
        }
    }

    pub fn row_mut(&mut self, place: Place) -> Option<&mut Row> {
        Some(&mut self.chunk_mut(place.chunk)?.rows[place.row])
    }

    #[inline]
    pub fn cell_mut(&mut self, place: Place, service: usize) -> Option<&mut Cell> {
        let at = place.row * self.services + service;
        Some(&mut self.chunk_mut(place.chunk)?.cells[at])
    }

    /// Whether there are more rows than the window has room for.
    pub fn overfull(&self) -> bool {
        self.chunks.len() > self.window
    }

    /// Lets the oldest chunk go.
    pub fn drop_oldest(&mut self) {
        if self.chunks.pop_front().is_some() {
            self.before += CHUNK as u64;
        }
    }

    /// Lets a chunk go in which nothing can change any more what is counted.
    pub fn drop_if_finished(&mut self, index: usize) {
        if self.chunk(index).is_none_or(|c| c.unfinished > 0) {
            return;
        }
        if let Some(chunk) = self.chunks.get_mut(index) {
            *chunk = None;
        }
        while matches!(self.chunks.front(), Some(None)) {
            self.drop_oldest();
        }
    }
}
