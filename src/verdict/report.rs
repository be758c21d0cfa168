//! The judgement, as plain data.

use serde::Serialize;

use crate::scenario::Guarantee;

/// The verdict over a whole run, or over a run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Messages the applications handed to their producers.
    pub published: u64,
    /// Messages the producers know to be stored.
    pub acked: u64,
    /// Messages the producers reported as failed.
    pub gave_up: u64,
    /// One for each service, in the scenario's order.
    pub services: Vec<ServiceReport>,
}

/// The verdict on one service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// What it promises.
    pub guarantee: Guarantee,
    /// Whether the promise has been kept so far.
    pub held: bool,
    /// Messages meant for it.
    pub published: u64,
    /// Times a message was handed to its application, repeats counted.
    pub delivered: u64,
    /// Times its handler was through with a message, repeats counted.
    pub processed: u64,
    /// Times its effect took place, repeats counted.
    pub effects: u64,
    /// Messages that never took effect and no longer can.
    pub lost: u64,
    /// Of the lost ones, those the producer was told are stored.
    pub lost_acknowledged: u64,
    /// Effects beyond each message's first.
    pub duplicated: u64,
    /// First effects that came after a later message of the same key had taken effect.
    pub out_of_order: u64,
    /// Messages that may still take effect.
    pub pending: u64,
    /// Messages put aside in a dead-letter queue.
    pub dead_lettered: u64,
    /// From publishing to the first effect.
    pub latency_us: Latency,
}

/// The totals of a service that are followed over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// Times its effect took place, repeats counted.
    pub effects: u64,
    /// Effects beyond each message's first.
    pub duplicated: u64,
    /// Messages that never took effect and no longer can.
    pub lost: u64,
    /// First effects.
    pub timed: u64,
    /// The sum of their latencies, in µs.
    pub latency_sum: u64,
}

/// A distribution, in two figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half are below, in µs.
    pub p50: u64,
    /// 99 in 100 are below, in µs.
    pub p99: u64,
}
