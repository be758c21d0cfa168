use super::*;
use crate::broker::wire::{Batch, Isolation, Message, Stamp};

fn plain(ids: std::ops::Range<u64>) -> Batch {
    let messages = ids.map(|id| Message { id, key: 0 }).collect();
    Batch {
        stamp: None,
        transactional: false,
        messages,
    }
}

fn three(min_insync_replicas: u32, unclean_leader_election: bool) -> Partition {
    let config = PartitionConfig {
        min_insync_replicas,
        unclean_leader_election,
        ..PartitionConfig::default()
    };
    Partition::new(&[0, 1, 2], config)
}

/// One round of a follower: ask, be answered, apply.
fn follow(partition: &mut Partition, follower: BrokerId, now: Micros) -> Applied {
    let leader = partition.leader().expect("a leader");
    let request = partition.follower_fetch(follower).expect("a follower");
    let answer = partition
        .serve_follower(leader, &request, 500, now)
        .expect("an answer");
    partition.apply_fetch(follower, &answer)
}

fn ids(removed: &[(Offset, Message)]) -> Vec<(Offset, u64)> {
    removed
        .iter()
        .map(|(offset, message)| (*offset, message.id))
        .collect()
}

#[test]
fn acks_all_waits_for_every_in_sync_replica() {
    let mut p = three(2, false);
    let wait = p.append(0, &plain(0..3), true, 0).expect("append").wait;
    follow(&mut p, 1, 1);
    follow(&mut p, 2, 1);
    assert_eq!(
        p.ack_state(&wait),
        AckState::Pending,
        "fetched, but not yet known to the leader"
    );
    follow(&mut p, 1, 2);
    assert_eq!(p.ack_state(&wait), AckState::Pending);
    follow(&mut p, 2, 2);
    assert_eq!(
        (p.ack_state(&wait), p.high_watermark()),
        (AckState::Replicated, 3)
    );
    let followers: Vec<_> = p.replicas().iter().map(Replica::high_watermark).collect();
    assert_eq!(
        followers,
        vec![3, 0, 3],
        "a follower learns of the high watermark with a fetch"
    );
}

#[test]
fn too_few_in_sync_replicas_refuse_acks_all_and_hold_the_high_watermark() {
    let mut p = three(2, false);
    p.fence(1, 0);
    p.fence(2, 0);
    assert_eq!(
        p.append(0, &plain(0..1), true, 0),
        Err(ErrorCode::NotEnoughReplicas)
    );
    assert_eq!(
        p.append(0, &plain(0..1), false, 0).map(|a| a.base_offset),
        Ok(0)
    );
    assert_eq!((p.isr(), p.high_watermark()), (&[0][..], 0), "KAFKA-15583");
    let nothing = p.fetch(0, 0, 9, Isolation::ReadUncommitted).expect("fetch");
    assert!(nothing.is_empty() && nothing.next_position == 0);
    p.restart(1, 1);
    follow(&mut p, 1, 1);
    follow(&mut p, 1, 2);
    assert_eq!((p.isr(), p.high_watermark()), (&[0, 1][..], 1));
}

#[test]
fn a_set_that_shrinks_below_the_minimum_fails_a_replicated_request() {
    let mut p = three(3, false);
    let wait = p.append(0, &plain(0..1), true, 0).expect("append").wait;
    for now in 1..3 {
        follow(&mut p, 1, now);
        follow(&mut p, 2, now);
    }
    p.fence(2, 3);
    let after_append = AckState::Failed(ErrorCode::NotEnoughReplicasAfterAppend);
    assert_eq!(p.ack_state(&wait), after_append);
    assert!(p.record(0).is_some(), "written all the same");
}

#[test]
fn a_lagging_follower_leaves_after_the_lag_time_and_rejoins() {
    let mut p = three(1, false);
    let wait = p.append(0, &plain(0..1), true, 0).expect("append").wait;
    follow(&mut p, 1, 10);
    follow(&mut p, 1, 20);
    assert_eq!(p.shrink_isr(30_000_000), Vec::<BrokerId>::new());
    assert_eq!(p.shrink_isr(30_000_001), vec![2]);
    assert_eq!(
        (p.ack_state(&wait), p.isr()),
        (AckState::Replicated, &[0, 1][..])
    );
    follow(&mut p, 2, 40_000_000);
    assert_eq!(
        p.isr(),
        &[0, 1],
        "its first fetch shows that it has nothing"
    );
    follow(&mut p, 2, 40_000_001);
    assert_eq!(p.isr(), &[0, 1, 2]);
}

