//! The rules of an SQS queue, one example each. Sources: the SQS API reference and developer guide.

use delivery_lab::broker::lease::*;
use delivery_lab::broker::wire::{Message, Micros};

const S: Micros = 1_000_000;

fn message(id: u64) -> Message {
    Message { id, key: id % 2 }
}

fn queue(change: impl FnOnce(&mut Config), kind: Kind, messages: u64) -> LeaseQueue {
    let mut config = Config::new(kind);
    change(&mut config);
    let mut queue = LeaseQueue::new(config).unwrap();
    for id in 0..messages {
        queue.send(0, Send::new(message(id))).unwrap();
    }
    queue
}

fn standard(messages: u64) -> LeaseQueue {
    queue(|_| (), Kind::Standard, messages)
}

fn fifo(messages: u64) -> LeaseQueue {
    queue(|_| (), Kind::Fifo, messages)
}

fn receive(queue: &mut LeaseQueue, now: Micros) -> Vec<Received> {
    queue.receive(now, 1, 10, None).unwrap().messages
}

fn ids(received: &[Received]) -> Vec<u64> {
    received.iter().map(|r| r.message.id).collect()
}

#[test]
fn a_received_message_is_hidden_until_its_visibility_timeout() {
    let mut q = standard(1);
    assert_eq!(ids(&receive(&mut q, 5 * S)), [0]);
    assert!(receive(&mut q, 35 * S - 1).is_empty());
    let again = receive(&mut q, 35 * S);
    assert_eq!((again[0].receive_count, again[0].until), (2, 65 * S));
}

#[test]
fn a_receive_returns_at_most_ten_and_must_ask_for_one() {
    let mut q = standard(11);
    assert_eq!(receive(&mut q, 0).len(), 10);
    let invalid = ReceiveError::Invalid(Invalid {
        attribute: "MaxNumberOfMessages",
    });
    assert_eq!(q.receive(0, 1, 11, None), Err(invalid));
    assert_eq!(q.receive(0, 1, 0, None), Err(invalid));
    assert_eq!(receive(&mut q, 0).len(), 1);
}

#[test]
fn each_receive_gives_a_new_handle_and_a_stale_one_deletes_nothing() {
    let mut q = standard(1);
    let first = receive(&mut q, 0)[0].handle;
    let second = receive(&mut q, 30 * S)[0].handle;
    assert_ne!(first, second);
    assert_eq!(q.delete(31 * S, first), Ok(Deleted::Stale));
    assert_eq!(q.len(), 1);
    assert_eq!(q.delete(31 * S, second), Ok(Deleted::Removed(message(0))));
    assert_eq!(q.delete(31 * S, second), Ok(Deleted::AlreadyGone));
}

#[test]
fn a_standard_queue_deletes_after_the_timeout_if_nobody_received_again() {
    let mut q = standard(1);
    let handle = receive(&mut q, 0)[0].handle;
    assert_eq!(q.delete(31 * S, handle), Ok(Deleted::Removed(message(0))));
    assert!(receive(&mut q, 31 * S).is_empty());
}

#[test]
fn a_fifo_queue_refuses_a_delete_after_the_timeout() {
    let mut q = fifo(1);
    let handle = receive(&mut q, 0)[0].handle;
    assert_eq!(
        q.clone().delete(30 * S - 1, handle),
        Ok(Deleted::Removed(message(0)))
    );
    assert_eq!(q.delete(30 * S, handle), Err(LeaseExpired));
    let newer = receive(&mut q, 31 * S)[0].handle;
    assert_eq!(q.delete(32 * S, handle), Err(LeaseExpired));
    assert_eq!(q.delete(32 * S, newer), Ok(Deleted::Removed(message(0))));
    assert_eq!(q.delete(32 * S, newer), Ok(Deleted::AlreadyGone));
    assert_eq!(
        q.delete(32 * S, handle),
        Err(LeaseExpired),
        "its lease ran out, whoever deleted the message"
    );
}

#[test]
fn change_visibility_counts_from_the_call_and_zero_gives_back_at_once() {
    let mut q = standard(1);
    let handle = receive(&mut q, 0)[0].handle;
    q.change_visibility(20 * S, handle, 30 * S).unwrap();
    assert!(receive(&mut q, 50 * S - 1).is_empty());
    q.change_visibility(50 * S - 1, handle, 0).unwrap();
    assert_eq!(receive(&mut q, 50 * S - 1).len(), 1);
    assert_eq!(
        q.change_visibility(50 * S, handle, S),
        Err(ChangeError::NotInFlight)
    );
}

