//! Redis Pub/Sub and SNS: who listens, and who is slow.

use super::*;

#[test]
fn pub_sub_loses_what_is_published_while_nobody_listens() {
    let mut s = scenario(Channel::PubSub(PubSubChannel::default()));
    s.services[0].start_at = Span::ms(4_050);
    s.services.push(service("Other"));
    let ended = run(&s);
    let w = ended.service(0);
    assert_eq!((w.lost, w.effects), (40, 60));
    assert_eq!(
        w.lost_acknowledged, 40,
        "and the publisher knows nothing of it"
    );
    assert_eq!(ended.service(1).lost, 0);
    s.topics[0].channel = Channel::Sns(LeaseChannel::default());
    assert_eq!(run(&s).service(0).lost, 0, "a queue waits for its service");
}

#[test]
fn a_slow_subscriber_is_cut_off_and_nobody_else_notices() {
    let buffer = PubSubChannel { output_buffer: 5 };
    let mut s = scenario(Channel::PubSub(buffer));
    s.load.rate = 20;
    s.services[0].max_poll = 1;
    s.services[0].service_time = Span::ms(200);
    let alone = run(&s);
    assert!(
        alone.count(|k| matches!(
            k,
            Kind::Dropped {
                why: Why::SlowSubscriber,
                ..
            }
        )) > 0
    );
    s.services.push(service("Fast"));
    let both = run(&s);
    let (slow, fast) = (both.service(0), both.service(1));
    assert!(slow.lost > 20, "{slow:?}");
    assert_eq!((fast.lost, fast.effects), (0, 200));
    assert!(fast.latency_us.p99 < 30_000, "{fast:?}");
    s.topics[0].channel = Channel::Sns(lease(|c| c.visibility_timeout = Span::s(30)));
    let queued = run(&s);
    let (slow, fast) = (queued.service(0), queued.service(1));
    assert_eq!((slow.lost, fast.lost, slow.effects), (0, 0, 200));
    assert!(slow.latency_us.p50 > 2_000_000, "{slow:?}");
    assert!(fast.latency_us.p99 < 100_000, "{fast:?}");
}

#[test]
fn services_on_one_queue_compete_and_behind_sns_each_gets_everything() {
    let mut s = scenario(SQS);
    s.services.push(service("Second"));
    let ended = run(&s);
    assert_eq!(ended.service(0).effects + ended.service(1).effects, 100);
    s.topics[0].channel = Channel::Sns(lease(|_| {}));
    let ended = run(&s);
    assert_eq!(
        (ended.service(0).effects, ended.service(1).effects),
        (100, 100)
    );
    s.topics[0].channel = amqp();
    let ended = run(&s);
    assert_eq!(
        (ended.service(0).effects, ended.service(1).effects),
        (100, 100)
    );
}
