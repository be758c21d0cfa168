//! Brokers die, are missed, and come back; others lead meanwhile.

use super::{Ev, World};
use crate::broker::partition::LeaderChange;
use crate::broker::wire::{BrokerId, Micros, TopicPartition};
use crate::trace::{EventId, Kind, NO_CAUSE};

impl World {
    /// A broker's process dies. The cluster notices after `broker.session.timeout.ms`.
    pub(super) fn broker_dies(&mut self, broker: u16, cause: EventId) {
        let actor = &mut self.brokers[usize::from(broker)];
        actor.up = false;
        actor.latest = cause;
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
        let (now, died) = (self.now, actor.latest);
        self.each_partition(|world, at| {
            let change = world
                .partition_mut(at)
                .and_then(|actor| actor.core.fence(u32::from(broker), now));
            world.leadership(at, change, died);
        });
    }

    /// A broker's process is back.
    pub(super) fn broker_returns(&mut self, broker: u16, cause: EventId) {
        let actor = &mut self.brokers[usize::from(broker)];
        (actor.up, actor.latest) = (true, cause);
        let now = self.now;
        self.each_partition(|world, at| {
            let change = world
                .partition_mut(at)
                .and_then(|actor| actor.core.restart(u32::from(broker), now));
            world.leadership(at, change, cause);
            world.start_followers(at);
        });
        self.queues_return(broker);
    }

    /// Tells everybody about a new leader, or that there is none.
    pub(super) fn leadership(
        &mut self,
        at: TopicPartition,
        change: Option<LeaderChange>,
        cause: EventId,
    ) {
        let (topic, partition) = (at.topic as u16, at.partition);
        if let Some(change) = change {
            match change.leader {
                Some(leader) => {
                    let (broker, epoch, unclean) =
                        (leader as u16, change.leader_epoch, change.unclean);
                    let elected = self.record(
                        cause,
                        Kind::Elected {
                            topic,
                            partition,
                            broker,
                            epoch,
                            unclean,
                        },
                    );
                    if let Some(actor) = self.partition_mut(at) {
                        actor.latest = elected;
                        // A new leader's high watermark may be behind what the old one had told.
                        actor.high_watermark = actor.core.high_watermark();
                        actor.last_stable = actor.core.last_stable_offset();
                        actor.keep_outputs();
                    }
                }
                None => {
                    self.record(cause, Kind::Leaderless { topic, partition });
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
            let event = self.record(NO_CAUSE, kind);
            self.brokers[usize::from(broker)].latest = event;
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
                let latest = actor.latest;
                let (topic, partition) = (at.topic as u16, at.partition);
                if below > before {
                    world.record(
                        latest,
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