#[test]
fn change_visibility_holds_for_this_receive_only() {
    let mut q = standard(1);
    let handle = receive(&mut q, 0)[0].handle;
    q.change_visibility(0, handle, 100 * S).unwrap();
    assert_eq!(receive(&mut q, 100 * S)[0].until, 130 * S);
}

#[test]
fn visibility_is_at_most_twelve_hours_from_the_receive() {
    let mut q = standard(1);
    let handle = receive(&mut q, 0)[0].handle;
    let rest = MAX_VISIBILITY - 10 * S;
    assert_eq!(
        q.change_visibility(10 * S, handle, rest + 1),
        Err(ChangeError::TooLong)
    );
    assert_eq!(
        q.change_visibility(10 * S, handle, u64::MAX),
        Err(ChangeError::TooLong)
    );
    assert_eq!(q.change_visibility(10 * S, handle, rest), Ok(()));
}

#[test]
fn a_message_is_dead_lettered_instead_of_the_receive_after_the_last_allowed() {
    let mut q = queue(|c| c.max_receive_count = Some(2), Kind::Standard, 1);
    let mut dlq = standard(0);
    assert_eq!(receive(&mut q, 0).len(), 1);
    assert_eq!(receive(&mut q, 30 * S).len(), 1);
    while q.pop_due(90 * S).is_some() {}
    assert_eq!(q.len(), 1, "moved by the next receive, not by the timeout");
    let batch = q.receive(90 * S, 1, 10, None).unwrap();
    assert!(batch.messages.is_empty());
    assert_eq!((batch.dead_letters[0].receive_count, q.len()), (2, 0));
    dlq.accept_dead_letter(90 * S, batch.dead_letters[0]);
    let entry = dlq.iter().next().unwrap();
    assert_eq!((entry.sent_at, entry.receive_count), (0, 0));
    let mut fifo = fifo(0);
    fifo.accept_dead_letter(90 * S, batch.dead_letters[0]);
    assert_eq!(
        fifo.iter().next().unwrap().sent_at,
        90 * S,
        "FIFO starts the age anew"
    );
}

#[test]
fn a_redrive_gives_back_new_messages() {
    let mut dlq = standard(3);
    receive(&mut dlq, 0).truncate(0);
    dlq.send(0, Send::new(message(9))).unwrap();
    let moved = dlq.redrive(S, 5);
    assert_eq!(moved.len(), 1, "what is in flight stays");
    let mut q = fifo(0);
    q.send(0, Send::new(message(9))).unwrap();
    q.accept_redriven(2 * S, moved[0]);
    let entry = q.iter().last().unwrap();
    assert_eq!((q.len(), entry.sent_at, entry.receive_count), (2, 2 * S, 0));
    assert_eq!(dlq.totals().redriven, 1);
}

#[test]
fn delay_hides_a_new_message() {
    let mut q = queue(|c| c.delay = 5 * S, Kind::Standard, 1);
    let at_once = Send {
        delay: Some(0),
        ..Send::new(message(1))
    };
    q.send(0, at_once).unwrap();
    assert_eq!(ids(&receive(&mut q, 0)), [1]);
    assert_eq!(q.next_deadline(), Some(5 * S));
    assert!(receive(&mut q, 5 * S - 1).is_empty());
    assert_eq!(q.pop_due(5 * S), Some(Due::DelayOver(message(0))));
    assert_eq!(ids(&receive(&mut q, 5 * S)), [0]);
    let invalid = Err(Invalid {
        attribute: "DelaySeconds",
    });
    assert_eq!(
        q.send(
            0,
            Send {
                delay: Some(901 * S),
                ..at_once
            }
        ),
        invalid
    );
    assert_eq!(fifo(0).send(0, at_once), invalid, "FIFO: per queue only");
}

#[test]
fn a_message_is_dropped_after_the_retention_period() {
    let mut q = queue(|c| c.retention = 60 * S, Kind::Standard, 2);
    q.receive(59 * S, 1, 1, None).unwrap();
    assert_eq!(q.next_deadline(), Some(60 * S));
    assert_eq!(q.pop_due(60 * S), Some(Due::Expired(message(0))));
    assert_eq!(q.pop_due(60 * S), Some(Due::Expired(message(1))));
    assert_eq!((q.len(), q.in_flight(), q.totals().expired), (0, 0, 2));
}

