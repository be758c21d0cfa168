//! Partitions are added to a topic while it is in use.
//!
//! Producers and group leaders learn of them with their next metadata (`metadata.max.age.ms`); the lab
//! takes that as instant. Records stay where they are, but a key may belong elsewhere from now on.

use std::sync::Arc;

use crate::broker::wire::TopicPartition;
use crate::scenario::Channel;
use crate::trace::{EventId, Kind, NO_CAUSE};

use super::cluster::PartitionActor;
use super::member::Frontier;
use super::{Ev, World};

impl World {
    /// Plans when topics grow.
    pub(super) fn schedule_growth(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for (config, topic) in scenario.topics.iter().zip(0..) {
            if let Channel::Log(log) = &config.channel
                && log.grow_at.0 > 0
            {
                self.queue.push(log.grow_at.0, Ev::Grow { topic });
            }
        }
    }

    /// The topic gets its new partitions, and the groups that read it deal them out.
    pub(super) fn grow(&mut self, topic: u16) {
        let scenario = Arc::clone(&self.scenario);
        let Channel::Log(log) = &scenario.topics[usize::from(topic)].channel else {
            return;
        };
        let before = self.partitions_of(topic);
        if log.grow_to <= before {
            return;
        }
        for partition in before..log.grow_to {
            let actor = PartitionActor::new(&scenario.cluster, log, partition);
            self.topics[usize::from(topic)].partitions.push(actor);
            self.start_followers(TopicPartition {
                topic: u32::from(topic),
                partition,
            });
        }
        let partitions = log.grow_to;
        let grown = self.record(NO_CAUSE, Kind::Grown { topic, partitions });
        self.groups_hear_of_growth(topic, before, grown);
    }

    fn groups_hear_of_growth(&mut self, topic: u16, before: u32, grown: EventId) {
        let sizes: Arc<[u32]> = (0..self.topics.len())
            .map(|topic| self.partitions_of(topic as u16))
            .collect();
        let topic = u32::from(topic);
        for service in 0..self.services.len() as u16 {
            let actor = &mut self.services[usize::from(service)];
            if actor.topics.contains(&topic) {
                let added = (before..sizes[topic as usize]).map(|partition| Frontier {
                    at: TopicPartition { topic, partition },
                    owner: None,
                    delivered: 0,
                    processed: 0,
                });
                actor.frontiers.extend(added);
            }
            let sizes = Arc::clone(&sizes);
            self.with_group(service, grown, |group, now| group.set_topics(now, sizes));
        }
    }
}
