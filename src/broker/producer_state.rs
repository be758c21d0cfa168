//! What one replica knows about producers: enough to recognise a resent batch (KIP-98), to fence old
//! epochs, and to tell which transactions are open, decided or aborted.

mod transactions;

pub use transactions::AbortedTransaction;

use super::log::{Content, Log, StoredBatch};
use super::wire::{ErrorCode, Micros, Offset, ProducerEpoch, ProducerId, Stamp};
use std::collections::BTreeMap;
use transactions::Transactions;

/// Batches remembered per producer (`NUM_BATCHES_TO_RETAIN`), the reason for
/// `max.in.flight.requests.per.connection` ≤ 5.
pub const WINDOW: usize = 5;

/// `transaction.version` of the cluster: how strictly batches and markers of transactions are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionVersion {
    /// Markers carry the epoch of the transaction.
    V1,
    /// Markers carry a higher epoch (KIP-890, KIP-1228), and the first batch of an unknown
    /// transactional producer must have sequence 0. The default of new clusters since 4.0.
    #[default]
    V2,
}

/// What a leader does with a batch of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Append it.
    Append,
    /// It is one of the last five: write nothing and answer with where it lies.
    Duplicate {
        /// Offset of its first record.
        base_offset: Offset,
        /// When it was appended.
        appended_at: Micros,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct BatchMeta {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: Offset,
    appended_at: Micros,
}

#[derive(Clone, Debug)]
struct Entry {
    epoch: ProducerEpoch,
    batches: [BatchMeta; WINDOW],
    known: usize,
    last_offset: Offset,
    last_active: Micros,
    open_since: Option<Offset>,
}

impl Entry {
    fn new(epoch: ProducerEpoch) -> Self {
        let batches = [BatchMeta::default(); WINDOW];
        Entry {
            epoch,
            batches,
            known: 0,
            last_offset: 0,
            last_active: 0,
            open_since: None,
        }
    }

    fn window(&self) -> &[BatchMeta] {
        &self.batches[..self.known]
    }

    /// A new epoch begins with an empty window.
    fn enter(&mut self, epoch: ProducerEpoch) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.known = 0;
        }
    }

    fn push(&mut self, meta: BatchMeta) {
        if self.known == WINDOW {
            self.batches.rotate_left(1);
        } else {
            self.known += 1;
        }
        self.batches[self.known - 1] = meta;
    }

    fn expects(&self, sequence: i32) -> bool {
        match self.window().last() {
            Some(last) => sequence == next_sequence(last.last_sequence, 1),
            None => sequence == 0,
        }
    }

    fn expired(&self, now: Micros, expiration: Micros) -> bool {
        self.open_since.is_none() && now.saturating_sub(self.last_active) >= expiration
    }
}

/// The sequence number `step` after `sequence`: 2147483647 is followed by 0
/// (`DefaultRecordBatch.incrementSequence`).
pub fn next_sequence(sequence: i32, step: u32) -> i32 {
    let wrapped = (i64::from(sequence) + i64::from(step)) & i64::from(i32::MAX);
    i32::try_from(wrapped).unwrap_or(0)
}

/// The producer state of one replica of one partition.
#[derive(Clone, Debug)]
pub struct ProducerStates {
    entries: BTreeMap<ProducerId, Entry>,
    transactions: Transactions,
    expiration: Micros,
    version: TransactionVersion,
}

impl ProducerStates {
    /// Knows nobody. `expiration` is `producer.id.expiration.ms` (24 h by default), in microseconds.
    pub fn new(expiration: Micros, version: TransactionVersion) -> Self {
        let (entries, transactions) = (BTreeMap::new(), Transactions::default());
        ProducerStates {
            entries,
            transactions,
            expiration,
            version,
        }
    }

