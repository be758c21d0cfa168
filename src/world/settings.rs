//! The settings of the machines, from those of the scenario.

use super::MAX_SERVICES;
use crate::broker::assign::Assignor;
use crate::client::consumer::{
    AutoOffsetReset, ConsumerSettings, IsolationLevel, Strategy as Assignment,
};
use crate::scenario::{self, CommitWhen, EffectKind, Idempotency, OnFailure, Scenario};
use crate::service::{
    self, CommitTiming, Plan, RetryBudget, RetryPolicy, Settings, StepWeights, StoreKind, Strategy,
};

/// `group.initial.rebalance.delay.ms`: long enough for all instances of a fresh start to join at once.
pub(super) const INITIAL_REBALANCE_DELAY: u64 = 20_000;

/// `fetch.max.wait.ms` of the lab's consumers.
pub(super) const FETCH_MAX_WAIT: u64 = 500_000;

/// Records a fetch brings at most, for each record of a poll.
pub(super) const FETCH_POLLS: u32 = 5;

/// What must be right before anything can be built.
pub(super) fn structure(scenario: &Scenario) -> Vec<String> {
    let mut problems = Vec::new();
    if scenario.services.len() > MAX_SERVICES {
        problems.push(format!(
            "services: {} are too many; at most {MAX_SERVICES}.",
            scenario.services.len()
        ));
    }
    let known = |name: &String| scenario.topics.iter().any(|topic| topic.name == *name);
    let readers = scenario
        .services
        .iter()
        .map(|service| (&service.name, &service.topics));
    let writers = scenario
        .producers
        .iter()
        .map(|producer| (&producer.name, &producer.topics));
    for (who, topics) in readers.chain(writers) {
        if topics.is_empty() {
            problems.push(format!("{who}: topics is empty; at least one is needed."));
        }
        for name in topics.iter().filter(|name| !known(name)) {
            problems.push(format!("{who}: topic `{name}` does not exist."));
        }
    }
    problems.extend(super::queue_problems::problems(scenario));
    for service in scenario
        .services
        .iter()
        .filter(|service| service.effect == EffectKind::Record)
    {
        if !known(&service.output) {
            problems.push(format!(
                "{}: output topic `{}` does not exist.",
                service.name, service.output
            ));
        }
    }
    problems
}

pub(super) fn store_of(effect: EffectKind) -> StoreKind {
    match effect {
        EffectKind::Charge => StoreKind::CardProcessor,
        EffectKind::Stock => StoreKind::StockTable,
        EffectKind::Mail | EffectKind::Push => StoreKind::MailSender,
        EffectKind::Count => StoreKind::TableCounter,
        EffectKind::Record => StoreKind::OutputTopic,
    }
}

pub(super) fn strategy_of(idempotency: Idempotency) -> Strategy {
    match idempotency {
        Idempotency::None | Idempotency::KafkaTransaction => Strategy::None,
        Idempotency::TableChecked => Strategy::TableChecked,
        Idempotency::SameTransaction => Strategy::SameTransaction,
        Idempotency::UniqueConstraint => Strategy::UniqueConstraint,
        Idempotency::IdempotencyKey => Strategy::IdempotencyKey,
        Idempotency::Natural => Strategy::Natural,
        Idempotency::StoredOffset => Strategy::StoredOffset,
    }
}

/// The steps that follow from a service's settings. A Kafka transaction commits the offsets itself.
pub(super) fn plan_of(
    config: &scenario::Service,
    stream: bool,
) -> Result<Plan, service::PlanError> {
    let transactions = config.idempotency == Idempotency::KafkaTransaction;
    let commit = match config.commit {
        _ if transactions => CommitTiming::Never,
        CommitWhen::Before if stream => CommitTiming::BeforeBatch,
        CommitWhen::Before => CommitTiming::BeforeEachRecord,
        CommitWhen::Auto if stream => CommitTiming::Automatic,
        CommitWhen::AfterBatch if stream => CommitTiming::AfterEachBatch,
        CommitWhen::AfterEach | CommitWhen::AfterBatch | CommitWhen::Auto => {
            CommitTiming::AfterEachRecord
        }
        CommitWhen::Never => CommitTiming::Never,
    };
    // A second try after a failure of unknown outcome could repeat the effect, which a service that
    // promises "at most once" must not do.
    let retries = if config.commit == CommitWhen::Before {
        0
    } else {
        config.attempts.saturating_sub(1)
    };
    Plan::new(Settings {
        store: store_of(config.effect),
        commit,
        strategy: strategy_of(config.idempotency),
        on_failure: match config.on_failure {
            OnFailure::Block => service::OnFailure::Retry,
            OnFailure::Skip => service::OnFailure::Skip,
            OnFailure::DeadLetter => service::OnFailure::DeadLetter,
        },
        retry: RetryPolicy {
            max_retries: retries.min(1_000) as u16,
            initial: config.retry_wait.0,
            max: config.retry_wait.0 * 8,
            jitter: 200_000,
        },
        weights: StepWeights::default(),
    })
}

/// A full retry budget; ten steps that succeed give back what one failure took (the ratio of gRPC's documents).
pub(super) fn budget_of(config: &scenario::Service) -> RetryBudget {
    match config.retry_budget {
        0 => RetryBudget::unlimited(),
        tokens => RetryBudget::new(tokens, 100),
    }
}

pub(super) fn assignor_of(assignor: scenario::Assignor) -> Assignor {
    match assignor {
        scenario::Assignor::Range => Assignor::Range,
        scenario::Assignor::RoundRobin => Assignor::RoundRobin,
        scenario::Assignor::Sticky => Assignor::Sticky,
        scenario::Assignor::CooperativeSticky => Assignor::CooperativeSticky,
    }
}

pub(super) fn consumer_settings(
    config: &scenario::Service,
    service: u16,
    member: u16,
) -> ConsumerSettings {
    let transactions = config.idempotency == Idempotency::KafkaTransaction;
    let committed_only = config.read_committed || transactions;
    let instance = u64::from(service) << 8 | u64::from(member);
    ConsumerSettings {
        max_poll_records: config.max_poll,
        enable_auto_commit: config.commit == CommitWhen::Auto,
        auto_commit_interval: config.auto_commit_interval.0,
        auto_offset_reset: match config.offset_reset {
            scenario::OffsetReset::Earliest => AutoOffsetReset::Earliest,
            scenario::OffsetReset::Latest => AutoOffsetReset::Latest,
        },
        isolation_level: if committed_only {
            IsolationLevel::ReadCommitted
        } else {
            IsolationLevel::ReadUncommitted
        },
        session_timeout: config.session_timeout.0,
        heartbeat_interval: config.heartbeat.0,
        max_poll_interval: config.max_poll_interval.0,
        strategy: match config.assignor {
            scenario::Assignor::Range => Assignment::Range,
            scenario::Assignor::RoundRobin => Assignment::RoundRobin,
            scenario::Assignor::Sticky => Assignment::Sticky,
            scenario::Assignor::CooperativeSticky => Assignment::CooperativeSticky,
        },
        group_instance_id: config.static_members.then_some(instance),
        fetch_max_wait: FETCH_MAX_WAIT,
        max_partition_fetch: config.max_poll.saturating_mul(FETCH_POLLS),
        request_timeout: FETCH_MAX_WAIT + 100_000,
        retry_backoff: 20_000,
    }
}
