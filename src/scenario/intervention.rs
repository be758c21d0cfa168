//! What a person does to a running experiment. Recorded as input, so that every run can be replayed.

use serde::{Deserialize, Serialize};

use super::quantity::Span;

/// Something done at a moment of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervention {
    /// When.
    pub at: Span,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What can be done to a running experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// A consumer's process dies; it comes back after `consumer_restart`.
    CrashConsumer {
        /// Position of the service.
        service: u16,
        /// Position of the instance.
        instance: u16,
    },
    /// A broker's process dies; it comes back after `broker_restart`.
    CrashBroker {
        /// Position of the broker.
        broker: u16,
    },
    /// A producer's process dies; it comes back after `producer_restart`.
    CrashProducer {
        /// Position of the producer.
        producer: u16,
    },
    /// A packet that is on its way is lost.
    Drop {
        /// Its number.
        packet: u64,
    },
    /// A packet that is on its way takes longer.
    Delay {
        /// Its number.
        packet: u64,
        /// By how much.
        by: Span,
    },
    /// A broker hears nothing from the others for a while.
    CutBroker {
        /// Position of the broker.
        broker: u16,
        /// For how long.
        lasting: Span,
    },
    /// A parameter gets another value.
    Set {
        /// Its name.
        name: String,
        /// The value, as text.
        value: String,
    },
}
