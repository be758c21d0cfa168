//! What a log means, worked out by plain scans.

use delivery_lab::broker::log::Log;
use delivery_lab::broker::wire::Offset;
use std::collections::BTreeMap;

/// Last stable offset and the offsets of aborted records, by a plain scan.
pub fn scan_transactions(log: &Log, hw: Offset) -> (Offset, Vec<Offset>) {
    let mut open: BTreeMap<u64, Vec<Offset>> = BTreeMap::new();
    let mut aborted = Vec::new();
    let mut stable = hw;
    for record in log
        .records(log.start(), log.end())
        .filter(|r| r.transactional)
    {
        let producer = record.stamp.expect("a stamp").producer;
        match record.marker {
            None => open.entry(producer).or_default().push(record.offset),
            Some(commit) => {
                let offsets = open.remove(&producer).unwrap_or_default();
                if record.offset >= hw {
                    stable = offsets.first().map_or(stable, |first| stable.min(*first));
                }
                if !commit {
                    aborted.extend(offsets);
                }
            }
        }
    }
    let first_open = open
        .values()
        .filter_map(|offsets| offsets.first().copied())
        .min();
    (
        first_open.map_or(stable, |first| stable.min(first)),
        aborted,
    )
}

/// In one log the epochs of a producer only rise, and within each its sequence numbers are contiguous from 0:
/// nothing twice, nothing left out. The log may begin in the middle.
pub fn check_sequences(log: &Log) {
    let mut next: BTreeMap<u64, (i16, i32)> = BTreeMap::new();
    for batch in log.batches(log.start(), log.end()) {
        let Some(stamp) = batch.stamp else { continue };
        let (producer, epoch) = (stamp.producer, stamp.epoch);
        let first = stamp.first_sequence;
        let expected = match next.get(&producer) {
            Some(&(known, sequence)) if known == epoch => sequence,
            Some(&(known, _)) => {
                assert!(known < epoch, "producer {producer} was fenced");
                0
            }
            None if batch.is_marker() => continue,
            None => first,
        };
        if batch.is_marker() {
            next.insert(producer, (epoch, expected));
            continue;
        }
        assert_eq!(expected, first, "producer {producer}");
        let after = first + i32::try_from(batch.len()).unwrap_or(0);
        next.insert(producer, (epoch, after));
    }
}
