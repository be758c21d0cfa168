//! Brokers and the partitions of logs: appends, replication, elections, acknowledgements.

use std::collections::VecDeque;

use crate::broker::log::Retention;
use crate::broker::partition::{
    AckState, AckWait, Appended, FetchAnswer, FetchBody, FollowerFetch, LeaderChange, Partition,
    PartitionConfig,
};
use crate::broker::wire::{BrokerId, ErrorCode, Micros, Offset, TopicPartition};
use crate::client::producer::{Acks, Produced};
use crate::scenario::{Cluster, LogChannel};
use crate::trace::{Code, EventId, Kind, Leg, NO_CAUSE, Party, Place, Why};

use super::packet::{About, Way};
use super::publish::{ProduceCargo, ProducedCargo};
use super::{Cargo, Ev, World};

/// Records a follower is sent at most in one answer.
const FOLLOWER_FETCH: u32 = 500;

/// A broker process.
#[derive(Clone, Debug)]
pub(super) struct BrokerActor {
    pub up: bool,
    pub life: u32,
    /// Until then nothing passes between it and the other brokers.
    pub cut_until: Micros,
}

/// A partition and what waits at it.
#[derive(Clone, Debug)]
pub(super) struct PartitionActor {
    pub core: Partition,
    /// Requests that wait for the in-sync replicas, oldest first.
    acks: VecDeque<PendingAck>,
    /// Consumers' fetches that wait for records.
    pub parked: Vec<super::member::ParkedFetch>,
    /// For each broker, the fetch that waits at the leader for something new.
    followers: Vec<FollowerLoop>,
    high_watermark: Offset,
    last_stable: Offset,
    isr: u32,
}

#[derive(Clone, Debug, Default)]
struct FollowerLoop {
    parked: Option<FollowerFetch>,
    /// Number of the loop; answers of an earlier one are dropped.
    round: u32,
}

#[derive(Clone, Debug)]
struct PendingAck {
    wait: AckWait,
    answer: ProducedCargo,
    appended: Appended,
    about: About,
    cause: EventId,
}

impl PartitionActor {
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
            parked: Vec::new(),
            followers: vec![FollowerLoop::default(); cluster.brokers as usize],
            high_watermark: 0,
            last_stable: 0,
            isr,
        }
    }
}

fn in_sync_bits(core: &Partition) -> u32 {
    core.isr().iter().fold(0, |bits, broker| bits | 1 << broker)
}

