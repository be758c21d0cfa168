//! What goes into and comes out of a producer.

use super::settings::Acks;
use crate::broker::wire::{Batch, ErrorCode, Message, Micros, Offset, TopicPartition};
use std::sync::Arc;

/// A connection of the producer, as numbered by the caller (the index of the broker, say).
pub type ConnectionId = u32;
/// Number of a request of one producer, never used twice by it.
pub type RequestId = u64;

/// A produce request to write to a connection now.
///
/// It carries one batch of one partition; Kafka puts one batch of each partition into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProduceRequest {
    /// Its number; the answer has to bring it back.
    pub id: RequestId,
    /// Where it goes.
    pub connection: ConnectionId,
    /// The partition.
    pub partition: TopicPartition,
    /// The records.
    pub batch: Batch,
    /// Which acknowledgement the broker is asked for. With [`Acks::Zero`] it must not answer.
    pub acks: Acks,
    /// 1 for the first time this batch is sent.
    pub attempt: u32,
    /// Without an answer by then the producer closes the connection (`request.timeout.ms`).
    pub deadline: Micros,
}

/// A broker's good answer to a produce request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Produced {
    /// Offset of the batch's first record; `None` where the broker does not know it any more.
    pub base_offset: Option<Offset>,
    /// The broker had the batch already and wrote nothing.
    pub duplicate: bool,
}

/// Why messages failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailReason {
    /// `delivery.timeout.ms` passed since the batch was opened.
    DeliveryTimeout,
    /// The broker refused with an error that is not retried, or `retries` are used up.
    Refused(ErrorCode),
    /// The transaction was aborted before the batch was sent.
    TransactionAborted,
}

/// What a producer tells its application. Messages share their batch's allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProducerEvent {
    /// The messages are acknowledged as `acks` promises.
    Acknowledged {
        /// The partition.
        partition: TopicPartition,
        /// The messages of the batch, in order.
        messages: Arc<[Message]>,
        /// Offset of the first message; unknown with `acks=0`.
        base_offset: Option<Offset>,
        /// A retry found the batch written by an earlier attempt.
        duplicate: bool,
    },
    /// The producer gave the messages up.
    Failed {
        /// The partition.
        partition: TopicPartition,
        /// The messages of the batch, in order.
        messages: Arc<[Message]>,
        /// Why.
        reason: FailReason,
        /// Whether the broker may have written them nevertheless: some attempt had no answer, or
        /// one that does not exclude it. False means they surely are in no log.
        outcome_unknown: bool,
    },
    /// A request timed out: the producer closed this connection, and all requests on it count as
    /// unanswered. Whatever still arrives on it is ignored.
    ConnectionClosed {
        /// The connection.
        connection: ConnectionId,
    },
    /// The coordinator confirmed the end of the transaction.
    TransactionEnded {
        /// Committed, or else aborted.
        committed: bool,
    },
}

/// What became of a message given to `send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffered {
    /// It opened a batch: `next_wake` may be earlier than before.
    pub opened: bool,
    /// It filled a batch: `poll` may have something to send.
    pub filled: bool,
}

/// Why `send` did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// `buffer.memory` is used up; Kafka's `send` would block here for up to `max.block.ms`.
    BufferFull,
    /// A transactional producer sends only inside a transaction.
    NoTransaction,
    /// The transaction failed and has to be aborted first.
    MustAbort(ErrorCode),
    /// The producer is fenced; it can only be closed.
    Fatal(ErrorCode),
}
