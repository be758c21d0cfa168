//! Rules of the group and transaction coordinators that are easiest to read as examples.

use std::sync::Arc;

use delivery_lab::broker::assign::Assignor;
use delivery_lab::broker::group::{
    Answer, Caller, Group, GroupConfig, GroupState, InstanceId, Join, Joined, MemberId,
};
use delivery_lab::broker::transaction::{Producer, Target, TransactionCoordinator, TxnState};
use delivery_lab::broker::wire::{ErrorCode, TopicPartition};

const SECOND: u64 = 1_000_000;

fn partition(partition: u32) -> TopicPartition {
    TopicPartition {
        topic: 0,
        partition,
    }
}

fn group(assignor: Assignor) -> Group {
    let topics: Arc<[u32]> = Arc::new([4]);
    Group::new(GroupConfig {
        assignor,
        topics,
        initial_rebalance_delay: 3 * SECOND,
    })
}

fn join(member: Option<MemberId>, new_id: MemberId, instance: Option<InstanceId>) -> Join {
    Join {
        member,
        new_id,
        instance,
        topics: Arc::new([0]),
        owned: Arc::new([]),
        generation: -1,
        session_timeout: 45 * SECOND,
        rebalance_timeout: 300 * SECOND,
    }
}

fn caller(member: MemberId, generation: i32) -> Caller {
    Caller {
        member,
        instance: None,
        generation,
    }
}

fn joined(member: MemberId, generation: i32, leader: MemberId) -> Answer {
    Answer::Join {
        member,
        result: Ok(Joined { generation, leader }),
    }
}

/// Members 1 and 2 in generation 1, stable, at 6 s.
fn two_members(instances: [Option<InstanceId>; 2]) -> Group {
    let mut group = group(Assignor::Range);
    assert!(group.join(0, join(None, 1, instances[0])).is_empty());
    assert_eq!(group.next_deadline(), Some(3 * SECOND));
    assert!(group.join(SECOND, join(None, 2, instances[1])).is_empty());
    assert!(
        group.tick(3 * SECOND).is_empty(),
        "somebody came, so the delay starts again"
    );
    assert_eq!(group.tick(6 * SECOND), [joined(1, 1, 1), joined(2, 1, 1)]);
    let of = |m: u64| Caller {
        member: m,
        instance: instances[m as usize - 1],
        generation: 1,
    };
    assert!(
        group.sync(6 * SECOND, of(2)).is_empty(),
        "waits for the leader"
    );
    assert_eq!(group.sync(6 * SECOND, of(1)).len(), 2);
    assert_eq!(group.state(), GroupState::Stable);
    group
}

#[test]
fn a_commit_is_judged_by_the_phase_of_the_rebalance() {
    let mut group = two_members([None, None]);
    let now = 7 * SECOND;
    let commit = |g: &mut Group, c, offset| g.commit(now, Some(c), &[(partition(3), offset)]);
    assert_eq!(
        commit(&mut group, caller(1, 1), 9),
        Ok(()),
        "not its partition, still accepted"
    );
    assert_eq!(
        commit(&mut group, caller(1, 1), 5),
        Ok(()),
        "an older offset replaces a newer one"
    );
    assert_eq!(group.fetch_offset(partition(3), true), Ok(Some(5)));
    assert!(group.join(now, join(None, 3, None)).is_empty());
    assert_eq!(
        group.heartbeat(now, caller(1, 1)),
        Err(ErrorCode::RebalanceInProgress)
    );
    assert_eq!(
        commit(&mut group, caller(1, 1), 6),
        Ok(()),
        "old generation, still preparing"
    );
    group.join(now, join(Some(1), 90, None));
    assert_eq!(group.join(now, join(Some(2), 91, None)).len(), 3);
    assert_eq!(group.state(), GroupState::CompletingRebalance);
    assert_eq!(
        commit(&mut group, caller(1, 1), 7),
        Err(ErrorCode::IllegalGeneration)
    );
    assert_eq!(
        commit(&mut group, caller(1, 2), 7),
        Err(ErrorCode::RebalanceInProgress)
    );
    let transactional = group.txn_commit(now, Some(caller(1, 2)), 70, &[(partition(3), 7)]);
    assert_eq!(transactional, Ok(()), "not refused between join and sync");
    assert_eq!(
        commit(&mut group, caller(8, 2), 7),
        Err(ErrorCode::UnknownMemberId)
    );
    assert_eq!(
        group.commit(now, None, &[]),
        Err(ErrorCode::UnknownMemberId)
    );
    assert_eq!(group.offsets().committed(partition(3)), Some(6));
}

