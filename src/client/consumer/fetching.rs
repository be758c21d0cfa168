//! Getting positions and records for the owned partitions (`OffsetFetcher`, `Fetcher`).

use super::{
    Assigned, AutoOffsetReset, Consumer, ConsumerAnswer, ConsumerEvent, ConsumerRequest, Missing,
    RequestId,
};
use crate::broker::wire::{ErrorCode, Micros, TopicPartition};
use std::sync::Arc;

impl Consumer {
    /// Asks for committed offsets, places in the log and records, whatever each partition lacks.
    /// Part of `poll`; a caller may also call it after answers, for Kafka sends fetches in between.
    pub fn ask_for_what_is_missing(&mut self, now: Micros) {
        self.ask_for_committed(now);
        for place in 0..self.assigned.len() {
            let partition = &self.assigned[place];
            if partition.retry_at > now || partition.waiting.is_some() {
                continue;
            }
            let isolation = self.settings.isolation_level;
            let at = partition.at;
            let request = if partition.missing == Missing::Reset {
                let end = self.settings.auto_offset_reset == AutoOffsetReset::Latest;
                ConsumerRequest::ListOffset {
                    partition: at,
                    end,
                    isolation,
                }
            } else if let Some(offset) = partition.fetch_at() {
                let max_records = self.settings.max_partition_fetch;
                let max_wait = self.settings.fetch_max_wait;
                ConsumerRequest::Fetch {
                    partition: at,
                    offset,
                    max_records,
                    max_wait,
                    isolation,
                }
            } else {
                continue;
            };
            let id = self.ask(request, now);
            self.assigned[place].waiting = Some(id);
        }
    }

    fn ask_for_committed(&mut self, now: Micros) {
        let due = |p: &&Assigned| {
            p.missing == Missing::Committed && p.waiting.is_none() && p.retry_at <= now
        };
        let partitions: Arc<[_]> = self.assigned.iter().filter(due).map(|p| p.at).collect();
        if partitions.is_empty() {
            return;
        }
        let asked = Arc::clone(&partitions);
        let id = self.ask(
            ConsumerRequest::OffsetFetch {
                partitions,
                require_stable: true,
            },
            now,
        );
        for partition in self.assigned.iter_mut().filter(|p| asked.contains(&p.at)) {
            partition.waiting = Some(id);
        }
    }

    /// The partition, if it still waits for the answer to this request.
    fn awaiting(&mut self, id: RequestId, at: TopicPartition) -> Option<&mut Assigned> {
        let place = self.find(at)?;
        let partition = &mut self.assigned[place];
        partition.waiting.take_if(|waiting| *waiting == id)?;
        Some(partition)
    }

    pub(super) fn on_offsets(
        &mut self,
        id: RequestId,
        asked: &[TopicPartition],
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        let retry_at = now.saturating_add(self.settings.retry_backoff);
        let known = match answer {
            Ok(ConsumerAnswer::Committed(known)) => known,
            _ => Vec::new(),
        };
        for &at in asked {
            let Some(partition) = self.awaiting(id, at) else {
                continue;
            };
            match known.iter().find(|(other, _)| *other == at) {
                Some(&(_, Some(offset))) => {
                    partition.committed = Some(offset);
                    partition.go_to(offset);
                }
                Some((_, None)) => self.reset(at),
                None => partition.retry_at = retry_at,
            }
        }
        self.ask_for_what_is_missing(now);
    }

    /// Without a position: as `auto.offset.reset` says.
    fn reset(&mut self, at: TopicPartition) {
        let nowhere = self.settings.auto_offset_reset == AutoOffsetReset::None;
        if let Some(place) = self.find(at) {
            self.assigned[place].lacks(if nowhere {
                Missing::Seek
            } else {
                Missing::Reset
            });
        }
        if nowhere {
            self.events.push_back(ConsumerEvent::NoOffset(at));
        }
    }

    pub(super) fn on_listed(
        &mut self,
        id: RequestId,
        at: TopicPartition,
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        let retry_at = now.saturating_add(self.settings.retry_backoff);
        let Some(partition) = self.awaiting(id, at) else {
            return;
        };
        if let Ok(ConsumerAnswer::Listed(offset)) = answer {
            partition.go_to(offset);
            self.events.push_back(ConsumerEvent::OffsetReset {
                partition: at,
                offset,
            });
        } else {
            partition.retry_at = retry_at;
        }
        self.ask_for_what_is_missing(now);
    }

    pub(super) fn on_fetched(
        &mut self,
        id: RequestId,
        at: TopicPartition,
        answer: Result<ConsumerAnswer, ErrorCode>,
        now: Micros,
    ) {
        let retry_at = now.saturating_add(self.settings.retry_backoff);
        let Some(partition) = self.awaiting(id, at) else {
            return;
        };
        match answer {
            Ok(ConsumerAnswer::Fetched {
                records,
                next_offset,
            }) => {
                partition.fetched(records, next_offset);
            }
            Err(ErrorCode::OffsetOutOfRange) => self.reset(at),
            _ => partition.retry_at = retry_at,
        }
        self.ask_for_what_is_missing(now);
    }
}
