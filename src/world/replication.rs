//! Followers ask their leaders for more, again and again.

use super::packet::{About, Way};
use super::{Cargo, Ev, World};
use crate::broker::partition::{FetchAnswer, FetchBody, FollowerFetch};
use crate::broker::wire::{BrokerId, Offset, TopicPartition};
use crate::trace::{Kind, Leg, NO_CAUSE, Party, Place};

/// Records a follower is sent at most in one answer.
pub(super) const FOLLOWER_FETCH: u32 = 500;

/// The place of a broker.
pub(super) fn broker_place(broker: BrokerId) -> Place {
    Place::Party(Party::Broker(broker as u16))
}

pub(super) fn about_partition(at: TopicPartition, offset: Offset) -> About {
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
pub(super) fn is_news(answer: &FetchAnswer, known: Offset) -> bool {
    match &answer.body {
        FetchBody::Batches(batches) => !batches.is_empty() || answer.high_watermark > known,
        _ => true,
    }
}

impl World {
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

    pub(super) fn ask_leader(&mut self, at: TopicPartition, follower: BrokerId) {
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

    pub(super) fn answer_follower(
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
    pub(super) fn ask_later(&mut self, at: TopicPartition, follower: BrokerId, round: u32) {
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
        let cause = actor.latest;
        let applied = actor.core.apply_fetch(follower, answer);
        let end = actor
            .core
            .replica(follower)
            .map_or(0, |replica| replica.log().end());
        let (topic, partition, broker) = (at.topic as u16, at.partition, follower as u16);
        if applied.appended > 0 {
            let kind = Kind::Replicated {
                topic,
                partition,
                broker,
                end,
            };
            let event = self.record(cause, kind);
            self.moved_by(at, event);
        }
        for (offset, message) in applied.truncated {
            let message = message.id;
            self.record(
                cause,
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

    pub(super) fn unreachable(&self, a: BrokerId, b: BrokerId) -> bool {
        let gone = |broker: BrokerId| {
            self.brokers
                .get(broker as usize)
                .is_none_or(|actor| !actor.up || actor.cut_until > self.now)
        };
        gone(a) || gone(b)
    }
}
