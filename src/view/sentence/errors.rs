//! Errors and reasons in plain words.

use crate::broker::wire::ErrorCode;
use crate::trace::Why;

/// What was refused, given up or put aside, and why; completes "because …".
pub fn reason(why: Why, noun: &str) -> String {
    match why {
        Why::DeliveryTimeout => format!(
            "delivery.timeout.ms is over; whether the broker has the {noun} is unknown to it"
        ),
        Why::RetriesUsedUp => {
            format!("no retries are left; whether the broker has the {noun} is unknown to it")
        }
        Why::ProducerDied => format!("its process died with the {noun} in memory"),
        Why::Answer(code) => format!("{} ({})", error_words(code.0), error_code(code.0)),
        Why::Transient => "it failed this time".into(),
        Why::Poison => format!("no attempt can process this {noun}"),
        Why::ReceivedTooOften => "it was received as often as is allowed".into(),
        Why::Rejected => "the consumer rejected it".into(),
        Why::NobodyListening => "nobody is listening".into(),
        Why::SlowSubscriber => "the subscriber was too slow and is disconnected".into(),
        Why::Expired => "its time is over".into(),
        Why::QueueFull => "the queue is full".into(),
        Why::Truncated => "the log that held it was cut back".into(),
        Why::Aborted => "its transaction was aborted".into(),
        Why::TooEarly => format!("an earlier {noun} of its key is missing"),
    }
}

/// An error in plain words.
pub fn error_words(code: ErrorCode) -> &'static str {
    use ErrorCode::*;
    match code {
        NetworkException => "the connection broke or no answer came",
        RequestTimedOut => "the replicas did not follow in time",
        NotLeaderOrFollower => "this broker does not lead the partition",
        FencedLeaderEpoch => "the request knows only an older leader",
        UnknownLeaderEpoch => "the request knows a newer leader than the broker",
        LeaderNotAvailable => "the partition has no leader",
        NotEnoughReplicas => "too few replicas are in sync, and nothing was written",
        NotEnoughReplicasAfterAppend => {
            "too few replicas are in sync, but the leader has written it"
        }
        OutOfOrderSequenceNumber => "an earlier batch is missing",
        InvalidProducerEpoch | ProducerFenced => "a newer instance of this producer took over",
        InvalidTxnState => "it does not fit the transaction's state",
        ConcurrentTransactions => "the previous transaction is not finished",
        OffsetOutOfRange => "the offset is not in the log",
        IllegalGeneration => "the group has a newer generation",
        UnknownMemberId => "the group no longer knows this member",
        RebalanceInProgress => "the group is rebalancing",
        FencedInstanceId => "another process took over this group.instance.id",
        UnstableOffsetCommit => "a transaction over these offsets is open",
        NotCoordinator => "this broker does not coordinate the group",
    }
}

/// An error's name in Kafka's protocol: "ILLEGAL_GENERATION".
pub fn error_code(code: ErrorCode) -> String {
    let name = format!("{code:?}");
    let mut out = String::with_capacity(name.len() + 6);
    for (i, letter) in name.chars().enumerate() {
        if i > 0 && letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}
