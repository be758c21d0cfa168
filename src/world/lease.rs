//! SQS in the world: the server's side of queues with leases, and SNS in front of them.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broker::lease::{
    Config, Due, Kind as QueueKind, LeaseQueue, MAX_BATCH, Received, Send, Sent,
};
use crate::broker::sns::SnsTopic;
use crate::broker::wire::{Message, Micros, TopicPartition};
use crate::client::consumer::ConsumerRecord;
use crate::scenario::LeaseChannel;
use crate::sim::{FaultKey, Rows, Site};
use crate::trace::{EventId, Kind, Leg, NO_CAUSE, Why};

use super::member::Seat;

use super::queues::{Body, QueueEv, Settlement};
use super::receive::RECEIVE_WAIT;
use super::{Ev, MESSAGE_WINDOW, World};

/// One queue for all services that read the topic, or (SNS) one for each.
#[derive(Clone, Debug)]
pub(super) struct LeaseTopic {
    pub queues: Vec<LeaseActor>,
    pub sns: Option<SnsTopic>,
}

/// A queue with its dead-letter queue.
#[derive(Clone, Debug)]
pub(super) struct LeaseActor {
    pub queue: LeaseQueue,
    pub dead: LeaseQueue,
    /// The services that receive from it.
    pub readers: Vec<u16>,
    pub waiting: VecDeque<Waiting>,
    pub writing: Vec<(Settlement, EventId)>,
    timer: Option<Micros>,
    /// By message: the latest event of its life in this queue.
    pub story: Rows<EventId>,
}

/// A long-poll receive that nothing was there for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    seat: Seat,
    request: u32,
}

impl LeaseTopic {
    /// SQS: one queue, for which all services compete.
    pub fn shared(config: &LeaseChannel, readers: Vec<u16>) -> Result<Self, String> {
        let queues = vec![LeaseActor::new(config, readers)?];
        Ok(LeaseTopic { queues, sns: None })
    }

    /// SNS: a queue for each service.
    pub fn for_each(config: &LeaseChannel, readers: Vec<u16>) -> Result<Self, String> {
        let mut sns = SnsTopic::default();
        (0..readers.len() as u32).for_each(|queue| sns.subscribe(queue));
        let queues = readers
            .into_iter()
            .map(|s| LeaseActor::new(config, vec![s]));
        Ok(LeaseTopic {
            queues: queues.collect::<Result<_, _>>()?,
            sns: Some(sns),
        })
    }

    /// The queue from which a service receives.
    pub fn queue_of(&self, service: u16) -> Option<usize> {
        self.queues
            .iter()
            .position(|q| q.readers.contains(&service))
    }

    /// True when nothing is left to be received or handed over, now or by a redrive to come.
    pub fn is_done(&self, redrive_to_come: bool) -> bool {
        let empty = |q: &LeaseActor| q.queue.is_empty() && (q.dead.is_empty() || !redrive_to_come);
        let handed_over = self
            .sns
            .as_ref()
            .is_none_or(|s| s.pending().next().is_none());
        handed_over && self.queues.iter().all(empty)
    }
}

impl LeaseActor {
    fn new(channel: &LeaseChannel, readers: Vec<u16>) -> Result<Self, String> {
        let kind = if channel.fifo {
            QueueKind::Fifo
        } else {
            QueueKind::Standard
        };
        let dead = Config::new(kind);
        let config = Config {
            visibility_timeout: channel.visibility_timeout.0,
            max_receive_count: Some(channel.max_receive_count).filter(|&most| most > 0),
            delay: channel.delay.0,
            ..dead
        };
        let invalid = |error: crate::broker::lease::Invalid| {
            format!(
                "`{}` is outside the range that SQS allows.",
                error.attribute
            )
        };
        Ok(LeaseActor {
            queue: LeaseQueue::new(config).map_err(invalid)?,
            dead: LeaseQueue::new(dead).map_err(invalid)?,
            readers,
            waiting: VecDeque::new(),
            writing: Vec::new(),
            timer: None,
            story: Rows::new(MESSAGE_WINDOW),
        })
    }

    fn last(&self, message: u64) -> EventId {
        self.story.get(message).copied().unwrap_or(NO_CAUSE)
    }
}

