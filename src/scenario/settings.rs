//! Settings under the names and in the units of the real systems: what a guarantee is a name for, so that it can
//! be typed there.
//!
//! Names: Kafka's consumer and producer configs, SQS's API reference, RabbitMQ's consumer and queue arguments,
//! Redis' configuration.

use super::*;

/// A setting's real name and its value, as one writes it there.
pub type Setting = (&'static str, String);

/// The settings of a service, the ones that make its guarantee first. Empty where there is no such service.
pub fn settings_of(scenario: &Scenario, service: usize) -> Vec<Setting> {
    let Some(service) = scenario.services.get(service) else {
        return Vec::new();
    };
    let channel = service
        .topics
        .iter()
        .find_map(|name| scenario.topic(name))
        .map(|topic| &topic.channel);
    let mut settings = match channel {
        Some(Channel::Lease(queue) | Channel::Sns(queue)) => lease(service, queue),
        Some(Channel::Amqp(queue)) => amqp(service, queue),
        Some(Channel::PubSub(channel)) => vec![
            ("acknowledgement", "none".into()),
            (
                "client-output-buffer-limit",
                format!("{} messages", channel.output_buffer),
            ),
        ],
        Some(Channel::Log(_)) | None => log(service),
    };
    settings.extend(repeats(service));
    settings
}

/// The settings of a producer. Empty where there is no such producer.
pub fn settings_of_producer(scenario: &Scenario, producer: usize) -> Vec<Setting> {
    let Some(producer) = scenario.producers.get(producer) else {
        return Vec::new();
    };
    let acks = match producer.acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    };
    let mut settings = vec![
        ("acks", acks.to_string()),
        ("enable.idempotence", producer.idempotence.to_string()),
        ("retries", producer.retries.to_string()),
        (
            "max.in.flight.requests.per.connection",
            producer.max_in_flight.to_string(),
        ),
        ("request.timeout.ms", ms(producer.request_timeout)),
        ("delivery.timeout.ms", ms(producer.delivery_timeout)),
        ("retry.backoff.ms", ms(producer.retry_backoff)),
        ("retry.backoff.max.ms", ms(producer.retry_backoff_max)),
        ("linger.ms", ms(producer.linger)),
        ("batch.size", format!("{} records", producer.batch_records)),
    ];
    if producer.transaction_messages > 0 {
        settings.push(("transactional.id", params::slug(&producer.name)));
    }
    settings
}

fn log(service: &Service) -> Vec<Setting> {
    let transactions = service.idempotency == Idempotency::KafkaTransaction;
    let auto = service.commit == CommitWhen::Auto && !transactions;
    let mut settings = vec![("enable.auto.commit", auto.to_string())];
    if auto {
        settings.push(("auto.commit.interval.ms", ms(service.auto_commit_interval)));
    } else if transactions {
        settings.extend([
            ("transactional.id", params::slug(&service.name)),
            ("enable.idempotence", "true".into()),
            ("acks", "all".into()),
            ("sendOffsetsToTransaction()", when(service.commit).into()),
        ]);
    } else {
        settings.push(("commitSync()", when(service.commit).into()));
    }
    let committed = service.read_committed || transactions;
    let isolation = if committed {
        "read_committed"
    } else {
        "read_uncommitted"
    };
    let reset = match service.offset_reset {
        OffsetReset::Earliest => "earliest",
        OffsetReset::Latest => "latest",
    };
    let assignor = match service.assignor {
        Assignor::Range => "RangeAssignor",
        Assignor::RoundRobin => "RoundRobinAssignor",
        Assignor::Sticky => "StickyAssignor",
        Assignor::CooperativeSticky => "CooperativeStickyAssignor",
    };
    settings.extend([
        ("isolation.level", isolation.to_string()),
        ("auto.offset.reset", reset.into()),
        ("max.poll.records", service.max_poll.to_string()),
        ("max.poll.interval.ms", ms(service.max_poll_interval)),
        ("session.timeout.ms", ms(service.session_timeout)),
        ("heartbeat.interval.ms", ms(service.heartbeat)),
        ("partition.assignment.strategy", assignor.into()),
    ]);
    if service.static_members {
        settings.push((
            "group.instance.id",
            format!("{}-1 …", params::slug(&service.name)),
        ));
    }
    settings
}

fn lease(service: &Service, queue: &LeaseChannel) -> Vec<Setting> {
    let mut settings = vec![
        ("DeleteMessage", when(service.commit).to_string()),
        ("VisibilityTimeout", seconds(queue.visibility_timeout)),
        ("MaxNumberOfMessages", service.max_poll.to_string()),
        ("FifoQueue", queue.fifo.to_string()),
    ];
    if service.extend_lease {
        settings.push(("ChangeMessageVisibility", "while it works".into()));
    }
    if queue.max_receive_count > 0 {
        settings.push(("maxReceiveCount", queue.max_receive_count.to_string()));
    }
    if queue.delay.0 > 0 {
        settings.push(("DelaySeconds", seconds(queue.delay)));
    }
    settings
}

