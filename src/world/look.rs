//! What can be seen of a world: the truth about every actor, for whoever draws or judges it.

use crate::broker::group::GroupState;
use crate::broker::partition::{Partition, Replica};
use crate::broker::wire::{Micros, Offset, TopicPartition};
use crate::service::Step;

use super::World;

/// What a producer believes.
#[derive(Clone, Debug)]
pub struct ProducerLook {
    /// Its process runs.
    pub up: bool,
    /// Messages it knows to be stored.
    pub acked: u64,
    /// Messages it has reported as failed.
    pub gave_up: u64,
    /// Messages it has, and no answer about.
    pub waiting: u64,
    /// Those of them that were sent, with how often; oldest first.
    pub sent: Vec<(u64, u32)>,
}

/// How an instance of a service is.
#[derive(Clone, Debug)]
pub struct MemberLook {
    /// Its process runs.
    pub up: bool,
    /// It stands still until then.
    pub paused_until: Micros,
    /// Partitions it believes it owns.
    pub owned: Vec<TopicPartition>,
    /// The group takes it for a member of the present generation.
    pub in_group: bool,
    /// The message under work, the step under way, and how many times the service was handed it.
    pub doing: Option<(u64, Step, u32)>,
    /// Handed to it, or fetched by it, and not begun.
    pub in_hand: u64,
}

/// How far a service is in a partition.
#[derive(Clone, Copy, Debug)]
pub struct LaneLook {
    /// The partition.
    pub at: TopicPartition,
    /// The instance that owns it.
    pub owner: Option<u16>,
    /// The group's committed offset.
    pub committed: Offset,
    /// Behind the last record the owner is through with.
    pub processed: Offset,
    /// Behind the last record the owner was handed.
    pub delivered: Offset,
}

impl World {
    /// Messages published so far, over all producers.
    pub fn published(&self) -> u64 {
        self.publishing.count
    }

    /// A configured producer.
    pub fn producer_look(&self, producer: u16) -> Option<ProducerLook> {
        let actor = self.producers.get(usize::from(producer))?;
        let sent = actor
            .out
            .iter()
            .flat_map(|out| out.messages.iter().map(|m| (m.id, out.attempt)));
        Some(ProducerLook {
            up: actor.up,
            acked: actor.acked,
            gave_up: actor.gave_up,
            waiting: u64::from(actor.client.buffered()),
            sent: sent.collect(),
        })
    }

    /// Whether a broker is up, and whether its link is cut.
    pub fn broker_look(&self, broker: u16) -> Option<(bool, bool)> {
        let actor = self.brokers.get(usize::from(broker))?;
        Some((actor.up, actor.cut_until > self.now))
    }

    /// A partition with its replicas.
    pub fn partition_look(&self, at: TopicPartition) -> Option<&Partition> {
        self.partition(at).map(|actor| &actor.core)
    }

    /// Every copy of every partition.
    pub fn replicas(&self) -> impl Iterator<Item = &Replica> + '_ {
        let partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.flat_map(|actor| actor.core.replicas())
    }

    /// How many partitions a topic has; 0 where it is no log.
    pub fn log_partitions(&self, topic: u16) -> u32 {
        self.topics
            .get(usize::from(topic))
            .map_or(0, |topic| topic.partitions.len() as u32)
    }

    /// How far a service is in each partition it reads.
    pub fn lanes(&self, service: u16) -> impl Iterator<Item = LaneLook> + '_ {
        let actor = self.services.get(usize::from(service));
        actor.into_iter().flat_map(|actor| {
            actor.frontiers.iter().map(|frontier| LaneLook {
                at: frontier.at,
                owner: frontier.owner,
                committed: actor.group.offsets().committed(frontier.at).unwrap_or(0),
                processed: frontier.processed,
                delivered: frontier.delivered,
            })
        })
    }

    /// Messages that are stored for a service and that it is not through with.
    pub fn lag(&self, service: u16) -> u64 {
        let behind = self.lanes(service).map(|lane| {
            let end = self
                .partition_look(lane.at)
                .map_or(0, Partition::high_watermark);
            end.saturating_sub(lane.committed.max(lane.processed))
        });
        behind.sum::<u64>() + self.backlog(service)
    }

    /// A service's effects so far, its group's generation, and whether the group rebalances.
    pub fn service_look(&self, service: u16) -> Option<(u64, u32, bool)> {
        let actor = self.services.get(usize::from(service))?;
        let moving = matches!(
            actor.group.state(),
            GroupState::PreparingRebalance | GroupState::CompletingRebalance
        );
        Some((
            actor.effects,
            actor.group.generation().max(0) as u32,
            moving,
        ))
    }

    /// An instance of a service.
    pub fn member_look(&self, service: u16, member: u16) -> Option<MemberLook> {
        let actor = self.member(service, member)?;
        let group = &self.services.get(usize::from(service))?.group;
        let consumer = actor.consumer.as_ref();
        let membership = consumer.map(|consumer| consumer.membership());
        let in_group = membership.is_some_and(|own| {
            own.generation == group.generation()
                && group.members().any(|(id, _)| Some(id) == own.member)
        });
        let plan = &self.services.get(usize::from(service))?.plan;
        let doing = actor
            .work
            .current()
            .zip(actor.work.step(plan))
            .map(|(record, step)| {
                let nth = self.messages.get(record.message.id).map_or(1, |row| {
                    u32::from(row.delivered[usize::from(service) % super::MAX_SERVICES])
                });
                (record.message.id, step, nth)
            });
        Some(MemberLook {
            up: actor.up,
            paused_until: actor.paused_until,
            owned: consumer
                .map(|consumer| consumer.assignment().collect())
                .unwrap_or_default(),
            in_group: in_group || self.receiver_connected(service, member),
            doing,
            in_hand: actor.work.in_hand()
                + actor.receiver.waiting()
                + consumer.map_or(0, |consumer| u64::from(consumer.buffered())),
        })
    }
}
