use super::*;
use crate::broker::wire::Message;

const DAY: Micros = 86_400_000_000;

fn stamp(epoch: ProducerEpoch, first_sequence: i32) -> Stamp {
    Stamp {
        producer: 7,
        epoch,
        first_sequence,
    }
}

fn put(states: &mut ProducerStates, log: &mut Log, stamp: Stamp, content: Content, at: Micros) {
    let mut batch = StoredBatch {
        base_offset: 0,
        appended_at: at,
        leader_epoch: 0,
        stamp: Some(stamp),
        transactional: true,
        content,
    };
    batch.base_offset = log.append(batch.clone());
    states.record(&batch);
}

fn data(count: u64) -> Content {
    Content::Messages((0..count).map(|id| Message { id, key: 0 }).collect())
}

#[test]
fn sequences_wrap_after_the_largest() {
    assert_eq!(next_sequence(i32::MAX, 1), 0);
    assert_eq!(next_sequence(i32::MAX - 10, 20), 9);
    assert_eq!(next_sequence(5, 0), 5);
}

#[test]
fn version_2_wants_a_higher_epoch_on_markers_but_tolerates_a_repeat() {
    for (version, equal) in [
        (TransactionVersion::V1, Ok(())),
        (TransactionVersion::V2, Err(ErrorCode::InvalidProducerEpoch)),
    ] {
        let (mut states, mut log) = (ProducerStates::new(DAY, version), Log::new(9));
        put(&mut states, &mut log, stamp(3, 0), data(2), 0);
        assert_eq!(
            states.check_marker(7, 2),
            Err(ErrorCode::InvalidProducerEpoch)
        );
        assert_eq!(states.check_marker(7, 3), equal);
        assert_eq!(states.check_marker(7, 4), Ok(()));
        put(
            &mut states,
            &mut log,
            stamp(4, -1),
            Content::Marker { commit: true },
            0,
        );
        assert_eq!(states.check_marker(7, 4), Ok(()), "a repeat");
    }
}

#[test]
fn version_2_refuses_an_unknown_transaction_that_begins_in_the_middle() {
    let states = ProducerStates::new(DAY, TransactionVersion::V2);
    let refused = Err(ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(states.check(stamp(0, 4), 1, true, 0), refused);
    assert_eq!(states.check(stamp(0, 4), 1, false, 0), Ok(Decision::Append));
}

#[test]
fn a_plain_record_inside_a_transaction_is_refused() {
    let (mut states, mut log) = (
        ProducerStates::new(DAY, TransactionVersion::V1),
        Log::new(9),
    );
    put(&mut states, &mut log, stamp(0, 0), data(2), 0);
    assert_eq!(
        states.check(stamp(0, 2), 1, false, 0),
        Err(ErrorCode::InvalidTxnState)
    );
    assert_eq!(states.check(stamp(0, 2), 1, true, 0), Ok(Decision::Append));
}

#[test]
fn an_open_transaction_keeps_its_producer_from_expiring() {
    let (mut states, mut log) = (
        ProducerStates::new(DAY, TransactionVersion::V1),
        Log::new(9),
    );
    put(&mut states, &mut log, stamp(0, 0), data(2), 0);
    states.forget(2 * DAY, 0);
    assert_eq!(states.epoch(7), Some(0));
    put(
        &mut states,
        &mut log,
        stamp(0, -1),
        Content::Marker { commit: false },
        2 * DAY,
    );
    assert!(states.is_aborted(7, 1) && !states.is_aborted(7, 3) && !states.is_aborted(8, 1));
    states.forget(3 * DAY, 3);
    assert_eq!((states.epoch(7), states.aborted_since(0).len()), (None, 0));
}

#[test]
fn truncation_opens_a_decided_transaction_again() {
    let (mut states, mut log) = (
        ProducerStates::new(DAY, TransactionVersion::V1),
        Log::new(9),
    );
    put(&mut states, &mut log, stamp(0, 0), data(2), 0);
    put(&mut states, &mut log, stamp(0, 2), data(1), 0);
    put(
        &mut states,
        &mut log,
        stamp(0, -1),
        Content::Marker { commit: false },
        0,
    );
    states.advance(4);
    assert_eq!(
        (states.first_unstable(), states.aborted_since(0).len()),
        (None, 1)
    );
    log.truncate(2);
    states.rebuild(&log, 2);
    assert_eq!(
        (states.first_unstable(), states.aborted_since(0).len()),
        (Some(0), 0)
    );
    assert_eq!(states.check(stamp(0, 2), 1, true, 0), Ok(Decision::Append));
}
