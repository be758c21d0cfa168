//! Brokers and the partitions of logs: appends and acknowledgements.

use std::collections::VecDeque;

use crate::broker::log::Retention;
use crate::broker::partition::{
    AckState, AckWait, Appended, FollowerFetch, Partition, PartitionConfig,
};
use crate::broker::transaction::Marker;
use crate::broker::wire::{BrokerId, ErrorCode, Micros, Offset, TopicPartition};
use crate::client::producer::{Acks, Produced};
use crate::scenario::{Cluster, LogChannel};
use crate::trace::{Code, EventId, Kind, Leg, NO_CAUSE, Why};

use super::member::Seat;
use super::packet::{About, Way};
use super::publish::{ProduceCargo, ProducedCargo};
use super::{Cargo, World};

/// A broker process.
#[derive(Clone, Debug)]
pub(super) struct BrokerActor {
    pub up: bool,
    pub life: u32,
    /// Until then nothing passes between it and the other brokers.
    pub cut_until: Micros,
    /// The event of its latest death or return.
    pub latest: EventId,
}

/// A partition and what waits at it.
#[derive(Clone, Debug)]
pub(super) struct PartitionActor {
    pub core: Partition,
    /// Requests that wait for the in-sync replicas, oldest first.
    pub(super) acks: VecDeque<PendingAck>,
    /// Transaction markers that wait for the in-sync replicas.
    pub(super) markers: Vec<(AckWait, Marker)>,
    /// Output records of services that no consumer can see yet: the high watermark has not passed them.
    pub(super) outputs: VecDeque<Output>,
    /// Consumers' fetches that wait for records.
    pub parked: Vec<super::fetching::ParkedFetch>,
    /// For each broker, the fetch that waits at the leader for something new.
    pub(super) followers: Vec<FollowerLoop>,
    pub(super) high_watermark: Offset,
    pub(super) last_stable: Offset,
    pub(super) isr: u32,
    /// The latest event about it: what moves next in it moves because of that.
    pub(super) latest: EventId,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FollowerLoop {
    pub(super) parked: Option<FollowerFetch>,
    /// Number of the loop; answers of an earlier one are dropped.
    pub(super) round: u32,
}

#[derive(Clone, Debug)]
pub(super) struct PendingAck {
    pub(super) wait: AckWait,
    pub(super) answer: ProducedCargo,
    pub(super) appended: Appended,
    pub(super) about: About,
    pub(super) cause: EventId,
}

/// A service's output record in a leader's log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    offset: Offset,
    message: u64,
    seat: Seat,
    appended: EventId,
}

impl PartitionActor {
    /// The new leader's log is the log now: outputs that are not in it never were.
    pub fn keep_outputs(&mut self) {
        let core = &self.core;
        self.outputs.retain(|output| {
            let record = core.record(output.offset).and_then(|record| record.message);
            record.is_some_and(|message| message.id == output.message)
        });
    }

    /// An empty partition; the first of its replicas lives on broker `first`.
    pub fn new(cluster: &Cluster, log: &LogChannel, first: u32) -> Self {
        let replicas: Vec<BrokerId> = (0..log.replication)
            .map(|nth| (first + nth) % cluster.brokers.max(1))
            .collect();
        let config = PartitionConfig {
            min_insync_replicas: log.min_insync,
            replica_lag_time_max: cluster.replica_lag_max.0,
            unclean_leader_election: cluster.unclean_election,
            segment_records: (log.retention / 16).clamp(16, 1024),
            retention: Retention {
                records: Some(log.retention),
                age: None,
            },
            ..PartitionConfig::default()
        };
        let core = Partition::new(&replicas, config);
        let isr = in_sync_bits(&core);
        PartitionActor {
            core,
            acks: VecDeque::new(),
            markers: Vec::new(),
            outputs: VecDeque::new(),
            parked: Vec::new(),
            followers: vec![FollowerLoop::default(); cluster.brokers as usize],
            high_watermark: 0,
            last_stable: 0,
            isr,
            latest: NO_CAUSE,
        }
    }
}

