//! The producer's side of transactions, request by request.

use delivery_lab::broker::wire::{ErrorCode, Message, TopicPartition};
use delivery_lab::client::producer::{
    ControlAnswer, ControlKind, FailReason, Produced, Producer, ProducerEvent, ProducerSettings,
    SendError, TxnOffsets, TxnPhase,
};

const AT: TopicPartition = TopicPartition {
    topic: 0,
    partition: 3,
};
const FINE: Produced = Produced {
    base_offset: Some(0),
    duplicate: false,
};

fn message(id: u64) -> Message {
    Message { id, key: id }
}

fn ready() -> Producer {
    let settings = ProducerSettings {
        transactional_id: Some(4),
        ..Default::default()
    };
    let mut producer = Producer::new(settings).expect("no conflict");
    producer.set_leader(AT, Some(0));
    assert!(producer.needs_init());
    let started = ControlAnswer::Initialized {
        producer: 9,
        epoch: 2,
    };
    answer(
        &mut producer,
        |kind| matches!(kind, ControlKind::InitProducerId { .. }),
        Ok(started),
    );
    assert_eq!(producer.txn_phase(), TxnPhase::Ready);
    producer
}

/// Expects a control request now and answers it.
fn answer(
    producer: &mut Producer,
    expected: impl Fn(&ControlKind) -> bool,
    answer: Result<ControlAnswer, ErrorCode>,
) {
    let now = [0, 1_000_000]; // at once, or after a backoff
    let request = now
        .iter()
        .find_map(|&now| producer.poll_control(now))
        .expect("a request");
    assert!(expected(&request.kind), "{:?}", request.kind);
    assert_eq!(request.transactional_id, Some(4));
    producer.on_control(request.id, answer, 0, 0);
}

fn add_partitions(kind: &ControlKind) -> bool {
    *kind
        == ControlKind::AddPartitionsToTxn {
            partitions: vec![AT],
        }
}

fn produce(producer: &mut Producer) -> u64 {
    let mut requests = Vec::new();
    producer.poll(0, &mut requests);
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert!(request.batch.transactional);
    request.id
}

#[test]
fn a_commit_waits_for_partitions_offsets_and_records() {
    let mut producer = ready();
    assert_eq!(
        producer.send(message(1), AT, 0),
        Err(SendError::NoTransaction)
    );
    producer.begin().expect("ready");
    producer.send(message(1), AT, 0).expect("open");
    let told = TxnOffsets {
        group: 5,
        member: 1,
        generation: 2,
        offsets: vec![(AT, 8)],
    };
    producer.send_offsets(told.clone()).expect("open");
    producer.commit().expect("open");
    let mut none = Vec::new();
    producer.poll(0, &mut none);
    assert!(
        none.is_empty(),
        "the partition is not part of the transaction yet"
    );
    answer(
        &mut producer,
        add_partitions,
        Err(ErrorCode::ConcurrentTransactions),
    );
    answer(&mut producer, add_partitions, Ok(ControlAnswer::Done));
    let offsets = |kind: &ControlKind| *kind == ControlKind::AddOffsetsToTxn { group: 5 };
    answer(&mut producer, offsets, Ok(ControlAnswer::Done));
    let commit = |kind: &ControlKind| *kind == ControlKind::TxnOffsetCommit(told.clone());
    answer(&mut producer, commit, Ok(ControlAnswer::Done));
    assert!(
        producer.poll_control(0).is_none(),
        "a record is not acknowledged yet"
    );
    let id = produce(&mut producer);
    producer.on_response(id, Ok(FINE), 0, 0);
    let end = |kind: &ControlKind| *kind == ControlKind::EndTxn { commit: true };
    answer(
        &mut producer,
        end,
        Ok(ControlAnswer::Ended {
            producer: 9,
            epoch: 3,
        }),
    );
    assert!(matches!(
        producer.next_event(),
        Some(ProducerEvent::Acknowledged { .. })
    ));
    assert_eq!(
        producer.next_event(),
        Some(ProducerEvent::TransactionEnded { committed: true })
    );
    assert_eq!(
        (producer.txn_phase(), producer.identity()),
        (TxnPhase::Ready, Some((9, 3)))
    );
}

#[test]
fn a_failed_batch_leaves_only_the_abort() {
    let mut producer = ready();
    producer.begin().expect("ready");
    producer.send(message(1), AT, 0).expect("open");
    answer(&mut producer, add_partitions, Ok(ControlAnswer::Done));
    producer.flush();
    let id = produce(&mut producer);
    producer.send(message(2), AT, 0).expect("open");
    producer.on_response(id, Err(ErrorCode::InvalidProducerEpoch), 0, 0);
    let error = ErrorCode::InvalidProducerEpoch;
    assert_eq!(producer.txn_phase(), TxnPhase::MustAbort(error));
    assert_eq!(
        producer.send(message(3), AT, 0),
        Err(SendError::MustAbort(error))
    );
    assert!(producer.commit().is_err());
    let reasons: Vec<_> = std::iter::from_fn(|| producer.next_event())
        .map(|event| match event {
            ProducerEvent::Failed {
                reason,
                outcome_unknown,
                ..
            } => (reason, outcome_unknown),
            other => panic!("{other:?}"),
        })
        .collect();
    let dropped = (FailReason::TransactionAborted, false);
    assert_eq!(reasons, [(FailReason::Refused(error), false), dropped]);
    producer.abort().expect("failed");
    let end = |kind: &ControlKind| *kind == ControlKind::EndTxn { commit: false };
    answer(&mut producer, end, Err(ErrorCode::ProducerFenced));
    assert_eq!(
        producer.txn_phase(),
        TxnPhase::Fatal(ErrorCode::ProducerFenced)
    );
    assert!(producer.begin().is_err());
    assert!(producer.poll_control(1_000_000_000).is_none());
}

#[test]
fn an_empty_transaction_ends_without_a_request() {
    let mut producer = ready();
    producer.begin().expect("ready");
    producer.commit().expect("open");
    assert!(producer.poll_control(0).is_none());
    assert_eq!(
        producer.next_event(),
        Some(ProducerEvent::TransactionEnded { committed: true })
    );
}
