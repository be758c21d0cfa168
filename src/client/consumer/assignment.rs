//! What a consumer keeps per assigned partition (`SubscriptionState`).

use super::message::{ConsumerRecord, RequestId};
use crate::broker::wire::{Message, Micros, Offset, TopicPartition};
use std::sync::Arc;

/// What a partition lacks before it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Nothing,
    /// The committed offset.
    Committed,
    /// The place `auto.offset.reset` names.
    Reset,
    /// A `seek` of the application.
    Seek,
}

#[derive(Clone, Debug)]
pub(super) struct Assigned {
    pub at: TopicPartition,
    pub position: Option<Offset>,
    pub committed: Option<Offset>,
    pub paused: bool,
    pub missing: Missing,
    /// The request whose answer is awaited; answers to others are out of date.
    pub waiting: Option<RequestId>,
    pub retry_at: Micros,
    records: Arc<[(Offset, Message)]>,
    taken: usize,
    next_fetch: Offset,
}

impl Assigned {
    pub(super) fn new(at: TopicPartition) -> Self {
        Self {
            at,
            position: None,
            committed: None,
            paused: false,
            missing: Missing::Committed,
            waiting: None,
            retry_at: 0,
            records: Arc::from([]),
            taken: 0,
            next_fetch: 0,
        }
    }

    /// Goes on at `offset`; what was fetched or asked for is out of date.
    pub(super) fn go_to(&mut self, offset: Offset) {
        self.position = Some(offset);
        self.next_fetch = offset;
        self.lacks(Missing::Nothing);
    }

    /// Stops until `missing` is there.
    pub(super) fn lacks(&mut self, missing: Missing) {
        self.missing = missing;
        self.waiting = None;
        self.records = Arc::from([]);
        self.taken = 0;
        if missing != Missing::Nothing {
            self.position = None;
        }
    }

    /// Where to fetch next, if it is time to.
    pub(super) fn fetch_at(&self) -> Option<Offset> {
        let idle = self.waiting.is_none() && self.taken == self.records.len() && !self.paused;
        (idle && self.missing == Missing::Nothing).then_some(self.next_fetch)
    }

    pub(super) fn fetched(&mut self, records: Arc<[(Offset, Message)]>, next_offset: Offset) {
        self.records = records;
        self.taken = 0;
        self.next_fetch = next_offset.max(self.next_fetch);
        if self.records.is_empty() {
            self.position = Some(self.next_fetch);
        }
    }

    /// Hands out up to `limit` records and moves the position behind them; behind the last one
    /// of a fetch, past the markers that follow it too.
    pub(super) fn take(&mut self, limit: usize, out: &mut Vec<ConsumerRecord>) {
        if self.paused {
            return;
        }
        let rest = &self.records[self.taken..];
        let part = &rest[..limit.min(rest.len())];
        let Some(&(last, _)) = part.last() else {
            return;
        };
        let partition = self.at;
        out.extend(part.iter().map(|&(offset, message)| ConsumerRecord {
            delivery: 0,
            partition,
            offset,
            message,
        }));
        self.taken += part.len();
        let all = self.taken == self.records.len();
        self.position = Some(if all {
            self.next_fetch
        } else {
            last.saturating_add(1)
        });
    }

    /// Fetched and not yet handed out.
    pub(super) fn buffered(&self) -> u32 {
        (self.records.len() - self.taken) as u32
    }
}
