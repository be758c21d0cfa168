//! SQS: leases, dead letters, FIFO groups.

use super::*;

#[test]
fn a_visibility_timeout_shorter_than_the_work_repeats_it() {
    let mut s = scenario(SQS);
    s.load.rate = 1;
    s.services[0].instances = 2;
    s.services[0].service_time = Span::ms(800);
    let short = run(&s);
    assert!(short.service(0).duplicated > 0);
    assert!(short.count(|k| matches!(k, Kind::StaleReceipt { .. })) > 0);
    let expired = short.count(|k| matches!(k, Kind::LeaseExpired { .. }));
    assert!(expired > 0);
    // A redelivery follows from the end of the lease, and that from the lease.
    let kind = |id: u64| short.events[id as usize - 1].kind;
    for event in &short.events {
        match event.kind {
            Kind::Leased { nth, .. } if nth > 1 => {
                assert!(matches!(kind(event.cause), Kind::LeaseExpired { .. }));
            }
            Kind::LeaseExpired { .. } => {
                assert!(matches!(kind(event.cause), Kind::Leased { .. }));
            }
            _ => {}
        }
    }
    s.topics[0].channel = Channel::Lease(lease(|c| c.visibility_timeout = Span::s(2)));
    assert_eq!(run(&s).service(0).duplicated, 0);
    s.topics[0].channel = SQS;
    s.services[0].extend_lease = true;
    let extended = run(&s);
    assert_eq!(extended.service(0).duplicated, 0);
    assert!(extended.count(|k| matches!(k, Kind::LeaseExtended { .. })) > 10);
}

#[test]
fn a_queue_that_crashes_before_it_records_the_delete_delivers_again() {
    let mut s = scenario(SQS);
    s.load.messages = 1;
    let calm = run(&s);
    let deleted = calm.at(|k| matches!(k, Kind::Deleted { .. }));
    assert_eq!(calm.service(0).duplicated, 0);
    // The delete is recorded 5 ms after its arrival.
    for (before, again) in [(1_000, true), (4_000, true), (6_000, true)] {
        let mut s = s.clone();
        let at = Span(deleted - before);
        fault(&mut s, Placed::CrashBroker { broker: 0, at });
        let ended = run(&s);
        assert_eq!(ended.service(0).duplicated > 0, again, "{before}");
        assert_eq!(ended.service(0).effects, 2);
    }
    let at = Span(deleted + 1);
    fault(&mut s, Placed::CrashBroker { broker: 0, at });
    assert_eq!(run(&s).service(0).duplicated, 0);
}

#[test]
fn a_poison_message_is_received_exactly_max_receive_count_times() {
    for limit in [1, 2, 3, 5] {
        let channel = lease(|c| c.max_receive_count = limit);
        let mut s = scenario(Channel::Lease(channel));
        let (service, message) = ("Worker".into(), 4);
        fault(&mut s, Placed::Poison { service, message });
        let ended = run(&s);
        let w = ended.service(0);
        assert_eq!((w.effects, w.dead_lettered, w.lost), (99, 1, 0));
        let leased = |k: &Kind| matches!(k, Kind::Leased { message: 4, .. });
        assert_eq!(ended.count(leased), limit as usize);
        let buried = |k: &Kind| {
            matches!(
                k,
                Kind::DeadLettered {
                    message: 4,
                    why: Why::ReceivedTooOften,
                    ..
                }
            )
        };
        assert_eq!(ended.count(buried), 1);
    }
}

