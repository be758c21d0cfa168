//! The closed set of things that can happen in a run.

use serde::Serialize;

use crate::broker::wire::{ErrorCode, Micros, Offset};
use crate::scenario::HandlerStep;
use crate::sim::FaultKey;

/// Running number of an event, from 1. It is its identity: two events may be equal in all else.
pub type EventId = u64;

/// The cause of events that nothing before them caused.
pub const NO_CAUSE: EventId = 0;

/// An event: what happened, when, and because of which earlier event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// When, in µs since the start.
    pub at: Micros,
    /// The event it follows from; 0 where there is none.
    pub cause: EventId,
    /// What happened.
    #[serde(flatten)]
    pub kind: Kind,
}

/// Somebody who acts. Numbers are positions in the scenario's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// A producer.
    Producer(u16),
    /// A broker process.
    Broker(u16),
    /// An instance of a service.
    Member(u16, u16),
}

impl Party {
    /// The number by which chance knows it among parties of its kind.
    pub fn number(self) -> u32 {
        match self {
            Party::Producer(index) | Party::Broker(index) => u32::from(index),
            Party::Member(service, member) => u32::from(service) << 8 | u32::from(member),
        }
    }
}

/// A place that something can be at, or move from or to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A producer, broker or instance.
    Party(Party),
    /// A partition, as (channel, partition).
    Partition(u16, u16),
    /// A queue, as (channel, queue).
    Queue(u16, u16),
    /// A channel that stores nothing.
    Channel(u16),
}

/// A kind of way through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leg {
    /// Producer to broker: records.
    Request,
    /// Broker to producer: the ack, or an error.
    Ack,
    /// Broker to consumer: records.
    Delivery,
    /// Consumer to broker: commit, ack or delete.
    Commit,
    /// Broker to consumer: that the commit was taken or refused.
    CommitAck,
    /// Leader to follower: records.
    Replication,
    /// Group and transaction coordination.
    Control,
}

impl Leg {
    /// All of them.
    pub const ALL: [Leg; 7] = [
        Leg::Request,
        Leg::Ack,
        Leg::Delivery,
        Leg::Commit,
        Leg::CommitAck,
        Leg::Replication,
        Leg::Control,
    ];
}

/// Why something was refused, given up or put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// `delivery.timeout.ms` is over; whether the broker has the message is unknown to the producer.
    DeliveryTimeout,
    /// No tries are left; whether the broker has the message is unknown to the producer.
    RetriesUsedUp,
    /// The producer process died with the message in its memory.
    ProducerDied,
    /// The broker answered with this error.
    Answer(Code),
    /// The effect failed this time.
    Transient,
    /// No attempt can process the message.
    Poison,
    /// It was received as often as `maxReceiveCount` (or the delivery limit) allows.
    ReceivedTooOften,
    /// The consumer rejected it.
    Rejected,
    /// Nobody was listening.
    NobodyListening,
    /// The subscriber was too slow and was disconnected.
    SlowSubscriber,
    /// Its time to live, or the log's retention, was over.
    Expired,
    /// The queue was full.
    QueueFull,
    /// The log that held it was cut back to what the new leader had.
    Truncated,
    /// The transaction it belonged to was aborted.
    Aborted,
    /// An earlier message of its key is missing.
    TooEarly,
}

/// An error code that can be written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub ErrorCode);

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

