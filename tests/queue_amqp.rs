//! The rules of a RabbitMQ queue, one example each. Sources: RabbitMQ's guides and release notes.

use delivery_lab::broker::amqp::*;
use delivery_lab::broker::wire::{Message, Micros};

const S: Micros = 1_000_000;

fn message(id: u64) -> Message {
    Message { id, key: 0 }
}

fn queue(change: impl FnOnce(&mut Config), kind: Kind, messages: u64) -> AmqpQueue {
    let mut config = Config::new(kind);
    change(&mut config);
    let mut queue = AmqpQueue::new(config);
    for id in 0..messages {
        assert_eq!(queue.publish(0, message(id)), Confirm::Ack);
    }
    queue
}

fn classic(messages: u64) -> AmqpQueue {
    queue(|_| (), Kind::Classic, messages)
}

fn quorum(limit: Option<u32>, counted: Counted, messages: u64) -> AmqpQueue {
    queue(
        |_| (),
        Kind::Quorum {
            delivery_limit: limit,
            counted,
        },
        messages,
    )
}

fn deliver(queue: &mut AmqpQueue, now: Micros) -> Vec<Delivery> {
    std::iter::from_fn(|| queue.next_delivery(now)).collect()
}

fn ids(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|d| d.message.id).collect()
}

fn dead(queue: &mut AmqpQueue) -> Vec<(u64, Reason)> {
    std::iter::from_fn(|| queue.pop_dead_letter())
        .map(|d| (d.message.id, d.reason))
        .collect()
}

#[test]
fn auto_ack_removes_when_written_and_ignores_prefetch() {
    let mut q = classic(3);
    q.consume(0, 1, 1, true);
    assert_eq!(ids(&deliver(&mut q, 0)), [0, 1, 2]);
    q.channel_closed(0, 1);
    assert_eq!(
        (q.ready(), q.unacked(), q.totals().auto_acked),
        (0, 0, 3),
        "lost with it"
    );
}

#[test]
fn prefetch_bounds_the_unacknowledged_per_consumer_and_zero_means_unlimited() {
    let mut q = classic(10);
    q.consume(0, 1, 2, false);
    q.consume(0, 2, 3, false);
    let got = deliver(&mut q, 0);
    let to: Vec<_> = got.iter().map(|d| d.channel).collect();
    assert_eq!(to, [1, 2, 1, 2, 2], "in turn");
    q.settle(0, 1, 1, false, Settle::Ack).unwrap();
    assert_eq!(deliver(&mut q, 0).len(), 1);
    q.consume(0, 3, 0, false);
    assert_eq!(deliver(&mut q, 0).len(), 4);
}

#[test]
fn closing_a_channel_requeues_what_it_did_not_settle() {
    let mut q = classic(4);
    q.consume(0, 1, 3, false);
    deliver(&mut q, 0);
    q.settle(0, 1, 2, false, Settle::Ack).unwrap();
    q.channel_closed(0, 1);
    q.consume(0, 2, 0, false);
    let got: Vec<_> = deliver(&mut q, 0)
        .iter()
        .map(|d| (d.message.id, d.tag, d.redelivered))
        .collect();
    assert_eq!(
        got,
        [(0, 1, true), (2, 2, true), (3, 3, false)],
        "tags are the channel's own"
    );
}

#[test]
fn an_unknown_or_second_ack_closes_the_channel() {
    for (first, second) in [(1, 1), (1, 9)] {
        let mut q = classic(2);
        q.consume(0, 1, 0, false);
        deliver(&mut q, 0);
        q.settle(0, 1, first, false, Settle::Ack).unwrap();
        assert_eq!(
            q.settle(0, 1, second, false, Settle::Ack),
            Err(Closed::UnknownTag)
        );
        assert!(!q.is_open(1));
        assert_eq!((q.ready(), q.unacked()), (1, 0));
        assert_eq!(
            q.settle(0, 1, 2, false, Settle::Ack),
            Ok(()),
            "nobody is there to answer"
        );
    }
}

