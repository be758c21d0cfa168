//! What goes into and comes out of a consumer.

use super::settings::IsolationLevel;
use crate::broker::wire::{ErrorCode, Message, Micros, Offset, TopicPartition};
use std::sync::Arc;

/// Number of a request of one consumer, never used twice by it.
pub type RequestId = u64;
/// Id of a group member.
pub type MemberId = u64;
/// A generation of the group; -1 for none.
pub type Generation = i32;

/// Offsets to commit: per partition the next one to read.
pub type Offsets = Arc<[(TopicPartition, Offset)]>;

/// Who sends a group request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Member id; none before the first join.
    pub member: Option<MemberId>,
    /// `group.instance.id`.
    pub instance: Option<u64>,
    /// The generation it believes in.
    pub generation: Generation,
}

/// A request of the consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerRequest {
    /// Joins the group. `session.timeout.ms` and `max.poll.interval.ms` are in the settings.
    JoinGroup {
        /// The sender.
        sender: Membership,
        /// The partitions it keeps (cooperative) or had (sticky).
        owned: Arc<[TopicPartition]>,
    },
    /// Asks for its assignment.
    SyncGroup(Membership),
    /// Says that it lives.
    Heartbeat(Membership),
    /// Leaves the group.
    LeaveGroup(Membership),
    /// Commits offsets.
    OffsetCommit {
        /// The sender.
        sender: Membership,
        /// The offsets.
        offsets: Offsets,
    },
    /// Asks for committed offsets.
    OffsetFetch {
        /// Of these partitions.
        partitions: Arc<[TopicPartition]>,
        /// Offsets pending in a transaction are an error (always, since KIP-447).
        require_stable: bool,
    },
    /// Asks where the log begins or ends.
    ListOffset {
        /// The partition.
        partition: TopicPartition,
        /// Its end (high watermark, or last stable offset with read_committed), else its beginning.
        end: bool,
        /// `isolation.level`.
        isolation: IsolationLevel,
    },
    /// Asks for records. Kafka asks for all partitions of a broker in one request.
    Fetch {
        /// The partition.
        partition: TopicPartition,
        /// The first offset wanted.
        offset: Offset,
        /// At most so many records.
        max_records: u32,
        /// An empty answer may wait so long for records.
        max_wait: Micros,
        /// `isolation.level`.
        isolation: IsolationLevel,
    },
}

/// A request to write now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// Its number; the answer has to bring it back.
    pub id: RequestId,
    /// What it asks.
    pub request: ConsumerRequest,
    /// Without an answer by then it counts as failed.
    pub deadline: Micros,
}

/// A good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerAnswer {
    /// To `JoinGroup`.
    Joined {
        /// The member id, perhaps new.
        member: MemberId,
        /// The generation that begins.
        generation: Generation,
    },
    /// To `SyncGroup`: the assignment.
    Synced(Arc<[TopicPartition]>),
    /// To `Heartbeat`, `LeaveGroup` and `OffsetCommit`.
    Done,
    /// To `OffsetFetch`; `None` where nothing is committed.
    Committed(Vec<(TopicPartition, Option<Offset>)>),
    /// To `ListOffset`.
    Listed(Offset),
    /// To `Fetch`.
    Fetched {
        /// Records, offsets ascending, perhaps with gaps.
        records: Arc<[(Offset, Message)]>,
        /// Where the next fetch goes on: past the last record, marker or aborted record looked at.
        next_offset: Offset,
    },
}

/// A record as `poll` hands it to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset.
    pub offset: Offset,
    /// The message.
    pub message: Message,
    /// For whoever drives the application: by what it knows this delivery. A consumer leaves it at 0.
    pub delivery: u64,
}

/// What a consumer tells its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerEvent {
    /// Partitions came (`onPartitionsAssigned`).
    Assigned(Arc<[TopicPartition]>),
    /// Partitions are given back in order (`onPartitionsRevoked`).
    Revoked(Arc<[TopicPartition]>),
    /// Partitions are gone: others may have them already (`onPartitionsLost`).
    Lost(Arc<[TopicPartition]>),
    /// A commit is confirmed.
    Committed {
        /// The commit.
        id: RequestId,
        /// Its offsets.
        offsets: Offsets,
    },
    /// A commit failed; with `NETWORK_EXCEPTION` it may have been stored.
    CommitFailed {
        /// The commit.
        id: RequestId,
        /// Its offsets.
        offsets: Offsets,
        /// Why.
        error: ErrorCode,
    },
    /// `auto.offset.reset` moved the position of a partition.
    OffsetReset {
        /// The partition.
        partition: TopicPartition,
        /// The new position.
        offset: Offset,
    },
    /// No position and `auto.offset.reset=none`: the application has to seek.
    NoOffset(TopicPartition),
    /// `poll` was not called for `max.poll.interval.ms`: the consumer left the group.
    PollIntervalExceeded,
    /// Another member took over the `group.instance.id`; this consumer is finished.
    Fenced,
}
