use super::*;

fn batch(count: u64, epoch: LeaderEpoch, at: Micros) -> StoredBatch {
    StoredBatch {
        base_offset: 0,
        appended_at: at,
        leader_epoch: epoch,
        stamp: None,
        transactional: false,
        content: Content::Messages((0..count).map(|id| Message { id, key: 0 }).collect()),
    }
}

fn offsets(log: &Log, from: Offset, to: Offset) -> Vec<Offset> {
    log.records(from, to).map(|r| r.offset).collect()
}

#[test]
fn reads_a_range_over_segments() {
    let mut log = Log::new(4);
    for n in [3, 2, 4, 1, 5] {
        log.append(batch(n, 0, 0));
    }
    assert_eq!(log.end(), 15);
    assert_eq!(offsets(&log, 2, 11), (2..11).collect::<Vec<_>>());
    assert_eq!(offsets(&log, 15, 99), Vec::<Offset>::new());
    assert_eq!(
        log.record(14).and_then(|r| r.message).map(|m| m.id),
        Some(4)
    );
    assert_eq!(log.record(15), None);
}

#[test]
fn a_clone_is_not_touched_by_later_appends() {
    let mut log = Log::new(10);
    log.append(batch(3, 0, 0));
    let before = log.clone();
    log.append(batch(2, 0, 0));
    assert_eq!((before.end(), offsets(&before, 0, 9).len()), (3, 3));
    assert_eq!(offsets(&log, 0, 9).len(), 5);
}

#[test]
fn retention_removes_whole_segments_and_stops_at_the_limit() {
    let mut log = Log::new(4);
    for at in 0..10 {
        log.append(batch(2, 0, at));
    }
    let keep_6 = Retention {
        records: Some(6),
        age: None,
    };
    assert!(log.retain(keep_6, 0, 8));
    assert_eq!(log.start(), 8);
    assert!(log.retain(keep_6, 0, 20));
    assert_eq!(
        (log.start(), log.record(11), log.record(12).is_some()),
        (12, None, true)
    );
    assert!(!log.retain(
        Retention {
            records: None,
            age: Some(2)
        },
        9,
        20
    ));
    assert!(log.retain(
        Retention {
            records: None,
            age: Some(1)
        },
        9,
        20
    ));
    assert_eq!(log.start(), 16);
}

#[test]
fn truncation_reports_what_it_removed() {
    let mut log = Log::new(4);
    for epoch in [0, 0, 1, 3] {
        log.append(batch(3, epoch, 0));
    }
    let removed: Vec<Offset> = log.truncate(6).into_iter().map(|(at, _)| at).collect();
    assert_eq!(removed, vec![6, 7, 8, 9, 10, 11]);
    assert_eq!((log.end(), log.latest_epoch()), (6, Some(0)));
    assert_eq!(log.append(batch(1, 4, 0)), 6);
    assert_eq!(log.truncate(5).len(), 4, "a batch goes as a whole");
    assert_eq!((log.end(), offsets(&log, 0, 99)), (3, vec![0, 1, 2]));
    log.append(batch(2, 5, 0));
    assert_eq!(offsets(&log, 2, 99), vec![2, 3, 4]);
}

#[test]
fn epoch_ends_as_kafka_answers_them() {
    let mut log = Log::new(4);
    for (count, epoch) in [(3, 1), (3, 2), (2, 5)] {
        log.append(batch(count, epoch, 0));
    }
    let end = |epoch| log.end_of_epoch(epoch).map(|e| (e.epoch, e.end));
    assert_eq!(end(0), Some((0, 0)));
    assert_eq!(end(1), Some((1, 3)));
    assert_eq!(end(2), Some((2, 6)));
    assert_eq!(end(4), Some((2, 6)), "unknown epoch: the largest below it");
    assert_eq!(end(5), Some((5, 8)));
    assert_eq!(end(6), None);
}

#[test]
fn epochs_follow_the_log_start() {
    let mut log = Log::new(2);
    for (count, epoch) in [(2, 1), (2, 2), (2, 5)] {
        log.append(batch(count, epoch, 0));
    }
    log.advance_start(3);
    let starts: Vec<_> = log.epochs().iter().map(|e| (e.epoch, e.start)).collect();
    assert_eq!(starts, vec![(2, 3), (5, 4)]);
    assert_eq!((log.record(2), log.record(3).is_some()), (None, true));
}
