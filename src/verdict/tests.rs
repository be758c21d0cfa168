//! Hand-written event sequences: one for each figure and each anomaly.

use super::*;
use crate::scenario::*;
use crate::sim::{FaultKey, Site};
use crate::trace::{Code, Event, Kind, Leg, Party, Why};

/// A ledger that is told a story.
struct Story {
    ledger: Ledger,
    now: u64,
    events: u64,
}

fn scenario(guarantee: Guarantee) -> Scenario {
    let mut service = Service {
        name: "Payment".into(),
        topics: vec!["orders".into()],
        ..Service::default()
    };
    service.promise(guarantee);
    Scenario {
        topics: vec![Topic {
            name: "orders".into(),
            ..Topic::default()
        }],
        producers: vec![Producer {
            topics: vec!["orders".into()],
            ..Producer::default()
        }],
        services: vec![service],
        ..Scenario::default()
    }
}

impl Story {
    fn of(scenario: &Scenario) -> Self {
        Story {
            ledger: Ledger::new(scenario),
            now: 0,
            events: 0,
        }
    }

    fn new(guarantee: Guarantee) -> Self {
        Story::of(&scenario(guarantee))
    }

    fn say(&mut self, kind: Kind) -> &mut Self {
        self.now += 1_000;
        self.events += 1;
        self.ledger.observe(&Event {
            id: self.events,
            at: self.now,
            cause: 0,
            kind,
        });
        self
    }

    fn publish(&mut self, message: u64, key: u64) -> &mut Self {
        self.say(Kind::Published {
            producer: 0,
            topic: 0,
            message,
            key,
        })
    }

    fn append(&mut self, message: u64, offset: u64) -> &mut Self {
        self.say(Kind::Appended {
            topic: 0,
            partition: 0,
            offset,
            message,
            copy: 1,
        })
    }

    fn ack(&mut self, message: u64) -> &mut Self {
        self.say(Kind::Acked {
            producer: 0,
            message,
            attempt: 1,
        })
    }

    /// Published with key 1, appended at the offset before its number, and acknowledged.
    fn stored(&mut self, message: u64) -> &mut Self {
        self.publish(message, 1)
            .append(message, message - 1)
            .ack(message)
    }

    fn deliver(&mut self, message: u64, offset: u64) -> &mut Self {
        self.say(Kind::Delivered {
            service: 0,
            member: 0,
            partition: 0,
            offset,
            message,
            nth: 1,
        })
    }

    fn effect(&mut self, message: u64) -> &mut Self {
        self.say(Kind::Effect {
            service: 0,
            member: 0,
            message,
            nth: 1,
        })
    }

    fn processed(&mut self, message: u64) -> &mut Self {
        self.say(Kind::Processed {
            service: 0,
            member: 0,
            message,
        })
    }

    /// Delivered from the offset before its number, with its effect.
    fn handled(&mut self, message: u64) -> &mut Self {
        self.deliver(message, message - 1)
            .effect(message)
            .processed(message)
    }

    fn commit(&mut self, offset: u64) -> &mut Self {
        self.say(Kind::Committed {
            service: 0,
            member: 0,
            partition: 0,
            offset,
        })
    }

    fn crash(&mut self) -> &mut Self {
        self.say(Kind::Crashed {
            party: Party::Member(0, 0),
            fault: fault(),
        })
    }

    fn give_up(&mut self, message: u64, why: Why) -> &mut Self {
        self.say(Kind::GaveUp {
            producer: 0,
            message,
            why,
        })
    }

    fn drop(&mut self, message: u64, why: Why) -> &mut Self {
        self.say(Kind::Dropped {
            service: 0,
            message,
            why,
        })
    }

    fn truncate(&mut self, message: u64, offset: u64) -> &mut Self {
        self.say(Kind::Truncated {
            topic: 0,
            partition: 0,
            broker: 1,
            offset,
            message,
        })
    }

    /// Events about nothing, until every chunk has been looked at.
    fn wait(&mut self) -> &mut Self {
        for _ in 0..200 {
            self.say(Kind::Leaderless {
                topic: 0,
                partition: 9,
            });
        }
        self
    }

    fn service(&self) -> ServiceReport {
        let report = self.ledger.report(false).services.remove(0);
        assert_identity(&report);
        report
    }

    fn allowed_and_violations(&self, kind: AnomalyKind) -> (u64, u64) {
        let count = self.ledger.anomalies().count(kind);
        let listed = self.ledger.anomalies().newest().filter(|a| a.kind == kind);
        assert_eq!(listed.count() as u64, count.allowed + count.violations);
        (count.allowed, count.violations)
    }
}

fn fault() -> FaultKey {
    FaultKey {
        site: Site::ConsumerCrash,
        party: 0,
        entity: 1,
        attempt: 1,
    }
}

pub(super) fn assert_identity(report: &ServiceReport) {
    let first = report.effects - report.duplicated;
    assert_eq!(
        first + report.lost + report.pending + report.dead_lettered,
        report.published,
        "{report:?}"
    );
}

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
    let mut story = Story::new(AtMostOnce);
    story.publish(1, 1).ack(1).wait();
    assert_eq!(story.service().pending, 1, "it may be on its way");
    story.say(Kind::PacketLost {
        leg: Leg::Request,
        message: 1,
        service: 0,
        attempt: 1,
        fault: fault(),
    });
    assert_eq!(story.service().lost, 1);
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
fn cut_off_and_sent_again_is_not_lost() {
    let mut story = Story::new(AtLeastOnce);
    story.publish(1, 1).append(1, 4).truncate(1, 4).wait();
    assert_eq!(story.service().pending, 1);
    story.append(1, 2).ack(1).wait();
    assert_eq!((story.service().pending, story.service().lost), (1, 0));
    assert_eq!(story.allowed_and_violations(Duplicate), (0, 0));
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
fn a_batch_committed_before_its_records_are_handed_over_is_pending() {
    let mut story = Story::new(AtMostOnce);
    story.stored(1).stored(2).commit(2).deliver(1, 0).wait();
    assert_eq!((story.service().lost, story.service().pending), (0, 2));
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
