//! Guarantees as bundles of settings.

use serde::{Deserialize, Serialize};

use super::config::{EffectKind, Service};

/// What a service promises about its effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// No message takes effect twice; some may not at all.
    AtMostOnce,
    /// Every acknowledged message takes effect; some may more than once.
    AtLeastOnce,
    /// Every acknowledged message takes effect, and repeats are recognised.
    AtLeastOnceIdempotent,
    /// Every acknowledged message takes effect once, by one transaction over progress and effect.
    ExactlyOnce,
}

/// When a consumer reports progress: commits the offset, acks, or deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitWhen {
    /// Before processing what was polled.
    Before,
    /// After each record.
    AfterEach,
    /// After the whole poll.
    AfterBatch,
    /// On an interval, inside poll, as `enable.auto.commit` does it.
    Auto,
    /// Never.
    Never,
}

/// How a repeated message is kept from taking effect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Idempotency {
    /// Not at all.
    None,
    /// A table of processed ids, asked before the effect and written after it.
    TableChecked,
    /// The id is written in the same database transaction as the effect.
    SameTransaction,
    /// The id is inserted first, under a unique constraint.
    UniqueConstraint,
    /// The message's id is handed to the outside party, which recognises it.
    IdempotencyKey,
    /// The effect sets a value instead of adding to one.
    Natural,
    /// The offset is stored with the effect, in one transaction.
    StoredOffset,
    /// Offsets and output records in one Kafka transaction.
    KafkaTransaction,
}

impl Guarantee {
    /// All, from the weakest promise to the strongest.
    pub const ALL: [Guarantee; 4] = [
        Guarantee::AtMostOnce,
        Guarantee::AtLeastOnce,
        Guarantee::AtLeastOnceIdempotent,
        Guarantee::ExactlyOnce,
    ];

    /// Its name in files, links and on the command line.
    pub fn slug(self) -> &'static str {
        match self {
            Guarantee::AtMostOnce => "at-most-once",
            Guarantee::AtLeastOnce => "at-least-once",
            Guarantee::AtLeastOnceIdempotent => "at-least-once-idempotent",
            Guarantee::ExactlyOnce => "exactly-once",
        }
    }

    /// Its name in running text.
    pub fn words(self) -> &'static str {
        match self {
            Guarantee::AtMostOnce => "at most once",
            Guarantee::AtLeastOnce => "at least once",
            Guarantee::AtLeastOnceIdempotent => "at least once + idempotent",
            Guarantee::ExactlyOnce => "exactly once",
        }
    }

    /// Whether a lost acknowledged message breaks the promise.
    pub fn forbids_loss(self) -> bool {
        self != Guarantee::AtMostOnce
    }

    /// Whether a second effect breaks the promise.
    pub fn forbids_duplicates(self) -> bool {
        self != Guarantee::AtLeastOnce
    }

    /// When a service under this guarantee reports progress, and how it recognises repeats: the settings
    /// that the guarantee is a name for. They depend on where the effect takes place, because only an effect
    /// in the service's own database, or in the log, can share a transaction.
    pub fn bundle(self, effect: EffectKind) -> (CommitWhen, Idempotency) {
        use EffectKind::*;
        match self {
            Guarantee::AtMostOnce => (CommitWhen::Before, Idempotency::None),
            Guarantee::AtLeastOnce => (CommitWhen::AfterBatch, Idempotency::None),
            Guarantee::AtLeastOnceIdempotent => {
                let how = match effect {
                    Charge => Idempotency::IdempotencyKey,
                    Stock | Count => Idempotency::SameTransaction,
                    Mail | Push | Record => Idempotency::TableChecked,
                };
                (CommitWhen::AfterBatch, how)
            }
            Guarantee::ExactlyOnce => {
                let how = match effect {
                    Stock | Count => Idempotency::StoredOffset,
                    Charge | Mail | Push | Record => Idempotency::KafkaTransaction,
                };
                (CommitWhen::AfterBatch, how)
            }
        }
    }
}

impl Service {
    /// Sets the guarantee and the settings it is a name for.
    pub fn promise(&mut self, guarantee: Guarantee) {
        self.guarantee = guarantee;
        (self.commit, self.idempotency) = guarantee.bundle(self.effect);
    }
}
