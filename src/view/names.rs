//! What things are called in running text: as the scenario names them.

use crate::scenario::{Channel, EffectKind, Idempotency, Scenario, Service};
use crate::trace::{Leg, Party, Place};

/// A moment, in seconds to the millisecond: "1.204 s".
pub fn moment(at: u64) -> String {
    format!("{}.{:03} s", at / 1_000_000, at / 1_000 % 1_000)
}

/// A span of time: "20 ms", "1.5 s".
pub fn span(us: u64) -> String {
    let (unit, scale) = match us {
        0..1_000 => return format!("{us} µs"),
        1_000..1_000_000 => ("ms", 1_000),
        _ => ("s", 1_000_000),
    };
    let tenths = (us * 10 + scale / 2) / scale;
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        rest => format!("{}.{rest} {unit}", tenths / 10),
    }
}

/// A message by what the scenario calls one: "order 18".
pub fn message(scenario: &Scenario, id: u64) -> String {
    format!("{} {id}", scenario.load.noun)
}

/// A producer. Instances of services that write records have producers of their own, numbered after
/// the scenario's.
pub fn producer(scenario: &Scenario, index: u16) -> String {
    if let Some(config) = scenario.producers.get(usize::from(index)) {
        return config.name.clone();
    }
    match owner_of_producer(scenario, index) {
        Some((s, m)) => member(scenario, s, m),
        None => format!("producer {index}"),
    }
}

/// Whose producer this is, where it is that of an instance.
pub fn owner_of_producer(scenario: &Scenario, index: u16) -> Option<(u16, u16)> {
    let own = usize::from(index).checked_sub(scenario.producers.len())?;
    let writes = |service: &Service| {
        service.effect == EffectKind::Record || service.idempotency == Idempotency::KafkaTransaction
    };
    let services = scenario.services.iter().zip(0_u16..);
    services
        .filter(|(service, _)| writes(service))
        .flat_map(|(service, s)| (0..service.instances as u16).map(move |m| (s, m)))
        .nth(own)
}

/// A service.
pub fn service(scenario: &Scenario, index: u16) -> String {
    match scenario.services.get(usize::from(index)) {
        Some(config) => config.name.clone(),
        None => format!("service {index}"),
    }
}

/// An instance of a service, counted from 1 where there are several: "Inventory 2".
pub fn member(scenario: &Scenario, service: u16, member: u16) -> String {
    let name = self::service(scenario, service);
    let one = scenario
        .services
        .get(usize::from(service))
        .is_some_and(|config| config.instances == 1);
    match one {
        true => name,
        false => format!("{name} {}", member + 1),
    }
}

/// Whoever acts.
pub fn party(scenario: &Scenario, party: Party) -> String {
    match party {
        Party::Producer(index) => producer(scenario, index),
        Party::Broker(index) => format!("broker {index}"),
        Party::Member(s, m) => member(scenario, s, m),
    }
}

/// A topic, queue or channel.
pub fn topic(scenario: &Scenario, index: u16) -> String {
    match scenario.topics.get(usize::from(index)) {
        Some(config) => config.name.clone(),
        None => format!("topic {index}"),
    }
}

/// A partition: "partition 2 of order-events".
pub fn partition(scenario: &Scenario, topic: u16, partition: u32) -> String {
    format!("partition {partition} of {}", self::topic(scenario, topic))
}

/// The partition a service means by a number: "partition 2".
pub fn partition_of(scenario: &Scenario, service: u16, partition: u32) -> String {
    let topics = scenario
        .services
        .get(usize::from(service))
        .map_or(&[][..], |config| &config.topics);
    match topics {
        [one] => format!("partition {partition} of {one}"),
        _ => format!("partition {partition}"),
    }
}

/// A place something is at, or comes from.
pub fn place(scenario: &Scenario, place: Place) -> String {
    match place {
        Place::Party(party) => self::party(scenario, party),
        Place::Partition(topic, partition) => {
            self::partition(scenario, topic, u32::from(partition))
        }
        Place::Queue(topic, queue) => self::queue(scenario, topic, queue),
        Place::Channel(topic) => self::topic(scenario, topic),
    }
}

