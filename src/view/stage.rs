//! The stage: who is there, what the logs and queues hold, what moves.
//!
//! This is the one model from which both the drawing and its text twin are made.

use super::boundary::Ground;
use crate::broker::wire::{Micros, Offset};
use crate::scenario::HandlerStep;
use crate::trace::Leg;
pub use crate::trace::Place;

/// Everything the stage shows at one moment. Left to right: producers, channels, services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// The moment.
    pub now: Micros,
    /// What one message is called (`order`).
    pub noun: String,
    /// Who publishes.
    pub producers: Vec<ProducerView>,
    /// The broker processes.
    pub brokers: Vec<BrokerView>,
    /// Logs, queues and channels.
    pub channels: Vec<ChannelView>,
    /// Who consumes.
    pub services: Vec<ServiceView>,
    /// What is on its way now, in order of sending.
    pub moving: Vec<Moving>,
    /// What was lost a moment ago, to be seen falling.
    pub fallen: Vec<Moving>,
}

/// A producer and what it believes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerView {
    /// Name.
    pub name: String,
    /// The channels it publishes to.
    pub topics: Vec<u16>,
    /// False while its process is down.
    pub up: bool,
    /// Sent, or waiting to be sent, and not heard back about; oldest first, at most 12.
    pub waiting: Vec<Waiting>,
    /// How many wait in all.
    pub waiting_total: u64,
    /// Handed to it by the application so far.
    pub published: u64,
    /// Known to it to be stored.
    pub acked: u64,
    /// Reported as failed to the application.
    pub gave_up: u64,
}

/// A message a producer has not heard back about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// The message.
    pub message: u64,
    /// How often it has been sent; 0: not yet.
    pub attempt: u32,
    /// Since when the producer has had it.
    pub since: Micros,
}

/// A broker process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrokerView {
    /// False while it is down.
    pub up: bool,
    /// True while its link to the others is cut.
    pub cut: bool,
}

/// A channel between producers and services.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelView {
    /// Name of the topic or queue.
    pub name: String,
    /// What it holds.
    pub body: ChannelBody,
}

/// The kinds of channel.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelBody {
    /// A partitioned log (Kafka).
    Log(Vec<PartitionView>),
    /// One queue, or one for each subscribed service (SQS, SNS, RabbitMQ).
    Queues(Vec<QueueView>),
    /// A channel that stores nothing (Redis Pub/Sub): who listens is seen at the services.
    Direct {
        /// Messages that went out to at least one listener.
        sent: u64,
        /// Messages that met no listener.
        unheard: u64,
    },
}

/// One partition of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionView {
    /// Its leader, if it has one.
    pub leader: Option<u16>,
    /// Leader epoch.
    pub epoch: u32,
    /// Its copies, in assignment order.
    pub replicas: Vec<ReplicaView>,
    /// First offset that is kept.
    pub start: Offset,
    /// Log end offset of the leader.
    pub end: Offset,
    /// High watermark.
    pub high_watermark: Offset,
    /// Last stable offset.
    pub last_stable: Offset,
    /// The newest records, oldest first, at most 64; the last is at `end - 1`.
    pub cells: Vec<Cell>,
    /// One for each service that reads the topic.
    pub lanes: Vec<Lane>,
}

/// A copy of a partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicaView {
    /// On which broker.
    pub broker: u16,
    /// Whether it is in the in-sync set.
    pub in_sync: bool,
    /// Its log end offset.
    pub end: Offset,
}

/// A record in a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Where it is.
    pub offset: Offset,
    /// What it holds.
    pub kind: CellKind,
}

/// What an offset holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellKind {
    /// A message.
    Message {
        /// Its id.
        message: u64,
        /// Its key.
        key: u64,
        /// The offset of an earlier copy of the same message in this partition.
        copy_of: Option<Offset>,
        /// How its transaction stands.
        transaction: Txn,
    },
    /// A marker: the transaction before it was committed, or aborted.
    Marker {
        /// Which of the two.
        commit: bool,
    },
}

