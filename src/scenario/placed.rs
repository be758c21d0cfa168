//! Faults placed by hand, and what must be true at the end.

use super::quantity::Span;
use serde::{Deserialize, Serialize};

/// A fault placed by hand: at a message, or at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "fault", deny_unknown_fields)]
pub enum Placed {
    /// The producer's request with this message is lost at this attempt.
    LoseRequest {
        /// The message, from 1.
        message: u64,
        /// From 1.
        attempt: u32,
    },
    /// The broker's answer to this message is lost at this attempt.
    LoseAck {
        /// The message, from 1.
        message: u64,
        /// From 1.
        attempt: u32,
    },
    /// The network delivers the request with this message twice at this attempt.
    Duplicate {
        /// The message, from 1.
        message: u64,
        /// From 1.
        attempt: u32,
    },
    /// This delivery of the message to the service is lost on the way.
    LoseDelivery {
        /// Name of the service.
        service: String,
        /// The message, from 1.
        message: u64,
        /// From 1.
        attempt: u32,
    },
    /// The service's commit, ack or delete of this message is lost.
    LoseCommit {
        /// Name of the service.
        service: String,
        /// The message, from 1.
        message: u64,
        /// From 1.
        attempt: u32,
    },
    /// The instance that works on the message dies after this step of its handler.
    CrashAfter {
        /// Name of the service.
        service: String,
        /// The message, from 1.
        message: u64,
        /// Which processing of it, from 1.
        attempt: u32,
        /// The last step that is done.
        step: HandlerStep,
    },
    /// The effect of this message fails at this attempt.
    FailEffect {
        /// Name of the service.
        service: String,
        /// The message, from 1.
        message: u64,
        /// From 1.
        attempt: u32,
    },
    /// The service can never process this message.
    Poison {
        /// Name of the service.
        service: String,
        /// The message, from 1.
        message: u64,
    },
    /// A consumer instance dies at this time.
    CrashConsumer {
        /// Name of the service.
        service: String,
        /// Which instance, from 0.
        instance: u32,
        /// When.
        at: Span,
    },
    /// A broker dies at this time.
    CrashBroker {
        /// Which, from 0.
        broker: u32,
        /// When.
        at: Span,
    },
    /// The producer dies at this time.
    CrashProducer {
        /// Which, from 0.
        producer: u32,
        /// When.
        at: Span,
    },
    /// A follower broker hears nothing from leaders for a while.
    CutBroker {
        /// Which, from 0.
        broker: u32,
        /// From when.
        at: Span,
        /// For how long.
        lasting: Span,
    },
}

/// The steps of a handler, in no particular order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandlerStep {
    /// The message is handed to the handler.
    Receive,
    /// The processed-ids table is asked.
    Check,
    /// The effect takes place.
    Effect,
    /// The id is written.
    Record,
    /// The offset is committed, the message acked or deleted.
    Commit,
    /// The database transaction around effect and id is committed.
    TransactionCommit,
}

/// What those who run the services ask of them together, judged while the run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// What is asked, as the rest of a sentence: "no order is lost".
    pub words: String,
    /// When it is met.
    pub rule: Rule,
}

/// How a requirement is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// By figures of the verdict: all of these hold.
    Figures(Vec<Expect>),
    /// By the way the two are joined: the service never waits for the other one, however slow that is.
    Apart {
        /// Name of the service that must not be slowed.
        service: String,
        /// Name of the one that may be slow.
        from: String,
    },
}

/// Something that must be true of the verdict at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Name of the service; empty means the producers.
    #[serde(default)]
    pub service: String,
    /// A figure of the verdict (`lost`, `duplicated`, `held`, …).
    pub figure: String,
    /// `=`, `>=`, `<=`, `>` or `<`.
    pub is: String,
    /// What it is compared with; `held` is 1 or 0.
    pub value: u64,
}
