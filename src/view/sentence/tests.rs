use super::*;
use crate::broker::wire::ErrorCode;
use crate::scenario::{HandlerStep, preset};
use crate::sim::{FaultKey, Site};
use crate::trace::{Code, Leg, Party, Why};

fn fault() -> FaultKey {
    FaultKey {
        site: Site::AckLoss,
        party: 0,
        entity: 18,
        attempt: 1,
    }
}

fn said(kind: Kind) -> String {
    let event = Event {
        id: 1,
        at: 1_204_000,
        cause: 0,
        kind,
    };
    told(&event, &preset("order-processing").unwrap())
}

#[test]
fn sentences_are_plain_and_have_numbers() {
    let lost = |leg| Kind::PacketLost {
        leg,
        message: 18,
        service: 0,
        attempt: 2,
        fault: fault(),
    };
    for (kind, expected) in [
        (
            lost(Leg::Ack),
            "At 1.204 s the ack of order 18 is lost on its way back; Order API does not know that the order is stored.",
        ),
        (
            lost(Leg::Request),
            "At 1.204 s the request with order 18 is lost on its way to the broker (second attempt); Order API does not know that.",
        ),
        (
            Kind::Effect {
                service: 2,
                member: 0,
                message: 18,
                nth: 2,
            },
            "At 1.204 s order 18 is mailed for the second time (Notification).",
        ),
        (
            Kind::CommitRefused {
                service: 1,
                member: 1,
                partition: 2,
                offset: 9,
                why: Why::Answer(Code(ErrorCode::IllegalGeneration)),
            },
            "At 1.204 s the commit of Inventory 2 at offset 9 of partition 2 of order-events is refused: the group has a newer generation (ILLEGAL_GENERATION).",
        ),
        (
            Kind::Crashed {
                party: Party::Broker(1),
                fault: fault(),
            },
            "At 1.204 s broker 1 crashes.",
        ),
        (
            Kind::InSync {
                topic: 0,
                partition: 1,
                members: 0b101,
            },
            "At 1.204 s in sync for partition 1 of order-events are now: brokers 0 and 2.",
        ),
    ] {
        assert_eq!(said(kind), expected);
    }
}

#[test]
fn a_sentence_begins_with_a_capital() {
    let event = Event {
        id: 1,
        at: 0,
        cause: 0,
        kind: Kind::Leaderless {
            topic: 0,
            partition: 0,
        },
    };
    assert_eq!(
        sentence(&event, &preset("order-processing").unwrap()),
        "Nobody can lead partition 0 of order-events now."
    );
}

/// One of every kind; a kind without words would show in its Rust form.
#[test]
#[rustfmt::skip]
fn every_kind_has_words() {
    use Kind::*;
    let (producer, topic, partition, message, service, member) = (0, 0, 1, 18, 1, 1);
    let (offset, attempt, nth, copy, commit, queue) = (4, 2, 2, 2, true, 0);
    let (why, until, generation, broker, party) = (Why::Rejected, 2_000_000, 3, 1, Party::Broker(1));
    let all = [
        Published { producer, topic, message, key: 3 },
        Sent { producer, message, attempt },
        PacketLost { leg: Leg::Ack, message, service, attempt, fault: fault() },
        PacketDoubled { leg: Leg::Request, message, attempt, fault: fault() },
        PacketHeldUp { leg: Leg::Ack, message, service, by: 500_000, fault: fault() },
        Appended { topic, partition, offset, message, copy },
        Recognised { topic, partition, offset, message },
        Refused { topic, partition, message, why },
        Replicated { topic, partition, broker, end: 5 },
        HighWatermark { topic, partition, offset },
        InSync { topic, partition, members: 1 },
        Acked { producer, message, attempt },
        TimedOut { producer, message, attempt },
        GaveUp { producer, message, why },
        Elected { topic, partition, broker, epoch: 1, unclean: true },
        Leaderless { topic, partition },
        Truncated { topic, partition, broker, offset, message },
        Expired { topic, partition, below: 4 },
        Grown { topic, partitions: 6 },
        Delivered { service, member, partition, offset, message, nth },
        Step { service, member, message, step: HandlerStep::Record },
        Effect { service, member, message, nth },
        Skipped { service, member, message },
        RolledBack { service, member, message },
        Failed { service, member, message, attempt, why },
        Processed { service, member, message },
        HeldBack { service, member, message },
        DeadLettered { service, message, why },
        Dropped { service, message, why },
        CommitSent { service, member, partition, offset },
        Committed { service, member, partition, offset },
        CommitRefused { service, member, partition, offset, why },
        Joined { service, member, generation },
        Removed { service, member, left: false },
        Rebalancing { service, generation },
        Assigned { service, member, topic, partitions: 6, generation },
        Crashed { party, fault: fault() },
        Restarted { party }, Paused { party, until },
        LinkCut { broker, until },
        Enqueued { topic, queue, message, copy },
        Deduplicated { topic, queue, message },
        Leased { service, member, message, receipt: 1, until, nth },
        LeaseExpired { service, message },
        LeaseExtended { service, member, message, until },
        Deleted { service, member, message },
        StaleReceipt { service, member, message },
        Requeued { service, message },
        Redriven { service, message },
        Subscribed { service, member, connected: true },
        ProducerReady { producer, id: 7, epoch: 0 },
        TransactionBegan { producer, service, member },
        TransactionDecided { producer, service, member, commit },
        MarkerWritten { topic, partition, offset, commit },
        Fenced { party }, LastStable { topic, partition, offset },
    ];
    for kind in all {
        let said = said(kind);
        let plain = !said.contains(['{', '}']) && !said.contains("  ");
        assert!(plain && said.ends_with('.') && said.starts_with("At 1.204 s "), "{said}");
        if kind.message().is_some() {
            assert!(said.contains("order 18"), "{said}");
        }
    }
}

#[test]
fn errors_have_the_protocols_names() {
    assert_eq!(
        error_code(ErrorCode::NotLeaderOrFollower),
        "NOT_LEADER_OR_FOLLOWER"
    );
    assert_eq!(error_code(ErrorCode::ProducerFenced), "PRODUCER_FENCED");
}
