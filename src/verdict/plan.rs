//! What the ledger needs to know of the scenario, by number instead of by name.

use crate::scenario::*;

/// Where a service's messages wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// In a log, which keeps them whether they were read or not.
    Log,
    /// In a queue, which forgets them when they are deleted.
    Queue,
    /// Nowhere: what is missed is gone.
    Nowhere,
}

#[derive(Clone, Debug)]
pub(super) struct ServicePlan {
    pub name: String,
    pub guarantee: Guarantee,
    /// By topic: whether it reads it.
    pub reads: Vec<bool>,
    /// The topic it reads, if it is only one: then a partition number says where a record is.
    pub only_topic: Option<usize>,
    pub storage: Storage,
    /// Whether there is a place where failed messages are put aside.
    pub keeps_aside: bool,
    /// The service whose output it reads, if it does.
    pub upstream: Option<usize>,
    pub read_committed: bool,
    /// Effects become durable after the handler is through, with a transaction.
    pub effect_after_handler: bool,
    /// Whether the scenario asks that messages of a key take effect in order.
    pub ordered: bool,
    /// Offsets in its log may be taken by markers or aborted records.
    pub offsets_have_gaps: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ProducerPlan {
    pub acks_all: bool,
    /// Nobody answers it: what it takes for stored may have been lost on the way.
    pub unanswered: bool,
    /// Its application sends again what it gave up on.
    pub resends: bool,
    pub idempotent: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub services: Vec<ServicePlan>,
    pub producers: Vec<ProducerPlan>,
    pub topics: usize,
    pub unclean_election: bool,
}

impl Plan {
    pub fn new(scenario: &Scenario) -> Self {
        Plan {
            services: scenario
                .services
                .iter()
                .map(|service| service_plan(scenario, service))
                .collect(),
            producers: scenario
                .producers
                .iter()
                .map(|producer| ProducerPlan {
                    acks_all: producer.acks == Acks::All,
                    unanswered: producer.acks == Acks::None,
                    resends: producer.resend,
                    idempotent: producer.idempotence,
                })
                .collect(),
            topics: scenario.topics.len(),
            unclean_election: scenario.cluster.unclean_election,
        }
    }
}

/// Whether this service writes its output inside a Kafka transaction.
fn writes_transactions(service: &Service) -> bool {
    service.effect == EffectKind::Record && service.idempotency == Idempotency::KafkaTransaction
}

fn service_plan(scenario: &Scenario, service: &Service) -> ServicePlan {
    let reads: Vec<bool> = scenario
        .topics
        .iter()
        .map(|topic| service.topics.contains(&topic.name))
        .collect();
    let first = reads.iter().position(|&reads| reads);
    let single = reads.iter().filter(|&&reads| reads).count() == 1;
    let (storage, keeps_aside) = match first.map(|topic| &scenario.topics[topic].channel) {
        Some(Channel::Lease(_) | Channel::Sns(_)) => (Storage::Queue, true),
        Some(Channel::Amqp(queue)) => (Storage::Queue, queue.dead_letter),
        Some(Channel::PubSub(_)) => (Storage::Nowhere, false),
        Some(Channel::Log(_)) | None => (Storage::Log, true),
    };
    let feeds = |other: &Service| {
        other.effect == EffectKind::Record && service.topics.contains(&other.output)
    };
    ServicePlan {
        name: service.name.clone(),
        guarantee: service.guarantee,
        only_topic: first.filter(|_| single),
        reads,
        storage,
        keeps_aside,
        upstream: scenario.services.iter().position(feeds),
        read_committed: service.read_committed,
        effect_after_handler: matches!(
            service.idempotency,
            Idempotency::KafkaTransaction | Idempotency::StoredOffset
        ),
        ordered: scenario.requires.iter().any(|requirement| {
            matches!(&requirement.rule, Rule::Figures(all) if all.iter().any(|figure| {
                figure.service == service.name && figure.figure == "out_of_order"
            }))
        }),
        offsets_have_gaps: scenario.producers.iter().any(|p| {
            p.transaction_messages > 0 && p.topics.iter().any(|t| service.topics.contains(t))
        }) || scenario
            .services
            .iter()
            .any(|other| feeds(other) && writes_transactions(other)),
    }
}