#[test]
fn a_clean_election_loses_only_what_was_not_replicated() {
    let mut p = three(1, false);
    p.append(0, &plain(0..2), true, 0).expect("append");
    for now in 1..3 {
        follow(&mut p, 1, now);
        follow(&mut p, 2, now);
    }
    let lost = p.append(0, &plain(2..4), false, 3).expect("append").wait;
    p.crash(0);
    assert_eq!(
        p.append(0, &plain(9..10), false, 3),
        Err(ErrorCode::NotLeaderOrFollower)
    );
    let change = p.fence(0, 9).expect("an election");
    assert_eq!(
        (change.leader, change.leader_epoch, change.unclean),
        (Some(1), 1, false)
    );
    assert_eq!(
        p.ack_state(&lost),
        AckState::Failed(ErrorCode::NotLeaderOrFollower)
    );
    p.append(1, &plain(4..5), true, 10).expect("append");
    assert_eq!(p.restart(0, 11), None);
    let truncated = follow(&mut p, 0, 12).truncated;
    assert_eq!(ids(&truncated), vec![(2, 2), (3, 3)]);
    follow(&mut p, 0, 13);
    let log = p.replica(0).expect("replica").log();
    let kept: Vec<_> = log
        .records(0, 9)
        .filter_map(|r| r.message)
        .map(|m| m.id)
        .collect();
    assert_eq!((kept, log.latest_epoch()), (vec![0, 1, 4], Some(1)));
}

#[test]
fn without_unclean_election_the_partition_waits_for_its_last_in_sync_replica() {
    let mut p = three(1, false);
    p.fence(1, 0);
    p.fence(2, 0);
    p.append(0, &plain(0..1), true, 1).expect("append");
    p.restart(1, 2);
    p.crash(0);
    let change = p.fence(0, 3).expect("a change");
    assert_eq!((change.leader, p.isr()), (None, &[0][..]));
    assert_eq!(p.follower_fetch(1), None);
    let back = p.restart(0, 4).expect("an election");
    assert_eq!(
        (back.leader, back.leader_epoch, back.unclean),
        (Some(0), 2, false)
    );
    assert_eq!(p.log_end(), 1);
}

#[test]
fn an_unclean_election_takes_any_live_replica_and_loses_acknowledged_records() {
    let mut p = three(1, true);
    p.fence(1, 0);
    p.fence(2, 0);
    let wait = p.append(0, &plain(0..2), true, 1).expect("append").wait;
    assert_eq!(p.ack_state(&wait), AckState::Replicated);
    p.restart(2, 2);
    p.crash(0);
    let change = p.fence(0, 3).expect("an election");
    assert_eq!(
        (change.leader, change.unclean, p.isr()),
        (Some(2), true, &[2][..])
    );
    p.append(2, &plain(7..8), true, 4).expect("append");
    assert_eq!(
        p.fetch(2, 2, 9, Isolation::ReadUncommitted),
        Err(ErrorCode::OffsetOutOfRange)
    );
    p.restart(0, 5);
    assert_eq!(ids(&follow(&mut p, 0, 6).truncated), vec![(0, 0), (1, 1)]);
}

#[test]
fn answers_and_requests_of_an_old_epoch_change_nothing() {
    let mut p = three(1, false);
    p.append(0, &plain(0..2), true, 0).expect("append");
    let request = p.follower_fetch(2).expect("request");
    let answer = p.serve_follower(0, &request, 9, 1).expect("answer");
    p.crash(0);
    p.fence(0, 2);
    assert_eq!(p.apply_fetch(2, &answer), Applied::default());
    assert_eq!(
        p.serve_follower(1, &request, 9, 3),
        Err(ErrorCode::FencedLeaderEpoch)
    );
    let newer = FollowerFetch {
        leader_epoch: 9,
        ..request
    };
    assert_eq!(
        p.serve_follower(1, &newer, 9, 3),
        Err(ErrorCode::UnknownLeaderEpoch)
    );
}

#[test]
fn a_follower_below_the_log_start_begins_again_there() {
    let mut p = Partition::new(
        &[0, 1],
        PartitionConfig {
            segment_records: 2,
            retention: Retention {
                records: Some(2),
                age: None,
            },
            ..PartitionConfig::default()
        },
    );
    p.fence(1, 0);
    for i in 0..4 {
        p.append(0, &plain(i * 2..i * 2 + 2), true, i)
            .expect("append");
    }
    p.clean(9);
    assert_eq!(p.log_start(), 6);
    assert_eq!(
        p.fetch(0, 5, 9, Isolation::ReadCommitted),
        Err(ErrorCode::OffsetOutOfRange)
    );
    p.restart(1, 10);
    follow(&mut p, 1, 11);
    follow(&mut p, 1, 12);
    let log = p.replica(1).expect("replica").log();
    assert_eq!((log.start(), log.end()), (6, 8));
}