fn amqp(service: &Service, queue: &AmqpChannel) -> Vec<Setting> {
    let auto_ack = service.commit == CommitWhen::Before;
    let mut settings = vec![("autoAck", auto_ack.to_string())];
    if !auto_ack {
        settings.push(("basic.ack", when(service.commit).into()));
        settings.push(("prefetch", service.max_poll.to_string()));
    }
    settings.push((
        "x-queue-type",
        if queue.quorum { "quorum" } else { "classic" }.into(),
    ));
    if queue.quorum && queue.delivery_limit > 0 {
        settings.push(("x-delivery-limit", queue.delivery_limit.to_string()));
    }
    if queue.dead_letter {
        settings.push(("x-dead-letter-exchange", "set".into()));
    }
    if queue.ttl.0 > 0 {
        settings.push(("x-message-ttl", ms(queue.ttl)));
    }
    if queue.max_length > 0 {
        settings.push(("x-max-length", queue.max_length.to_string()));
    }
    settings
}

/// How the service itself recognises repeats: no broker has a setting for it.
fn repeats(service: &Service) -> Vec<Setting> {
    let how = match service.idempotency {
        Idempotency::None | Idempotency::KafkaTransaction => return Vec::new(),
        Idempotency::IdempotencyKey => return vec![("Idempotency-Key", "the message's id".into())],
        Idempotency::Natural => return vec![("effect", "sets a value, adds nothing".into())],
        Idempotency::StoredOffset => {
            return vec![("offset", "in the effect's database transaction".into())];
        }
        Idempotency::TableChecked => "asked before the effect, written after it",
        Idempotency::SameTransaction => "written in the effect's database transaction",
        Idempotency::UniqueConstraint => "inserted before the effect, under a unique constraint",
    };
    let mut settings = vec![("processed ids", how.to_string())];
    if service.memory > 0 {
        settings.push(("ids remembered", service.memory.to_string()));
    }
    if service.memory_for.0 > 0 {
        settings.push(("ids remembered for", service.memory_for.to_string()));
    }
    settings
}

fn when(commit: CommitWhen) -> &'static str {
    match commit {
        CommitWhen::Before => "before processing",
        CommitWhen::AfterEach => "after each message",
        CommitWhen::AfterBatch => "after the whole poll",
        CommitWhen::Auto => "automatically",
        CommitWhen::Never => "never",
    }
}

/// Milliseconds, as Kafka's settings count.
fn ms(span: Span) -> String {
    thousandths(span.0)
}

/// Seconds, as SQS counts.
fn seconds(span: Span) -> String {
    thousandths(span.0 / 1_000)
}

fn thousandths(n: u64) -> String {
    let (whole, rest) = (n / 1_000, n % 1_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(settings: &[Setting], name: &str) -> Option<String> {
        settings
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    }

    #[test]
    fn a_guarantee_reads_as_real_settings() {
        let mut s = preset("order-processing").unwrap();
        let settings = settings_of(&s, 0);
        assert_eq!(
            value(&settings, "commitSync()").as_deref(),
            Some("after the whole poll")
        );
        assert_eq!(
            value(&settings, "Idempotency-Key").as_deref(),
            Some("the message's id")
        );
        assert_eq!(value(&settings, "transactional.id"), None);
        s.services[0].promise(Guarantee::ExactlyOnce);
        let settings = settings_of(&s, 0);
        assert_eq!(
            value(&settings, "isolation.level").as_deref(),
            Some("read_committed")
        );
        assert_eq!(
            value(&settings, "transactional.id").as_deref(),
            Some("payment")
        );
        s.services[0].promise(Guarantee::AtLeastOnce);
        s.services[0].commit = CommitWhen::Auto;
        s.services[0].auto_commit_interval = Span::us(1_500);
        let settings = settings_of(&s, 0);
        assert_eq!(
            value(&settings, "enable.auto.commit").as_deref(),
            Some("true")
        );
        assert_eq!(
            value(&settings, "auto.commit.interval.ms").as_deref(),
            Some("1.5")
        );
        assert_eq!(settings_of(&s, 99), []);
    }

    #[test]
    fn queues_have_their_own_settings() {
        let mut s = preset("order-processing").unwrap();
        s.topics[0].channel = Channel::Lease(LeaseChannel::default());
        assert_eq!(
            value(&settings_of(&s, 0), "VisibilityTimeout").as_deref(),
            Some("2")
        );
        s.topics[0].channel = Channel::Amqp(AmqpChannel::default());
        assert_eq!(
            value(&settings_of(&s, 3), "autoAck").as_deref(),
            Some("true")
        );
        assert_eq!(
            value(&settings_of(&s, 0), "prefetch").as_deref(),
            Some("10")
        );
        assert_eq!(
            value(&settings_of_producer(&s, 0), "request.timeout.ms").as_deref(),
            Some("200")
        );
    }
}
