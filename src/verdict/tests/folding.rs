//! Old rows go without changing what is counted.

use proptest::prelude::*;

use super::assert_identity;
use super::random::scenario;
use crate::trace::{Event, Kind, Why};
use crate::verdict::Ledger;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

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
