//! Each figure of the report.

use super::*;
use crate::trace::Leg;
use AnomalyKind::*;
use Guarantee::*;

#[test]
fn a_message_that_goes_well() {
    let mut story = Story::new(ExactlyOnce);
    story.publish(1, 1);
    assert_eq!(story.service().pending, 1);
    story.append(1, 0).ack(1).handled(1).commit(1);
    let service = story.service();
    assert_eq!((service.published, service.pending), (1, 0));
    let done = (service.delivered, service.processed, service.effects);
    assert_eq!((done, service.held), ((1, 1, 1), true));
    // Published at 1 ms, effect at 5 ms.
    assert!((3_900..=4_100).contains(&service.latency_us.p50));
    assert_eq!(story.ledger.anomalies().newest().len(), 0);
    let report = story.ledger.report(true);
    assert_eq!((report.published, report.acked, report.gave_up), (1, 1, 0));
}

#[test]
fn committed_first_and_died_is_lost_at_once() {
    for (promise, held, expected) in [(AtMostOnce, true, (1, 0)), (AtLeastOnce, false, (0, 1))] {
        let mut story = Story::new(promise);
        story.stored(1).deliver(1, 0).commit(1).wait();
        assert_eq!(story.service().pending, 1, "it is still in hand");
        story.crash();
        let service = story.service();
        assert_eq!((service.lost, service.lost_acknowledged), (1, 1));
        assert_eq!((service.held, service.pending), (held, 0));
        assert_eq!(story.allowed_and_violations(LostEffect), expected);
    }
}

#[test]
fn died_before_the_commit_is_not_lost() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).deliver(1, 0).crash().wait();
    assert_eq!((story.service().pending, story.service().lost), (1, 0));
    story.handled(1).commit(1).wait();
    assert_eq!((story.service().pending, story.service().lost), (0, 0));
}

#[test]
fn a_loss_is_taken_back_when_the_effect_comes_after_all() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).deliver(1, 0).drop(1, Why::Transient);
    assert_eq!((story.service().lost, story.service().held), (1, false));
    story.crash().handled(1);
    assert_eq!((story.service().lost, story.service().held), (0, true));
    assert_eq!(story.allowed_and_violations(LostEffect), (0, 0));
}

#[test]
fn what_has_no_effect_when_all_has_settled_is_lost() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1);
    let settled = story.ledger.report(true).services.remove(0);
    assert_identity(&settled);
    assert_eq!((settled.lost, settled.pending, settled.held), (1, 0, false));
    story.ledger.settle(9, 9);
    assert_eq!(story.ledger.report(true).services[0], settled);
    assert_eq!(story.ledger.report(false).services[0], settled);
    assert_eq!(story.allowed_and_violations(LostEffect), (0, 1));
    assert_eq!(story.allowed_and_violations(Unseen), (0, 1));
}

#[test]
fn given_up_and_never_stored_is_lost_but_breaks_no_promise() {
    let mut story = Story::new(ExactlyOnce);
    story.publish(1, 1).give_up(1, Why::DeliveryTimeout);
    let service = story.service();
    assert_eq!((service.lost, service.lost_acknowledged), (1, 0));
    assert!(service.held);
    assert_eq!(story.ledger.report(false).gave_up, 1);
    assert_eq!(story.allowed_and_violations(LostEffect), (1, 0));
}

#[test]
fn sent_without_waiting_for_an_answer_and_lost_on_the_way() {
    for (acks, lost) in [(Acks::None, 1), (Acks::Leader, 0)] {
        let mut scenario = scenario(AtMostOnce);
        scenario.producers[0].acks = acks;
        let mut story = Story::of(&scenario);
        story.publish(1, 1).ack(1).wait();
        assert_eq!(story.service().pending, 1, "it may be on its way");
        story.say(Kind::PacketLost {
            leg: Leg::Request,
            message: 1,
            service: 0,
            attempt: 1,
            fault: fault(),
        });
        // Who waits for the answer has sent it again, and that one arrived.
        assert_eq!(story.service().lost, lost, "{acks:?}");
    }
}

#[test]
fn what_is_given_up_and_sent_again_may_still_arrive() {
    let mut scenario = scenario(AtLeastOnce);
    scenario.producers[0].resend = true;
    let mut story = Story::of(&scenario);
    story.publish(1, 1).give_up(1, Why::DeliveryTimeout);
    let service = story.service();
    assert_eq!((service.lost, service.pending), (0, 1));
}

#[test]
fn deleted_by_retention_before_it_was_read() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).stored(2);
    story.say(Kind::Expired {
        topic: 0,
        partition: 0,
        below: 1,
    });
    story.wait();
    let service = story.service();
    assert_eq!((service.lost, service.pending, service.held), (1, 1, false));
}

#[test]
fn cut_off_and_sent_again_is_not_lost() {
    let mut story = Story::new(AtLeastOnce);
    story.publish(1, 1).append(1, 4).truncate(1, 4).wait();
    assert_eq!(story.service().pending, 1);
    story.append(1, 2).ack(1).wait();
    assert_eq!((story.service().pending, story.service().lost), (1, 0));
    assert_eq!(story.allowed_and_violations(Duplicate), (0, 0));
}