#[test]
fn a_dead_letter_queue_breaks_the_order_of_a_fifo_group() {
    let fifo = |limit| {
        Channel::Lease(lease(|c| {
            c.fifo = true;
            c.max_receive_count = limit;
        }))
    };
    let mut s = scenario(fifo(2));
    s.load.users = 1;
    s.load.rate = 2;
    s.services[0].max_poll = 1;
    let (service, message) = ("Worker".into(), 4);
    fault(&mut s, Placed::Poison { service, message });
    let ended = run(&s);
    let taken: Vec<u64> = (1..=20).filter(|&m| m != 4).collect();
    assert_eq!(ended.effects(0), taken, "order goes on without it");
    let redriven = lease(|c| {
        c.fifo = true;
        c.max_receive_count = 2;
        c.redrive_at = Span::s(12);
    });
    // A message that fails twice and then works, brought back too late.
    s.faults.placed = (1..=2)
        .map(|attempt| Placed::FailEffect {
            service: "Worker".into(),
            message: 4,
            attempt: attempt * 100 - 99,
        })
        .collect();
    s.topics[0].channel = Channel::Lease(redriven);
    let ended = run(&s);
    let w = ended.service(0);
    assert_eq!((w.effects, w.dead_lettered, w.lost), (20, 0, 0));
    assert_eq!(w.out_of_order, 1);
    assert_eq!(ended.effects(0).last(), Some(&4));
    assert_eq!(ended.count(|k| matches!(k, Kind::Redriven { .. })), 1);
    s.topics[0].channel = fifo(0);
    let ended = run(&s);
    assert_eq!(ended.service(0).out_of_order, 0, "without it: no disorder");
    assert_eq!(ended.effects(0), (1..=20).collect::<Vec<u64>>());
}

#[test]
fn a_fifo_queue_knows_a_retry_and_a_standard_queue_stores_it_twice() {
    for (fifo, duplicated) in [(true, 0), (false, 1)] {
        let mut s = scenario(Channel::Lease(lease(|c| c.fifo = fifo)));
        let lost = Placed::LoseAck {
            message: 3,
            attempt: 1,
        };
        fault(&mut s, lost);
        let ended = run(&s);
        assert_eq!(ended.service(0).duplicated, duplicated, "fifo: {fifo}");
        let known = ended.count(|k| matches!(k, Kind::Deduplicated { message: 3, .. }));
        assert_eq!(known, usize::from(fifo));
        let stored = ended.count(|k| matches!(k, Kind::Enqueued { message: 3, .. }));
        assert_eq!(stored, 2 - usize::from(fifo));
        assert_eq!(ended.report.acked, 100);
    }
}

#[test]
fn a_standard_queue_may_hand_out_twice_and_a_fifo_queue_does_not() {
    let twice = |fifo| {
        let channel = lease(|c| {
            c.fifo = fifo;
            c.double_delivery = Ratio::percent(20);
        });
        let mut s = scenario(Channel::Lease(channel));
        s.services[0].instances = 2;
        run(&s).service(0).duplicated
    };
    assert!((5..=40).contains(&twice(false)), "{}", twice(false));
    assert_eq!(twice(true), 0);
}

#[test]
fn a_lost_receive_counts_and_a_lost_delete_repeats() {
    let mut s = scenario(Channel::Lease(lease(|c| c.max_receive_count = 1)));
    let (service, message, attempt) = ("Worker".to_string(), 3, 1);
    let lost = Placed::LoseDelivery {
        service: service.clone(),
        message,
        attempt,
    };
    fault(&mut s, lost);
    let w = run(&s);
    assert_eq!(w.service(0).dead_lettered, 1, "it was never processed");
    assert_eq!(
        w.count(|k| matches!(k, Kind::Delivered { message: 3, .. })),
        0
    );
    s.topics[0].channel = SQS;
    s.faults.placed = vec![Placed::LoseCommit {
        service,
        message,
        attempt,
    }];
    assert_eq!(run(&s).service(0).duplicated, 1);
    // Deleted first and the answer did not come: at most once leaves the message alone, and gets it again.
    s.services[0].promise(Guarantee::AtMostOnce);
    let careful = run(&s);
    let w = careful.service(0);
    assert_eq!((w.duplicated, w.lost, w.effects), (0, 0, 100));
}

#[test]
fn a_failed_message_of_a_fifo_group_holds_up_those_received_with_it() {
    let mut s = scenario(Channel::Lease(lease(|c| c.fifo = true)));
    s.load.users = 1;
    s.load.rate = 100;
    s.duration = Span::ms(300);
    let (service, message) = ("Worker".into(), 4);
    fault(
        &mut s,
        Placed::FailEffect {
            service,
            message,
            attempt: 1,
        },
    );
    let ended = run(&s);
    assert!(ended.effects(0).is_sorted(), "{:?}", ended.effects(0));
    assert_eq!(ended.service(0).effects, 30);
    s.topics[0].channel = SQS;
    assert!(run(&s).service(0).out_of_order > 0);
}
