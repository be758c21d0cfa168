//! Redis Pub/Sub in the world: what is published goes to the instances that are connected now.

use std::sync::Arc;

use crate::broker::pubsub::{BufferLimit, PubSub, Subscription};
use crate::broker::wire::{Message, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::scenario::PubSubChannel;
use crate::trace::{EventId, NO_CAUSE, Why};

use super::World;
use super::member::Seat;
use super::queues::{Body, QueueCargo};

/// A channel and who is connected to it.
#[derive(Clone, Debug)]
pub(super) struct PubSubTopic {
    server: PubSub,
    readers: Vec<u16>,
    conns: Vec<Conn>,
    /// Messages that went out to at least one subscriber.
    pub sent: u64,
    /// Messages that met none.
    pub unheard: u64,
}

#[derive(Clone, Copy, Debug)]
struct Conn {
    seat: Seat,
    link: u32,
    /// Written to its socket and not read by its application.
    unread: u32,
}

impl Conn {
    fn id(&self) -> u32 {
        u32::from(self.seat.service) << 16 | u32::from(self.seat.member)
    }
}

impl PubSubTopic {
    /// A channel that nobody listens to yet.
    pub fn new(channel: &PubSubChannel, readers: Vec<u16>) -> Self {
        PubSubTopic {
            server: PubSub::new(limit(channel)),
            readers,
            conns: Vec::new(),
            sent: 0,
            unheard: 0,
        }
    }

    /// Messages in the output buffers of all subscribers.
    pub fn buffered(&self) -> usize {
        let subscribers = self.server.subscribers().iter();
        subscribers.map(|s| s.waiting().count()).sum()
    }

    /// Messages in the output buffers of a service's instances.
    pub fn buffered_for(&self, service: u16) -> usize {
        let subscribers = self.server.subscribers().iter();
        let own = subscribers.filter(|s| s.id >> 16 == u32::from(service));
        own.map(|s| s.waiting().count()).sum()
    }
}

fn limit(channel: &PubSubChannel) -> BufferLimit {
    BufferLimit {
        hard: u64::from(channel.output_buffer),
        soft: 0,
        soft_for: 0,
    }
}

impl World {
    fn pubsub(&mut self, at: TopicPartition) -> Option<&mut PubSubTopic> {
        match self.body_mut(at.topic)? {
            Body::PubSub(topic) => Some(topic),
            _ => None,
        }
    }

    /// `PUBLISH`.
    pub(super) fn publish_to_channel(
        &mut self,
        at: TopicPartition,
        message: Message,
        cause: EventId,
    ) {
        let now = self.now;
        let Some(topic) = self.pubsub(at) else { return };
        let heard = topic.server.publish(now, at.topic, message);
        topic.sent += u64::from(heard > 0);
        topic.unheard += u64::from(heard == 0);
        let listens = |s: &u16| topic.conns.iter().any(|conn| conn.seat.service == *s);
        let deaf: Vec<u16> = topic
            .readers
            .iter()
            .copied()
            .filter(|s| !listens(s))
            .collect();
        let conns = topic.conns.clone();
        if let Some(row) = self.messages.get_mut(message.id) {
            row.last = cause;
        }
        for service in deaf {
            self.unheard(at, service, message.id, Why::NobodyListening);
        }
        self.disconnect_slow(at);
        for conn in conns {
            self.write_socket(at, conn.seat);
        }
    }

    /// `SUBSCRIBE` on a new connection.
    pub(super) fn subscribe(&mut self, at: TopicPartition, seat: Seat, link: u32) {
        let conn = Conn {
            seat,
            link,
            unread: 0,
        };
        let earlier = self.pubsub(at).and_then(|topic| {
            let mut conns = topic.conns.iter();
            conns.find(|other| other.id() == conn.id()).copied()
        });
        match earlier {
            Some(newer) if newer.seat == seat && newer.link >= link => return,
            Some(old) => self.unsubscribe(at, old.seat, old.link, NO_CAUSE),
            None => {}
        }
        let Some(topic) = self.pubsub(at) else { return };
        let to = Subscription::Channel(at.topic);
        topic.server.subscribe(conn.id(), to);
        topic.conns.push(conn);
        self.subscribed(seat, true, NO_CAUSE);
        let open = QueueCargo::Link {
            seat,
            at,
            link,
            up: true,
        };
        self.send_to_receiver(at, seat, open);
    }

    /// A subscriber's connection is gone, and with it what waited for it.
    pub(super) fn unsubscribe(
        &mut self,
        at: TopicPartition,
        seat: Seat,
        link: u32,
        _cause: EventId,
    ) {
        let Some(topic) = self.pubsub(at) else { return };
        let same = |conn: &Conn| conn.link == link && conn.seat == seat;
        let Some(place) = topic.conns.iter().position(same) else {
            return;
        };
        let conn = topic.conns.remove(place);
        let lost = topic.server.disconnect(conn.id());
        self.subscribed(seat, false, NO_CAUSE);
        for message in lost {
            self.unheard(at, seat.service, message.id, Why::NobodyListening);
        }
    }

    /// Subscribers whose buffer is over its limit are cut off.
    fn disconnect_slow(&mut self, at: TopicPartition) {
        let now = self.now;
        while let Some(gone) = self.pubsub(at).and_then(|t| t.server.pop_disconnected(now)) {
            let Some(topic) = self.pubsub(at) else { return };
            let Some(place) = topic.conns.iter().position(|conn| conn.id() == gone.id) else {
                continue;
            };
            let Conn { seat, link, .. } = topic.conns.remove(place);
            let newest = gone.lost.back().map_or(0, |message| message.id);
            let reason = self.messages.get(newest).map_or(NO_CAUSE, |row| row.last);
            self.subscribed(seat, false, reason);
            for message in gone.lost {
                self.unheard(at, seat.service, message.id, Why::SlowSubscriber);
            }
            let closed = QueueCargo::Link {
                seat,
                at,
                link,
                up: false,
            };
            self.send_to_receiver(at, seat, closed);
        }
    }

    /// Moves messages from a subscriber's output buffer into its socket, as far as TCP lets it: as
    /// many may be there unread as `max.poll.records` says.
    fn write_socket(&mut self, at: TopicPartition, seat: Seat) {
        let now = self.now;
        let window = self.scenario.services[usize::from(seat.service)]
            .max_poll
            .max(1);
        loop {
            let Some(topic) = self.pubsub(at) else { return };
            let Some(conn) = topic.conns.iter_mut().find(|conn| conn.seat == seat) else {
                return;
            };
            if conn.unread >= window {
                return;
            }
            let Some(&message) = topic.server.read(now, conn.id(), 1).first() else {
                return;
            };
            conn.unread += 1;
            let link = conn.link;
            let cause = self.queue_cause(at, message.id);
            let record = ConsumerRecord {
                delivery: 0,
                partition: at,
                offset: 0,
                message,
            };
            self.deliver_records(at, seat, link, Arc::from([record]), cause);
        }
    }

    /// An application has read from its socket (or the network lost what was in it), so there is room.
    pub(super) fn taken_from_socket(
        &mut self,
        at: TopicPartition,
        seat: Seat,
        link: Option<u32>,
        count: u32,
    ) {
        let Some(topic) = self.pubsub(at) else { return };
        let same =
            |conn: &&mut Conn| conn.seat == seat && link.is_none_or(|link| conn.link == link);
        if let Some(conn) = topic.conns.iter_mut().find(same) {
            conn.unread = conn.unread.saturating_sub(count);
        }
        self.write_socket(at, seat);
    }

    /// The server dies: it had nothing but its connections and their buffers.
    pub(super) fn pubsub_server_dies(&mut self, topic: u32) {
        let at = TopicPartition {
            topic,
            partition: 0,
        };
        let conns = self.pubsub(at).map_or(Vec::new(), |t| t.conns.clone());
        for Conn { seat, link, .. } in conns {
            self.close_link(at, seat, link, NO_CAUSE);
            let closed = QueueCargo::Link {
                seat,
                at,
                link,
                up: false,
            };
            self.send_to_receiver(at, seat, closed);
        }
    }
}
