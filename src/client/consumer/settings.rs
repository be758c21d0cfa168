//! A consumer's settings with Kafka's names and defaults (`ConsumerConfig`).

use crate::broker::wire::Micros;

/// Where to start without a committed offset, or with a position outside the log
/// (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AutoOffsetReset {
    /// At the oldest record kept.
    Earliest,
    /// After the newest record: what came before is skipped.
    Latest,
    /// Nowhere: the application is told.
    None,
}

/// Which records a fetch returns (`isolation.level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IsolationLevel {
    /// All below the high watermark.
    ReadUncommitted,
    /// All below the last stable offset, without those of aborted transactions.
    ReadCommitted,
}

/// `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Consecutive partitions per topic; the one in force with Kafka's default list.
    Range,
    /// One after the other.
    RoundRobin,
    /// As few moves as possible, with everything revoked in between.
    Sticky,
    /// As few moves as possible, with only what moves revoked (KIP-429).
    CooperativeSticky,
}

impl Strategy {
    /// Whether members keep their partitions while the group rebalances.
    pub fn cooperative(self) -> bool {
        self == Strategy::CooperativeSticky
    }
}

/// A consumer's settings. Spans are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSettings {
    /// `max.poll.records`, default 500.
    pub max_poll_records: u32,
    /// `enable.auto.commit`, default true.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`, default 5 s.
    pub auto_commit_interval: Micros,
    /// `auto.offset.reset`, default latest.
    pub auto_offset_reset: AutoOffsetReset,
    /// `isolation.level`, default read_uncommitted.
    pub isolation_level: IsolationLevel,
    /// `session.timeout.ms`, default 45 s.
    pub session_timeout: Micros,
    /// `heartbeat.interval.ms`, default 3 s.
    pub heartbeat_interval: Micros,
    /// `max.poll.interval.ms`, default 300 s.
    pub max_poll_interval: Micros,
    /// `partition.assignment.strategy`, default range (Kafka's list [range, cooperative-sticky] runs
    /// as range).
    pub strategy: Strategy,
    /// `group.instance.id`, a number here; `None` is a dynamic member.
    pub group_instance_id: Option<u64>,
    /// `fetch.max.wait.ms`, default 500 ms.
    pub fetch_max_wait: Micros,
    /// `max.partition.fetch.bytes`, here in records (Kafka: 1 MiB), default 1000.
    pub max_partition_fetch: u32,
    /// `request.timeout.ms`, default 30 s.
    pub request_timeout: Micros,
    /// `retry.backoff.ms`, default 100 ms. The consumer waits it unchanged, without growth or jitter.
    pub retry_backoff: Micros,
}

impl Default for ConsumerSettings {
    fn default() -> Self {
        Self {
            max_poll_records: 500,
            enable_auto_commit: true,
            auto_commit_interval: 5_000_000,
            auto_offset_reset: AutoOffsetReset::Latest,
            isolation_level: IsolationLevel::ReadUncommitted,
            session_timeout: 45_000_000,
            heartbeat_interval: 3_000_000,
            max_poll_interval: 300_000_000,
            strategy: Strategy::Range,
            group_instance_id: None,
            fetch_max_wait: 500_000,
            max_partition_fetch: 1_000,
            request_timeout: 30_000_000,
            retry_backoff: 100_000,
        }
    }
}

impl ConsumerSettings {
    /// What is wrong with these settings, one sentence each with the setting's name; empty if nothing.
    pub fn problems(&self) -> Vec<String> {
        let rules = [
            (
                self.max_poll_records >= 1,
                "max.poll.records must be at least 1.",
            ),
            (
                self.max_partition_fetch >= 1,
                "max.partition.fetch.bytes must be at least 1 record.",
            ),
            (
                self.heartbeat_interval >= 1,
                "heartbeat.interval.ms must be above 0.",
            ),
            (
                self.heartbeat_interval < self.session_timeout,
                "heartbeat.interval.ms must be below session.timeout.ms.",
            ),
            (
                self.max_poll_interval >= 1,
                "max.poll.interval.ms must be above 0.",
            ),
            (
                self.request_timeout > self.fetch_max_wait,
                "request.timeout.ms must be above fetch.max.wait.ms.",
            ),
            (self.retry_backoff >= 1, "retry.backoff.ms must be above 0."),
        ];
        rules
            .iter()
            .filter(|(ok, _)| !ok)
            .map(|(_, sentence)| (*sentence).to_owned())
            .collect()
    }
}
