//! What goes together in the settings of a producer and of a service, and with the channel it uses.

use super::super::params::{self, slug};
use super::super::*;
use super::Problems;

impl Problems {
    /// The conflicts that a producer client refuses to start with (`ProducerConfig`, `KafkaProducer`).
    pub(super) fn producer(&mut self, s: &Scenario, producer: &Producer) {
        let name = slug(&producer.name);
        if producer.idempotence {
            self.unless(producer.acks == Acks::All, "acks", || {
                format!("`{name}` has enable.idempotence=true, which needs acks=all; switch it off first.")
            });
            self.unless(producer.retries > 0, "retries", || {
                format!("`{name}` has enable.idempotence=true, which needs retries above 0; switch it off first.")
            });
            self.unless(producer.max_in_flight <= 5, "inFlight", || {
                format!(
                    "`{name}` has {} requests in flight; with enable.idempotence=true allowed are up to 5.",
                    producer.max_in_flight
                )
            });
        }
        let least = Span(producer.linger.0.saturating_add(producer.request_timeout.0));
        self.unless(producer.delivery_timeout >= least, "deliveryTimeout", || {
            format!(
                "`{name}` gives up after {} (delivery.timeout.ms); allowed is from linger.ms + request.timeout.ms, which are {least}.",
                producer.delivery_timeout
            )
        });
        if producer.transaction_messages > 0 {
            self.unless(producer.idempotence, "idempotence", || {
                format!("`{name}` publishes in transactions, which need enable.idempotence=true.")
            });
            let mut topics = producer.topics.iter().filter_map(|topic| s.topic(topic));
            let on_logs = topics.all(is_log);
            self.unless(on_logs, "transaction_messages", || {
                format!("`{name}` publishes in transactions, which only a log takes.")
            });
        }
    }

    pub(super) fn service(&mut self, s: &Scenario, service: &Service) {
        let name = slug(&service.name);
        let logs = |topic: &&Topic| is_log(topic);
        let topics: Vec<&Topic> = service
            .topics
            .iter()
            .filter_map(|name| s.topic(name))
            .collect();
        let on_log = topics.iter().all(logs);
        self.unless(on_log || !topics.iter().any(logs), "topics", || {
            format!("`{name}` reads a log and a queue; one service reads one kind.")
        });
        self.unless(service.heartbeat < service.session_timeout, &format!("{name}.heartbeat"), || {
            format!(
                "`{name}` sends a heartbeat every {}, but is out of the group after {} without one; \
                 heartbeat.interval.ms must be below session.timeout.ms.",
                service.heartbeat, service.session_timeout
            )
        });
        self.unless(
            on_log || service.commit != CommitWhen::Auto,
            &format!("{name}.commit"),
            || format!("`{name}` commits automatically, which only a log's consumer can."),
        );
        self.unless(
            on_log || service.early == Early::Process,
            &format!("{name}.early"),
            || {
                format!("`{name}` puts aside what comes too early, which only a log's consumer can: it has no lease that runs out.")
            },
        );
        self.unless(
            service.memory == 0 || service.memory_for.0 == 0,
            &format!("{name}.memoryFor"),
            || {
                format!(
                    "`{name}` forgets ids after {} others and after {}; allowed is one of the two.",
                    service.memory, service.memory_for
                )
            },
        );
        self.output(s, service);
        if let Some(reason) = contradiction(service, on_log) {
            let idempotency = params::get(s, &format!("{name}.idempotency")).unwrap_or_default();
            self.0.push(Problem::sentence(
                &format!("{name}.idempotency"),
                format!("`{name}` cannot have the idempotency `{idempotency}`: {reason}."),
            ));
        }
    }

    /// Where a service's records go.
    fn output(&mut self, s: &Scenario, service: &Service) {
        if service.effect != EffectKind::Record {
            return;
        }
        let name = slug(&service.name);
        let transactions = service.idempotency == Idempotency::KafkaTransaction;
        let takes_them = s.topic(&service.output).is_none_or(is_log);
        self.unless(!transactions || takes_them, "output", || {
            format!(
                "`{name}` writes in transactions to `{}`, which is no log; only a log takes them.",
                service.output
            )
        });
        let back = feeds(s, &service.output)
            .iter()
            .any(|&topic| service.topics.contains(topic));
        self.unless(!back, "output", || {
            format!(
                "What `{name}` writes to `{}` comes back to it, and so never ends.",
                service.output
            )
        });
    }
}

/// The topics that what is in `topic` gets to, itself included.
fn feeds<'a>(s: &'a Scenario, topic: &'a String) -> Vec<&'a String> {
    let mut reached = vec![topic];
    let mut at = 0;
    while let Some(&topic) = reached.get(at) {
        for service in &s.services {
            let reads = service.effect == EffectKind::Record && service.topics.contains(topic);
            if reads && !reached.contains(&&service.output) {
                reached.push(&service.output);
            }
        }
        at += 1;
    }
    reached
}

fn is_log(topic: &Topic) -> bool {
    matches!(topic.channel, Channel::Log(_))
}

/// Why a service's way to recognise repeats cannot work with its effect and its channel.
fn contradiction(service: &Service, on_log: bool) -> Option<&'static str> {
    use EffectKind::*;
    let in_database = matches!(service.effect, Stock | Count);
    let in_log = service.effect == Record;
    let after = matches!(
        service.commit,
        CommitWhen::AfterEach | CommitWhen::AfterBatch
    );
    match service.idempotency {
        Idempotency::None | Idempotency::TableChecked | Idempotency::UniqueConstraint => None,
        Idempotency::SameTransaction if in_log => {
            Some("its effect is in the log, whose own transaction is `kafka-transaction`")
        }
        Idempotency::SameTransaction => {
            (!in_database).then_some("its effect is outside any transaction the service can open")
        }
        Idempotency::StoredOffset if !on_log => Some("only a log has offsets to store"),
        Idempotency::StoredOffset if service.early != Early::Process => {
            Some("it stores one offset for a partition, and so cannot put messages aside")
        }
        Idempotency::StoredOffset => {
            (!in_database).then_some("its effect is outside the service's database")
        }
        Idempotency::IdempotencyKey => (!matches!(service.effect, Charge | Mail | Push)).then_some(
            "only another party (a card processor, a mail or push service) takes such keys",
        ),
        Idempotency::Natural => (!in_database).then_some(
            "its effect adds something each time; only a row of its database can be set instead",
        ),
        Idempotency::KafkaTransaction if !on_log => Some("only a log has such transactions"),
        Idempotency::KafkaTransaction => (!after).then_some(
            "a log transaction commits the offsets itself, after a message or after a poll",
        ),
    }
}
