//! What goes into a lease queue and what comes out of it.

use crate::broker::wire::{Message, Micros};

const SECOND: Micros = 1_000_000;
/// Longest time a message may stay hidden, from its receive: 12 hours.
pub const MAX_VISIBILITY: Micros = 12 * 3600 * SECOND;
/// Most messages one receive returns (`MaxNumberOfMessages`).
pub const MAX_BATCH: u32 = 10;
const MAX_DELAY: Micros = 900 * SECOND;
const DAY: Micros = 24 * 3600 * SECOND;

/// The two queue types of SQS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At least once, best-effort order.
    Standard,
    /// Order per message group, deduplication of sends.
    Fifo,
}

/// A queue's attributes; the defaults are those of the SQS API (`CreateQueue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Standard or FIFO.
    pub kind: Kind,
    /// `VisibilityTimeout`, 0 to 12 h, default 30 s.
    pub visibility_timeout: Micros,
    /// `maxReceiveCount` of the redrive policy, 1 to 1000. `None`: no dead-letter queue (default).
    pub max_receive_count: Option<u32>,
    /// `DelaySeconds`, 0 to 900 s, default 0.
    pub delay: Micros,
    /// `MessageRetentionPeriod`, 60 s to 14 d, default 4 d.
    pub retention: Micros,
    /// Most messages in flight, default 120,000.
    pub in_flight_limit: u32,
    /// How long a FIFO queue knows a deduplication id; 5 min in SQS.
    pub dedup_window: Micros,
}

impl Config {
    /// The defaults of a queue of this type.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            visibility_timeout: 30 * SECOND,
            max_receive_count: None,
            delay: 0,
            retention: 4 * DAY,
            in_flight_limit: 120_000,
            dedup_window: 300 * SECOND,
        }
    }

    /// Checks the ranges; the error names the attribute that is outside of its own.
    pub fn check(&self) -> Result<(), Invalid> {
        let wrong = |attribute| Err(Invalid { attribute });
        if self.visibility_timeout > MAX_VISIBILITY {
            return wrong("VisibilityTimeout");
        }
        if self
            .max_receive_count
            .is_some_and(|m| !(1..=1000).contains(&m))
        {
            return wrong("maxReceiveCount");
        }
        if self.delay > MAX_DELAY {
            return wrong("DelaySeconds");
        }
        if !(60 * SECOND..=14 * DAY).contains(&self.retention) {
            return wrong("MessageRetentionPeriod");
        }
        Ok(())
    }
}

/// A value outside the range the API allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The attribute or parameter, by its name in the API.
    pub attribute: &'static str,
}

/// A message to send (`SendMessage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// The message.
    pub message: Message,
    /// `MessageGroupId`; ignored by a standard queue.
    pub group: u64,
    /// `MessageDeduplicationId`; ignored by a standard queue. `None` on a FIFO queue: content-based,
    /// which here is the message's id, since every copy of a message has the same body.
    pub dedup_id: Option<u64>,
    /// Overrides the queue's delay, at most 900 s. A FIFO queue refuses it, as SQS does.
    pub delay: Option<Micros>,
}

impl Send {
    /// Sends `message` with its key as the group, content-based deduplication and the queue's delay.
    pub fn new(message: Message) -> Self {
        Self {
            message,
            group: message.key,
            dedup_id: None,
            delay: None,
        }
    }

    pub(super) fn delay_allowed(&self, kind: Kind) -> bool {
        match self.delay {
            None => true,
            Some(delay) => kind == Kind::Standard && delay <= MAX_DELAY,
        }
    }
}

/// What became of a send. The sender sees success either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Stored under this sequence number.
    Stored(u64),
    /// Accepted but not stored: the deduplication id was seen within the window.
    Duplicate,
}

/// Names one receive of one message; the next receive of it gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptHandle(pub u64);

const COUNT_BITS: u32 = 24;

impl ReceiptHandle {
    pub(super) fn new(sequence: u64, receive_count: u32) -> Self {
        Self(sequence << COUNT_BITS | u64::from(receive_count) & ((1 << COUNT_BITS) - 1))
    }

    pub(super) fn sequence(self) -> u64 {
        self.0 >> COUNT_BITS
    }
}

/// A message as a receiver gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// What to delete it with.
    pub handle: ReceiptHandle,
    /// Which receive of this message it is, from 1 (`ApproximateReceiveCount`, exact here).
    pub receive_count: u32,
    /// Place in the queue, from 0.
    pub sequence: u64,
    /// When the lease ends, unless it is changed.
    pub until: Micros,
}

/// A message on its way between a queue and its dead-letter queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The message.
    pub message: Message,
    /// Its group, for FIFO queues.
    pub group: u64,
    /// When it was sent to the queue it leaves.
    pub sent_at: Micros,
    /// How often it was received there.
    pub receive_count: u32,
}

/// The result of a receive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// At most 10 messages, now in flight.
    pub messages: Vec<Received>,
    /// Messages that left instead of being received once more. The caller hands them to the
    /// dead-letter queue's `accept_dead_letter`.
    pub dead_letters: Vec<Transfer>,
}

/// Why nothing was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveError {
    /// A standard queue has as many messages in flight as it may.
    OverLimit,
    /// `MaxNumberOfMessages` is not 1 to 10, or `VisibilityTimeout` over 12 h.
    Invalid(Invalid),
}

/// What a delete did. The client sees success for each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The message is gone.
    Removed(Message),
    /// Nothing: the message has been received again since, with another handle.
    Stale,
    /// Nothing: the message was gone already.
    AlreadyGone,
}

/// A FIFO queue refuses a delete after the visibility timeout expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseExpired;

/// Why a visibility timeout could not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// `MessageNotInflight`: the lease of this receive is over.
    NotInFlight,
    /// The message would stay hidden for over 12 h from its receive.
    TooLong,
}

/// What time did to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A visibility timeout expired: the message can be received again.
    LeaseExpired {
        /// The message.
        message: Message,
        /// The receive it was.
        handle: ReceiptHandle,
        /// Who held it.
        holder: u32,
    },
    /// A delay is over: the message can be received.
    DelayOver(Message),
    /// The message got older than the retention period and is gone.
    Expired(Message),
}

/// Where a message in the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Can be received (unless its FIFO group is blocked).
    Visible,
    /// Not visible until its delay is over.
    Delayed {
        /// When that is.
        until: Micros,
    },
    /// Received and neither deleted nor visible again.
    InFlight {
        /// By whom.
        holder: u32,
        /// Since the receive.
        since: Micros,
        /// When the lease ends.
        until: Micros,
    },
}

/// A message in the queue, as a view shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place in the queue, from 0.
    pub sequence: u64,
    /// The message.
    pub message: Message,
    /// Its group.
    pub group: u64,
    /// When it was sent.
    pub sent_at: Micros,
    /// How often it was received.
    pub receive_count: u32,
    /// Where it stands.
    pub state: State,
}

/// Counts since the start; `sent` = in the queue now + the sum of the four ways out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages stored, from senders and from other queues.
    pub sent: u64,
    /// Sends accepted but not stored, not part of `sent`.
    pub deduplicated: u64,
    /// Deleted by a receiver.
    pub deleted: u64,
    /// Moved to the dead-letter queue.
    pub dead_lettered: u64,
    /// Dropped after the retention period.
    pub expired: u64,
    /// Taken out by a redrive back to the source.
    pub redriven: u64,
    /// Receives, each message of a batch counted.
    pub receives: u64,
}
