//! RabbitMQ: acks, prefetch, connections.

use super::*;

#[test]
fn auto_ack_loses_what_a_dying_consumer_held_and_manual_ack_repeats_it() {
    let mut s = scenario(amqp());
    s.load.rate = 50;
    s.duration = Span::s(2);
    s.services[0].service_time = Span::ms(50);
    let crash = Placed::CrashConsumer {
        service: "Worker".into(),
        instance: 0,
        at: Span::s(1),
    };
    fault(&mut s, crash);
    let manual = run(&s);
    let w = manual.service(0);
    assert_eq!((w.lost, w.effects - w.duplicated), (0, w.published));
    assert!(manual.count(|k| matches!(k, Kind::Requeued { .. })) > 1);
    s.services[0].promise(Guarantee::AtMostOnce);
    let auto = run(&s);
    let w = auto.service(0);
    assert!(w.lost_acknowledged > 3, "{w:?}");
    assert_eq!(w.duplicated, 0);
}

/// One consumer that takes everything and stands still, and others after it.
#[test]
fn prefetch_limits_what_is_unacked_and_requeued_messages_come_before_new_ones() {
    let mut s = scenario(amqp());
    s.load.rate = 100;
    s.duration = Span::ms(200);
    s.services[0].service_time = Span::ms(100);
    s.services[0].max_poll = 4;
    let crash = Placed::CrashConsumer {
        service: "Worker".into(),
        instance: 0,
        at: Span::ms(250),
    };
    fault(&mut s, crash);
    let ended = run(&s);
    let died = ended.at(|k| matches!(k, Kind::Crashed { .. }));
    let delivered = |e: &&Event| matches!(e.kind, Kind::Delivered { .. });
    let before = ended.events.iter().filter(|e| e.at <= died);
    let (held, acked) = (
        before.clone().filter(delivered).count(),
        before
            .filter(|e| matches!(e.kind, Kind::Deleted { .. }))
            .count(),
    );
    assert_eq!(held - acked, 4, "the prefetch");
    let effects = ended.effects(0);
    assert!(effects.is_sorted(), "requeued to their places: {effects:?}");
    // With a second consumer that takes the next messages, what comes back is late.
    s.services[0].instances = 2;
    s.load.users = 1;
    let two = run(&s);
    assert!(two.service(0).out_of_order > 0);
}

#[test]
fn a_rejected_message_goes_to_the_dead_letter_exchange_or_nowhere() {
    for dead_letter in [true, false] {
        let mut s = scenario(Channel::Amqp(AmqpChannel {
            dead_letter,
            ..AmqpChannel::default()
        }));
        s.services[0].on_failure = OnFailure::DeadLetter;
        let (service, message) = ("Worker".into(), 4);
        fault(&mut s, Placed::Poison { service, message });
        let ended = run(&s);
        let w = ended.service(0);
        let aside = u64::from(dead_letter);
        assert_eq!((w.dead_lettered, w.lost, w.effects), (aside, 1 - aside, 99));
    }
}

#[test]
fn a_quorum_queue_gives_up_after_its_delivery_limit_of_lost_connections() {
    let mut s = scenario(Channel::Amqp(AmqpChannel {
        quorum: true,
        delivery_limit: 2,
        dead_letter: true,
        ..AmqpChannel::default()
    }));
    s.faults.placed = (1..=5)
        .map(|attempt| Placed::CrashAfter {
            service: "Worker".into(),
            message: 4,
            attempt,
            step: HandlerStep::Receive,
        })
        .collect();
    let ended = run(&s);
    assert_eq!(ended.service(0).dead_lettered, 1);
    let given = ended.count(|k| matches!(k, Kind::Delivered { message: 4, .. }));
    assert_eq!(given, 3, "limit + 1 deliveries");
}

#[test]
fn a_lost_packet_breaks_a_rabbitmq_connection_and_what_was_unacked_comes_again() {
    for loss in ["delivery", "ack"] {
        let (service, message, attempt) = ("Worker".to_string(), 5, 1);
        let mut s = scenario(amqp());
        fault(
            &mut s,
            if loss == "ack" {
                Placed::LoseCommit {
                    service,
                    message,
                    attempt,
                }
            } else {
                Placed::LoseDelivery {
                    service,
                    message,
                    attempt,
                }
            },
        );
        let ended = run(&s);
        let w = ended.service(0);
        assert_eq!((w.lost, w.published), (0, 100), "{loss}");
        assert_eq!(w.duplicated, u64::from(loss == "ack"));
        assert!(ended.count(|k| matches!(k, Kind::Requeued { message: 5, .. })) > 0);
    }
}

#[test]
fn heartbeats_that_stop_close_the_connection_of_a_paused_consumer() {
    let mut s = scenario(amqp());
    s.services[0].instances = 2;
    s.services[0].pause_at = Span::s(2);
    s.services[0].pause = Span::s(4);
    let ended = run(&s);
    let w = ended.service(0);
    assert_eq!((w.lost, w.published), (0, 100));
    assert!(ended.count(|k| matches!(k, Kind::Requeued { .. })) > 0);
    // A pause that is shorter than the heartbeat timeout goes unnoticed.
    s.services[0].pause = Span::ms(600);
    let ended = run(&s);
    assert_eq!(ended.count(|k| matches!(k, Kind::Requeued { .. })), 0);
}