fn in_sync_bits(core: &Partition) -> u32 {
    core.isr().iter().fold(0, |bits, broker| bits | 1 << broker)
}

impl World {
    /// A producer's batch has reached the leader of its partition.
    pub(super) fn produce_at_log(&mut self, cargo: &ProduceCargo, about: About, cause: EventId) {
        let (at, broker) = (cargo.request.partition, cargo.request.connection);
        if !self.broker_up(broker) {
            return;
        }
        let acks = cargo.request.acks;
        let now = self.now;
        let Some(partition) = self.partition_mut(at) else {
            return;
        };
        let result = partition
            .core
            .append(broker, &cargo.request.batch, acks == Acks::All, now);
        let cause = self.record_append(cargo, &result, cause);
        let answer = ProducedCargo {
            producer: cargo.producer,
            life: cargo.life,
            request: cargo.request.id,
            answer: result.map(|done| Produced {
                base_offset: Some(done.base_offset),
                duplicate: done.duplicate,
            }),
        };
        match (acks, result) {
            (Acks::Zero, _) => {}
            (Acks::All, Ok(appended)) => {
                let wait = appended.wait;
                let pending = PendingAck {
                    wait,
                    answer,
                    appended,
                    about,
                    cause,
                };
                if let Some(partition) = self.partition_mut(at) {
                    partition.acks.push_back(pending);
                }
            }
            _ => self.answer_producer(at, answer, about, cause),
        }
        self.serve_parked_followers(at);
        self.partition_moved(at);
    }

    /// Writes down what became of a batch at the leader; gives the first of the events.
    pub(super) fn record_append(
        &mut self,
        cargo: &ProduceCargo,
        result: &Result<Appended, ErrorCode>,
        cause: EventId,
    ) -> EventId {
        let at = cargo.request.partition;
        let (topic, partition) = (at.topic as u16, at.partition);
        let mut first = NO_CAUSE;
        for (message, nth) in cargo.request.batch.messages.iter().zip(0..) {
            let message = message.id;
            let copy = self.messages.get(message).map_or(0, |row| row.copies) + 1;
            let kind = match result {
                Ok(done) if done.duplicate => Kind::Recognised {
                    topic,
                    partition,
                    offset: done.base_offset + nth,
                    message,
                },
                Ok(done) => {
                    let (offset, copy) = (done.base_offset + nth, u32::from(copy));
                    Kind::Appended {
                        topic,
                        partition,
                        offset,
                        message,
                        copy,
                    }
                }
                Err(code) => Kind::Refused {
                    topic,
                    partition,
                    message,
                    why: Why::Answer(Code(*code)),
                },
            };
            let event = self.record(cause + nth, kind);
            if let Some(row) = self.messages.get_mut(message) {
                row.last = event;
                if matches!(kind, Kind::Appended { .. }) {
                    row.copies = copy;
                }
            }
            if first == NO_CAUSE {
                first = event;
            }
            if let Kind::Appended { offset, .. } = kind {
                self.output_appended(cargo, message, offset, event);
            }
            self.moved_by(at, event);
        }
        first
    }

    /// A service's output record is in the leader's log: a transaction must decide over it, or the high watermark
    /// must pass it, before it has any effect.
    fn output_appended(
        &mut self,
        cargo: &ProduceCargo,
        message: u64,
        offset: Offset,
        appended: EventId,
    ) {
        let actor = &mut self.producers[usize::from(cargo.producer)];
        let Some(seat) = actor.owner else { return };
        if cargo.request.batch.transactional {
            // What an earlier life had under way is in a transaction that cannot be committed any more; a copy
            // that an election cut off is written again, and is one record all the same.
            if cargo.life != actor.life {
                let (service, member) = (seat.service, seat.member);
                let kind = Kind::RolledBack {
                    service,
                    member,
                    message,
                };
                self.record(appended, kind);
            } else if !actor.written.contains(&message) {
                actor.written.push(message);
            }
        } else if let Some(partition) = self.partition_mut(cargo.request.partition) {
            partition.outputs.push_back(Output {
                offset,
                message,
                seat,
                appended,
            });
        }
    }