/// How the transaction of a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Txn {
    /// It belongs to none.
    None,
    /// Not decided yet.
    Open,
    /// Committed.
    Committed,
    /// Aborted: readers of committed records never see it.
    Aborted,
}

/// How far a service has come in a partition: `committed <= processed <= delivered` in the usual order,
/// but a service that commits first has `committed` ahead of `processed`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    /// The service.
    pub service: u16,
    /// Which of its instances owns the partition, if one does.
    pub owner: Option<u16>,
    /// Where a new owner would start.
    pub committed: Offset,
    /// Everything below is through the owner's handler.
    pub processed: Offset,
    /// Everything below has been handed to the owner.
    pub delivered: Offset,
}

/// A queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueView {
    /// Name.
    pub name: String,
    /// The service that receives from it.
    pub service: Option<u16>,
    /// What it holds, in queue order, at most 64.
    pub items: Vec<QueueItem>,
    /// How many are visible.
    pub visible: u64,
    /// How many are held by receivers.
    pub in_flight: u64,
    /// Its dead-letter queue: the newest, at most 16.
    pub dead: Vec<u64>,
    /// How many are in the dead-letter queue.
    pub dead_total: u64,
}

/// A message in a queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueItem {
    /// The message.
    pub message: u64,
    /// How often it has been received.
    pub receives: u32,
    /// Who holds it, since when and until when.
    pub lease: Option<Lease>,
}

/// A receiver's hold on a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lease {
    /// The instance.
    pub member: u16,
    /// Since when.
    pub since: Micros,
    /// Until when; the same as `since` where it lasts as long as the connection (RabbitMQ).
    pub until: Micros,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceView {
    /// Name.
    pub name: String,
    /// The channels it reads.
    pub topics: Vec<u16>,
    /// The channel it writes its records to, where that is its effect.
    pub output: Option<u16>,
    /// What its effects are called (`charges`).
    pub effects_noun: &'static str,
    /// How many effects took place.
    pub effects: u64,
    /// Where they take place, seen from what makes a repeat harmless.
    pub ground: Ground,
    /// Group generation, where there is a group.
    pub generation: u32,
    /// Whether its group is being rebalanced.
    pub rebalancing: bool,
    /// Messages behind the log end (or visible in its queue).
    pub lag: u64,
    /// Its instances.
    pub members: Vec<MemberView>,
}

/// An instance of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberView {
    /// How it is.
    pub state: MemberState,
    /// Partitions it believes it owns, as (channel, partition).
    pub partitions: Vec<(u16, u16)>,
    /// What it works on.
    pub doing: Option<Doing>,
    /// Messages it has been handed and not started.
    pub in_hand: u64,
}

/// How an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// At work, or waiting for messages.
    Up,
    /// Its process is dead.
    Down,
    /// Alive and not (yet) in the group, or not connected.
    Joining,
    /// Stopped without being dead; it does not know that time passes.
    Paused,
    /// Believes it owns partitions that the group has given to somebody else.
    Zombie,
}

/// What an instance works on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doing {
    /// The message.
    pub message: u64,
    /// The step that is being done.
    pub step: HandlerStep,
    /// How many times the service has been handed it.
    pub nth: u32,
}

/// A packet on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moving {
    /// Its number; a resend is another packet.
    pub packet: u64,
    /// What kind of way it is on.
    pub leg: Leg,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// When it left.
    pub sent: Micros,
    /// When it arrives; for a lost one, when it would have.
    pub arrives: Micros,
    /// The first message in it (or that it is about); 0: none.
    pub message: u64,
    /// How many messages it carries.
    pub count: u32,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// True: it will not arrive.
    pub lost: bool,
    /// True: it is the network's second copy of a packet.
    pub doubled: bool,
    /// True: it brings bad news (an error instead of an ack).
    pub refused: bool,
}