impl World {
    pub(super) fn lease(&self, at: TopicPartition) -> Option<&LeaseActor> {
        match self.body(at.topic)? {
            Body::Lease(topic) => topic.queues.get(at.partition as usize),
            _ => None,
        }
    }

    pub(super) fn lease_mut(&mut self, at: TopicPartition) -> Option<&mut LeaseActor> {
        match self.body_mut(at.topic)? {
            Body::Lease(topic) => topic.queues.get_mut(at.partition as usize),
            _ => None,
        }
    }

    /// Writes down what happened to a message in a queue, caused by what happened to it before.
    pub(super) fn happened(&mut self, at: TopicPartition, message: u64, kind: Kind) -> EventId {
        let cause = self.lease(at).map_or(NO_CAUSE, |queue| queue.last(message));
        let event = self.record(cause, kind);
        self.remember(at, message, event);
        event
    }

    pub(super) fn remember(&mut self, at: TopicPartition, message: u64, event: EventId) {
        let row = self
            .lease_mut(at)
            .and_then(|queue| queue.story.get_mut(message));
        if let Some(row) = row {
            *row = event;
        }
    }

    /// `SendMessage`: the key is the message group, the message's id the deduplication id.
    pub(super) fn enqueue(&mut self, at: TopicPartition, message: Message, cause: EventId) -> bool {
        self.pop_leases(at);
        let now = self.now;
        let behind_sns = matches!(self.body(at.topic), Some(Body::Lease(t)) if t.sns.is_some());
        let Some(actor) = self.lease_mut(at) else {
            return false;
        };
        let own = actor.readers.first().copied().filter(|_| behind_sns);
        let sent = actor.queue.send(now, Send::new(message));
        match sent {
            Ok(Sent::Stored(_)) => {
                let event = self.record_enqueued(at, message.id, own, cause);
                self.remember(at, message.id, event);
            }
            Ok(Sent::Duplicate) => {
                let (topic, queue, message) = (at.topic as u16, at.partition as u16, message.id);
                let kind = Kind::Deduplicated {
                    topic,
                    queue,
                    message,
                };
                let event = self.record(cause, kind);
                if let Some(row) = self.messages.get_mut(message) {
                    row.last = event;
                }
            }
            Err(_) => {}
        }
        self.serve_receives(at);
        matches!(sent, Ok(Sent::Stored(_)))
    }

    /// `ReceiveMessage` has arrived: it is answered, or waits.
    pub(super) fn receive_arrives(&mut self, at: TopicPartition, seat: Seat, request: u32) {
        self.pop_leases(at);
        if !self.hand_out(at, seat, request) {
            let until = self.now + RECEIVE_WAIT;
            if let Some(actor) = self.lease_mut(at) {
                actor.waiting.push_back(Waiting { seat, request });
            }
            self.queue
                .push(until, Ev::Queue(QueueEv::Waited { at, seat, request }));
        }
        self.plan_leases(at);
    }

    /// A receive has waited long enough: an empty answer.
    pub(super) fn receive_waited(&mut self, at: TopicPartition, seat: Seat, request: u32) {
        let Some(actor) = self.lease_mut(at) else {
            return;
        };
        let before = actor.waiting.len();
        let same = |w: &Waiting| w.seat == seat && w.request == request;
        actor.waiting.retain(|waiting| !same(waiting));
        if actor.waiting.len() < before {
            self.deliver_records(at, seat, request, Arc::from([]), NO_CAUSE);
        }
    }

    /// The connection of somebody who waits is closed.
    pub(super) fn forget_receives(&mut self, at: TopicPartition, seat: Seat) {
        if let Some(actor) = self.lease_mut(at) {
            actor.waiting.retain(|waiting| waiting.seat != seat);
        }
    }

    pub(super) fn serve_receives(&mut self, at: TopicPartition) {
        while self.queues_up()
            && let Some(&Waiting { seat, request }) =
                self.lease(at).and_then(|actor| actor.waiting.front())
            && self.hand_out(at, seat, request)
        {
            if let Some(actor) = self.lease_mut(at) {
                actor.waiting.pop_front();
            }
        }
        self.plan_leases(at);
    }

