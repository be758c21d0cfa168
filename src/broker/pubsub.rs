//! Redis Pub/Sub: a message goes to whoever is subscribed at that moment and is never stored; a
//! subscriber that reads too slowly is disconnected and loses what waited for it. Sources: the Redis
//! documentation on Pub/Sub and `client-output-buffer-limit`.

use super::wire::{Message, Micros, TopicId};
use std::collections::VecDeque;

/// A subscriber's number, chosen by the caller.
pub type SubscriberId = u32;

/// `client-output-buffer-limit pubsub`, counted in messages here. Redis counts bytes: 32 MB hard,
/// 8 MB soft for 60 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimit {
    /// More than this many waiting messages disconnect at once; 0 for no limit.
    pub hard: u64,
    /// More than this many for `soft_for` disconnect too; 0 for no limit.
    pub soft: u64,
    /// How long the soft limit may be exceeded.
    pub soft_for: Micros,
}

impl Default for BufferLimit {
    /// Redis's bytes with messages of 1 KiB.
    fn default() -> Self {
        Self {
            hard: 32 * 1024,
            soft: 8 * 1024,
            soft_for: 60_000_000,
        }
    }
}

/// What a subscriber asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// `SUBSCRIBE`: one channel.
    Channel(TopicId),
    /// `PSUBSCRIBE` with a pattern that matches the channels in `from..to`.
    Pattern {
        /// First channel that matches.
        from: TopicId,
        /// The channel after the last one that matches.
        to: TopicId,
    },
}

impl Subscription {
    fn matches(&self, channel: TopicId) -> bool {
        match *self {
            Self::Channel(c) => c == channel,
            Self::Pattern { from, to } => (from..to).contains(&channel),
        }
    }
}

/// A connected subscriber.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Its number.
    pub id: SubscriberId,
    subscriptions: Vec<Subscription>,
    buffer: VecDeque<Message>,
    over_soft_since: Option<Micros>,
}

impl Subscriber {
    /// Messages in its output buffer, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = Message> {
        self.buffer.iter().copied()
    }
}

/// A subscriber the server disconnected, with the messages that were lost by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// Its number.
    pub id: SubscriberId,
    /// What its buffer held.
    pub lost: VecDeque<Message>,
}

/// A server's subscribers. It holds no message but those on their way to them.
#[derive(Clone, Debug, Default)]
pub struct PubSub {
    limit: BufferLimit,
    subscribers: Vec<Subscriber>,
    disconnected: VecDeque<Disconnected>,
}

impl PubSub {
    /// A server without subscribers.
    pub fn new(limit: BufferLimit) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds a subscription and connects the subscriber if it is not. Subscribing to the same again
    /// changes nothing.
    pub fn subscribe(&mut self, id: SubscriberId, to: Subscription) {
        if let Some(subscriber) = self.subscribers.iter_mut().find(|s| s.id == id) {
            if !subscriber.subscriptions.contains(&to) {
                subscriber.subscriptions.push(to);
            }
            return;
        }
        let (subscriptions, buffer) = (vec![to], VecDeque::new());
        self.subscribers.push(Subscriber {
            id,
            subscriptions,
            buffer,
            over_soft_since: None,
        });
    }

    /// The subscriber's connection ends; what waited for it is lost and returned.
    pub fn disconnect(&mut self, id: SubscriberId) -> VecDeque<Message> {
        let at = self.subscribers.iter().position(|s| s.id == id);
        at.map(|at| self.subscribers.remove(at).buffer)
            .unwrap_or_default()
    }

    /// `PUBLISH`: returns to how many subscriptions the message went, as Redis does. One that matches
    /// by channel and by pattern gets it twice. With 0 the message is gone.
    pub fn publish(&mut self, now: Micros, channel: TopicId, message: Message) -> u32 {
        let mut receivers = 0;
        for subscriber in &mut self.subscribers {
            let matching = subscriber
                .subscriptions
                .iter()
                .filter(|s| s.matches(channel))
                .count();
            subscriber
                .buffer
                .extend(std::iter::repeat_n(message, matching));
            receivers += matching as u32;
            subscriber.watch(now, &self.limit);
        }
        while self.pop_slow(now) {}
        receivers
    }

    /// Up to `max` messages leave the subscriber's buffer, into its socket.
    pub fn read(&mut self, now: Micros, id: SubscriberId, max: usize) -> Vec<Message> {
        let limit = self.limit;
        let Some(subscriber) = self.subscribers.iter_mut().find(|s| s.id == id) else {
            return Vec::new();
        };
        let count = max.min(subscriber.buffer.len());
        let read = subscriber.buffer.drain(..count).collect();
        subscriber.watch(now, &limit);
        read
    }