/// What can happen. `topic`, `service` and `member` are positions in the scenario; `message` is the
/// message's id, from 1; `nth` and `attempt` count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are described once, above
pub enum Kind {
    /// The application handed the message to its producer.
    Published {
        producer: u16,
        topic: u16,
        message: u64,
        key: u64,
    },
    /// The producer sent it to the broker.
    Sent {
        producer: u16,
        message: u64,
        attempt: u32,
    },
    /// A packet with this message (or about it) was lost on the way.
    PacketLost {
        leg: Leg,
        message: u64,
        service: u16,
        attempt: u32,
        fault: FaultKey,
    },
    /// The network doubled a packet.
    PacketDoubled {
        leg: Leg,
        message: u64,
        attempt: u32,
        fault: FaultKey,
    },
    /// The leader appended it; `copy` says how many times it has been appended by now.
    Appended {
        topic: u16,
        partition: u32,
        offset: Offset,
        message: u64,
        copy: u32,
    },
    /// The leader recognised the batch by its sequence numbers and appended nothing.
    Recognised {
        topic: u16,
        partition: u32,
        offset: Offset,
        message: u64,
    },
    /// The broker refused the batch.
    Refused {
        topic: u16,
        partition: u32,
        message: u64,
        why: Why,
    },
    /// A follower has everything below `end`.
    Replicated {
        topic: u16,
        partition: u32,
        broker: u16,
        end: Offset,
    },
    /// The high watermark rose.
    HighWatermark {
        topic: u16,
        partition: u32,
        offset: Offset,
    },
    /// The in-sync set changed; `members` is a bit for each broker.
    InSync {
        topic: u16,
        partition: u32,
        members: u32,
    },
    /// The producer learnt that the broker has it (with acks=0: it was sent).
    Acked {
        producer: u16,
        message: u64,
        attempt: u32,
    },
    /// No answer came in time; the producer does not know what became of it.
    TimedOut {
        producer: u16,
        message: u64,
        attempt: u32,
    },
    /// The producer told the application that it failed.
    GaveUp {
        producer: u16,
        message: u64,
        why: Why,
    },
    /// A broker is the leader now.
    Elected {
        topic: u16,
        partition: u32,
        broker: u16,
        epoch: u32,
        unclean: bool,
    },
    /// Nobody can lead.
    Leaderless { topic: u16, partition: u32 },
    /// A copy of the message was cut off a replica's log.
    Truncated {
        topic: u16,
        partition: u32,
        broker: u16,
        offset: Offset,
        message: u64,
    },
    /// Records below this offset were deleted by retention.
    Expired {
        topic: u16,
        partition: u32,
        below: Offset,
    },
    /// Partitions were added to a topic.
    Grown { topic: u16, partitions: u32 },
    /// The message reached the service's application; `nth` counts deliveries to this service.
    Delivered {
        service: u16,
        member: u16,
        partition: u32,
        offset: Offset,
        message: u64,
        nth: u32,
    },
    /// A handler step was done.
    Step {
        service: u16,
        member: u16,
        message: u64,
        step: HandlerStep,
    },
    /// The effect took place (again, if `nth` > 1).
    Effect {
        service: u16,
        member: u16,
        message: u64,
        nth: u32,
    },
    /// The service recognised the message and left the effect alone.
    Skipped {
        service: u16,
        member: u16,
        message: u64,
    },
    /// A transaction that held this effect was rolled back by a crash or a conflict.
    RolledBack {
        service: u16,
        member: u16,
        message: u64,
    },
    /// The effect failed.
    Failed {
        service: u16,
        member: u16,
        message: u64,
        attempt: u32,
        why: Why,
    },
    /// The handler is through with the message.
    Processed {
        service: u16,
        member: u16,
        message: u64,
    },
    /// The message waits for an earlier one of its key.
    HeldBack {
        service: u16,
        member: u16,
        message: u64,
    },
    /// The service (or the broker) put it aside, or dropped it.
    DeadLettered {
        service: u16,
        message: u64,
        why: Why,
    },
    /// The service went on without it.
    Dropped {
        service: u16,
        message: u64,
        why: Why,
    },
    /// The consumer asked to commit everything below `offset`.
    CommitSent {
        service: u16,
        member: u16,
        partition: u32,
        offset: Offset,
    },
    /// The group's progress was written.
    Committed {
        service: u16,
        member: u16,
        partition: u32,
        offset: Offset,
    },
    /// The broker refused the commit (a zombie's, mostly).
    CommitRefused {
        service: u16,
        member: u16,
        partition: u32,
        offset: Offset,
        why: Why,
    },
    /// A member was taken into the group, or came back to it.
    Joined {
        service: u16,
        member: u16,
        generation: u32,
    },
    /// The coordinator struck a member off: no heartbeat came in time, or it left.
    Removed {
        service: u16,
        member: u16,
        left: bool,
    },
    /// A rebalance began.
    Rebalancing { service: u16, generation: u32 },
    /// The member owns these partitions (a bit for each) of this topic in this generation.
    Assigned {
        service: u16,
        member: u16,
        topic: u16,
        partitions: u32,
        generation: u32,
    },
    /// A process died.
    Crashed { party: Party, fault: FaultKey },
    /// It is back.
    Restarted { party: Party },
    /// The process stopped for a while without dying (a long collection of garbage).
    Paused { party: Party, until: Micros },
    /// A link was cut, until then.
    LinkCut { broker: u16, until: Micros },
    /// The queue took the message in.
    Enqueued {
        topic: u16,
        queue: u16,
        message: u64,
        copy: u32,
    },
    /// The queue recognised its deduplication id and did not take it in.
    Deduplicated {
        topic: u16,
        queue: u16,
        message: u64,
    },
    /// A receiver holds the message until then; `nth` is the receive count.
    Leased {
        service: u16,
        member: u16,
        message: u64,
        receipt: u64,
        until: Micros,
        nth: u32,
    },
    /// The lease ran out and the message is visible again.
    LeaseExpired { service: u16, message: u64 },
    /// The receiver extended its lease.
    LeaseExtended {
        service: u16,
        member: u16,
        message: u64,
        until: Micros,
    },
    /// The queue forgot the message: it was deleted, or acked.
    Deleted {
        service: u16,
        member: u16,
        message: u64,
    },
    /// A delete with a receipt that is no longer the latest; it changed nothing.
    StaleReceipt {
        service: u16,
        member: u16,
        message: u64,
    },
    /// The message went back to the queue.
    Requeued { service: u16, message: u64 },
    /// The message came back from the dead-letter queue.
    Redriven { service: u16, message: u64 },
    /// A subscriber connected, or was disconnected.
    Subscribed {
        service: u16,
        member: u16,
        connected: bool,
    },
    /// A producer got its id and epoch.
    ProducerReady {
        producer: u16,
        #[serde(rename = "producer_id")] // an event's own number is its `id`
        id: u64,
        epoch: i16,
    },
    /// A transaction began (`service` for a consumer's producer, or u16::MAX).
    TransactionBegan {
        producer: u16,
        service: u16,
        member: u16,
    },
    /// Its outcome was decided.
    TransactionDecided {
        producer: u16,
        service: u16,
        member: u16,
        commit: bool,
    },
    /// The outcome was written to a partition.
    MarkerWritten {
        topic: u16,
        partition: u32,
        offset: Offset,
        commit: bool,
    },
    /// An instance with a newer epoch took over.
    Fenced { party: Party },
    /// The last stable offset rose.
    LastStable {
        topic: u16,
        partition: u32,
        offset: Offset,
    },
    /// Somebody held a packet up: it takes longer by so many µs.
    PacketHeldUp {
        leg: Leg,
        message: u64,
        service: u16,
        by: Micros,
        fault: FaultKey,
    },
}
