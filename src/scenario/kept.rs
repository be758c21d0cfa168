//! What a service's settings keep, whatever it promises: which guarantee is left after one was changed by hand.
//!
//! Judged are settings, not luck: a loss or a repeat counts as possible when some weather leads to it, a crash at
//! any moment included. Rates count only where they are the service's own (effects that fail).

use super::*;

/// What settings leave open. Empty lists: neither losses nor repeats are possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Each way in which an acknowledged message can be left without effect.
    pub loses: Vec<&'static str>,
    /// Each way in which a message can take effect again.
    pub repeats: Vec<&'static str>,
    /// Progress and effect are in one transaction.
    pub transaction: bool,
}

impl Kept {
    /// The strongest guarantee that is left. `None`: messages may be lost, and others repeated.
    pub fn guarantee(&self) -> Option<Guarantee> {
        match (self.loses.is_empty(), self.repeats.is_empty()) {
            (true, true) if self.transaction => Some(Guarantee::ExactlyOnce),
            (true, true) => Some(Guarantee::AtLeastOnceIdempotent),
            (true, false) => Some(Guarantee::AtLeastOnce),
            (false, true) => Some(Guarantee::AtMostOnce),
            (false, false) => None,
        }
    }

    /// Whether a promise is kept in any weather.
    pub fn keeps(&self, promise: Guarantee) -> bool {
        (self.loses.is_empty() || !promise.forbids_loss())
            && (self.repeats.is_empty() || !promise.forbids_duplicates())
    }
}

/// What the settings of this service, and of those that write what it reads, keep. Nothing where there is no such
/// service.
pub fn kept_by_settings(scenario: &Scenario, service: usize) -> Kept {
    kept(scenario, service, scenario.services.len())
}

/// `depth` bounds how many services in a row are looked at, as they may write in a circle.
fn kept(scenario: &Scenario, service: usize, depth: usize) -> Kept {
    let Some(config) = scenario.services.get(service) else {
        return Kept::default();
    };
    let mut kept = Kept {
        transaction: matches!(
            config.idempotency,
            Idempotency::StoredOffset | Idempotency::KafkaTransaction
        ),
        ..Kept::default()
    };
    let mut copies = Vec::new();
    for topic in config.topics.iter().filter_map(|name| scenario.topic(name)) {
        for producer in &scenario.producers {
            if producer.topics.contains(&topic.name) {
                kept.loses
                    .extend(lost_before(scenario, producer, &topic.channel));
                copies.extend(copied(scenario, producer, &topic.channel));
            }
        }
        if scenario.cluster.unclean_election
            && matches!(&topic.channel, Channel::Log(log) if log.replication > 1)
        {
            copies.push(
                "unclean.leader.election.enable=true can cut a log off below what was committed, and it is read again",
            );
        }
        if reads_aborted(scenario, config, topic) {
            copies.push("isolation.level=read_uncommitted shows what is aborted and written again");
        }
        if competes(scenario, service, topic) {
            kept.loses
                .push("another service takes messages from the same queue");
        }
        kept.loses
            .extend(lost_by_channel(scenario, config, &topic.channel));
    }
    for (other, writer) in scenario.services.iter().enumerate() {
        let writes = writer.effect == EffectKind::Record && config.topics.contains(&writer.output);
        if writes && depth > 0 && other != service {
            let above = self::kept(scenario, other, depth - 1);
            if !above.loses.is_empty() {
                kept.loses
                    .push("a service that writes what it reads may lose messages");
            }
            if !above.repeats.is_empty() {
                copies.push("a service that writes what it reads may repeat messages");
            }
        }
    }
    kept.loses.extend(lost_by_handler(scenario, config));
    kept.repeats = repeated(config, copies, redelivered(scenario, config));
    kept.repeats.extend(written_again(scenario, config));
    for reasons in [&mut kept.loses, &mut kept.repeats] {
        reasons.sort_unstable();
        reasons.dedup();
    }
    kept
}