/// A queue, with its reader where others have queues of their own behind the same topic.
pub fn queue(scenario: &Scenario, topic: u16, queue: u16) -> String {
    let name = self::topic(scenario, topic);
    match reader(scenario, topic, queue) {
        Some(service) => format!("{name} ({})", self::service(scenario, service)),
        None => name,
    }
}

/// The service a queue is for, where several services have one each behind the same topic.
pub fn reader(scenario: &Scenario, topic: u16, queue: u16) -> Option<u16> {
    let config = scenario.topics.get(usize::from(topic))?;
    if !matches!(config.channel, Channel::Sns(_) | Channel::Amqp(_)) {
        return None;
    }
    let services = scenario.services.iter().zip(0..);
    let mut readers = services.filter(|(service, _)| service.topics.contains(&config.name));
    let several = readers.clone().count() > 1;
    readers
        .nth(usize::from(queue))
        .map(|(_, s)| s)
        .filter(|_| several)
}

/// What a producer learns by an ack: that its message "is stored", or only "is passed on".
pub fn acked(scenario: &Scenario, producer: u16) -> &'static str {
    let topic = scenario.producers.get(usize::from(producer));
    let topic = topic.and_then(|producer| scenario.topic(producer.topics.first()?));
    match topic.map(|topic| &topic.channel) {
        Some(Channel::PubSub(_)) => "is passed on",
        _ => "is stored",
    }
}

/// How a service tells its channel that it is through with something.
pub fn commit_word(scenario: &Scenario, service: u16) -> &'static str {
    let config = scenario.services.get(usize::from(service));
    let channel = config.and_then(|config| {
        let name = config.topics.first()?;
        scenario.topics.iter().find(|topic| topic.name == *name)
    });
    match channel.map(|topic| &topic.channel) {
        Some(Channel::Lease(_) | Channel::Sns(_)) => "delete",
        Some(Channel::Amqp(_)) => "ack",
        _ => "commit",
    }
}

/// What travels on a way through the network.
pub fn leg(leg: Leg) -> &'static str {
    match leg {
        Leg::Request => "request",
        Leg::Ack => "ack",
        Leg::Delivery => "delivery",
        Leg::Commit => "commit",
        Leg::CommitAck => "answer to a commit",
        Leg::Replication => "replication",
        Leg::Control => "coordination",
    }
}

/// What a packet carries, as a reader would point at it: "the ack of order 5".
pub fn cargo(scenario: &Scenario, leg: Leg, message: u64) -> String {
    match message {
        0 => format!("a {}", self::leg(leg)),
        id => {
            let it = self::message(scenario, id);
            match leg {
                Leg::Request => format!("the request with {it}"),
                Leg::Delivery => format!("{it} on its way to a service"),
                leg => format!("the {} of {it}", self::leg(leg)),
            }
        }
    }
}

/// "first", "second", …: an ordinal as far as people write them out.
pub fn ordinal(n: u32) -> String {
    match n {
        1 => "first".into(),
        2 => "second".into(),
        3 => "third".into(),
        4 => "fourth".into(),
        _ => format!("{n}{}", suffix(n)),
    }
}

fn suffix(n: u32) -> &'static str {
    match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::preset;

    #[test]
    fn numbers_have_units() {
        assert_eq!(moment(1_204_900), "1.204 s");
        assert_eq!(
            [0, 999, 20_000, 1_500_000, 61_000_000].map(span),
            ["0 µs", "999 µs", "20 ms", "1.5 s", "61 s"]
        );
        assert_eq!(
            [2, 11, 21, 112].map(ordinal),
            ["second", "11th", "21st", "112th"]
        );
    }

    #[test]
    fn parties_have_the_scenarios_names() {
        let mut s = preset("order-processing").unwrap();
        assert_eq!(party(&s, Party::Member(0, 0)), "Payment");
        assert_eq!(party(&s, Party::Member(1, 1)), "Inventory 2");
        assert_eq!(party(&s, Party::Producer(0)), "Order API");
        assert_eq!(party(&s, Party::Broker(1)), "broker 1");
        s.services[1].effect = EffectKind::Record;
        assert_eq!(producer(&s, 2), "Inventory 2");
        assert_eq!(producer(&s, 99), "producer 99");
        assert_eq!(member(&s, 99, 0), "service 99 1");
    }
}
