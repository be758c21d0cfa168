//! Whether anything can still happen to a message.

use crate::scenario::CommitWhen;

use super::World;
use super::member::ServiceActor;

impl World {
    /// True when no more messages come, every producer has heard about its messages, and every service is
    /// through with what it can read.
    pub fn settled(&self) -> bool {
        self.publishing.ended
            && self.producers.iter().all(|producer| producer.is_done())
            && self
                .services
                .iter()
                .zip(&self.scenario.services)
                .all(|(service, config)| {
                    service.members.iter().all(|member| member.work.is_idle())
                        && self.has_read_all(service)
                        && (config.commit == CommitWhen::Never || committed_all(service))
                })
    }

    /// Every partition has an owner whose position is at the log's end.
    fn has_read_all(&self, service: &ServiceActor) -> bool {
        service.frontiers.iter().all(|frontier| {
            let end = self
                .partition(frontier.at)
                .map_or(0, |actor| actor.core.log_end());
            let owner = frontier
                .owner
                .and_then(|owner| service.members.get(usize::from(owner)));
            let consumer = owner.and_then(|owner| owner.consumer.as_ref());
            consumer
                .and_then(|consumer| consumer.position(frontier.at))
                .is_some_and(|at| at >= end)
        })
    }
}

/// Everything that was processed is committed.
fn committed_all(service: &ServiceActor) -> bool {
    service.frontiers.iter().all(|frontier| {
        service.group.offsets().committed(frontier.at).unwrap_or(0) >= frontier.processed
    })
}