#[test]
fn multiple_settles_all_up_to_the_tag() {
    let mut q = classic(5);
    q.consume(0, 1, 0, false);
    deliver(&mut q, 0);
    q.settle(0, 1, 3, true, Settle::Ack).unwrap();
    assert_eq!((q.unacked(), q.totals().acked), (2, 3));
    q.settle(0, 1, 0, true, Settle::Reject).unwrap();
    assert_eq!(dead(&mut q), [(3, Reason::Rejected), (4, Reason::Rejected)]);
}

#[test]
fn a_reject_without_requeue_is_a_dead_letter() {
    let mut q = classic(1);
    q.consume(0, 1, 0, false);
    deliver(&mut q, 0);
    q.settle(0, 1, 1, false, Settle::Reject).unwrap();
    assert_eq!((dead(&mut q), q.ready()), (vec![(0, Reason::Rejected)], 0));
}

fn requeue_one_of_three(mut q: AmqpQueue, order: &[u64]) -> Vec<u64> {
    q.consume(0, 1, 3, false);
    deliver(&mut q, 0);
    for tag in order {
        q.settle(0, 1, *tag, false, Settle::Requeue).unwrap();
    }
    q.consume(0, 1, 0, false);
    ids(&deliver(&mut q, 0))
}

#[test]
fn a_classic_queue_requeues_to_the_original_position() {
    assert_eq!(
        requeue_one_of_three(classic(5), &[3, 1, 2]),
        [0, 1, 2, 3, 4]
    );
}

#[test]
fn a_quorum_queue_serves_returns_first_in_order_of_return() {
    let q = quorum(Some(20), Counted::Failures, 5);
    assert_eq!(requeue_one_of_three(q, &[3, 1, 2]), [2, 0, 1, 3, 4]);
}

#[test]
fn a_quorum_queue_without_limit_returns_to_the_tail() {
    let q = quorum(None, Counted::Failures, 5);
    assert_eq!(requeue_one_of_three(q, &[3, 1, 2]), [3, 4, 2, 0, 1]);
}

/// Deliveries until the message is dead-lettered, at most 50.
fn deliveries_until_dead(mut q: AmqpQueue, lose: impl Fn(&mut AmqpQueue, u64)) -> u32 {
    for round in 0..50 {
        q.consume(0, 1, 1, false);
        let Some(delivery) = q.next_delivery(0) else {
            break;
        };
        lose(&mut q, delivery.tag);
        if let Some(letter) = q.pop_dead_letter() {
            assert_eq!(
                (letter.reason, letter.deliveries),
                (Reason::DeliveryLimit, round + 1)
            );
            return letter.deliveries;
        }
    }
    50
}

#[test]
fn the_delivery_limit_allows_limit_plus_one_deliveries_and_counts_by_version() {
    let nack = |q: &mut AmqpQueue, tag| q.settle(0, 1, tag, false, Settle::Requeue).unwrap();
    let close = |q: &mut AmqpQueue, _| q.channel_closed(0, 1);
    let every = || quorum(Some(20), Counted::Every, 1);
    let failures = || quorum(Some(20), Counted::Failures, 1);
    assert_eq!(deliveries_until_dead(every(), nack), 21);
    assert_eq!(deliveries_until_dead(every(), close), 21);
    assert_eq!(deliveries_until_dead(failures(), close), 21);
    assert_eq!(
        deliveries_until_dead(failures(), nack),
        50,
        "since 4.3 a nack does not count"
    );
    assert_eq!(
        deliveries_until_dead(classic(1), close),
        50,
        "classic has no limit"
    );
}