#[test]
fn a_full_standard_queue_answers_over_limit_and_a_full_fifo_queue_nothing() {
    let mut q = queue(|c| c.in_flight_limit = 2, Kind::Standard, 5);
    assert_eq!(receive(&mut q, 0).len(), 2);
    assert_eq!(q.receive(0, 1, 1, None), Err(ReceiveError::OverLimit));
    let mut q = queue(|c| c.in_flight_limit = 2, Kind::Fifo, 5);
    assert_eq!(receive(&mut q, 0).len(), 2);
    assert!(receive(&mut q, 0).is_empty());
}

#[test]
fn fifo_accepts_a_repeated_send_within_five_minutes_and_stores_nothing() {
    let mut q = fifo(1);
    let resend = Send {
        group: 77,
        ..Send::new(message(0))
    };
    assert_eq!(
        q.send(S, resend),
        Ok(Sent::Duplicate),
        "queue-wide, not per group"
    );
    let handle = receive(&mut q, 2 * S)[0].handle;
    q.delete(3 * S, handle).unwrap();
    assert_eq!(
        q.send(300 * S - 1, resend),
        Ok(Sent::Duplicate),
        "even after the delete"
    );
    assert_eq!(
        q.send(300 * S, resend),
        Ok(Sent::Stored(1)),
        "later it is a duplicate"
    );
    let other_id = Send {
        dedup_id: Some(5),
        ..resend
    };
    assert_eq!(q.send(300 * S, other_id), Ok(Sent::Stored(2)));
    assert_eq!((q.totals().sent, q.totals().deduplicated), (3, 2));
}

#[test]
fn a_standard_queue_does_not_deduplicate() {
    let mut q = standard(1);
    q.send(0, Send::new(message(0))).unwrap();
    assert_eq!(ids(&receive(&mut q, 0)), [0, 0]);
}

#[test]
fn fifo_blocks_a_group_while_one_of_its_messages_is_in_flight() {
    let mut q = fifo(6);
    let first = q.receive(0, 1, 1, None).unwrap().messages;
    assert_eq!(ids(&first), [0]);
    assert_eq!(
        ids(&receive(&mut q, S)),
        [1, 3, 5],
        "the other group, in order"
    );
    assert!(receive(&mut q, 2 * S).is_empty());
    q.delete(2 * S, first[0].handle).unwrap();
    assert_eq!(ids(&receive(&mut q, 2 * S)), [2, 4]);
}

#[test]
fn a_timed_out_fifo_message_comes_first_again() {
    let mut q = fifo(6);
    q.receive(0, 1, 1, None).unwrap();
    assert_eq!(ids(&receive(&mut q, 30 * S)), [0, 2, 4, 1, 3, 5]);
}

#[test]
fn a_group_goes_on_after_its_last_message_was_deleted_first() {
    let mut q = fifo(3);
    let got = receive(&mut q, 0);
    assert_eq!(ids(&got), [0, 2, 1]);
    q.delete(0, got[1].handle).unwrap();
    q.send(0, Send::new(message(4))).unwrap();
    q.delete(0, got[0].handle).unwrap();
    assert_eq!(ids(&receive(&mut q, 0)), [4]);
}

#[test]
fn a_dead_letter_unblocks_its_group_and_so_breaks_its_order() {
    let mut q = queue(|c| c.max_receive_count = Some(1), Kind::Fifo, 4);
    q.receive(0, 1, 1, None).unwrap();
    let batch = q.receive(30 * S, 1, 10, None).unwrap();
    assert_eq!(batch.dead_letters[0].message.id, 0);
    assert_eq!(ids(&batch.messages), [2, 1, 3]);
}

#[test]
fn a_missed_receive_leaves_the_message_visible_to_a_second_receiver() {
    let mut q = standard(1);
    let first = receive(&mut q, 0)[0].handle;
    assert!(q.leave_visible(first));
    let second = q.receive(0, 2, 1, None).unwrap().messages[0];
    assert_eq!(second.receive_count, 2);
    assert_eq!(q.delete(S, first), Ok(Deleted::Stale));
    let mut q = fifo(1);
    let first = receive(&mut q, 0)[0].handle;
    assert!(!q.leave_visible(first), "FIFO delivers one copy");
}

