//! What each guarantee promises holds in any weather; and where the settings do not keep the promise,
//! the violation is found.
#![cfg(not(target_arch = "wasm32"))]

mod weather;

use delivery_lab::scenario::*;
use delivery_lab::timeline::Run;
use delivery_lab::verdict::ServiceReport;
use proptest::prelude::*;
use weather::{Weather, finished, orders, reader};

/// Everything that must be true of a finished run; a sentence for each thing that is not.
fn broken(run: &Run) -> Vec<String> {
    let report = run.report();
    let mut broken = Vec::new();
    let mut claim = |holds: bool, what: String| {
        if !holds {
            broken.push(what);
        }
    };
    claim(run.finished(), "the run has no end".into());
    let at = run.now() / 1_000_000;
    claim(run.world().settled(), format!("not settled after {at} s"));
    for service in &report.services {
        let name = &service.name;
        let first_effects = service.effects - service.duplicated;
        let accounted = first_effects + service.lost + service.pending + service.dead_lettered;
        claim(
            accounted == service.published && service.published == report.published,
            format!("{name}: the figures do not add up: {service:?}"),
        );
        claim(
            service.held,
            format!("{name}: broke its promise: {service:?}"),
        );
        claim(
            !service.guarantee.forbids_duplicates() || service.duplicated == 0,
            format!("{name}: {} duplicated", service.duplicated),
        );
        claim(
            !service.guarantee.forbids_loss() || service.lost_acknowledged == 0,
            format!("{name}: {} lost", service.lost_acknowledged),
        );
        claim(
            service.out_of_order == 0,
            format!("{name}: {} out of order", service.out_of_order),
        );
    }
    broken
}

