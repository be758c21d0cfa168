//! Faults are data: each one that fires has a name by which it can be suppressed or placed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::draw::{Draw, chance_of};

/// Where something can go wrong, or where chance has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Site {
    /// A request from a producer to the broker is lost.
    RequestLoss,
    /// The broker's answer to a producer is lost.
    AckLoss,
    /// Records on their way from the broker to a consumer are lost.
    DeliveryLoss,
    /// A consumer's commit, ack or delete is lost on its way to the broker.
    CommitLoss,
    /// The answer to a commit, ack or delete is lost.
    CommitAckLoss,
    /// The network delivers a producer's request twice.
    Duplication,
    /// The queue hands out a message that another consumer holds (SQS standard queues).
    DoubleDelivery,
    /// A producer process crashes.
    ProducerCrash,
    /// A broker process crashes.
    BrokerCrash,
    /// A consumer process crashes.
    ConsumerCrash,
    /// A consumer crashes at a chosen step of its handler.
    StepCrash,
    /// A handler's effect fails and may succeed if tried again.
    TransientFailure,
    /// A message no attempt can process.
    Poison,
    /// A link between two parties is cut.
    LinkCut,
    /// Chance without harm: how long something takes.
    Delay,
    /// Chance without harm: when the next message is published.
    Arrival,
    /// Chance without harm: which key a message has.
    Key,
    /// Chance without harm: how long a handler's step takes.
    ServiceTime,
    /// Chance without harm: jitter of a retry's wait.
    Backoff,
    /// A process stands still for a while.
    Pause,
}

/// The name of one fault: what kind, whom it meets, and at which attempt.
///
/// `party` is the actor or service concerned (0 where there is one only), `entity` the message's id
/// or the running number of a crash, `attempt` counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FaultKey {
    /// What kind of fault.
    pub site: Site,
    /// Whom it meets.
    pub party: u32,
    /// Which message, or which crash of this party.
    pub entity: u64,
    /// Which attempt, from 1.
    pub attempt: u32,
}

impl FaultKey {
    /// The random bits that belong to this name under `draw`.
    #[inline]
    pub fn bits(&self, draw: &Draw) -> u64 {
        draw.bits(
            (self.site as u32) << 16 | self.party,
            self.entity,
            self.attempt,
        )
    }
}

/// Which faults fire: those that chance picks at the given rates, plus the placed, minus the suppressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    placed: BTreeSet<FaultKey>,
    suppressed: BTreeSet<FaultKey>,
}

impl FaultPlan {
    /// Makes this fault fire whatever its rate.
    pub fn place(&mut self, key: FaultKey) {
        self.placed.insert(key);
    }

    /// Keeps this fault from firing, even if it is placed.
    pub fn suppress(&mut self, key: FaultKey) {
        self.suppressed.insert(key);
    }

    /// Whether the fault of this name fires when its kind happens at `ppm` parts per million.
    #[inline]
    pub fn fires(&self, draw: &Draw, key: FaultKey, ppm: u32) -> bool {
        let by_chance = ppm > 0 && chance_of(key.bits(draw), ppm);
        let wanted = by_chance || (!self.placed.is_empty() && self.placed.contains(&key));
        wanted && !self.is_suppressed(&key)
    }

    /// Whether this fault is kept from firing.
    #[inline]
    pub fn is_suppressed(&self, key: &FaultKey) -> bool {
        !self.suppressed.is_empty() && self.suppressed.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(entity: u64) -> FaultKey {
        FaultKey {
            site: Site::RequestLoss,
            party: 0,
            entity,
            attempt: 1,
        }
    }

    #[test]
    fn placed_fires_at_rate_zero_and_suppressed_never() {
        let draw = Draw::new(1);
        let mut plan = FaultPlan::default();
        assert!(!plan.fires(&draw, key(4), 0));
        plan.place(key(4));
        assert!(plan.fires(&draw, key(4), 0));
        plan.suppress(key(4));
        assert!(!plan.fires(&draw, key(4), 0));
        plan.suppress(key(5));
        assert!(!plan.fires(&draw, key(5), crate::sim::PPM));
        assert!(plan.fires(&draw, key(6), crate::sim::PPM));
    }
}