    /// Decides about a client's batch of `count` records at time `now`, without changing anything
    /// (`UnifiedLog.analyzeAndValidateProducerState`).
    ///
    /// # Errors
    /// `InvalidProducerEpoch` for an epoch below the known one, `OutOfOrderSequenceNumber` for any other
    /// sequence than the expected one, `InvalidTxnState` for a plain record inside a transaction.
    pub fn check(
        &self,
        stamp: Stamp,
        count: u32,
        transactional: bool,
        now: Micros,
    ) -> Result<Decision, ErrorCode> {
        let first = stamp.first_sequence;
        let entry = self
            .entries
            .get(&stamp.producer)
            .filter(|e| !e.expired(now, self.expiration));
        let Some(entry) = entry else {
            let strict = transactional && self.version == TransactionVersion::V2;
            let fits = first == 0 || !strict;
            return fits
                .then_some(Decision::Append)
                .ok_or(ErrorCode::OutOfOrderSequenceNumber);
        };
        if stamp.epoch == entry.epoch {
            let last = next_sequence(first, count.saturating_sub(1));
            let same = |b: &&BatchMeta| b.first_sequence == first && b.last_sequence == last;
            if let Some(b) = entry.window().iter().find(same) {
                let (base_offset, appended_at) = (b.base_offset, b.appended_at);
                return Ok(Decision::Duplicate {
                    base_offset,
                    appended_at,
                });
            }
        }
        if stamp.epoch < entry.epoch {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let fits = if stamp.epoch > entry.epoch {
            first == 0
        } else {
            entry.expects(first)
        };
        if !fits {
            return Err(ErrorCode::OutOfOrderSequenceNumber);
        }
        if entry.open_since.is_some() && !transactional {
            return Err(ErrorCode::InvalidTxnState);
        }
        Ok(Decision::Append)
    }

    /// Decides about a transaction marker, without changing anything.
    ///
    /// # Errors
    /// `InvalidProducerEpoch` when the epoch is below the known one; under
    /// [`TransactionVersion::V2`] also when it is equal, except for the repeat of a marker after the
    /// transaction is over (KAFKA-19999).
    pub fn check_marker(
        &self,
        producer: ProducerId,
        epoch: ProducerEpoch,
    ) -> Result<(), ErrorCode> {
        let Some(entry) = self.entries.get(&producer) else {
            return Ok(());
        };
        let repeat = epoch == entry.epoch && entry.open_since.is_none();
        let fits = match self.version {
            TransactionVersion::V1 => epoch >= entry.epoch,
            TransactionVersion::V2 => epoch > entry.epoch || repeat,
        };
        fits.then_some(()).ok_or(ErrorCode::InvalidProducerEpoch)
    }

    /// Takes note of a batch that is in the log now, on the leader after its check, on a follower
    /// without one: followers rebuild the whole window from what they replicate.
    pub fn record(&mut self, batch: &StoredBatch) {
        let Some(stamp) = batch.stamp else { return };
        let fresh = || Entry::new(stamp.epoch);
        let entry = self.entries.entry(stamp.producer).or_insert_with(fresh);
        if entry.expired(batch.appended_at, self.expiration) {
            *entry = fresh();
        }
        entry.enter(stamp.epoch);
        entry.last_active = batch.appended_at;
        entry.last_offset = batch.end().saturating_sub(1);
        match batch.content {
            Content::Marker { commit } => {
                if let Some(first) = entry.open_since.take() {
                    self.transactions
                        .complete(stamp.producer, first, batch.base_offset, commit);
                }
            }
            Content::Messages(_) => {
                entry.push(BatchMeta {
                    first_sequence: stamp.first_sequence,
                    last_sequence: next_sequence(
                        stamp.first_sequence,
                        batch.len().saturating_sub(1),
                    ),
                    base_offset: batch.base_offset,
                    appended_at: batch.appended_at,
                });
                if batch.transactional && entry.open_since.is_none() {
                    entry.open_since = Some(batch.base_offset);
                    self.transactions.open(stamp.producer, batch.base_offset);
                }
            }
        }
    }

    /// Forgets producers that are idle for longer than the expiration, and aborted transactions below
    /// the log's start.
    pub fn forget(&mut self, now: Micros, log_start: Offset) {
        let expiration = self.expiration;
        self.entries
            .retain(|_, entry| !entry.expired(now, expiration));
        self.transactions.forget_below(log_start);
    }

    /// What a process finds that was stopped in order: the snapshot holds only the last batch of each producer
    /// (`ProducerStateManager.writeSnapshot`), but epochs and open transactions in full.
    pub fn reload(&mut self) {
        for entry in self.entries.values_mut() {
            if let Some(last) = entry.window().last().copied() {
                entry.batches[0] = last;
                entry.known = 1;
            }
        }
    }

    /// Builds the state again after `log` was truncated, or its process died: from the records that are
    /// left, keeping producers whose records all lie below the log's start.
    pub fn rebuild(&mut self, log: &Log, high_watermark: Offset) {
        let start = log.start();
        self.entries.retain(|_, entry| entry.last_offset < start);
        self.transactions = Transactions::default();
        for (producer, entry) in &self.entries {
            if let Some(first) = entry.open_since {
                self.transactions.open(*producer, first);
            }
        }
        for batch in log.batches(start, log.end()) {
            self.record(batch);
        }
        self.advance(high_watermark);
    }

    /// Takes note of the replica's high watermark: decided transactions below it are stable.
    pub fn advance(&mut self, high_watermark: Offset) {
        self.transactions.advance(high_watermark);
    }

    /// First offset of the oldest transaction that is open, or whose marker is not below the high
    /// watermark yet.
    pub fn first_unstable(&self) -> Option<Offset> {
        self.transactions.first_unstable()
    }

    /// Whether a transactional batch of `producer` at `offset` was aborted.
    pub fn is_aborted(&self, producer: ProducerId, offset: Offset) -> bool {
        self.transactions.is_aborted(producer, offset)
    }

    /// Aborted transactions whose marker is at `from` or later, in the order of their markers: what a
    /// broker sends along with a `read_committed` fetch.
    pub fn aborted_since(&self, from: Offset) -> &[AbortedTransaction] {
        self.transactions.aborted_since(from)
    }

    /// First offset of the transaction of `producer` that is open here, if one is.
    pub fn open_transaction(&self, producer: ProducerId) -> Option<Offset> {
        self.entries.get(&producer)?.open_since
    }

    /// Epoch known for `producer`.
    pub fn epoch(&self, producer: ProducerId) -> Option<ProducerEpoch> {
        Some(self.entries.get(&producer)?.epoch)
    }
}

#[cfg(test)]
mod tests;