    /// Leases what is visible to a receiver. False: nothing is.
    fn hand_out(&mut self, at: TopicPartition, seat: Seat, request: u32) -> bool {
        let now = self.now;
        let config = &self.scenario.services[usize::from(seat.service)];
        let most = config.max_poll.clamp(1, MAX_BATCH);
        let holder = u32::from(seat.service) << 16 | u32::from(seat.member);
        let Some(actor) = self.lease_mut(at) else {
            return false;
        };
        let Ok(batch) = actor.queue.receive(now, holder, most, None) else {
            return false;
        };
        for letter in batch.dead_letters {
            self.bury(at, letter);
        }
        let mut cause = NO_CAUSE;
        for (received, nth) in batch.messages.iter().zip(0..) {
            let event = self.leased(at, seat, received);
            cause = if nth == 0 { event } else { cause };
        }
        let records: Arc<[_]> = batch
            .messages
            .iter()
            .map(|received| ConsumerRecord {
                delivery: 0,
                partition: at,
                offset: received.handle.0,
                message: received.message,
            })
            .collect();
        let some = !records.is_empty();
        if some {
            self.deliver_records(at, seat, request, records, cause);
        }
        some
    }

    /// Writes down a lease; now and then a standard queue leaves the message visible all the same.
    fn leased(&mut self, at: TopicPartition, seat: Seat, received: &Received) -> EventId {
        let message = received.message.id;
        let kind = Kind::Leased {
            service: seat.service,
            member: seat.member,
            message,
            receipt: received.handle.0,
            until: received.until,
            nth: received.receive_count,
        };
        let event = self.happened(at, message, kind);
        let fault = FaultKey {
            site: Site::DoubleDelivery,
            party: at.topic << 8 | at.partition,
            entity: message,
            attempt: received.receive_count,
        };
        let ppm = self.lease_config(at).map_or(0, |c| c.double_delivery.0);
        let fires = self.plan.fires(&self.draw, fault, ppm);
        let twice = fires
            && self
                .lease_mut(at)
                .is_some_and(|actor| actor.queue.leave_visible(received.handle));
        if twice {
            let (leg, attempt) = (Leg::Delivery, received.receive_count);
            let kind = Kind::PacketDoubled {
                leg,
                message,
                attempt,
                fault,
            };
            self.happened(at, message, kind);
        }
        event
    }

    pub(super) fn lease_config(&self, at: TopicPartition) -> Option<&LeaseChannel> {
        use crate::scenario::Channel;
        match &self.scenario.topics.get(at.topic as usize)?.channel {
            Channel::Lease(config) | Channel::Sns(config) => Some(config),
            _ => None,
        }
    }

    /// Takes note of every lease, delay and message that is over by now.
    pub(super) fn pop_leases(&mut self, at: TopicPartition) {
        let now = self.now;
        while let Some(due) = self
            .lease_mut(at)
            .and_then(|actor| actor.queue.pop_due(now))
        {
            match due {
                Due::LeaseExpired {
                    message, holder, ..
                } => {
                    let (service, message) = ((holder >> 16) as u16, message.id);
                    self.happened(at, message, Kind::LeaseExpired { service, message });
                }
                Due::DelayOver(_) => {}
                Due::Expired(message) => {
                    let readers = self.lease(at).map_or(Vec::new(), |q| q.readers.clone());
                    let (message, why) = (message.id, Why::Expired);
                    for service in readers {
                        let kind = Kind::Dropped {
                            service,
                            message,
                            why,
                        };
                        self.happened(at, message, kind);
                    }
                }
            }
        }
    }

    /// A queue's clock rings, or SNS's: its timer is the queue number after the last.
    pub(super) fn leases_due(&mut self, at: TopicPartition) {
        if self.lease(at).is_none() {
            return self.fan_out(at.topic as u16);
        }
        if let Some(actor) = self.lease_mut(at) {
            actor.timer = None;
        }
        self.pop_leases(at);
        self.serve_receives(at);
    }

    fn plan_leases(&mut self, at: TopicPartition) {
        let now = self.now;
        let Some(actor) = self.lease_mut(at) else {
            return;
        };
        let Some(next) = actor.queue.next_deadline() else {
            return;
        };
        if actor.timer.is_none_or(|planned| planned > next) {
            actor.timer = Some(next.max(now));
            self.plan_queue(at, next.max(now));
        }
    }
}