#[test]
fn a_batch_committed_before_its_records_are_handed_over_is_pending() {
    let mut story = Story::new(AtMostOnce);
    story.stored(1).stored(2).commit(2).deliver(1, 0).wait();
    assert_eq!((story.service().lost, story.service().pending), (0, 2));
}

#[test]
fn put_aside_is_neither_lost_nor_pending() {
    let mut story = Story::new(AtLeastOnce);
    let aside = |message| Kind::DeadLettered {
        service: 0,
        message,
        why: Why::Poison,
    };
    story.stored(1).deliver(1, 0).say(aside(1)).commit(1).wait();
    let service = story.service();
    assert_eq!(
        (service.dead_lettered, service.lost, service.pending),
        (1, 0, 0)
    );
    assert!(service.held);
    story.say(Kind::Redriven {
        service: 0,
        message: 1,
    });
    assert_eq!(
        (story.service().dead_lettered, story.service().pending),
        (0, 1)
    );
    story.effect(1).say(aside(1));
    assert_eq!(story.service().dead_lettered, 0);
    assert_eq!(
        story.allowed_and_violations(DeadLetteredAfterEffect),
        (1, 0)
    );
}

#[test]
fn nobody_listening() {
    let mut scenario = scenario(AtMostOnce);
    scenario.topics[0].channel = Channel::PubSub(PubSubChannel::default());
    let mut story = Story::of(&scenario);
    story.publish(1, 1).publish(2, 1).publish(3, 1);
    story.drop(1, Why::NobodyListening);
    story.say(Kind::PacketLost {
        leg: Leg::Delivery,
        message: 2,
        service: 0,
        attempt: 1,
        fault: fault(),
    });
    assert_eq!((story.service().lost, story.service().pending), (2, 1));
    story.deliver(3, 0).crash();
    assert_eq!((story.service().lost, story.service().held), (3, true));
}

#[test]
fn a_queue_that_forgot_the_message_before_the_work_was_done() {
    let mut scenario = scenario(AtMostOnce);
    scenario.topics[0].channel = Channel::Amqp(AmqpChannel::default());
    let mut story = Story::of(&scenario);
    story.publish(1, 1).ack(1);
    story.say(Kind::Enqueued {
        topic: 0,
        queue: 0,
        message: 1,
        copy: 1,
    });
    story.deliver(1, 0);
    story.say(Kind::Deleted {
        service: 0,
        member: 0,
        message: 1,
    });
    assert_eq!(story.service().pending, 1);
    story.crash();
    assert_eq!(story.service().lost, 1);
}

#[test]
fn a_second_hop_is_meant_only_what_reaches_its_topic() {
    let mut scenario = scenario(ExactlyOnce);
    scenario.topics.push(Topic {
        name: "charges".into(),
        ..Topic::default()
    });
    scenario.services[0].effect = EffectKind::Record;
    scenario.services[0].output = "charges".into();
    scenario.services.push(Service {
        topics: vec!["charges".into()],
        ..Service::default()
    });
    let mut story = Story::of(&scenario);
    story.stored(1).stored(2);
    let hop = |offset| Kind::Appended {
        topic: 1,
        partition: 0,
        offset,
        message: 1,
        copy: 1,
    };
    story.say(hop(0));
    assert_eq!(story.ledger.report(false).services[1].published, 1);
    story.say(Kind::Delivered {
        service: 1,
        member: 0,
        partition: 0,
        offset: 0,
        message: 1,
        nth: 1,
    });
    story.say(Kind::RolledBack {
        service: 0,
        member: 0,
        message: 1,
    });
    assert_eq!(story.allowed_and_violations(G1a), (1, 0));
    story.say(hop(2)).effect(1);
    let second = story.ledger.report(false).services.remove(1);
    assert_identity(&second);
    assert_eq!((second.published, second.pending), (1, 1));
}

#[test]
fn a_line_of_the_ledger() {
    let mut story = Story::new(AtLeastOnce);
    story.stored(1).handled(1).effect(1);
    let line = story.ledger.message(1).unwrap();
    assert_eq!((line.key, line.published_at, line.acked), (1, 1_000, true));
    let expected = Standing {
        state: State::Taken,
        delivered: 1,
        processed: 1,
        effects: 2,
    };
    assert_eq!(line.services, [expected]);
    assert_eq!(story.ledger.message(2), None);
    assert_eq!(story.ledger.message(0), None);
}

#[test]
fn numbers_from_nowhere_are_answered() {
    let mut story = Story::new(AtLeastOnce);
    for message in [0, u64::MAX, 1 << 40] {
        story
            .publish(message, u64::MAX)
            .append(message, 3)
            .ack(message);
        story
            .deliver(message, u64::MAX - 1)
            .effect(message)
            .processed(message);
        story.give_up(message, Why::Expired).truncate(message, 3);
    }
    story.service();
}

#[test]
fn one_of_two_copies_cut_off_is_not_lost() {
    let mut story = Story::new(AtLeastOnce);
    story.publish(1, 1).append(1, 0).append(1, 9).ack(1);
    story.truncate(1, 9).truncate(1, 9).wait();
    assert_eq!((story.service().pending, story.service().lost), (1, 0));
}