/// How an acknowledged message can be gone before anybody could read it.
fn lost_before(s: &Scenario, producer: &Producer, channel: &Channel) -> Vec<&'static str> {
    let mut loses = Vec::new();
    if producer.acks == Acks::None {
        loses.push("acks=0 takes a request that got lost for done");
    }
    let Channel::Log(log) = channel else {
        return loses;
    };
    if log.replication > 1 {
        if producer.acks == Acks::Leader {
            loses.push(
                "acks=1 does not wait for followers, and a leader may die before they follow",
            );
        }
        if s.cluster.unclean_election {
            loses.push("unclean.leader.election.enable=true lets a follower lead that is behind");
        }
    }
    loses
}

/// How a message can be stored more than once.
fn copied(s: &Scenario, producer: &Producer, channel: &Channel) -> Vec<&'static str> {
    let mut copies = Vec::new();
    let recognised = match channel {
        Channel::Log(_) => producer.idempotence,
        Channel::Lease(queue) | Channel::Sns(queue) => queue.fifo,
        Channel::Amqp(_) | Channel::PubSub(_) => false,
    };
    if !recognised {
        if producer.retries > 0 && producer.acks != Acks::None {
            copies.push("a retry after a lost answer is stored again, as nothing recognises it");
        }
        if s.faults.duplicate.0 > 0 {
            copies
                .push("what the network delivers twice is stored twice, as nothing recognises it");
        }
    }
    if producer.resend
        && !matches!(channel, Channel::Lease(queue) | Channel::Sns(queue) if queue.fifo)
    {
        copies.push("the application sends again what its producer has given up on");
    }
    copies
}

/// Whether it is shown records of transactions that are aborted.
fn reads_aborted(s: &Scenario, service: &Service, topic: &Topic) -> bool {
    let transactions = Idempotency::KafkaTransaction;
    let by_producer = |p: &Producer| p.transaction_messages > 0 && p.topics.contains(&topic.name);
    let by_service = |other: &Service| {
        other.effect == EffectKind::Record
            && other.idempotency == transactions
            && other.output == topic.name
    };
    !service.read_committed
        && service.idempotency != transactions
        && (s.producers.iter().any(by_producer) || s.services.iter().any(by_service))
}

/// Whether another service receives from the one queue behind this topic.
fn competes(s: &Scenario, service: usize, topic: &Topic) -> bool {
    let mut others = s.services.iter().enumerate();
    matches!(topic.channel, Channel::Lease(_))
        && others.any(|(other, config)| other != service && config.topics.contains(&topic.name))
}

/// How a message can be gone although it was stored.
fn lost_by_channel(s: &Scenario, service: &Service, channel: &Channel) -> Vec<&'static str> {
    let mut loses = Vec::new();
    if service.commit == CommitWhen::Before && !matches!(channel, Channel::PubSub(_)) {
        loses.push("it reports a message as done before the work, and may die in between");
    }
    match channel {
        Channel::Log(log) => {
            if service.offset_reset == OffsetReset::Latest {
                loses.push("auto.offset.reset=latest skips what came before the first commit");
            }
            if outgrows(&s.load, s.duration, log.retention) {
                loses.push("retention deletes records, read or not, once the log is longer");
            }
        }
        Channel::Amqp(queue) if !queue.dead_letter => {
            if queue.quorum && queue.delivery_limit > 0 {
                loses.push("x-delivery-limit drops a message whose consumers died too often");
            }
            if queue.ttl.0 > 0 {
                loses.push("x-message-ttl drops what waits too long");
            }
            if queue.max_length > 0 {
                loses.push("x-max-length drops the oldest when the queue is full");
            }
        }
        Channel::PubSub(_) => {
            loses.push("Redis keeps nothing for a subscriber that does not listen")
        }
        _ => {}
    }
    loses
}

/// Whether a log may come to hold more than its retention keeps, copies and markers included.
fn outgrows(load: &Load, duration: Span, retention: u64) -> bool {
    let messages = match load.messages {
        0 => (u128::from(load.rate) * u128::from(duration.0) / 1_000_000) as u64,
        most => most.into(),
    };
    messages.saturating_mul(2) > retention
}

