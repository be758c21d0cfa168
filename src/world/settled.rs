//! Whether anything can still happen to a message.

use crate::broker::wire::TopicPartition;
use crate::scenario::{Channel, CommitWhen, Service, Topic};
use crate::service::Strategy;
use crate::trace::{Leg, Place};

use super::build::TopicActor;
use super::member::ServiceActor;
use super::queues::Body;
use super::{Packet, World};

impl World {
    /// True when no more messages come, every producer has heard about its messages, and every service is
    /// through with what it can read.
    pub fn settled(&self) -> bool {
        self.publishing.ended
            && self.queues_settled()
            && self.outputs_are_seen()
            && self.producers.iter().all(|producer| producer.is_done())
            && self
                .services
                .iter()
                .zip(&self.scenario.services)
                .all(|(service, config)| {
                    service
                        .members
                        .iter()
                        .all(|member| member.work.is_idle() && member.receiver.waiting() == 0)
                        && service
                            .turns
                            .as_ref()
                            .is_none_or(|turns| turns.waiting() == 0)
                        && self.has_read_all(service)
                        && (!reports_progress(service, config) || committed_all(service))
                })
    }

    /// No service's output record waits for the high watermark to pass it.
    fn outputs_are_seen(&self) -> bool {
        let mut partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.all(|partition| partition.outputs.is_empty())
    }

    /// Nothing is on its way to be stored or handled, and no queue or buffer holds anything but dead letters.
    fn queues_settled(&self) -> bool {
        let counts = |packet: &Packet| match packet.leg {
            Leg::Request => true,
            Leg::Delivery => !matches!(packet.from, Place::Partition(..)),
            _ => false,
        };
        let moving = self.packets().any(|packet| !packet.lost && counts(packet));
        let done = |(topic, config): (&TopicActor, &Topic)| match (&topic.body, &config.channel) {
            (Body::Lease(lease), Channel::Lease(c) | Channel::Sns(c)) => {
                lease.is_done(c.redrive_at.0 > self.now)
            }
            (Body::Amqp(amqp), _) => amqp.is_done(),
            (Body::PubSub(pubsub), _) => pubsub.buffered() == 0,
            _ => true,
        };
        !moving && self.topics.iter().zip(&self.scenario.topics).all(done)
    }

    /// Where the partition's log ends; nobody knows while it has no leader.
    fn end_of(&self, at: TopicPartition) -> Option<u64> {
        match self.partition(at) {
            Some(actor) => actor.core.leader().map(|_| actor.core.log_end()),
            None => Some(0),
        }
    }

    /// Nothing is left to read in any partition: whoever gets it next starts at the log's end, or its owner is
    /// there already. Groups need not be at rest for that: under frequent crashes they never are.
    fn has_read_all(&self, service: &ServiceActor) -> bool {
        service.frontiers.iter().all(|frontier| {
            let Some(end) = self.end_of(frontier.at) else {
                return false;
            };
            let mut positions = service
                .members
                .iter()
                .filter_map(|member| member.consumer.as_ref()?.position(frontier.at));
            let start = match service.strategy {
                Strategy::StoredOffset => service.store.stored_offset(frontier.at),
                _ => service.group.offsets().committed(frontier.at),
            };
            let owner = frontier
                .owner
                .and_then(|owner| service.members.get(usize::from(owner))?.consumer.as_ref());
            let at_end = |at: Option<u64>| at.is_some_and(|at| at >= end);
            positions.all(|at| at >= end)
                && (end == 0
                    || at_end(start)
                    || at_end(owner.and_then(|consumer| consumer.position(frontier.at))))
        })
    }
}

/// Whether the committed offset follows what was processed. A service that keeps its offsets with its effects
/// starts from those after a rebalance, whatever became of its last commit.
fn reports_progress(service: &ServiceActor, config: &Service) -> bool {
    config.commit != CommitWhen::Never && service.strategy != Strategy::StoredOffset
}

/// Everything that was processed is committed.
fn committed_all(service: &ServiceActor) -> bool {
    service.frontiers.iter().all(|frontier| {
        service.group.offsets().committed(frontier.at).unwrap_or(0) >= frontier.processed
    })
}
