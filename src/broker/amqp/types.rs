//! What goes into an AMQP queue and what comes out of it.

use crate::broker::wire::{Message, Micros};

/// RabbitMQ's queue types, as far as they differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requeued messages take their original position; no delivery limit.
    Classic,
    /// Replicated. Returned messages are served before new ones, in order of return.
    Quorum {
        /// `delivery-limit`, default 20 since RabbitMQ 4.0; dead-lettered when the count of returns
        /// exceeds it. `None` (-1): no limit, and returned messages go to the tail.
        delivery_limit: Option<u32>,
        /// Which returns count.
        counted: Counted,
    },
}

/// Which returns of a message a quorum queue counts against the delivery limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Every return (RabbitMQ up to 4.2).
    Every,
    /// Only failed deliveries, that is a lost channel or connection; not a nack or reject with
    /// requeue and not a consumer timeout (since RabbitMQ 4.3).
    Failures,
}

/// What happens to a publish when the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Drop or dead-letter the oldest ready message (`drop-head`, the default).
    DropHead,
    /// Refuse the new one with a nack (`reject-publish`).
    RejectPublish,
}

/// A queue's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Classic or quorum.
    pub kind: Kind,
    /// `x-message-ttl`, from the publish; expires ready messages at the head only. Default none.
    pub message_ttl: Option<Micros>,
    /// `x-max-length`: most ready messages. Default none.
    pub max_length: Option<u64>,
    /// `x-overflow`.
    pub overflow: Overflow,
    /// `consumer_timeout`: longest time a delivery may stay unacknowledged before its channel is
    /// closed; default 30 min. Since RabbitMQ 4.3 classic queues do not evaluate it: `None`.
    pub consumer_timeout: Option<Micros>,
}

impl Config {
    /// The defaults of RabbitMQ 4.3 for this type.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            message_ttl: None,
            max_length: None,
            overflow: Overflow::DropHead,
            consumer_timeout: (kind != Kind::Classic).then_some(1_800_000_000),
        }
    }
}

impl Kind {
    /// A quorum queue with the defaults of RabbitMQ 4.3.
    pub const QUORUM: Self = Self::Quorum {
        delivery_limit: Some(20),
        counted: Counted::Failures,
    };
}

/// The broker's answer to a publish on a channel in confirm mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// `basic.ack`: every queue it was routed to accepted it, and that may be none.
    Ack,
    /// `basic.nack`: a queue refused it.
    Nack,
}

/// A channel's number, chosen by the caller. A channel carries one consumer here.
pub type ChannelId = u32;

/// A message written to a consumer's socket (`basic.deliver`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub channel: ChannelId,
    /// `delivery-tag`: counts the channel's deliveries from 1.
    pub tag: u64,
    /// The message.
    pub message: Message,
    /// True if it may have been delivered before; false means it was not.
    pub redelivered: bool,
    /// With autoAck the message is gone now, whether or not the consumer gets it.
    pub auto_ack: bool,
}

/// Why a message was dead-lettered; the values of the `x-death` header's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Rejected or nacked without requeue.
    Rejected,
    /// Its TTL was over.
    Expired,
    /// The queue was too long.
    MaxLen,
    /// Returned more often than the delivery limit.
    DeliveryLimit,
}

/// A message that left the queue unconsumed. The caller publishes it to the dead-letter exchange, or
/// drops it if the queue has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message.
    pub message: Message,
    /// Why it left.
    pub reason: Reason,
    /// When it was published to the queue.
    pub published_at: Micros,
    /// Deliveries it had.
    pub deliveries: u32,
}

/// Why a channel was closed by the broker: `PRECONDITION_FAILED` (406), in both cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// An acknowledgement named a tag that is unknown or was settled before.
    UnknownTag,
    /// A delivery was not acknowledged within `consumer_timeout`.
    ConsumerTimeout,
}

/// How a consumer settles a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// `basic.ack`: processed, remove it.
    Ack,
    /// `basic.nack` or `basic.reject` with requeue=true.
    Requeue,
    /// `basic.nack` or `basic.reject` with requeue=false: dead-letter or drop it.
    Reject,
}

/// Where a message in the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for a consumer.
    Ready,
    /// Delivered and not settled.
    Unacked {
        /// To which channel.
        channel: ChannelId,
        /// Under which tag.
        tag: u64,
        /// Since when.
        since: Micros,
    },
}

/// A message in the queue, as a view shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position by which the queue knows it.
    pub sequence: u64,
    /// The message.
    pub message: Message,
    /// When it was published.
    pub published_at: Micros,
    /// Deliveries so far.
    pub deliveries: u32,
    /// Where it stands.
    pub state: State,
}

/// Counts since the start; `published` = in the queue now + the sum of the three ways out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages stored.
    pub published: u64,
    /// Publishes refused, not part of `published`.
    pub refused: u64,
    /// Removed by an acknowledgement.
    pub acked: u64,
    /// Removed by a delivery with autoAck.
    pub auto_acked: u64,
    /// Left as dead letters, whatever the reason.
    pub dead_lettered: u64,
    /// Deliveries made.
    pub deliveries: u64,
    /// Times a message was put back.
    pub requeued: u64,
}
