//! What cannot be with queues and channels, said before anything is built.

use crate::scenario::{Channel, EffectKind, Idempotency, Scenario, Service};

/// What cannot be with queues and channels.
pub(super) fn problems(scenario: &Scenario) -> Vec<String> {
    let is_log = |name: &String| {
        let mut topics = scenario.topics.iter();
        let topic = topics.find(|topic| topic.name == *name);
        topic.is_none_or(|topic| matches!(topic.channel, Channel::Log(_)))
    };
    let mut problems = Vec::new();
    for service in &scenario.services {
        let logs = service.topics.iter().filter(|name| is_log(name)).count();
        if logs > 0 && logs < service.topics.len() {
            problems.push(format!(
                "{}: reads logs and queues; an instance can read only one of the two.",
                service.name
            ));
        }
        if logs == 0 && needs_offsets(service) {
            problems.push(format!(
                "{}: its idempotency needs the offsets of a log, and a queue has none.",
                service.name
            ));
        }
        let writes = service.effect == EffectKind::Record;
        if needs_transactions(service) && writes && !is_log(&service.output) {
            problems.push(format!(
                "{}: output `{}` is no log, and only a log takes transactions.",
                service.name, service.output
            ));
        }
    }
    for producer in &scenario.producers {
        if producer.transaction_messages > 0 && !producer.topics.iter().all(is_log) {
            problems.push(format!("{}: only a log takes transactions.", producer.name));
        }
    }
    problems
}

fn needs_transactions(service: &Service) -> bool {
    service.idempotency == Idempotency::KafkaTransaction
}

fn needs_offsets(service: &Service) -> bool {
    needs_transactions(service) || service.idempotency == Idempotency::StoredOffset
}