    /// Consumers can see the outputs below the high watermark: they are effects.
    fn show_outputs(&mut self, at: TopicPartition) {
        while let Some(actor) = self.partition_mut(at) {
            let high_watermark = actor.high_watermark;
            let shown = |output: &mut Output| output.offset < high_watermark;
            let Some(output) = actor.outputs.pop_front_if(shown) else {
                return;
            };
            self.effect(output.seat, output.message, output.appended);
        }
    }

    pub(super) fn answer_producer(
        &mut self,
        at: TopicPartition,
        answer: ProducedCargo,
        about: About,
        cause: EventId,
    ) {
        let from = self.channel_place(at);
        let way = Way {
            leg: Leg::Ack,
            from,
            to: self.producer_place(answer.producer),
        };
        let about = About {
            refused: answer.answer.is_err(),
            ..about
        };
        self.send(way, about, cause, Cargo::Produced(answer));
    }

    /// Notes what happened to a partition last.
    pub(super) fn moved_by(&mut self, at: TopicPartition, event: EventId) {
        if let Some(actor) = self.partition_mut(at) {
            actor.latest = event;
        }
    }

    /// Whatever may have moved in a partition: tells the trace, and those who waited for it.
    pub(super) fn partition_moved(&mut self, at: TopicPartition) {
        let (topic, partition) = (at.topic as u16, at.partition);
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        if actor.core.leader().is_none() {
            return;
        }
        let (high_watermark, last_stable) =
            (actor.core.high_watermark(), actor.core.last_stable_offset());
        let isr = in_sync_bits(&actor.core);
        let risen = high_watermark > actor.high_watermark;
        let stable = last_stable > actor.last_stable;
        let changed = isr ^ actor.isr;
        (actor.high_watermark, actor.last_stable, actor.isr) = (high_watermark, last_stable, isr);
        let latest = actor.latest;
        if changed != 0 {
            let of = |(broker, actor): (usize, &BrokerActor)| {
                (changed >> broker & 1 == 1).then_some(actor.latest)
            };
            let brokers = self.brokers.iter().enumerate().filter_map(of);
            let cause = brokers.max().unwrap_or(NO_CAUSE).max(latest);
            self.record(
                cause,
                Kind::InSync {
                    topic,
                    partition,
                    members: isr,
                },
            );
        }
        if risen {
            self.record(
                latest,
                Kind::HighWatermark {
                    topic,
                    partition,
                    offset: high_watermark,
                },
            );
        }
        if stable && last_stable != high_watermark {
            self.record(
                latest,
                Kind::LastStable {
                    topic,
                    partition,
                    offset: last_stable,
                },
            );
        }
        self.show_outputs(at);
        self.settle_acks(at);
        self.settle_markers(at);
        if risen || stable {
            self.serve_parked_fetches(at);
        }
    }

    /// Answers the producers whose batches are where they must be, or never will be.
    pub(super) fn settle_acks(&mut self, at: TopicPartition) {
        loop {
            let Some(actor) = self.partition_mut(at) else {
                return;
            };
            let Some(pending) = actor.acks.front() else {
                return;
            };
            let state = actor.core.ack_state(&pending.wait);
            if state == AckState::Pending {
                return;
            }
            let Some(mut pending) = actor.acks.pop_front() else {
                return;
            };
            if let AckState::Failed(code) = state {
                pending.answer.answer = Err(code);
            }
            debug_assert_eq!(pending.wait, pending.appended.wait);
            self.answer_producer(at, pending.answer, pending.about, pending.cause);
        }
    }
}
