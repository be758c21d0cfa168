//! The identity holds whatever happens.

use proptest::prelude::*;

use super::assert_identity;
use crate::scenario::*;
use crate::sim::{FaultKey, Site};
use crate::trace::{Event, Kind, Leg, Party, Why};
use crate::verdict::Ledger;

/// Two services on one log, one on a queue, one on a channel that stores nothing, and one behind the first.
pub(super) fn scenario() -> Scenario {
    let topic = |name: &str, channel| Topic {
        name: name.into(),
        channel,
    };
    let service = |topic: &str, guarantee| {
        let mut service = Service {
            topics: vec![topic.into()],
            ..Service::default()
        };
        service.promise(guarantee);
        service
    };
    let mut first = service("log", Guarantee::AtLeastOnce);
    first.effect = EffectKind::Record;
    first.output = "out".into();
    Scenario {
        topics: vec![
            topic("log", Channel::Log(LogChannel::default())),
            topic("queue", Channel::Lease(LeaseChannel::default())),
            topic("channel", Channel::PubSub(PubSubChannel::default())),
            topic("out", Channel::Log(LogChannel::default())),
        ],
        producers: vec![Producer::default()],
        services: vec![
            first,
            service("log", Guarantee::AtMostOnce),
            service("queue", Guarantee::ExactlyOnce),
            service("channel", Guarantee::AtMostOnce),
            service("out", Guarantee::AtLeastOnceIdempotent),
        ],
        ..Scenario::default()
    }
}

/// What an event is made of.
#[derive(Clone, Copy)]
struct Parts {
    which: u8,
    message: u64,
    service: u16,
    topic: u16,
    offset: u64,
}

fn fault(site: Site) -> FaultKey {
    FaultKey {
        site,
        party: 0,
        entity: 0,
        attempt: 1,
    }
}

/// One of the events the ledger listens to.
fn any_kind(draw: (u8, u64, u16, u16, u64), published: &mut u64) -> Kind {
    let (which, message, service, topic, offset) = draw;
    let message = message % (*published + 2);
    let parts = Parts {
        which,
        message,
        service,
        topic,
        offset,
    };
    match which {
        0..=3 => {
            *published += 1;
            let (message, key) = (*published, offset % 4);
            Kind::Published {
                producer: 0,
                topic,
                message,
                key,
            }
        }
        4..=12 => about_storage(parts),
        13..=20 => about_work(parts),
        _ => about_group(parts),
    }
}

fn about_storage(parts: Parts) -> Kind {
    let Parts {
        which,
        message,
        service,
        topic,
        offset,
    } = parts;
    let (partition, producer) = ((offset % 2) as u32, 0);
    match which {
        4..=5 => Kind::Appended {
            topic,
            partition,
            offset,
            message,
            copy: 1,
        },
        6 => Kind::Acked {
            producer,
            message,
            attempt: 1,
        },
        7 => Kind::GaveUp {
            producer,
            message,
            why: Why::Aborted,
        },
        8 => Kind::Truncated {
            topic,
            partition,
            broker: 0,
            offset,
            message,
        },
        9 => Kind::Expired {
            topic,
            partition,
            below: offset,
        },
        10 => Kind::Enqueued {
            topic,
            queue: 0,
            message,
            copy: 1,
        },
        11 => Kind::PacketLost {
            leg: Leg::Delivery,
            message,
            service,
            attempt: 1,
            fault: fault(Site::DeliveryLoss),
        },
        _ => Kind::PacketLost {
            leg: Leg::Request,
            message,
            service,
            attempt: 1,
            fault: fault(Site::RequestLoss),
        },
    }
}

fn about_work(parts: Parts) -> Kind {
    let Parts {
        which,
        message,
        service,
        offset,
        ..
    } = parts;
    let (member, partition) = ((offset % 3) as u16, (offset % 2) as u32);
    match which {
        13..=14 => Kind::Delivered {
            service,
            member,
            partition,
            offset,
            message,
            nth: 1,
        },
        15..=17 => Kind::Effect {
            service,
            member,
            message,
            nth: 1,
        },
        18 => Kind::Processed {
            service,
            member,
            message,
        },
        19 => Kind::Skipped {
            service,
            member,
            message,
        },
        _ => Kind::RolledBack {
            service,
            member,
            message,
        },
    }
}

fn about_group(parts: Parts) -> Kind {
    let Parts {
        which,
        message,
        service,
        offset,
        ..
    } = parts;
    let (member, partition) = ((offset % 3) as u16, (offset % 2) as u32);
    let why = Why::Poison;
    match which {
        21 => Kind::Committed {
            service,
            member,
            partition,
            offset,
        },
        22 => Kind::Crashed {
            party: Party::Member(service, member),
            fault: fault(Site::ConsumerCrash),
        },
        23 => Kind::DeadLettered {
            service,
            message,
            why,
        },
        24 => Kind::Dropped {
            service,
            message,
            why,
        },
        25 => Kind::Redriven { service, message },
        _ => Kind::Deleted {
            service,
            member,
            message,
        },
    }
}

fn check_all(ledger: &Ledger) {
    for settled in [false, true] {
        let report = ledger.report(settled);
        for service in &report.services {
            assert_identity(service);
            assert!(!settled || service.pending == 0);
            assert!(service.lost_acknowledged <= service.lost);
        }
        // The first two read the topic of every fourth message or so, and the same one.
        assert_eq!(report.services[0].published, report.services[1].published);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_identity_holds_after_any_events(
        draws in prop::collection::vec((0..27u8, any::<u64>(), 0..5u16, 0..4u16, 0..40u64), 1..800)
    ) {
        let mut ledger = Ledger::new(&scenario());
        let mut published = 0;
        for (id, draw) in draws.into_iter().enumerate() {
            let mut kind = any_kind(draw, &mut published);
            // Services 0 and 1 hear of the same messages only if nobody invents some for one of them.
            if let Kind::Published { topic, .. } = &mut kind { *topic = 0; }
            let at = id as u64 * 10;
            let known = kind.message().is_none_or(|m| m <= published);
            if known {
                ledger.observe(&Event { id: id as u64 + 1, at, cause: 0, kind });
            }
            if id % 50 == 0 { check_all(&ledger); }
        }
        check_all(&ledger);
        let before = ledger.report(true);
        ledger.settle(1, 1);
        prop_assert_eq!(ledger.report(false), before);
    }
}
