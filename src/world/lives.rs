//! Instances start, come back, and stand still; and who is who.

use super::World;
use super::cluster::PartitionActor;
use super::settings::{budget_of, consumer_settings};
use crate::broker::wire::TopicPartition;
use crate::client::consumer::Consumer;
use crate::scenario::{self, Channel};
use crate::trace::{EventId, NO_CAUSE, Party};

impl World {
    /// An instance starts to live: its consumer joins the group with its first poll.
    pub(super) fn member_starts(&mut self, service: u16, member: u16) {
        let now = self.now;
        let config = &self.scenario.services[usize::from(service)];
        if self.reads_logs(config) {
            let settings = consumer_settings(config, service, member);
            let consumer = Consumer::new(settings, now).ok();
            if let Some(actor) = self.member_mut(service, member) {
                actor.consumer = consumer;
            }
        }
        let budget = budget_of(&self.scenario.services[usize::from(service)]);
        let producer = self.member_mut(service, member).and_then(|actor| {
            actor.budget = budget;
            actor.producer
        });
        if let Some(producer) = producer {
            let seat = self.seat(service, member);
            self.producers[usize::from(producer)].owner = Some(seat);
        }
        self.drive_member(self.seat(service, member));
    }

    /// A crashed instance is back: a new process, with nothing in memory.
    pub(super) fn member_returns(&mut self, service: u16, member: u16, cause: EventId) {
        let Some(actor) = self.member_mut(service, member) else {
            return;
        };
        (actor.up, actor.assigned) = (true, cause);
        let producer = actor.producer;
        if let Some(producer) = producer {
            self.producer_returns(producer, cause);
        }
        self.member_starts(service, member);
    }

    /// The process stands still, and does not know it.
    pub(super) fn member_pauses(&mut self, service: u16, member: u16, until: u64) {
        let party = Party::Member(service, member);
        let kind = crate::trace::Kind::Paused { party, until };
        if kind
            .fault()
            .is_some_and(|key| self.plan.is_suppressed(&key))
        {
            return;
        }
        let Some(actor) = self.member_mut(service, member).filter(|actor| actor.up) else {
            return;
        };
        actor.paused_until = until;
        let receives = actor.consumer.is_none();
        let event = self.record(NO_CAUSE, kind);
        if let Some(actor) = self.member_mut(service, member) {
            actor.stood_still = event;
        }
        if receives {
            self.receiver_pauses(service, member, until);
        }
    }

    pub(super) fn reads_logs(&self, config: &scenario::Service) -> bool {
        let of = |name: &String| {
            self.scenario
                .topics
                .iter()
                .find(|topic| topic.name == *name)
        };
        config
            .topics
            .iter()
            .filter_map(of)
            .all(|topic| matches!(topic.channel, Channel::Log(_)))
    }

    pub(super) fn topic_named(&self, name: &str) -> Option<u16> {
        self.scenario
            .topics
            .iter()
            .position(|topic| topic.name == name)
            .map(|topic| topic as u16)
    }

    pub(super) fn service_named(&self, name: &str) -> Option<u16> {
        self.scenario
            .services
            .iter()
            .position(|service| service.name == name)
            .map(|service| service as u16)
    }

    pub(super) fn partitions_of(&self, topic: u16) -> u32 {
        (self.topics[usize::from(topic)].partitions.len() as u32).max(1)
    }

    pub(super) fn partition(&self, at: TopicPartition) -> Option<&PartitionActor> {
        self.topics
            .get(at.topic as usize)?
            .partitions
            .get(at.partition as usize)
    }

    pub(super) fn partition_mut(&mut self, at: TopicPartition) -> Option<&mut PartitionActor> {
        self.topics
            .get_mut(at.topic as usize)?
            .partitions
            .get_mut(at.partition as usize)
    }

    /// Does something for every partition, in order.
    pub(super) fn each_partition(&mut self, mut act: impl FnMut(&mut World, TopicPartition)) {
        for topic in 0..self.topics.len() {
            for partition in 0..self.topics[topic].partitions.len() {
                act(
                    self,
                    TopicPartition {
                        topic: topic as u32,
                        partition: partition as u32,
                    },
                );
            }
        }
    }
}