/// The place of a broker.
fn broker_place(broker: BrokerId) -> Place {
    Place::Party(Party::Broker(broker as u16))
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
    fn record_append(
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
            if matches!(kind, Kind::Appended { .. }) {
                self.output_stored(cargo, message);
            }
        }
        first
    }

    /// A service's output record is in the log: that is its effect, unless a transaction must decide first.
    pub(super) fn output_stored(&mut self, cargo: &ProduceCargo, message: u64) {
        let actor = &mut self.producers[usize::from(cargo.producer)];
        let Some(seat) = actor.owner else { return };
        if cargo.request.batch.transactional {
            actor.written.push(message);
        } else {
            self.effect(seat, message);
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
        let resynced = isr != actor.isr;
        (actor.high_watermark, actor.last_stable, actor.isr) = (high_watermark, last_stable, isr);
        if resynced {
            self.record(
                NO_CAUSE,
                Kind::InSync {
                    topic,
                    partition,
                    members: isr,
                },
            );
        }
        if risen {
            self.record(
                NO_CAUSE,
                Kind::HighWatermark {
                    topic,
                    partition,
                    offset: high_watermark,
                },
            );
        }
        if stable && last_stable != high_watermark {
            self.record(
                NO_CAUSE,
                Kind::LastStable {
                    topic,
                    partition,
                    offset: last_stable,
                },
            );
        }
        self.settle_acks(at);
        if risen || stable {
            self.serve_parked_fetches(at);
        }
    }

    /// Answers the producers whose batches are where they must be, or never will be.
    fn settle_acks(&mut self, at: TopicPartition) {
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

    /// Starts (again) the loop in which each follower asks the leader for more.
    pub(super) fn start_followers(&mut self, at: TopicPartition) {
        for broker in 0..self.brokers.len() as u32 {
            if let Some(actor) = self.partition_mut(at) {
                let follower = &mut actor.followers[broker as usize];
                follower.round += 1;
                follower.parked = None;
            }
            self.ask_leader(at, broker);
        }
    }

    fn ask_leader(&mut self, at: TopicPartition, follower: BrokerId) {
        let Some(actor) = self.partition(at) else {
            return;
        };
        let round = actor.followers[follower as usize].round;
        let (Some(fetch), Some(leader)) =
            (actor.core.follower_fetch(follower), actor.core.leader())
        else {
            return;
        };
        let way = Way {
            leg: Leg::Replication,
            from: broker_place(follower),
            to: broker_place(leader),
        };
        let about = about_partition(at, fetch.offset);
        self.send(
            way,
            about,
            NO_CAUSE,
            Cargo::FollowerFetch {
                at,
                leader,
                fetch,
                round,
            },
        );
    }

    /// A follower's fetch has reached the leader.
    pub(super) fn follower_fetch(
        &mut self,
        at: TopicPartition,
        leader: BrokerId,
        fetch: FollowerFetch,
        round: u32,
    ) {
        if self.unreachable(leader, fetch.follower) {
            self.ask_later(at, fetch.follower, round);
            return;
        }
        let now = self.now;
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        if actor.followers[fetch.follower as usize].round != round {
            return;
        }
        match actor
            .core
            .serve_follower(leader, &fetch, FOLLOWER_FETCH, now)
        {
            Ok(answer)
                if is_news(
                    &answer,
                    actor
                        .core
                        .replica(fetch.follower)
                        .map_or(0, |r| r.high_watermark()),
                ) =>
            {
                self.answer_follower(at, leader, fetch.follower, answer, round);
            }
            Ok(_) => actor.followers[fetch.follower as usize].parked = Some(fetch),
            Err(_) => self.ask_later(at, fetch.follower, round),
        }
        self.partition_moved(at);
    }

    fn answer_follower(
        &mut self,
        at: TopicPartition,
        leader: BrokerId,
        follower: BrokerId,
        answer: FetchAnswer,
        round: u32,
    ) {
        let way = Way {
            leg: Leg::Replication,
            from: broker_place(leader),
            to: broker_place(follower),
        };
        let about = about_partition(at, answer.high_watermark);
        self.send(
            way,
            about,
            NO_CAUSE,
            Cargo::FollowerRecords {
                at,
                leader,
                follower,
                answer,
                round,
            },
        );
    }

    /// Asks again after a while, as a fetcher does that got no answer.
    fn ask_later(&mut self, at: TopicPartition, follower: BrokerId, round: u32) {
        let pause = self.scenario.cluster.replica_lag_max.0 / 4;
        self.queue.push(
            self.now + pause.max(1),
            Ev::AskLeader {
                at,
                follower,
                round,
            },
        );
    }

    pub(super) fn ask_leader_again(&mut self, at: TopicPartition, follower: BrokerId, round: u32) {
        if self
            .partition(at)
            .is_some_and(|actor| actor.followers[follower as usize].round == round)
        {
            self.ask_leader(at, follower);
        }
    }

    /// Something new is in the log: followers whose fetch waits get their answer.
    pub(super) fn serve_parked_followers(&mut self, at: TopicPartition) {
        for follower in 0..self.brokers.len() {
            let Some(actor) = self.partition_mut(at) else {
                return;
            };
            let Some(leader) = actor.core.leader() else {
                return;
            };
            let round = actor.followers[follower].round;
            if let Some(fetch) = actor.followers[follower].parked.take() {
                self.follower_fetch(at, leader, fetch, round);
            }
        }
    }

    /// The leader's answer has reached the follower, which asks for more at once.
    pub(super) fn follower_records(
        &mut self,
        at: TopicPartition,
        leader: BrokerId,
        follower: BrokerId,
        answer: &FetchAnswer,
        round: u32,
    ) {
        if self.unreachable(leader, follower) {
            self.ask_later(at, follower, round);
            return;
        }
        let Some(actor) = self.partition_mut(at) else {
            return;
        };
        if actor.followers[follower as usize].round != round {
            return;
        }
        let applied = actor.core.apply_fetch(follower, answer);
        let end = actor
            .core
            .replica(follower)
            .map_or(0, |replica| replica.log().end());
        let (topic, partition, broker) = (at.topic as u16, at.partition, follower as u16);
        if applied.appended > 0 {
            self.record(
                NO_CAUSE,
                Kind::Replicated {
                    topic,
                    partition,
                    broker,
                    end,
                },
            );
        }
        for (offset, message) in applied.truncated {
            let message = message.id;
            self.record(
                NO_CAUSE,
                Kind::Truncated {
                    topic,
                    partition,
                    broker,
                    offset,
                    message,
                },
            );
        }
        self.ask_leader(at, follower);
    }

    fn unreachable(&self, a: BrokerId, b: BrokerId) -> bool {
        let gone = |broker: BrokerId| {
            self.brokers
                .get(broker as usize)
                .is_none_or(|actor| !actor.up || actor.cut_until > self.now)
        };
        gone(a) || gone(b)
    }

    /// A broker's process dies. The cluster notices after `broker.session.timeout.ms`.
    pub(super) fn broker_dies(&mut self, broker: u16, _cause: EventId) {
        let actor = &mut self.brokers[usize::from(broker)];
        actor.up = false;
        actor.life += 1;
        let life = actor.life;
        self.each_partition(|world, at| {
            if let Some(actor) = world.partition_mut(at) {
                actor.core.crash(u32::from(broker));
                if actor.core.leader() == Some(u32::from(broker)) {
                    actor.acks.clear();
                    actor
                        .followers
                        .iter_mut()
                        .for_each(|follower| follower.parked = None);
                    actor.parked.clear();
                }
            }
        });
        self.queues_die(broker);
        self.queue.push(
            self.now + self.scenario.cluster.detection.0,
            Ev::Detected { broker, life },
        );
    }

    /// The cluster has noticed that a broker is gone.
    pub(super) fn broker_detected(&mut self, broker: u16, life: u32) {
        let actor = &self.brokers[usize::from(broker)];
        if actor.up || actor.life != life {
            return;
        }
        let now = self.now;
        self.each_partition(|world, at| {
            let change = world
                .partition_mut(at)
                .and_then(|actor| actor.core.fence(u32::from(broker), now));
            world.leadership(at, change);
        });
    }

    /// A broker's process is back.
    pub(super) fn broker_returns(&mut self, broker: u16) {
        self.brokers[usize::from(broker)].up = true;
        let now = self.now;
        self.each_partition(|world, at| {
            let change = world
                .partition_mut(at)
                .and_then(|actor| actor.core.restart(u32::from(broker), now));
            world.leadership(at, change);
            world.start_followers(at);
        });
        self.queues_return(broker);
    }

    /// Tells everybody about a new leader, or that there is none.
    fn leadership(&mut self, at: TopicPartition, change: Option<LeaderChange>) {
        let (topic, partition) = (at.topic as u16, at.partition);
        if let Some(change) = change {
            match change.leader {
                Some(leader) => {
                    let (broker, epoch, unclean) =
                        (leader as u16, change.leader_epoch, change.unclean);
                    self.record(
                        NO_CAUSE,
                        Kind::Elected {
                            topic,
                            partition,
                            broker,
                            epoch,
                            unclean,
                        },
                    );
                    if let Some(actor) = self.partition_mut(at) {
                        // A new leader's high watermark may be behind what the old one had told.
                        actor.high_watermark = actor.core.high_watermark();
                        actor.last_stable = actor.core.last_stable_offset();
                    }
                }
                None => {
                    self.record(NO_CAUSE, Kind::Leaderless { topic, partition });
                }
            }
            self.start_followers(at);
            self.leader_changed(at);
            self.members_hear_of_leader(at);
        }
        self.partition_moved(at);
    }

    /// A broker's link to the others is cut for a while.
    pub(super) fn cut(&mut self, broker: u16, lasting: Micros) {
        let until = self.now + lasting;
        let kind = Kind::LinkCut { broker, until };
        if kind
            .fault()
            .is_some_and(|key| self.plan.is_suppressed(&key))
        {
            return;
        }
        if let Some(actor) = self.brokers.get_mut(usize::from(broker)) {
            actor.cut_until = until;
            self.record(NO_CAUSE, kind);
        }
    }

    /// The regular look at all partitions: who lags behind, and what is too old to keep.
    pub(super) fn house_keeping(&mut self) {
        let now = self.now;
        self.each_partition(|world, at| {
            if let Some(actor) = world.partition_mut(at) {
                actor.core.shrink_isr(now);
                let before = actor.core.log_start();
                actor.core.clean(now);
                let below = actor.core.log_start();
                let (topic, partition) = (at.topic as u16, at.partition);
                if below > before {
                    world.record(
                        NO_CAUSE,
                        Kind::Expired {
                            topic,
                            partition,
                            below,
                        },
                    );
                }
            }
            world.partition_moved(at);
        });
        let pause = (self.scenario.cluster.replica_lag_max.0 / 2).max(1_000);
        self.queue.push(now + pause, Ev::HouseKeeping);
    }

    pub(super) fn broker_up(&self, broker: BrokerId) -> bool {
        self.brokers
            .get(broker as usize)
            .is_some_and(|actor| actor.up)
    }
}

fn about_partition(at: TopicPartition, offset: Offset) -> About {
    let entity =
        u64::from(at.topic) << 56 | u64::from(at.partition) << 48 | (offset & 0xffff_ffff_ffff);
    About {
        message: entity,
        count: 0,
        attempt: 1,
        ..About::default()
    }
}

/// Whether an answer tells the follower anything: records, a truncation, or a higher watermark.
fn is_news(answer: &FetchAnswer, known: Offset) -> bool {
    match &answer.body {
        FetchBody::Batches(batches) => !batches.is_empty() || answer.high_watermark > known,
        _ => true,
    }
}
