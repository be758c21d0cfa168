//! Each anomaly, and how it is judged.

use super::*;
use crate::trace::Code;
use AnomalyKind::*;
use Guarantee::*;

#[test]
fn a_second_effect_is_a_duplicate_and_judged() {
    for (promise, held, expected) in [
        (AtLeastOnce, true, (1, 0)),
        (AtLeastOnceIdempotent, false, (0, 1)),
        (ExactlyOnce, false, (0, 1)),
        (AtMostOnce, false, (0, 1)),
    ] {
        let mut story = Story::new(promise);
        story.stored(1).handled(1).effect(1);
        let service = story.service();
        assert_eq!((service.duplicated, service.held), (1, held), "{promise:?}");
        assert_eq!(story.allowed_and_violations(DuplicateEffect), expected);
    }
}

#[test]
fn cut_off_after_the_ack_is_a_lost_write() {
    for (acks, unclean, expected) in [
        (Acks::All, false, (0, 1)),
        (Acks::All, true, (1, 0)),
        (Acks::Leader, false, (1, 0)),
    ] {
        let mut scenario = scenario(AtLeastOnce);
        scenario.producers[0].acks = acks;
        scenario.cluster.unclean_election = unclean;
        let mut story = Story::of(&scenario);
        story.stored(1).truncate(1, 0).truncate(1, 0);
        assert_eq!(story.service().lost_acknowledged, 1);
        assert_eq!(story.allowed_and_violations(LostWrite), expected);
    }
}

#[test]
fn the_same_message_at_two_offsets() {
    for (idempotence, expected) in [(false, (1, 0)), (true, (0, 1))] {
        let mut scenario = scenario(AtLeastOnce);
        scenario.producers[0].idempotence = idempotence;
        let mut story = Story::of(&scenario);
        story.publish(1, 1).append(1, 0).append(1, 1).ack(1);
        assert_eq!(story.allowed_and_violations(Duplicate), expected);
    }
}

#[test]
fn an_offset_that_was_read_and_now_holds_another_message() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).handled(1).truncate(1, 0).stored(2);
    assert_eq!(story.allowed_and_violations(InconsistentOffsets), (0, 0));
    story.publish(3, 1).append(3, 0);
    assert_eq!(story.allowed_and_violations(InconsistentOffsets), (0, 1));
}

#[test]
fn an_earlier_message_of_the_key_comes_later() {
    let mut story = Story::new(AtLeastOnce);
    story.publish(1, 7).publish(2, 7).publish(3, 8);
    story.effect(2).effect(3).effect(1);
    assert_eq!(story.service().out_of_order, 1);
    assert_eq!(story.allowed_and_violations(OutOfOrderEffect), (1, 0));
    story.effect(1);
    assert_eq!(story.service().out_of_order, 1, "a repeat is no disorder");
}

#[test]
fn committed_past_without_having_been_given_it() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).stored(2).stored(3);
    story.handled(1).handled(3).commit(3).wait();
    assert_eq!(story.service().lost, 1);
    assert_eq!(story.allowed_and_violations(SkippedRecord), (0, 1));
    assert_eq!(story.allowed_and_violations(PollSkip), (1, 0));
}

#[test]
fn a_failed_record_that_is_left_behind() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).deliver(1, 0).drop(1, Why::Poison);
    assert_eq!(story.service().lost, 1);
    assert_eq!(story.allowed_and_violations(SkippedRecord), (0, 1));
}

#[test]
fn positions_that_go_back() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).stored(2).handled(1).handled(2).handled(1);
    assert_eq!(story.allowed_and_violations(NonmonotonicPoll), (1, 0));
    story.say(Kind::Rebalancing {
        service: 0,
        generation: 2,
    });
    story.handled(1);
    assert_eq!(story.allowed_and_violations(NonmonotonicPoll), (1, 0));
}

#[test]
fn recognised_as_a_repeat_of_nothing() {
    let mut story = Story::new(AtLeastOnceIdempotent);
    let skipped = Kind::Skipped {
        service: 0,
        member: 0,
        message: 1,
    };
    story
        .stored(1)
        .deliver(1, 0)
        .say(skipped)
        .processed(1)
        .commit(1)
        .wait();
    assert_eq!(story.allowed_and_violations(FalseRepeat), (0, 1));
    assert_eq!((story.service().lost, story.service().held), (1, false));
}

#[test]
fn commits_that_came_too_late() {
    let mut story = Story::new(AtLeastOnce);
    story.commit(5).commit(3);
    story.say(Kind::CommitRefused {
        service: 0,
        member: 0,
        partition: 0,
        offset: 4,
        why: Why::Answer(Code(crate::broker::wire::ErrorCode::IllegalGeneration)),
    });
    story.say(Kind::StaleReceipt {
        service: 0,
        member: 0,
        message: 1,
    });
    assert_eq!(story.allowed_and_violations(StaleCommit), (3, 0));
}

#[test]
fn aborted_but_read() {
    for (read_committed, expected) in [(false, (2, 0)), (true, (0, 2))] {
        let mut scenario = scenario(AtLeastOnce);
        scenario.services[0].read_committed = read_committed;
        let mut story = Story::of(&scenario);
        story.publish(1, 1).append(1, 0).deliver(1, 0);
        story.give_up(1, Why::Aborted).deliver(1, 0);
        assert_eq!(story.allowed_and_violations(G1a), expected);
    }
}

#[test]
fn only_the_newest_anomalies_are_kept_but_all_are_counted() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).handled(1);
    (0..1_500).for_each(|_| {
        story.effect(1);
    });
    let anomalies = story.ledger.anomalies();
    assert_eq!(anomalies.newest().len(), 1_000);
    assert_eq!(anomalies.count(DuplicateEffect).allowed, 1_500);
}
