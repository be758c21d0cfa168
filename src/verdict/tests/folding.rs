//! Old rows go without changing what is counted, and the identity holds whatever happens.

use proptest::prelude::*;

use super::assert_identity;
use crate::scenario::*;
use crate::trace::{Event, Kind, Leg, Party, Why};
use crate::verdict::Ledger;

/// Two services on one log, one on a queue, one on a channel that stores nothing, and one behind the first.
fn scenario() -> Scenario {
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

/// One of the events the ledger listens to.
fn any_kind(
    (which, message, service, topic, offset): (u8, u64, u16, u16, u64),
    published: &mut u64,
) -> Kind {
    let (member, partition, producer) = ((offset % 3) as u16, (offset % 2) as u32, 0);
    let message = message % (*published + 2);
    let why = Why::Aborted;
    match which {
        0..=3 => {
            *published += 1;
            let (message, key) = (*published, offset % 4);
            Kind::Published {
                producer,
                topic,
                message,
                key,
            }
        }
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
            why,
        },
        8..=9 => Kind::Delivered {
            service,
            member,
            partition,
            offset,
            message,
            nth: 1,
        },
        10..=12 => Kind::Effect {
            service,
            member,
            message,
            nth: 1,
        },
        13 => Kind::Processed {
            service,
            member,
            message,
        },
        14 => Kind::Committed {
            service,
            member,
            partition,
            offset,
        },
        15 => Kind::Crashed {
            party: Party::Member(service, member),
            fault: crate::sim::FaultKey {
                site: crate::sim::Site::ConsumerCrash,
                party: 0,
                entity: 0,
                attempt: 1,
            },
        },
        16 => Kind::DeadLettered {
            service,
            message,
            why,
        },
        17 => Kind::Dropped {
            service,
            message,
            why,
        },
        18 => Kind::Redriven { service, message },
        19 => Kind::Truncated {
            topic,
            partition,
            broker: 0,
            offset,
            message,
        },
        20 => Kind::Expired {
            topic,
            partition,
            below: offset,
        },
        21 => Kind::Enqueued {
            topic,
            queue: 0,
            message,
            copy: 1,
        },
        22 => Kind::Deleted {
            service,
            member,
            message,
        },
        23 => Kind::PacketLost {
            leg: if offset.is_multiple_of(2) {
                Leg::Request
            } else {
                Leg::Delivery
            },
            message,
            service,
            attempt: 1,
            fault: crate::sim::FaultKey {
                site: crate::sim::Site::RequestLoss,
                party: 0,
                entity: 0,
                attempt: 1,
            },
        },
        24 => Kind::Skipped {
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
        draws in prop::collection::vec((0..26u8, any::<u64>(), 0..5u16, 0..4u16, 0..40u64), 1..800)
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

    #[test]
    fn folding_changes_no_total(
        fates in prop::collection::vec((0..8u8, 0..3u64), 2_500),
        ahead in 1..100usize,
    ) {
        let (mut small, mut large) = (Ledger::with_window(&scenario(), 512), Ledger::new(&scenario()));
        let mut id = 0;
        let mut tell = |kind| {
            id += 1;
            let event = Event { id, at: id * 7, cause: 0, kind };
            small.observe(&event);
            large.observe(&event);
        };
        for step in 0..fates.len() + ahead {
            if let Some(&(_, key)) = fates.get(step) {
                let message = step as u64 + 1;
                tell(Kind::Published { producer: 0, topic: 0, message, key });
                tell(Kind::Acked { producer: 0, message, attempt: 1 });
            }
            if let Some(&(fate, _)) = step.checked_sub(ahead).and_then(|i| fates.get(i)) {
                fulfil(fate, (step - ahead) as u64 + 1, &mut tell);
            }
        }
        prop_assert!(small.rows.chunks() <= 3, "{} chunks are kept", small.rows.chunks());
        prop_assert_eq!(small.report(true), large.report(true));
        small.report(true).services.iter().for_each(assert_identity);
    }
}

/// What becomes of a message at the two services that read the log.
fn fulfil(fate: u8, message: u64, tell: &mut impl FnMut(Kind)) {
    for service in 0..2 {
        let effect = |nth| Kind::Effect {
            service,
            member: 0,
            message,
            nth,
        };
        match fate {
            0 => {}
            1 if service == 1 => tell(Kind::Dropped {
                service,
                message,
                why: Why::Poison,
            }),
            2 => tell(Kind::DeadLettered {
                service,
                message,
                why: Why::Poison,
            }),
            3 => {
                tell(effect(1));
                tell(effect(2));
            }
            _ => tell(effect(1)),
        }
    }
}

#[test]
fn an_hour_at_ten_thousand_a_second_keeps_its_memory() {
    // A hundredth of the hour, in a hundredth of the window.
    let mut scenario = scenario();
    scenario.services.truncate(2);
    let mut ledger = Ledger::with_window(&scenario, 4_000);
    for message in 1..=360_000u64 {
        let mut tell = |kind| {
            ledger.observe(&Event {
                id: message,
                at: message,
                cause: 0,
                kind,
            })
        };
        tell(Kind::Published {
            producer: 0,
            topic: 0,
            message,
            key: message % 200,
        });
        tell(Kind::Acked {
            producer: 0,
            message,
            attempt: 1,
        });
        for service in 0..2 {
            // One in twenty is lost without a trace.
            if service == 0 || message % 20 > 0 {
                tell(Kind::Effect {
                    service,
                    member: 0,
                    message,
                    nth: 1,
                });
            }
        }
    }
    assert!(ledger.rows.chunks() <= 17);
    let report = ledger.report(true);
    assert_eq!(report.services[0].effects, 360_000);
    assert_eq!(report.services[1].lost, 18_000);
}

#[test]
fn finished_rows_go_at_once() {
    let mut scenario = scenario();
    scenario.services.truncate(2);
    let mut ledger = Ledger::new(&scenario);
    for message in 1..=100_000u64 {
        let mut tell = |kind| {
            ledger.observe(&Event {
                id: message,
                at: message,
                cause: 0,
                kind,
            })
        };
        tell(Kind::Published {
            producer: 0,
            topic: 0,
            message,
            key: 1,
        });
        tell(Kind::Acked {
            producer: 0,
            message,
            attempt: 1,
        });
        (0..2).for_each(|service| {
            tell(Kind::Effect {
                service,
                member: 0,
                message,
                nth: 1,
            })
        });
    }
    assert!(
        ledger.rows.chunks() < 10,
        "{} chunks are kept",
        ledger.rows.chunks()
    );
    // A repeat of what has gone is still a repeat.
    let effect = Kind::Effect {
        service: 0,
        member: 0,
        message: 1,
        nth: 2,
    };
    ledger.observe(&Event {
        id: 1,
        at: 1,
        cause: 0,
        kind: effect,
    });
    assert_eq!(ledger.report(true).services[0].duplicated, 1);
}

#[test]
fn an_effect_after_the_row_has_gone_is_a_first_effect() {
    let mut scenario = scenario();
    scenario.services.truncate(1);
    let mut ledger = Ledger::with_window(&scenario, 512);
    for message in 1..=2_000u64 {
        let kind = Kind::Published {
            producer: 0,
            topic: 0,
            message,
            key: 1,
        };
        ledger.observe(&Event {
            id: message,
            at: message,
            cause: 0,
            kind,
        });
    }
    let lost = ledger.report(false).services[0].lost;
    assert!(lost > 1_000);
    let kind = Kind::Effect {
        service: 0,
        member: 0,
        message: 1,
        nth: 1,
    };
    ledger.observe(&Event {
        id: 1,
        at: 1,
        cause: 0,
        kind,
    });
    let service = ledger.report(false).services.remove(0);
    assert_identity(&service);
    assert_eq!((service.lost, service.duplicated), (lost - 1, 0));
}

#[test]
fn a_lost_message_keeps_its_row_while_others_go() {
    let mut scenario = scenario();
    scenario.services.truncate(1);
    let mut ledger = Ledger::new(&scenario);
    let mut tell = |kind| {
        ledger.observe(&Event {
            id: 1,
            at: 1,
            cause: 0,
            kind,
        })
    };
    for message in 1..=20_000u64 {
        tell(Kind::Published {
            producer: 0,
            topic: 0,
            message,
            key: 1,
        });
        tell(Kind::Acked {
            producer: 0,
            message,
            attempt: 1,
        });
        match message {
            1 => tell(Kind::Dropped {
                service: 0,
                message,
                why: Why::Poison,
            }),
            _ => tell(Kind::Effect {
                service: 0,
                member: 0,
                message,
                nth: 1,
            }),
        }
    }
    tell(Kind::Effect {
        service: 0,
        member: 0,
        message: 1,
        nth: 1,
    });
    let service = ledger.report(false).services.remove(0);
    assert_eq!((service.lost, service.duplicated), (0, 0));
}