#[test]
fn a_fetch_stops_at_its_limit_inside_a_batch() {
    let mut p = Partition::new(&[0], PartitionConfig::default());
    p.append(0, &plain(0..5), true, 0).expect("append");
    p.append(0, &plain(5..8), true, 0).expect("append");
    let fetched = p.fetch(0, 3, 4, Isolation::ReadUncommitted).expect("fetch");
    let got: Vec<_> = fetched
        .records()
        .map(|(offset, message)| (offset, message.id))
        .collect();
    assert_eq!(got, vec![(3, 3), (4, 4), (5, 5), (6, 6)]);
    assert_eq!((fetched.next_position, fetched.len()), (7, 4));
}

#[test]
fn a_fetch_from_above_the_readable_end_is_empty_even_inside_a_batch() {
    let mut p = three(1, false);
    p.append(0, &plain(0..5), true, 0).expect("append");
    for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
        let fetched = p.fetch(0, 3, 10, isolation).expect("an answer");
        assert!(fetched.is_empty());
        assert_eq!((fetched.next_position, fetched.high_watermark), (3, 0));
    }
    assert_eq!(
        p.fetch(0, 6, 10, Isolation::ReadUncommitted),
        Err(ErrorCode::OffsetOutOfRange)
    );
}

#[test]
fn a_new_leader_still_recognises_the_whole_window() {
    let mut p = three(1, false);
    let batch = |first: i32| Batch {
        stamp: Some(Stamp {
            producer: 4,
            epoch: 0,
            first_sequence: first,
        }),
        ..plain(0..1)
    };
    for first in 0..6 {
        p.append(0, &batch(first), true, 0).expect("append");
    }
    follow(&mut p, 1, 1);
    follow(&mut p, 2, 1);
    p.crash(0);
    p.fence(0, 2);
    for first in 1..6u8 {
        let again = p.append(1, &batch(first.into()), true, 3).expect("append");
        assert_eq!((again.duplicate, again.base_offset), (true, first.into()));
    }
    let refused = Err(ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(p.append(1, &batch(0), true, 3), refused);
}

#[test]
fn a_lost_disk_empties_the_replica() {
    let mut p = Partition::new(&[0], PartitionConfig::default());
    p.append(0, &plain(0..2), true, 0).expect("append");
    assert!(p.lose_disk(0).is_empty(), "not while it runs");
    p.crash(0);
    assert_eq!(ids(&p.lose_disk(0)), vec![(0, 0), (1, 1)]);
    p.restart(0, 1);
    assert_eq!((p.log_end(), p.high_watermark()), (0, 0));
}

#[test]
fn a_follower_joins_only_past_the_start_of_the_leaders_epoch() {
    let mut p = three(2, false);
    p.fence(2, 0);
    p.append(0, &plain(0..1), true, 0).expect("append");
    follow(&mut p, 1, 1);
    let request = p.follower_fetch(1).expect("request");
    p.serve_follower(0, &request, 9, 2)
        .expect("an answer that is lost");
    assert_eq!(p.high_watermark(), 1, "committed");
    p.fence(0, 3);
    p.restart(2, 4);
    let state = (p.leader(), p.high_watermark());
    assert_eq!(state, (Some(1), 0), "the new leader has not heard of it");
    follow(&mut p, 2, 5);
    assert_eq!(p.isr(), &[1], "an empty log must not be able to lead");
    follow(&mut p, 2, 6);
    assert_eq!((p.isr(), p.high_watermark()), (&[1, 2][..], 1));
}

#[test]
fn a_follower_that_always_reaches_the_previous_end_stays_in_sync() {
    let mut p = three(1, false);
    let half = p.config().replica_lag_time_max / 2;
    for round in 1..5 {
        p.append(0, &plain(0..1), false, round * half)
            .expect("append");
        follow(&mut p, 1, round * half + 1);
        p.append(0, &plain(0..1), false, round * half + 2)
            .expect("append");
    }
    let dropped = p.shrink_isr(5 * half);
    assert_eq!(
        dropped,
        vec![2],
        "broker 1 was never at the end, yet keeps up"
    );
}

#[test]
fn the_high_watermark_waits_for_a_replica_that_is_about_to_join() {
    let mut p = three(1, false);
    p.fence(2, 0);
    let grow = |p: &mut Partition, now| {
        p.append(0, &plain(0..2), false, now).expect("append");
        follow(p, 1, now);
        follow(p, 1, now);
    };
    grow(&mut p, 1);
    p.restart(2, 2);
    follow(&mut p, 2, 3);
    grow(&mut p, 4);
    follow(&mut p, 2, 5);
    assert_eq!((p.isr(), p.high_watermark()), (&[0, 1][..], 4));
    grow(&mut p, 6);
    assert_eq!(
        p.high_watermark(),
        4,
        "broker 2 caught up at 3 and is behind by now"
    );
    follow(&mut p, 2, 7);
    assert_eq!((p.isr(), p.high_watermark()), (&[0, 1, 2][..], 4));
}
