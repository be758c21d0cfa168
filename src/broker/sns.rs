//! An SNS topic: every publish becomes one delivery per subscription, each retried on its own until
//! its queue took it. Source: the SNS developer guide, "message delivery retries" (for endpoints
//! managed by AWS, such as SQS): 3 attempts more at once, 2 after 1 s, 10 with a growing pause of 1 to
//! 20 s, 100,000 after 20 s each; then the message is dropped for this subscription.

use super::wire::{Message, Micros};
use std::collections::{BTreeMap, BTreeSet};

const SECOND: Micros = 1_000_000;
/// Retries after the first attempt of a delivery.
pub const MAX_RETRIES: u32 = 100_015;
/// The pauses of the growing phase: 20 to the power of k/9 seconds, k from 0 to 9.
const GROWING: [Micros; 10] = [
    1_000_000, 1_394_951, 1_945_888, 2_714_418, 3_786_479, 5_281_952, 7_368_063, 10_278_085,
    14_337_423, 20_000_000,
];

/// Pause before the `retry`-th retry, counted from 1. `None` after the last.
pub fn pause(retry: u32) -> Option<Micros> {
    match retry {
        0..=3 => Some(0),
        4..=5 => Some(SECOND),
        6..=15 => Some(GROWING[(retry - 6) as usize]),
        16..=MAX_RETRIES => Some(20 * SECOND),
        _ => None,
    }
}

/// A subscription's number, chosen by the caller; it names the queue behind it.
pub type SubscriptionId = u32;

/// One attempt to hand a message to a subscription's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Names the delivery in `delivered` and `failed`.
    pub delivery: u64,
    /// Where to.
    pub subscription: SubscriptionId,
    /// The copy.
    pub message: Message,
    /// 0 for the first attempt, then the number of the retry.
    pub retry: u32,
}

/// What comes after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Another attempt at this time.
    RetryAt(Micros),
    /// No more: dropped, unless the subscription has a dead-letter queue, into which the caller
    /// puts it.
    GivenUp {
        /// Where it should have gone.
        subscription: SubscriptionId,
        /// The copy.
        message: Message,
    },
    /// The delivery is not under way.
    Unknown,
}

/// A delivery that is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Where to.
    pub subscription: SubscriptionId,
    /// The copy.
    pub message: Message,
    /// Failed attempts so far.
    pub failures: u32,
    /// When the next attempt is due; `None` while one is under way.
    pub next: Option<Micros>,
}

/// A topic with its subscriptions and what is under way to them.
#[derive(Clone, Debug, Default)]
pub struct SnsTopic {
    subscriptions: Vec<SubscriptionId>,
    published: u64,
    last: u64,
    pending: BTreeMap<u64, Pending>,
    due: BTreeSet<(Micros, u64)>,
}

impl SnsTopic {
    /// Adds a subscription; it gets what is published from now on.
    pub fn subscribe(&mut self, id: SubscriptionId) {
        if !self.subscriptions.contains(&id) {
            self.subscriptions.push(id);
        }
    }

    /// Removes a subscription and the deliveries that are under way to it.
    pub fn unsubscribe(&mut self, id: SubscriptionId) {
        self.subscriptions.retain(|s| *s != id);
        let gone = self.pending.iter().filter(|(_, p)| p.subscription == id);
        let gone: Vec<(u64, Option<Micros>)> = gone.map(|(n, p)| (*n, p.next)).collect();
        for (number, next) in gone {
            self.pending.remove(&number);
            next.map(|at| self.due.remove(&(at, number)));
        }
    }

    /// Stores a message for every subscription there is now and returns its id: the n-th publish,
    /// from 1. The publisher's success says no more than this.
    pub fn publish(&mut self, now: Micros, message: Message) -> u64 {
        for &subscription in &self.subscriptions {
            self.last += 1;
            let pending = Pending {
                subscription,
                message,
                failures: 0,
                next: Some(now),
            };
            self.pending.insert(self.last, pending);
            self.due.insert((now, self.last));
        }
        self.published += 1;
        self.published
    }

    /// When the next attempt is due.
    pub fn next_deadline(&self) -> Option<Micros> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The next attempt due by `now`; the caller makes it and reports `delivered` or `failed`. A queue
    /// that took the message while its answer was lost gets it again.
    pub fn pop_due(&mut self, now: Micros) -> Option<Attempt> {
        let (_, delivery) = *self.due.first().filter(|(at, _)| *at <= now)?;
        self.due.pop_first();
        let pending = self.pending.get_mut(&delivery)?;
        pending.next = None;
        let Pending {
            subscription,
            message,
            failures,
            ..
        } = *pending;
        Some(Attempt {
            delivery,
            subscription,
            message,
            retry: failures,
        })
    }