#[test]
fn a_silent_member_is_removed_when_its_session_ends() {
    let mut group = two_members([None, None]);
    assert_eq!(group.heartbeat(50 * SECOND, caller(1, 1)), Ok(()));
    assert_eq!(group.next_deadline(), Some(51 * SECOND));
    assert!(group.tick(51 * SECOND - 1).is_empty());
    assert_eq!(group.members().count(), 2);
    assert!(group.tick(51 * SECOND).is_empty());
    assert_eq!(group.state(), GroupState::PreparingRebalance);
    assert_eq!(
        group.join(51 * SECOND, join(Some(1), 90, None)),
        [joined(1, 2, 1)]
    );
    assert_eq!(
        group.heartbeat(52 * SECOND, caller(2, 1)),
        Err(ErrorCode::UnknownMemberId)
    );
}

#[test]
fn a_member_that_does_not_rejoin_in_time_is_dropped() {
    let mut group = two_members([None, None]);
    group.join(7 * SECOND, join(Some(1), 90, None));
    for second in (10..307).step_by(10) {
        let refused = group.heartbeat(second * SECOND, caller(2, 1));
        assert_eq!(refused, Err(ErrorCode::RebalanceInProgress));
        group.tick(second * SECOND);
    }
    assert_eq!(group.tick(307 * SECOND), [joined(1, 2, 1)]);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_fences_its_former_self() {
    let mut group = two_members([Some(7), Some(8)]);
    let before = group.members().find(|m| m.0 == 2).map(|m| m.1.to_vec());
    assert_eq!(
        group.join(9 * SECOND, join(None, 5, Some(8))),
        [joined(5, 1, 1)]
    );
    assert_eq!(group.state(), GroupState::Stable);
    assert_eq!(
        group.members().find(|m| m.0 == 5).map(|m| m.1.to_vec()),
        before
    );
    let old = Caller {
        member: 2,
        instance: Some(8),
        generation: 1,
    };
    assert_eq!(
        group.heartbeat(9 * SECOND, old),
        Err(ErrorCode::FencedInstanceId)
    );
    let refused = group.commit(9 * SECOND, Some(old), &[(partition(0), 1)]);
    assert_eq!(refused, Err(ErrorCode::FencedInstanceId));
    let answers = group.sync(9 * SECOND, Caller { member: 5, ..old });
    assert_eq!(
        answers,
        [Answer::Sync {
            member: 5,
            result: Ok(before.expect("known").into())
        }]
    );
}

#[test]
fn pending_offsets_are_unstable_until_the_marker() {
    let mut group = group(Assignor::Range);
    let fetch = |g: &Group, p, stable| g.fetch_offset(partition(p), stable);
    assert_eq!(group.commit(0, None, &[(partition(0), 3)]), Ok(()));
    let offsets = [(partition(0), 10), (partition(1), 11)];
    assert_eq!(group.txn_commit(0, None, 70, &offsets), Ok(()));
    assert_eq!(fetch(&group, 0, true), Err(ErrorCode::UnstableOffsetCommit));
    assert_eq!(fetch(&group, 0, false), Ok(Some(3)));
    assert_eq!(group.commit(0, None, &[(partition(1), 4)]), Ok(()));
    group.end_transaction(71, true);
    assert_eq!(fetch(&group, 0, true), Err(ErrorCode::UnstableOffsetCommit));
    group.end_transaction(70, true);
    assert_eq!(fetch(&group, 0, true), Ok(Some(10)));
    assert_eq!(
        fetch(&group, 1, true),
        Ok(Some(4)),
        "the plain commit was written later"
    );
    assert_eq!(group.txn_commit(0, None, 70, &[(partition(0), 20)]), Ok(()));
    group.end_transaction(70, false);
    assert_eq!(fetch(&group, 0, true), Ok(Some(10)));
}

#[test]
fn a_new_instance_aborts_and_fences_the_old_one() {
    let mut coordinator = TransactionCoordinator::new(false);
    let target = Target::Partition(partition(2));
    let old = coordinator.init(1, SECOND).result.expect("a producer id");
    assert_eq!(
        coordinator.add(0, 1, old, &[target, Target::Offsets(0)]),
        Ok(())
    );
    let answer = coordinator.init(1, SECOND);
    assert_eq!(answer.result, Err(ErrorCode::ConcurrentTransactions));
    assert_eq!(answer.markers.len(), 2);
    assert!(
        answer
            .markers
            .iter()
            .all(|m| !m.commit && m.producer.epoch == old.epoch + 1)
    );
    assert_eq!(
        coordinator.end(1, old, true),
        Err(ErrorCode::ProducerFenced)
    );
    assert_eq!(
        coordinator.init(1, SECOND).result,
        Err(ErrorCode::ConcurrentTransactions)
    );
    answer
        .markers
        .iter()
        .for_each(|m| coordinator.marker_written(m));
    assert_eq!(coordinator.state(1), TxnState::CompleteAbort);
    let new = Producer {
        epoch: old.epoch + 2,
        ..old
    };
    assert_eq!(coordinator.init(1, SECOND).result, Ok(new));
    assert_eq!(
        coordinator.add(0, 1, old, &[target]),
        Err(ErrorCode::ProducerFenced)
    );
}

#[test]
fn the_decision_comes_before_the_markers() {
    let mut coordinator = TransactionCoordinator::new(false);
    let producer = coordinator.init(1, SECOND).result.expect("a producer id");
    assert_eq!(
        coordinator.end(1, producer, true),
        Err(ErrorCode::InvalidTxnState)
    );
    let target = Target::Partition(partition(2));
    assert_eq!(coordinator.add(0, 1, producer, &[target]), Ok(()));
    let ended = coordinator.end(1, producer, true).expect("decided");
    assert_eq!(coordinator.state(1), TxnState::PrepareCommit);
    let early = coordinator.add(1, 1, producer, &[target]);
    assert_eq!(early, Err(ErrorCode::ConcurrentTransactions));
    assert_eq!(
        coordinator.end(1, producer, false),
        Err(ErrorCode::InvalidTxnState)
    );
    ended
        .markers
        .iter()
        .for_each(|m| coordinator.marker_written(m));
    assert_eq!(coordinator.state(1), TxnState::CompleteCommit);
    assert_eq!(
        coordinator.end(1, producer, true).map(|e| e.markers.len()),
        Ok(0)
    );
    assert_eq!(coordinator.add(1, 1, producer, &[target]), Ok(()));
}

#[test]
fn a_transaction_open_too_long_is_aborted_and_its_producer_fenced() {
    let mut coordinator = TransactionCoordinator::new(false);
    let producer = coordinator
        .init(1, 60 * SECOND)
        .result
        .expect("a producer id");
    assert_eq!(coordinator.next_deadline(), None);
    assert_eq!(
        coordinator.add(5, 1, producer, &[Target::Offsets(3)]),
        Ok(())
    );
    assert_eq!(coordinator.next_deadline(), Some(60 * SECOND + 5));
    assert!(coordinator.tick(60 * SECOND).is_empty());
    assert_eq!(coordinator.tick(60 * SECOND + 5).len(), 1);
    assert_eq!(
        coordinator.end(1, producer, true),
        Err(ErrorCode::ProducerFenced)
    );
}

#[test]
fn used_up_epochs_bring_a_new_producer_id() {
    let mut coordinator = TransactionCoordinator::new(false);
    let mut last = coordinator.init(1, SECOND).result.expect("a producer id");
    for epoch in 1..=32_766 {
        let next = coordinator.init(1, SECOND).result.expect("an epoch");
        assert_eq!(next, Producer { epoch, ..last });
        last = next;
    }
    let fresh = coordinator.init(1, SECOND).result.expect("a producer id");
    assert_eq!((fresh.id != last.id, fresh.epoch), (true, 0));
}

#[test]
fn version_2_bumps_the_epoch_at_every_end() {
    let mut coordinator = TransactionCoordinator::new(true);
    let mut producer = coordinator.init(1, SECOND).result.expect("a producer id");
    let target = Target::Partition(partition(0));
    for _ in 0..40_000 {
        assert_eq!(coordinator.add(0, 1, producer, &[target]), Ok(()));
        let ended = coordinator.end(1, producer, true).expect("decided");
        assert_eq!(ended.markers[0].producer.epoch, producer.epoch + 1);
        let early = coordinator.add(0, 1, ended.producer, &[target]);
        assert_eq!(early, Err(ErrorCode::ConcurrentTransactions));
        coordinator.marker_written(&ended.markers[0]);
        assert_eq!(
            coordinator.end(1, producer, true).map(|e| e.producer),
            Ok(ended.producer)
        );
        assert_ne!(ended.producer, producer);
        producer = ended.producer;
    }
}