    /// When the next subscriber has been over the soft limit for too long.
    pub fn next_deadline(&self) -> Option<Micros> {
        let since = self
            .subscribers
            .iter()
            .filter_map(|s| s.over_soft_since)
            .min()?;
        Some(since.saturating_add(self.limit.soft_for))
    }

    /// The next subscriber that was disconnected for being slow, by `now`. Call it until `None` after
    /// every publish and at every deadline.
    pub fn pop_disconnected(&mut self, now: Micros) -> Option<Disconnected> {
        while self.pop_slow(now) {}
        self.disconnected.pop_front()
    }

    /// The connected subscribers.
    pub fn subscribers(&self) -> &[Subscriber] {
        &self.subscribers
    }

    fn pop_slow(&mut self, now: Micros) -> bool {
        let limit = self.limit;
        let slow = |s: &Subscriber| {
            let over = limit.hard > 0 && s.buffer.len() as u64 > limit.hard;
            over || s
                .over_soft_since
                .is_some_and(|at| at.saturating_add(limit.soft_for) <= now)
        };
        let Some(at) = self.subscribers.iter().position(slow) else {
            return false;
        };
        let Subscriber { id, buffer, .. } = self.subscribers.remove(at);
        self.disconnected
            .push_back(Disconnected { id, lost: buffer });
        true
    }
}

impl Subscriber {
    fn watch(&mut self, now: Micros, limit: &BufferLimit) {
        let over = limit.soft > 0 && self.buffer.len() as u64 > limit.soft;
        self.over_soft_since = over.then(|| self.over_soft_since.unwrap_or(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: u64) -> Message {
        Message { id, key: 0 }
    }

    fn ids(messages: impl IntoIterator<Item = Message>) -> Vec<u64> {
        messages.into_iter().map(|m| m.id).collect()
    }

    #[test]
    fn a_message_goes_to_whoever_is_subscribed_now() {
        let mut server = PubSub::default();
        assert_eq!(server.publish(0, 1, message(0)), 0, "nobody: gone");
        server.subscribe(7, Subscription::Channel(1));
        server.subscribe(8, Subscription::Channel(1));
        server.subscribe(9, Subscription::Channel(2));
        assert_eq!(server.publish(0, 1, message(1)), 2);
        assert_eq!(ids(server.read(0, 7, 10)), [1]);
        assert!(ids(server.read(0, 7, 10)).is_empty());
        assert!(ids(server.read(0, 9, 10)).is_empty());
        assert_eq!(ids(server.disconnect(8)), [1]);
        assert_eq!(server.publish(0, 1, message(2)), 1);
        server.subscribe(8, Subscription::Channel(1));
        assert!(ids(server.read(0, 8, 10)).is_empty(), "nothing from before");
    }

    #[test]
    fn channel_and_pattern_both_deliver() {
        let mut server = PubSub::default();
        for _ in 0..2 {
            server.subscribe(7, Subscription::Channel(1));
            server.subscribe(7, Subscription::Pattern { from: 0, to: 5 });
        }
        assert_eq!(server.publish(0, 1, message(1)), 2);
        assert_eq!(server.publish(0, 5, message(2)), 0);
        assert_eq!(ids(server.read(0, 7, 10)), [1, 1]);
    }

    #[test]
    fn a_slow_subscriber_is_disconnected_at_the_hard_limit() {
        let mut server = PubSub::new(BufferLimit {
            hard: 2,
            soft: 0,
            soft_for: 0,
        });
        server.subscribe(7, Subscription::Channel(1));
        for id in 0..3 {
            assert_eq!(server.pop_disconnected(0), None);
            assert_eq!(server.publish(0, 1, message(id)), 1);
        }
        let gone = server.pop_disconnected(0).map(|d| (d.id, ids(d.lost)));
        assert_eq!(gone, Some((7, vec![0, 1, 2])));
        assert!(server.subscribers().is_empty());
    }

    #[test]
    fn the_soft_limit_disconnects_when_exceeded_without_a_break() {
        let mut server = PubSub::new(BufferLimit {
            hard: 0,
            soft: 1,
            soft_for: 60,
        });
        server.subscribe(7, Subscription::Channel(1));
        server.publish(0, 1, message(0));
        assert_eq!(server.next_deadline(), None);
        server.publish(10, 1, message(1));
        assert_eq!(server.next_deadline(), Some(70));
        server.read(20, 7, 1);
        assert_eq!(server.next_deadline(), None);
        server.publish(30, 1, message(2));
        server.publish(40, 1, message(3));
        assert_eq!(server.next_deadline(), Some(90));
        assert_eq!(server.pop_disconnected(89), None);
        assert_eq!(
            server.pop_disconnected(90).map(|d| ids(d.lost)),
            Some(vec![1, 2, 3])
        );
    }
}
