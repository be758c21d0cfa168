//! What a consumer gets.

use super::Partition;
use crate::broker::log::{Content, StoredBatch};
use crate::broker::wire::{BrokerId, ErrorCode, Isolation, Message, Micros, Offset};
use std::sync::Arc;

/// Neighbouring records of one batch, shared with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedSlice {
    /// Offset of the first record in the slice.
    pub base_offset: Offset,
    /// When the leader appended them.
    pub appended_at: Micros,
    messages: Arc<[Message]>,
    from: u32,
    to: u32,
}

impl FetchedSlice {
    /// The messages; the first one has [`FetchedSlice::base_offset`], each next one the next offset.
    pub fn messages(&self) -> &[Message] {
        self.messages
            .get(self.from as usize..self.to as usize)
            .unwrap_or(&[])
    }

    /// The records with their offsets.
    pub fn records(&self) -> impl Iterator<Item = (Offset, Message)> + '_ {
        (self.base_offset..).zip(self.messages().iter().copied())
    }
}

/// Answer to a consumer's fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The records, in offset order; offsets of markers and filtered records are missing.
    pub slices: Vec<FetchedSlice>,
    /// Where the next fetch begins: after the last record and, unless `max_records` ended the fetch,
    /// after the markers and aborted records behind it.
    pub next_position: Offset,
    /// The leader's high watermark.
    pub high_watermark: Offset,
    /// The leader's last stable offset.
    pub last_stable_offset: Offset,
    /// The leader's log start offset.
    pub log_start: Offset,
}

impl Fetched {
    /// The records with their offsets.
    pub fn records(&self) -> impl Iterator<Item = (Offset, Message)> + '_ {
        self.slices.iter().flat_map(FetchedSlice::records)
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.slices.iter().map(|s| s.messages().len()).sum()
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }
}

impl Partition {
    /// A consumer asks `broker` for at most `max_records` records from `from` on. Past the readable end
    /// (high watermark or last stable offset) but inside the log the answer is empty.
    ///
    /// # Errors
    /// `NotLeaderOrFollower`; `OffsetOutOfRange` below the log start or beyond the log end.
    pub fn fetch(
        &self,
        broker: BrokerId,
        from: Offset,
        max_records: u32,
        isolation: Isolation,
    ) -> Result<Fetched, ErrorCode> {
        let replica = &self.replicas[self.leader_at(broker)?];
        if from < replica.log.start() || from > replica.log.end() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let last_stable_offset = replica.last_stable_offset();
        let committed = isolation == Isolation::ReadCommitted;
        let end = if committed {
            last_stable_offset
        } else {
            replica.high_watermark
        };
        let mut fetched = Fetched {
            slices: Vec::new(),
            next_position: from,
            high_watermark: replica.high_watermark,
            last_stable_offset,
            log_start: replica.log.start(),
        };
        let mut room = u64::from(max_records);
        for batch in replica.log.batches(from, end) {
            if room == 0 {
                break;
            }
            let aborted = |producer| replica.producers.is_aborted(producer, batch.base_offset);
            let hidden = committed
                && batch.transactional
                && batch.stamp.is_some_and(|s| aborted(s.producer));
            fetched.next_position = if hidden {
                batch.end().min(end)
            } else {
                let stop = batch.end().min(end).min(fetched.next_position + room);
                room -= fetched.take(batch, stop);
                stop
            };
        }
        Ok(fetched)
    }
}

impl Fetched {
    /// Adds the records of `batch` from the position up to `stop` and returns how many there are.
    fn take(&mut self, batch: &StoredBatch, stop: Offset) -> u64 {
        let Content::Messages(messages) = &batch.content else {
            return 0;
        };
        let index = |offset: Offset| u32::try_from(offset - batch.base_offset).unwrap_or(u32::MAX);
        let from = self.next_position.max(batch.base_offset);
        self.slices.push(FetchedSlice {
            base_offset: from,
            appended_at: batch.appended_at,
            messages: Arc::clone(messages),
            from: index(from),
            to: index(stop),
        });
        stop - from
    }
}
