//! The parts that presets are made of.

use crate::scenario::*;

/// A log with so many partitions; the first one is led by the first broker.
pub(super) fn log(name: &str, partitions: u32) -> Topic {
    Topic {
        name: name.into(),
        channel: Channel::Log(LogChannel {
            partitions,
            ..LogChannel::default()
        }),
    }
}

/// A producer that writes to one topic.
pub(super) fn producer(name: &str, topic: &str) -> Producer {
    Producer {
        name: name.into(),
        topics: vec![topic.into()],
        ..Producer::default()
    }
}

/// The same without sequence numbers: what it sends twice is stored twice.
pub(super) fn plain_producer(name: &str, topic: &str) -> Producer {
    Producer {
        idempotence: false,
        ..producer(name, topic)
    }
}

/// A service with one instance that reads one topic, and takes a tenth of a second for each message.
pub(super) fn service(
    name: &str,
    topic: &str,
    effect: EffectKind,
    guarantee: Guarantee,
) -> Service {
    let mut service = Service {
        name: name.into(),
        topics: vec![topic.into()],
        effect,
        service_time: Span::ms(100),
        varied: false,
        ..Service::default()
    };
    service.promise(guarantee);
    service
}

/// A short story: so many messages, evenly spaced at so many a second, over ways of 20 ms.
pub(super) fn story(noun: &str, rate: u32, messages: u32) -> Scenario {
    Scenario {
        load: Load {
            rate,
            messages,
            users: 6,
            regular: true,
            noun: noun.into(),
            ..Load::default()
        },
        faults: Faults {
            latency: Span::ms(20),
            jitter: Span(0),
            ..Faults::default()
        },
        ..Scenario::default()
    }
}

/// What must be true of a service at the end; no service means the producers.
pub(super) fn expect(service: &str, figure: &str, is: &str, value: u64) -> Expect {
    Expect {
        service: service.into(),
        figure: figure.into(),
        is: is.into(),
        value,
    }
}

/// The instance that works on the message for the first time dies after this step.
pub(super) fn crash_after(service: &str, message: u64, step: HandlerStep) -> Placed {
    Placed::CrashAfter {
        service: service.into(),
        message,
        attempt: 1,
        step,
    }
}
