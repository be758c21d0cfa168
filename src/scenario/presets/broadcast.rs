//! One message for several services: stored for each of them, or gone.

use super::kit::*;
use crate::scenario::*;

/// An SNS topic with an SQS queue for each service.
fn sns(name: &str) -> Topic {
    Topic {
        name: name.into(),
        channel: Channel::Sns(LeaseChannel {
            visibility_timeout: Span::s(20),
            ..LeaseChannel::default()
        }),
    }
}

/// A Redis channel.
fn channel(name: &str, output_buffer: u32) -> Topic {
    Topic {
        name: name.into(),
        channel: Channel::PubSub(PubSubChannel { output_buffer }),
    }
}

/// A service that counts what it hears.
fn listener(name: &str, topic: &str, service_time: Span) -> Service {
    Service {
        service_time,
        max_poll: 1,
        ..service(name, topic, EffectKind::Count, Guarantee::AtMostOnce)
    }
}

/// One event, two reactions, and a second delivery that is skipped.
pub(super) fn photo_posted() -> Scenario {
    let mut s = story("photo", 1, 8);
    s.watch_for = "photo 3: one event for two services; to each it comes a second time, and both see that they know it.".into();
    s.topics = vec![Topic {
        name: "photo-posted".into(),
        channel: Channel::Sns(LeaseChannel {
            visibility_timeout: Span::s(1),
            ..LeaseChannel::default()
        }),
    }];
    s.producers = vec![producer("App", "photo-posted")];
    s.services = [
        ("Notification", EffectKind::Push),
        ("Thumbnail", EffectKind::Stock),
    ]
    .map(|(name, effect)| {
        service(
            name,
            "photo-posted",
            effect,
            Guarantee::AtLeastOnceIdempotent,
        )
    })
    .into();
    s.faults.placed = ["Notification", "Thumbnail"]
        .map(|service| Placed::LoseCommit {
            service: service.into(),
            message: 3,
            attempt: 1,
        })
        .into();
    for name in ["Notification", "Thumbnail"] {
        s.expects.extend([
            expect(name, "delivered", "=", 9),
            expect(name, "effects", "=", 8),
            expect(name, "duplicated", "=", 0),
            expect(name, "lost", "=", 0),
        ]);
    }
    s
}

/// What is published before a service connects is not kept for it.
pub(super) fn pubsub_nobody_listening() -> Scenario {
    let mut s = story("score", 2, 16);
    s.watch_for = "the first scores: the ticker is not connected yet, Redis keeps nothing, and the publisher is told that all is well.".into();
    s.topics = vec![channel("scores", 100)];
    s.producers = vec![producer("Referee", "scores")];
    s.services = vec![
        listener("Ticker", "scores", Span::ms(100)),
        listener("Archive", "scores", Span::ms(100)),
    ];
    s.services[0].start_at = Span::ms(4_200);
    s.expects = vec![
        expect("Ticker", "lost", "=", 8),
        expect("Ticker", "lost_acknowledged", "=", 8),
        expect("Ticker", "effects", "=", 8),
        expect("Archive", "lost", "=", 0),
    ];
    s
}

/// A subscriber that reads too slowly is cut off by Redis.
pub(super) fn slow_subscriber() -> Scenario {
    let mut s = story("reading", 10, 100);
    s.watch_for = "the chart's buffer filling up until Redis cuts it off, while the alarm notices nothing; with a queue each (SNS) the chart would only be late.".into();
    s.topics = vec![channel("readings", 10)];
    s.producers = vec![producer("Sensor", "readings")];
    s.services = vec![
        listener("Alarm", "readings", Span::ms(20)),
        listener("Chart", "readings", Span::ms(250)),
    ];
    s.expects = vec![
        expect("Chart", "lost", ">=", 20),
        expect("Alarm", "lost", "=", 0),
        expect("Alarm", "effects", "=", 100),
        expect("Alarm", "p99", "<=", 100_000),
    ];
    s
}

/// A queue each: the slow service is late, the absent one is later still, and neither loses anything.
pub(super) fn sns_to_queues() -> Scenario {
    let mut s = story("reading", 4, 40);
    s.watch_for = "the queues of the slow chart and of the archive that starts at 6 s: they grow, nothing is lost, and the alarm is never late.".into();
    s.topics = vec![sns("readings")];
    s.producers = vec![producer("Sensor", "readings")];
    s.services = [("Alarm", 20), ("Chart", 350), ("Archive", 20)]
        .map(|(name, ms)| {
            let mut service = service(name, "readings", EffectKind::Count, Guarantee::AtLeastOnce);
            service.service_time = Span::ms(ms);
            service.max_poll = 1;
            service
        })
        .into();
    s.services[2].start_at = Span::s(6);
    for name in ["Alarm", "Chart", "Archive"] {
        s.expects.extend([
            expect(name, "lost", "=", 0),
            expect(name, "effects", "=", 40),
        ]);
    }
    s.expects.extend([
        expect("Alarm", "p99", "<=", 200_000),
        expect("Chart", "p99", ">=", 2_000_000),
    ]);
    s
}
