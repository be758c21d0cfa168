//! Anomalies by name, each judged against what was promised.

use std::collections::VecDeque;

use serde::Serialize;

use crate::broker::wire::Micros;
use crate::trace::EventId;

/// How many anomalies are kept; the counts go on.
const NEWEST: usize = 1_000;

/// The kinds of anomaly. Those of the log have the names of Jepsen's Kafka workload
/// (jepsen.tests.kafka); the others are about effects, which that workload has none of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnomalyKind {
    /// A message meant for the service has no effect and can have none any more.
    LostEffect,
    /// The effect took place again.
    DuplicateEffect,
    /// The effect took place after that of a later message of the same key.
    OutOfOrderEffect,
    /// The service went on to later messages without this one.
    SkippedRecord,
    /// The service took a message for a repeat although it had had no effect.
    FalseRepeat,
    /// Put aside as failed although it had taken effect: to redrive it is to repeat it.
    DeadLetteredAfterEffect,
    /// A commit or delete that came too late to count: of a fenced member, or with an old receipt.
    StaleCommit,
    /// Jepsen's `duplicate`: the same message at two offsets.
    Duplicate,
    /// Jepsen's `lost-write`: an acknowledged message is in the log no more, and nobody had read it.
    LostWrite,
    /// Jepsen's `unseen`: an acknowledged message was delivered to nobody by the end.
    Unseen,
    /// Jepsen's `G1a`, an aborted read: delivered, though its transaction was aborted.
    G1a,
    /// Jepsen's `inconsistent-offsets`: an offset that was read now holds another message.
    InconsistentOffsets,
    /// Jepsen's `poll-skip`: a member's next record is not the one after its last.
    PollSkip,
    /// Jepsen's `nonmonotonic-poll`: a member's next record is not after its last.
    NonmonotonicPoll,
}

impl AnomalyKind {
    /// All of them.
    pub const ALL: [AnomalyKind; 14] = {
        use AnomalyKind::*;
        [
            LostEffect,
            DuplicateEffect,
            OutOfOrderEffect,
            SkippedRecord,
            FalseRepeat,
            DeadLetteredAfterEffect,
            StaleCommit,
            Duplicate,
            LostWrite,
            Unseen,
            G1a,
            InconsistentOffsets,
            PollSkip,
            NonmonotonicPoll,
        ]
    };

    /// Its name in files and on the page.
    pub fn name(self) -> &'static str {
        use AnomalyKind::*;
        match self {
            LostEffect => "lost effect",
            DuplicateEffect => "duplicate effect",
            OutOfOrderEffect => "out-of-order effect",
            SkippedRecord => "skipped record",
            FalseRepeat => "false repeat",
            DeadLetteredAfterEffect => "dead-lettered after effect",
            StaleCommit => "stale commit",
            Duplicate => "duplicate",
            LostWrite => "lost-write",
            Unseen => "unseen",
            G1a => "G1a",
            InconsistentOffsets => "inconsistent-offsets",
            PollSkip => "poll-skip",
            NonmonotonicPoll => "nonmonotonic-poll",
        }
    }
}

/// Something that should not happen in an ideal world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// What.
    pub kind: AnomalyKind,
    /// At which service (its position in the scenario); `None` for anomalies of the log.
    pub service: Option<u16>,
    /// The message; 0 where it is about none.
    pub message: u64,
    /// When it was proven, in µs since the start.
    pub at: Micros,
    /// The event that proved it.
    pub event: EventId,
    /// Whether the declared guarantee, or the setting that governs it, allows it; otherwise it is a violation.
    pub allowed: bool,
}

/// How often a kind of anomaly was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AnomalyCount {
    /// Allowed by the declared guarantee.
    pub allowed: u64,
    /// Not allowed by it.
    pub violations: u64,
}

/// The newest anomalies, and how many there were of each kind.
#[derive(Clone, Debug, Default)]
pub struct Anomalies {
    newest: VecDeque<Anomaly>,
    counts: [AnomalyCount; AnomalyKind::ALL.len()],
}

impl Anomalies {
    pub(super) fn push(&mut self, anomaly: Anomaly) {
        let count = &mut self.counts[anomaly.kind as usize];
        *match anomaly.allowed {
            true => &mut count.allowed,
            false => &mut count.violations,
        } += 1;
        if self.newest.len() == NEWEST {
            self.newest.pop_front();
        }
        self.newest.push_back(anomaly);
    }

    /// Takes back that a message was lost: it took effect after all.
    pub(super) fn withdraw_loss(&mut self, service: u16, message: u64) {
        let wrong = |a: &Anomaly| {
            a.kind == AnomalyKind::LostEffect && a.service == Some(service) && a.message == message
        };
        if let Some(index) = self.newest.iter().rposition(wrong)
            && let Some(gone) = self.newest.remove(index)
        {
            let count = &mut self.counts[gone.kind as usize];
            match gone.allowed {
                true => count.allowed -= 1,
                false => count.violations -= 1,
            }
        }
    }

    /// The newest 1,000, oldest first.
    pub fn newest(&self) -> impl DoubleEndedIterator<Item = &Anomaly> + ExactSizeIterator {
        self.newest.iter()
    }

    /// How many of this kind there have been.
    pub fn count(&self, kind: AnomalyKind) -> AnomalyCount {
        self.counts[kind as usize]
    }
}
