//! The records of a poll, and how far an instance is with them.

use crate::broker::wire::{Micros, Offset, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::service::{Handler, Step};
use crate::trace::{EventId, NO_CAUSE, Why};
use std::collections::VecDeque;

/// The records of a poll, and how far the handler is with them.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// The records.
    pub batch: Vec<ConsumerRecord>,
    pub(super) at: usize,
    /// Held back before, and now it is their turn.
    pub released: VecDeque<ConsumerRecord>,
    pub(super) handler: Handler,
    pub(super) stage: Stage,
    /// Number of the step under way; the alarm of an abandoned one finds another number.
    pub(super) serial: u32,
    /// When the record under work was begun, and how long it takes in all.
    pub(super) service_time: Micros,
    pub(super) why: Why,
    /// The latest event about the record under work: what comes next is because of it.
    pub(super) latest: EventId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waits for records.
    Idle,
    /// Commits before the batch, and waits for the answer.
    CommitFirst { request: u64 },
    /// In the steps of a record.
    Handling,
    /// Commits one record, and waits for the answer.
    CommitOne { request: u64 },
    /// Has produced the record's output, and waits for the acknowledgement.
    AwaitOutput,
    /// Commits after the batch, and waits for the answer.
    CommitLast { request: u64 },
    /// Ends a transaction, and waits until it is ended.
    EndTransaction,
    /// A message it cannot process blocks it for good.
    Blocked,
}

impl Default for Work {
    fn default() -> Self {
        Work {
            batch: Vec::new(),
            at: 0,
            released: VecDeque::new(),
            handler: Handler::new(),
            stage: Stage::Idle,
            serial: 0,
            service_time: 0,
            why: Why::Transient,
            latest: NO_CAUSE,
        }
    }
}

impl Work {
    /// True when the instance can take new records.
    pub fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }

    /// The record under work.
    pub fn current(&self) -> Option<&ConsumerRecord> {
        (!self.is_idle()).then(|| self.batch.get(self.at)).flatten()
    }

    /// The step under work.
    pub fn step(&self, plan: &crate::service::Plan) -> Option<Step> {
        match self.stage {
            Stage::Idle | Stage::Blocked => None,
            Stage::CommitFirst { .. } | Stage::CommitOne { .. } | Stage::CommitLast { .. } => {
                Some(Step::Commit)
            }
            Stage::EndTransaction => Some(Step::TransactionCommit),
            Stage::Handling | Stage::AwaitOutput => self.handler.next_step(plan),
        }
    }

    /// Records of the batch that were not begun.
    pub fn in_hand(&self) -> u64 {
        if self.is_idle() {
            0
        } else {
            self.batch.len().saturating_sub(self.at + 1) as u64
        }
    }

    /// The record under work and those behind it.
    pub fn held(&self) -> &[ConsumerRecord] {
        let all = if self.is_idle() { &[] } else { &self.batch[..] };
        all.get(self.at..).unwrap_or_default()
    }

    /// Leaves out what is behind the record under work and has this key.
    pub fn leave_group(&mut self, key: u64) {
        let mut nth = 0;
        let at = self.at;
        self.batch.retain(|record| {
            nth += 1;
            nth <= at + 1 || record.message.key != key
        });
    }

    /// Behind the last record of each partition in the batch.
    pub fn offsets(&self) -> Vec<(TopicPartition, Offset)> {
        let mut offsets: Vec<(TopicPartition, Offset)> = Vec::new();
        for record in &self.batch {
            match offsets.iter_mut().find(|(at, _)| *at == record.partition) {
                Some((_, offset)) => *offset = record.offset + 1,
                None => offsets.push((record.partition, record.offset + 1)),
            }
        }
        offsets
    }

    /// Gives up whatever was under way; the alarms set for it ring in vain.
    pub fn abandon(&mut self) {
        let serial = self.serial + 1;
        *self = Work {
            serial,
            ..Work::default()
        };
    }
}
