//! The types that clients and brokers exchange. This is their one home; `broker/` and `client/` both
//! import them from here and neither imports the other's machines.

use std::sync::Arc;

/// Virtual time or a span of it, in microseconds since the start of the run.
pub type Micros = u64;
/// Place of a record in a partition's log, counted from 0.
pub type Offset = u64;
/// Index of a topic in the scenario's list of topics.
pub type TopicId = u32;
/// Index of a partition in its topic.
pub type PartitionId = u32;
/// Index of a broker in the cluster.
pub type BrokerId = u32;
/// A producer id, as handed out by `InitProducerId`.
pub type ProducerId = u64;
/// A producer epoch: the higher one fences the lower ones.
pub type ProducerEpoch = i16;
/// Leader epoch of a partition: one more at every change of leader.
pub type LeaderEpoch = u32;

/// A partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition in it.
    pub partition: PartitionId,
}

/// What an application sends: the lab keeps the identity and the key, not the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Identity of the message (the order's number). Every copy of one message has the same id.
    pub id: u64,
    /// Key it is partitioned and ordered by (the user's number).
    pub key: u64,
}

/// What an idempotent producer stamps on a batch (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The producer.
    pub producer: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// Sequence number of the batch's first record, 0 to 2147483647 and then 0 again.
    pub first_sequence: i32,
}

/// Records that travel and are appended together, to one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Present when the producer is idempotent.
    pub stamp: Option<Stamp>,
    /// True when the batch belongs to a transaction (needs a stamp).
    pub transactional: bool,
    /// The messages, in order. Shared, because a retry sends the same ones again.
    pub messages: Arc<[Message]>,
}

/// What a consumer may see (`isolation.level`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// Everything below the high watermark, also records of open and aborted transactions.
    #[default]
    ReadUncommitted,
    /// Everything below the last stable offset, without records of aborted transactions.
    ReadCommitted,
}

/// Kafka's error codes, as far as the lab's brokers answer with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The connection broke or no answer came within `request.timeout.ms`.
    NetworkException,
    /// The broker appended but the in-sync replicas did not follow in time.
    RequestTimedOut,
    /// This broker does not lead the partition.
    NotLeaderOrFollower,
    /// The request names an older leader epoch than the current one.
    FencedLeaderEpoch,
    /// The request names a leader epoch this broker has not heard of yet.
    UnknownLeaderEpoch,
    /// The partition has no leader now.
    LeaderNotAvailable,
    /// Fewer in-sync replicas than `min.insync.replicas`; nothing was written.
    NotEnoughReplicas,
    /// The same, but noticed after the leader had written the batch.
    NotEnoughReplicasAfterAppend,
    /// Sequence number is not the one expected next.
    OutOfOrderSequenceNumber,
    /// The producer's epoch is older than one the broker knows (its instance is fenced).
    InvalidProducerEpoch,
    /// The transaction coordinator knows a newer epoch of this transactional id.
    ProducerFenced,
    /// The request does not fit the transaction's state.
    InvalidTxnState,
    /// The previous transaction of this id is still being completed.
    ConcurrentTransactions,
    /// The offset asked for is outside the log.
    OffsetOutOfRange,
    /// The group has another generation now.
    IllegalGeneration,
    /// The group does not know this member.
    UnknownMemberId,
    /// The group is rebalancing; join again.
    RebalanceInProgress,
    /// Another member took over this `group.instance.id`.
    FencedInstanceId,
    /// Offsets of an open transaction are pending for the partition.
    UnstableOffsetCommit,
    /// This broker does not coordinate the group or transactional id.
    NotCoordinator,
}

impl ErrorCode {
    /// Whether Kafka's clients try again after this answer (class hierarchy of
    /// `org.apache.kafka.common.errors.RetriableException`).
    pub fn retriable(self) -> bool {
        use ErrorCode::*;
        matches!(
            self,
            NetworkException
                | RequestTimedOut
                | NotLeaderOrFollower
                | FencedLeaderEpoch
                | UnknownLeaderEpoch
                | LeaderNotAvailable
                | NotEnoughReplicas
                | NotEnoughReplicasAfterAppend
                | ConcurrentTransactions
                | UnstableOffsetCommit
                | NotCoordinator
        )
    }
}