#[test]
fn a_crash_before_the_record_forgets_the_delete() {
    let mut q = standard(2);
    let got = receive(&mut q, 0);
    q.delete_arrived(S, got[0].handle).unwrap();
    q.delete_arrived(S, got[1].handle).unwrap();
    let recorded = q.delete_recorded(2 * S, got[1].handle);
    assert_eq!(recorded, Some(Ok(Deleted::Removed(message(1)))));
    assert_eq!(q.crash(), 1);
    assert_eq!(q.delete_recorded(2 * S, got[0].handle), None);
    assert_eq!(ids(&receive(&mut q, 30 * S)), [0], "comes back");
}

#[test]
fn a_delete_recorded_after_the_next_receive_deletes_nothing() {
    let mut q = standard(1);
    let handle = receive(&mut q, 0)[0].handle;
    q.delete_arrived(29 * S, handle).unwrap();
    receive(&mut q, 30 * S);
    assert_eq!(q.delete_recorded(31 * S, handle), Some(Ok(Deleted::Stale)));
    assert_eq!(q.len(), 1);
}

#[test]
fn an_expired_lease_is_an_event_that_names_its_holder() {
    let mut q = standard(2);
    let got = q.receive(0, 7, 1, Some(3 * S)).unwrap().messages[0];
    let state = q.iter().next().unwrap().state;
    assert_eq!(
        state,
        State::InFlight {
            holder: 7,
            since: 0,
            until: 3 * S
        }
    );
    assert_eq!(q.next_deadline(), Some(3 * S));
    assert_eq!(q.pop_due(3 * S - 1), None);
    let due = Due::LeaseExpired {
        message: got.message,
        handle: got.handle,
        holder: 7,
    };
    assert_eq!(q.pop_due(3 * S), Some(due));
    assert_eq!(q.pop_due(3 * S), None);
}

#[test]
fn a_visibility_timeout_of_zero_hides_nothing() {
    let mut q = standard(2);
    let got = q.receive(0, 1, 10, Some(0)).unwrap().messages;
    assert_eq!((ids(&got), q.in_flight()), (vec![0, 1], 0));
    assert_eq!(ids(&receive(&mut q, 0)), [0, 1]);
}

#[test]
fn attributes_out_of_range_are_named() {
    let bad = |change: fn(&mut Config)| {
        let mut config = Config::new(Kind::Standard);
        change(&mut config);
        LeaseQueue::new(config).err().map(|e| e.attribute)
    };
    assert_eq!(
        bad(|c| c.visibility_timeout += MAX_VISIBILITY),
        Some("VisibilityTimeout")
    );
    assert_eq!(
        bad(|c| c.max_receive_count = Some(0)),
        Some("maxReceiveCount")
    );
    assert_eq!(
        bad(|c| c.retention = 59 * S),
        Some("MessageRetentionPeriod")
    );
    assert_eq!(bad(|c| c.delay = 901 * S), Some("DelaySeconds"));
    assert_eq!(bad(|_| ()), None);
}

/// With failure probability f per receive and maxReceiveCount M: P(dead-lettered) = f^M and
/// E(receives) = (1 - f^M) / (1 - f). Tolerance: 5 standard errors of 100,000 messages.
#[test]
fn redrive_meets_its_closed_form() {
    let mut state = 42u64;
    let mut draw = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 1_000_000
    };
    let n = 100_000u64;
    for (fail_ppm, max) in [(500_000, 3), (200_000, 2), (900_000, 10)] {
        let mut q = queue(|c| c.max_receive_count = Some(max), Kind::Standard, n);
        while !q.is_empty() {
            for got in q.receive(0, 1, 10, None).unwrap().messages {
                if draw() < fail_ppm {
                    q.change_visibility(0, got.handle, 0).unwrap();
                } else {
                    q.delete(0, got.handle).unwrap();
                }
            }
        }
        let f = fail_ppm as f64 / 1e6;
        let dead = f.powi(max as i32);
        let mean = (1.0 - dead) / (1.0 - f);
        let seen_dead = q.totals().dead_lettered as f64 / n as f64;
        let seen_mean = q.totals().receives as f64 / n as f64;
        assert!((seen_dead - dead).abs() < 5.0 * (dead * (1.0 - dead) / n as f64).sqrt());
        // The count of receives lies between 1 and M, so its deviation is at most (M - 1) / 2.
        assert!((seen_mean - mean).abs() < 5.0 * (f64::from(max) - 1.0) / 2.0 / (n as f64).sqrt());
    }
}