#[test]
fn a_ttl_expires_at_the_head_and_not_while_unacknowledged() {
    let mut q = queue(|c| c.message_ttl = Some(10 * S), Kind::Classic, 2);
    q.publish(5 * S, message(2));
    q.consume(0, 1, 1, false);
    assert_eq!(ids(&deliver(&mut q, 9 * S)), [0]);
    assert_eq!(q.next_deadline(), Some(10 * S));
    assert_eq!(q.pop_due(10 * S), None);
    assert_eq!(dead(&mut q), [(1, Reason::Expired)]);
    q.settle(12 * S, 1, 1, false, Settle::Requeue).unwrap();
    assert_eq!(dead(&mut q), [(0, Reason::Expired)], "its age did not stop");
    assert_eq!(q.next_deadline(), Some(15 * S));
}

#[test]
fn a_full_queue_drops_its_head_or_refuses() {
    let mut q = queue(|c| c.max_length = Some(2), Kind::Classic, 3);
    assert_eq!(dead(&mut q), [(0, Reason::MaxLen)]);
    q.consume(0, 1, 1, false);
    deliver(&mut q, 0);
    q.publish(0, message(3));
    assert_eq!(dead(&mut q), [], "only ready messages count");
    let full = |c: &mut Config| {
        c.max_length = Some(2);
        c.overflow = Overflow::RejectPublish;
    };
    let mut q = queue(full, Kind::Classic, 2);
    assert_eq!(q.publish(0, message(2)), Confirm::Nack);
    assert_eq!((q.ready(), q.totals().refused), (2, 1));
}

#[test]
fn a_consumer_timeout_closes_the_channel_and_is_no_failure_since_4_3() {
    let timeout = |c: &mut Config| c.consumer_timeout = Some(60 * S);
    let limit = |counted| Kind::Quorum {
        delivery_limit: Some(0),
        counted,
    };
    for (counted, survives) in [(Counted::Failures, 1), (Counted::Every, 0)] {
        let mut q = queue(timeout, limit(counted), 1);
        q.consume(0, 1, 0, false);
        deliver(&mut q, 5 * S);
        assert_eq!(q.next_deadline(), Some(65 * S));
        assert_eq!(q.pop_due(65 * S - 1), None);
        assert_eq!(q.pop_due(65 * S), Some((1, Closed::ConsumerTimeout)));
        assert_eq!(q.pop_due(65 * S), None);
        assert_eq!((q.is_open(1), q.ready()), (false, survives));
    }
    assert_eq!(Config::new(Kind::QUORUM).consumer_timeout, Some(1_800 * S));
    assert_eq!(Config::new(Kind::Classic).consumer_timeout, None);
}

#[test]
fn a_view_sees_who_holds_a_message() {
    let mut q = classic(2);
    q.consume(0, 4, 1, false);
    deliver(&mut q, 7);
    let states: Vec<_> = q.iter().map(|e| e.state).collect();
    assert_eq!(
        states,
        [
            State::Unacked {
                channel: 4,
                tag: 1,
                since: 7
            },
            State::Ready
        ]
    );
}

#[test]
fn a_publish_reaches_each_bound_queue_once() {
    let mut direct = Exchange::new(ExchangeKind::Direct);
    let mut fanout = Exchange::new(ExchangeKind::Fanout);
    for exchange in [&mut direct, &mut fanout] {
        for (key, queue) in [(1, 10), (1, 10), (2, 10), (1, 11), (2, 12)] {
            exchange.bind(key, queue);
        }
    }
    let routes = |e: &Exchange, key| e.route(key).collect::<Vec<_>>();
    assert_eq!(
        (routes(&direct, 1), routes(&direct, 2)),
        (vec![10, 11], vec![10, 12])
    );
    assert_eq!(routes(&fanout, 9), [10, 11, 12]);
    direct.unbind(1, 11);
    assert_eq!(routes(&direct, 1), [10]);
}

#[test]
fn an_unroutable_message_is_confirmed_too() {
    let exchange = Exchange::new(ExchangeKind::Direct);
    assert_eq!(
        confirm(exchange.route(1).map(|_| Confirm::Nack)),
        Confirm::Ack
    );
    assert_eq!(confirm([Confirm::Ack, Confirm::Nack]), Confirm::Nack);
}
