//! What a guarantee costs: the same orders and weather under each, measured.

use serde::Serialize;

use crate::scenario::{Acks, CommitWhen, Guarantee, Scenario, Service, Span};
use crate::timeline::Run;
use crate::trace::{Kind, Leg};
use crate::verdict::Latency;

/// Bytes of one stored message: the 1 KiB of the published comparisons, and a record's own frame.
const MESSAGE: u64 = 1_024 + 10;
/// Bytes of a batch's header in Kafka's record format.
const BATCH: u64 = 61;
/// Bytes of a transaction marker, and of a committed offset, with their batch headers.
const MARKER: u64 = 78;
const OFFSET: u64 = 61 + 80;

/// For how long messages are published to find what a service can do at most.
const SATURATION: Span = Span::s(5);
/// How many come then.
const FLOOD: u32 = 10_000;

/// The measured price of a guarantee for one service.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Price {
    /// The guarantee.
    pub guarantee: Guarantee,
    /// From publishing to the first effect, at the scenario's rate.
    pub latency_us: Latency,
    /// Effects a second when more messages come than the service can take, in thousandths.
    pub throughput_milli: u64,
    /// Packets that crossed the network for each message, in thousandths: requests, answers, deliveries,
    /// commits, replication and coordination.
    pub packets_milli: u64,
    /// Bytes written to logs for each message: copies, markers and committed offsets included.
    pub stored_bytes: u64,
    /// Messages that never took effect, and effects beyond the first, in this weather.
    pub lost: u64,
    /// Effects beyond the first.
    pub duplicated: u64,
}

/// The price of every guarantee for one service of a scenario, the others left out.
///
/// # Errors
/// What is wrong with the scenario, as sentences.
pub fn prices(scenario: &Scenario, service: usize) -> Result<Vec<Price>, Vec<String>> {
    let Some(chosen) = scenario.services.get(service) else {
        return Err(vec![format!("There is no service number {service}.")]);
    };
    Guarantee::ALL
        .into_iter()
        .map(|guarantee| price(&under(scenario, chosen, guarantee), guarantee))
        .collect()
}

/// The scenario with this service alone, producer and consumer set as the guarantee asks.
fn under(scenario: &Scenario, service: &Service, guarantee: Guarantee) -> Scenario {
    let mut alone = scenario.clone();
    let mut service = service.clone();
    service.promise(guarantee);
    if guarantee == Guarantee::ExactlyOnce {
        service.commit = CommitWhen::AfterBatch;
        service.read_committed = true;
    }
    alone.services = vec![service];
    alone.expects.clear();
    for producer in &mut alone.producers {
        let known = guarantee >= Guarantee::AtLeastOnceIdempotent;
        producer.idempotence = known;
        producer.acks = if guarantee == Guarantee::AtMostOnce {
            Acks::None
        } else {
            Acks::All
        };
        producer.max_in_flight = if known { 5 } else { 1 };
    }
    alone
}

fn price(scenario: &Scenario, guarantee: Guarantee) -> Result<Price, Vec<String>> {
    let mut run = Run::new(scenario.clone())?;
    let mut offsets = 0;
    run.advance(u64::MAX, usize::MAX, &mut |event| {
        offsets += u64::from(matches!(event.kind, Kind::Committed { .. }));
    });
    let report = run.report();
    let service = &report.services[0];
    let messages = service.published.max(1);
    let packets: u64 = Leg::ALL
        .iter()
        .map(|&leg| run.world().packets_sent(leg))
        .sum();
    Ok(Price {
        guarantee,
        latency_us: service.latency_us,
        throughput_milli: throughput(scenario)?,
        packets_milli: packets * 1_000 / messages,
        stored_bytes: (stored(&run) + offsets * OFFSET) / messages,
        lost: service.lost,
        duplicated: service.duplicated,
    })
}

/// Bytes in all replicas of all logs.
fn stored(run: &Run) -> u64 {
    let batches = run.world().replicas().flat_map(|replica| {
        let log = replica.log();
        log.batches(log.start(), log.end())
    });
    batches
        .map(|batch| {
            if batch.is_marker() {
                MARKER
            } else {
                BATCH + u64::from(batch.len()) * MESSAGE
            }
        })
        .sum()
}

/// Effects a second while more comes than can be taken.
fn throughput(scenario: &Scenario) -> Result<u64, Vec<String>> {
    let mut flooded = scenario.clone();
    flooded.load.rate = FLOOD;
    flooded.load.messages = 0;
    flooded.duration = SATURATION;
    flooded.faults.consumer_crash = Span(0);
    flooded.faults.broker_crash = Span(0);
    let mut run = Run::new(flooded)?;
    run.advance(SATURATION.0, usize::MAX, &mut |_| {});
    Ok(run.report().services[0].effects * 1_000_000_000 / SATURATION.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::preset;

    #[test]
    fn a_stronger_promise_costs_more_packets_and_loses_less() {
        let mut scenario = preset("order-processing").expect("it is built in");
        scenario.duration = Span::s(10);
        let prices = prices(&scenario, 1).expect("valid");
        let of = |guarantee| {
            *prices
                .iter()
                .find(|p| p.guarantee == guarantee)
                .expect("measured")
        };
        let (weak, strong) = (
            of(Guarantee::AtMostOnce),
            of(Guarantee::AtLeastOnceIdempotent),
        );
        assert!(
            weak.packets_milli < strong.packets_milli,
            "{weak:?} {strong:?}"
        );
        assert!(weak.lost > 0 && strong.lost == 0, "{weak:?} {strong:?}");
        assert!(
            prices
                .iter()
                .all(|p| p.throughput_milli > 0 && p.stored_bytes > MESSAGE)
        );
    }
}