    /// The queue took the message. `false`: the delivery was not under way.
    pub fn delivered(&mut self, delivery: u64) -> bool {
        let Some(pending) = self.pending.remove(&delivery) else {
            return false;
        };
        pending.next.map(|at| self.due.remove(&(at, delivery)));
        true
    }

    /// The attempt failed, or its answer did not come. `jitter_ppm` shortens the pause by so many
    /// parts per million (at most 1,000,000); the caller draws it.
    pub fn failed(&mut self, now: Micros, delivery: u64, jitter_ppm: u32) -> Failed {
        let under_way = self.pending.get_mut(&delivery).filter(|p| p.next.is_none());
        let Some(pending) = under_way else {
            return Failed::Unknown;
        };
        pending.failures += 1;
        let Pending {
            subscription,
            message,
            failures,
            ..
        } = *pending;
        let Some(pause) = pause(failures) else {
            self.pending.remove(&delivery);
            return Failed::GivenUp {
                subscription,
                message,
            };
        };
        let shorter = pause * u64::from(jitter_ppm.min(1_000_000)) / 1_000_000;
        let at = now.saturating_add(pause - shorter);
        pending.next = Some(at);
        self.due.insert((at, delivery));
        Failed::RetryAt(at)
    }

    /// The delivery of a message to a subscription that waits for its answer, if there is one.
    pub fn under_way(&self, subscription: SubscriptionId, message: u64) -> Option<u64> {
        let waits = |p: &Pending| {
            p.next.is_none() && p.subscription == subscription && p.message.id == message
        };
        let mut pending = self.pending.iter();
        pending.find(|(_, p)| waits(p)).map(|(number, _)| *number)
    }

    /// What is not delivered yet, in order of publishing.
    pub fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.pending.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: Message = Message { id: 5, key: 0 };

    #[test]
    fn each_subscription_gets_its_own_copy_and_a_later_one_nothing_from_before() {
        let mut topic = SnsTopic::default();
        assert_eq!(topic.publish(0, M), 1);
        topic.subscribe(1);
        topic.subscribe(2);
        assert_eq!(topic.publish(0, M), 2);
        topic.subscribe(3);
        let to: Vec<_> = std::iter::from_fn(|| topic.pop_due(0))
            .map(|a| a.subscription)
            .collect();
        assert_eq!(to, [1, 2]);
    }

    #[test]
    fn one_failing_subscription_does_not_hold_up_another() {
        let mut topic = SnsTopic::default();
        topic.subscribe(1);
        topic.subscribe(2);
        topic.publish(0, M);
        let first = topic.pop_due(0).unwrap();
        let second = topic.pop_due(0).unwrap();
        assert_eq!(topic.failed(10, first.delivery, 0), Failed::RetryAt(10));
        assert!(topic.delivered(second.delivery));
        assert!(!topic.delivered(second.delivery));
        let again = topic.pop_due(10).unwrap();
        assert_eq!(again, Attempt { retry: 1, ..first });
        assert_eq!(topic.failed(10, second.delivery, 0), Failed::Unknown);
        topic.failed(20, first.delivery, 0);
        topic.unsubscribe(1);
        assert_eq!((topic.next_deadline(), topic.pending().count()), (None, 0));
    }

    #[test]
    fn a_delivery_is_given_up_after_100_015_retries_and_23_days() {
        let mut topic = SnsTopic::default();
        topic.subscribe(1);
        topic.publish(0, M);
        let (mut now, mut attempts) = (0, 0);
        while let Some(attempt) = topic.pop_due(now) {
            attempts += 1;
            match topic.failed(now, attempt.delivery, 0) {
                Failed::RetryAt(at) => now = at,
                end => assert_eq!(
                    end,
                    Failed::GivenUp {
                        subscription: 1,
                        message: M
                    }
                ),
            }
        }
        assert_eq!((attempts, now / (86_400 * SECOND)), (100_016, 23));
        assert_eq!(topic.pending().count(), 0);
    }

    #[test]
    fn jitter_shortens_the_pause() {
        let mut topic = SnsTopic::default();
        topic.subscribe(1);
        topic.publish(0, M);
        for _ in 0..3 {
            let attempt = topic.pop_due(0).unwrap();
            topic.failed(0, attempt.delivery, 500_000);
        }
        let attempt = topic.pop_due(0).unwrap();
        assert_eq!(
            topic.failed(0, attempt.delivery, 500_000),
            Failed::RetryAt(SECOND / 2)
        );
    }

    #[test]
    fn the_growing_pauses_are_a_geometric_row() {
        for (k, micros) in GROWING.iter().enumerate() {
            let exact = libm::pow(20.0, k as f64 / 9.0) * 1e6;
            assert!((*micros as f64 - exact).abs() < 1.0, "{k}: {exact}");
        }
    }
}