/// How the handler can leave a message it was given without effect.
fn lost_by_handler(s: &Scenario, service: &Service) -> Vec<&'static str> {
    let mut loses = Vec::new();
    if service.idempotency == Idempotency::UniqueConstraint {
        loses.push("it writes the id before the effect, and may die in between");
    }
    let placed = s.faults.placed.iter().any(|fault| match fault {
        Placed::FailEffect { service: name, .. } | Placed::Poison { service: name, .. } => {
            *name == service.name
        }
        _ => false,
    });
    let fails = placed || service.transient.0 > 0 || service.poison.0 > 0;
    let no_exchange = |topic: &Topic| matches!(&topic.channel, Channel::Amqp(q) if !q.dead_letter);
    let nowhere = service
        .topics
        .iter()
        .filter_map(|name| s.topic(name))
        .any(no_exchange);
    match service.on_failure {
        OnFailure::Skip if fails => loses.push("it goes on without a message that fails for good"),
        OnFailure::DeadLetter if fails && nowhere => {
            loses.push("what it rejects is dropped, as there is no dead-letter exchange");
        }
        _ => {}
    }
    loses
}

/// How a message can be handed out again although it is stored once.
fn redelivered(s: &Scenario, service: &Service) -> Vec<&'static str> {
    let mut again = Vec::new();
    let first = service.commit == CommitWhen::Before;
    for topic in service.topics.iter().filter_map(|name| s.topic(name)) {
        match &topic.channel {
            Channel::Log(_) if service.commit == CommitWhen::Never => {
                again.push("it never commits, so every start begins at the beginning");
            }
            Channel::Log(_) if first && service.early != Early::Process => {
                again.push("it cannot commit past a message that it has put aside");
            }
            Channel::Log(_) if !first => {
                again.push("it commits after the work, and may die in between");
            }
            Channel::Lease(queue) | Channel::Sns(queue) if !queue.fifo => {
                again.push("a standard queue may hand out a message twice");
            }
            Channel::PubSub(_) if service.instances > 1 => {
                again.push("each of its instances listens, and Redis sends to all who do");
            }
            Channel::Lease(_) | Channel::Sns(_) | Channel::Amqp(_) if !first => {
                again.push("it acks after the work, and may die or be too slow in between");
            }
            _ => {}
        }
    }
    again
}

/// How a record that the service writes itself can be there twice.
fn written_again(s: &Scenario, service: &Service) -> Vec<&'static str> {
    let mut again = Vec::new();
    if service.effect != EffectKind::Record || service.idempotency == Idempotency::KafkaTransaction
    {
        return again;
    }
    let recognised = match s.topic(&service.output).map(|topic| &topic.channel) {
        Some(Channel::Lease(queue)) => queue.fifo,
        Some(Channel::Sns(_) | Channel::Amqp(_) | Channel::PubSub(_)) => false,
        Some(Channel::Log(_)) | None => true,
    };
    if !recognised {
        again.push("a retry of its own record is stored again, as nothing recognises it");
    }
    if service.commit != CommitWhen::Before && service.attempts > 1 {
        again.push("it writes a record again whose fate it does not know");
    }
    again
}

/// What of the copies and redeliveries takes effect again.
fn repeated(
    service: &Service,
    copies: Vec<&'static str>,
    again: Vec<&'static str>,
) -> Vec<&'static str> {
    let comes_twice = !copies.is_empty() || !again.is_empty();
    let finite = service.memory > 0 || service.memory_for.0 > 0;
    match service.idempotency {
        Idempotency::None => [copies, again].concat(),
        Idempotency::KafkaTransaction if service.effect != EffectKind::Record => {
            let outside = "its effect is outside the transaction, and stays when that is undone";
            [copies, vec![outside]].concat()
        }
        Idempotency::KafkaTransaction | Idempotency::StoredOffset
            if service.early != Early::Process =>
        {
            let behind = "its transaction cannot commit past a message that was put aside, and leaves later ones to be done again";
            [copies, vec![behind]].concat()
        }
        Idempotency::KafkaTransaction | Idempotency::StoredOffset => copies,
        Idempotency::Natural => Vec::new(),
        Idempotency::TableChecked if comes_twice => {
            vec![
                "it writes the id after the effect, and may die, or race another instance, in between",
            ]
        }
        _ if comes_twice && finite => vec!["it forgets ids, and a repeat may come later than that"],
        _ => Vec::new(),
    }
}