#[test]
fn every_promise_holds_over_200_seeds() {
    let mut found = Vec::new();
    let mut latest = 0;
    for seed in 1..=200 {
        let weather = Weather::of_seed(seed);
        let run = finished(weather.over(orders()));
        latest = latest.max(run.now());
        for what in broken(&run) {
            found.push(format!("{weather:?}: {what}"));
        }
    }
    println!("latest end: {} s", latest / 1_000_000);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn any_weather() -> impl Strategy<Value = Weather> {
    let rates = (
        0..=200u32,
        0..=200u32,
        0..=200u32,
        0..=200u32,
        0..=200u32,
        0..=200u32,
    );
    let crashes = (
        prop_oneof![Just(0), 1_000..=20_000u32],
        prop_oneof![Just(0), 2_000..=60_000u32],
    );
    (any::<u32>(), 1..=120u32, 12..=20u32, rates, crashes).prop_map(
        |(seed, messages, rate, rates, crashes)| Weather {
            seed,
            messages,
            rate,
            loss: rates.0,
            ack_loss: rates.1,
            delivery_loss: rates.2,
            commit_loss: rates.3,
            duplicate: rates.4,
            crash_before_commit: rates.5,
            consumer_crash: crashes.0,
            broker_crash: crashes.1,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_promise_holds_in_any_weather(weather in any_weather()) {
        let broken = broken(&finished(weather.over(orders())));
        prop_assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}

/// Calm weather in which every crash falls between effect and commit, at this rate.
fn crashing(percent: u32) -> Weather {
    Weather {
        crash_before_commit: percent * 10,
        ..Weather::calm(3)
    }
}

/// What a service under this setting comes to in this weather.
fn report(weather: Weather, change: impl Fn(&mut Scenario)) -> ServiceReport {
    let mut scenario = weather.over(orders());
    change(&mut scenario);
    finished(scenario).report().services.remove(0)
}

/// The order scenario for one service whose settings were changed by hand.
fn only(service: Service) -> impl Fn(&mut Scenario) {
    move |scenario| scenario.services = vec![service.clone()]
}

#[test]
fn at_most_once_duplicates_when_the_log_has_copies() {
    let rough = Weather {
        ack_loss: 200,
        ..Weather::calm(3)
    };
    let analytics = reader("Analytics", 5, EffectKind::Count, Guarantee::AtMostOnce);
    let only = only(analytics);
    let kept = report(rough, &only);
    assert!(kept.held && kept.duplicated == 0, "{kept:?}");
    let found = report(rough, |scenario| {
        only(scenario);
        scenario.producers[0].idempotence = false;
    });
    assert!(!found.held && found.duplicated > 0, "{found:?}");
}

#[test]
fn at_least_once_loses_when_it_commits_first() {
    let mut mail = reader("Notification", 2, EffectKind::Mail, Guarantee::AtLeastOnce);
    let kept = report(crashing(10), only(mail.clone()));
    assert!(
        kept.held && kept.lost == 0 && kept.duplicated > 0,
        "{kept:?}"
    );
    mail.commit = CommitWhen::Before;
    let found = report(crashing(10), only(mail));
    assert!(!found.held && found.lost_acknowledged > 0, "{found:?}");
}

#[test]
fn a_table_asked_first_and_written_after_has_a_window() {
    let promise = Guarantee::AtLeastOnceIdempotent;
    for (effect, wrong) in [
        (EffectKind::Stock, Idempotency::TableChecked),
        (EffectKind::Charge, Idempotency::TableChecked),
        (EffectKind::Stock, Idempotency::None),
    ] {
        let mut service = reader("Payment", 1, effect, promise);
        let kept = report(crashing(10), only(service.clone()));
        assert!(kept.held && kept.effects == kept.published, "{kept:?}");
        service.idempotency = wrong;
        let found = report(crashing(10), only(service));
        assert!(!found.held && found.duplicated > 0, "{found:?}");
    }
}

#[test]
fn an_id_inserted_first_loses_the_effect() {
    let mut mail = reader("Notification", 1, EffectKind::Mail, Guarantee::AtLeastOnce);
    mail.idempotency = Idempotency::UniqueConstraint;
    let rough = Weather {
        consumer_crash: 1_500,
        messages: 150,
        ..Weather::calm(3)
    };
    let lost: u64 = (1..=20)
        .map(|seed| report(Weather { seed, ..rough }, only(mail.clone())))
        .map(|found| found.lost_acknowledged)
        .sum();
    assert!(lost > 0);
}

#[test]
fn stored_offsets_do_not_recognise_copies_in_the_log() {
    let rough = Weather {
        ack_loss: 200,
        ..Weather::calm(3)
    };
    let only = only(reader(
        "Bookkeeping",
        2,
        EffectKind::Stock,
        Guarantee::ExactlyOnce,
    ));
    let kept = report(rough, &only);
    assert!(kept.held && kept.effects == kept.published, "{kept:?}");
    let found = report(rough, |scenario| {
        only(scenario);
        scenario.producers[0].idempotence = false;
    });
    assert!(!found.held && found.duplicated > 0, "{found:?}");
}

/// Order by key needs an idempotent producer, or one that has one request in flight.
#[test]
fn retries_of_a_producer_without_idempotence_reorder() {
    let rough = Weather {
        loss: 200,
        rate: 200,
        messages: 400,
        ..Weather::calm(3)
    };
    let out_of_order = |idempotence: bool, in_flight: u32| {
        let found = report(rough, |scenario| {
            scenario.load.users = 2;
            scenario.producers[0].idempotence = idempotence;
            scenario.producers[0].max_in_flight = in_flight;
        });
        found.out_of_order
    };
    assert_eq!(out_of_order(true, 5), 0);
    assert_eq!(out_of_order(false, 1), 0);
    assert!(out_of_order(false, 5) > 0);
}

/// An acknowledgement by the leader alone is no promise when the leader dies.
#[test]
fn acks_of_the_leader_alone_lose_acknowledged_orders() {
    let lost = |acks: Acks, unclean: bool| -> u64 {
        let lost_with = |seed| {
            let rough = Weather {
                broker_crash: 2_000,
                rate: 100,
                messages: 500,
                ..Weather::calm(seed)
            };
            let found = report(rough, |scenario| {
                scenario.producers[0].idempotence = false;
                scenario.producers[0].acks = acks;
                scenario.cluster.unclean_election = unclean;
                if let Channel::Log(log) = &mut scenario.topics[0].channel {
                    log.min_insync = 2;
                }
            });
            found.lost_acknowledged
        };
        (1..=10).map(lost_with).sum()
    };
    assert_eq!(lost(Acks::All, false), 0);
    assert!(lost(Acks::Leader, false) > 0);
}
