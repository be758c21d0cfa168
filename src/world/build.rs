//! A world from a scenario.

use std::sync::Arc;

use crate::broker::assign::Assignor;
use crate::broker::group::{Group, GroupConfig};
use crate::broker::transaction::TransactionCoordinator;
use crate::broker::wire::{TopicId, TopicPartition};
use crate::client::consumer::{
    AutoOffsetReset, Consumer, ConsumerSettings, IsolationLevel, Strategy as Assignment,
};
use crate::scenario::{
    self, Channel, CommitWhen, EffectKind, Idempotency, OnFailure, Placed, Scenario,
};
use crate::service::{
    self, CommitTiming, IdMemory, Plan, RetryPolicy, Settings, StepWeights, Store, StoreKind,
    Strategy,
};
use crate::sim::{Draw, FaultKey, FaultPlan, Queue, Rows, Site};
use crate::trace::{NO_CAUSE, Party, Recorder};

use super::cluster::{BrokerActor, PartitionActor};
use super::handler::Work;
use super::member::{Frontier, MemberActor, Seat, ServiceActor};
use super::publish::{ProducerActor, Publishing};
use super::queues::Body;
use super::turns::turns;
use super::{Ev, MAX_SERVICES, MESSAGE_WINDOW, World};

/// `group.initial.rebalance.delay.ms`: long enough for all instances of a fresh start to join at once.
const INITIAL_REBALANCE_DELAY: u64 = 20_000;
/// `fetch.max.wait.ms` of the lab's consumers.
const FETCH_MAX_WAIT: u64 = 500_000;
/// Records a fetch brings at most, for each record of a poll.
const FETCH_POLLS: u32 = 5;

/// A topic and what it is made of.
#[derive(Clone, Debug)]
pub(super) struct TopicActor {
    pub partitions: Vec<PartitionActor>,
    pub body: Body,
}

impl World {
    /// The world at the moment before anything happens.
    ///
    /// # Errors
    /// A sentence for each thing in the scenario that cannot be.
    pub fn new(scenario: Scenario) -> Result<World, Vec<String>> {
        World::with_faults(scenario, FaultPlan::default())
    }

    /// The same, with some faults placed or suppressed from the start.
    ///
    /// # Errors
    /// As [`World::new`].
    pub fn with_faults(scenario: Scenario, plan: FaultPlan) -> Result<World, Vec<String>> {
        let problems = structure(&scenario);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut world = World {
            draw: Draw::new(u64::from(scenario.seed)),
            plan,
            now: 0,
            queue: Queue::default(),
            handled: 0,
            recorder: Recorder::default(),
            network: Default::default(),
            messages: Rows::new(MESSAGE_WINDOW),
            publishing: Publishing::default(),
            producers: Vec::new(),
            producer_topics: Vec::new(),
            brokers: vec![
                BrokerActor {
                    up: true,
                    life: 0,
                    cut_until: 0
                };
                scenario.cluster.brokers as usize
            ],
            topics: topic_actors(&scenario)?,
            services: Vec::new(),
            coordinator: TransactionCoordinator::new(true),
            transaction_tick: None,
            crash_plan: 0,
            by_hand: 0,
            scenario: Arc::new(scenario),
        };
        world.add_producers()?;
        world.add_services()?;
        world.place_faults();
        world.start();
        Ok(world)
    }

    fn add_producers(&mut self) -> Result<(), Vec<String>> {
        let scenario = Arc::clone(&self.scenario);
        for (config, index) in scenario.producers.iter().zip(0..) {
            self.producers.push(ProducerActor::new(config, index)?);
            let topics = config
                .topics
                .iter()
                .filter_map(|name| self.topic_named(name));
            let topics: Vec<u16> = topics.collect();
            self.producer_topics.push(topics);
        }
        Ok(())
    }

    fn add_services(&mut self) -> Result<(), Vec<String>> {
        let scenario = Arc::clone(&self.scenario);
        let sizes: Arc<[u32]> = (0..self.topics.len())
            .map(|topic| self.partitions_of(topic as u16))
            .collect();
        for (config, index) in scenario.services.iter().zip(0..) {
            let topics: Arc<[TopicId]> = config
                .topics
                .iter()
                .filter_map(|name| self.topic_named(name))
                .map(u32::from)
                .collect();
            let plan = plan_of(config, self.reads_logs(config))
                .map_err(|error| vec![format!("{}: {error}.", config.name)])?;
            let (store, strategy) = (store_of(config.effect), strategy_of(config.idempotency));
            let memory = match u32::try_from(config.memory) {
                Ok(0) => IdMemory::Unlimited,
                Ok(n) => IdMemory::Last(n),
                Err(_) => IdMemory::Unlimited,
            };
            let frontiers = topics
                .iter()
                .filter(|&&topic| matches!(self.body(topic), Some(Body::Log)))
                .flat_map(|&topic| {
                    (0..sizes[topic as usize])
                        .map(move |partition| TopicPartition { topic, partition })
                })
                .map(|at| Frontier {
                    at,
                    owner: None,
                    delivered: 0,
                    processed: 0,
                })
                .collect();
            let assignor = assignor_of(config.assignor);
            let group = GroupConfig {
                assignor,
                topics: Arc::clone(&sizes),
                initial_rebalance_delay: INITIAL_REBALANCE_DELAY,
            };
            let mut actor = ServiceActor {
                group: Group::new(group),
                members: Vec::new(),
                store: Store::new(store, strategy, memory),
                plan,
                strategy,
                topics,
                next_member_id: 0,
                identities: Vec::new(),
                waiting: Vec::new(),
                tick: None,
                frontiers,
                turns: turns(config.wait_for_order),
                effects: 0,
            };
            for member in 0..config.instances as u16 {
                let producer = self.own_producer(
                    config,
                    Seat {
                        service: index,
                        member,
                        life: 0,
                    },
                )?;
                actor.members.push(MemberActor {
                    up: true,
                    life: 0,
                    paused_until: 0,
                    died: NO_CAUSE,
                    consumer: None,
                    work: Work::default(),
                    receiver: Default::default(),
                    producer,
                    wake: None,
                    assigned: NO_CAUSE,
                });
            }
            self.services.push(actor);
        }
        Ok(())
    }

    /// An instance that writes records, or transactions, has a producer of its own.
    fn own_producer(
        &mut self,
        config: &scenario::Service,
        seat: Seat,
    ) -> Result<Option<u16>, Vec<String>> {
        let transactions = config.idempotency == Idempotency::KafkaTransaction;
        if config.effect != EffectKind::Record && !transactions {
            return Ok(None);
        }
        let index = self.producers.len() as u32;
        let settings = scenario::Producer {
            name: config.name.clone(),
            topics: vec![config.output.clone()],
            idempotence: true,
            max_in_flight: 5,
            transaction_messages: u32::from(transactions),
            ..scenario::Producer::default()
        };
        let mut actor = ProducerActor::new(&settings, index)?;
        actor.owner = Some(seat);
        actor.every = 0;
        self.producers.push(actor);
        self.producer_topics
            .push(self.topic_named(&config.output).into_iter().collect());
        Ok(Some(index as u16))
    }

    /// Turns the scenario's placed faults into names of faults.
    fn place_faults(&mut self) {
        for fault in &self.scenario.faults.placed.clone() {
            if let Some(key) = self.fault_key(fault) {
                self.plan.place(key);
            }
        }
    }

    fn fault_key(&self, fault: &Placed) -> Option<FaultKey> {
        let key = |site, party, message: u64, attempt| FaultKey {
            site,
            party,
            entity: message,
            attempt,
        };
        let of = |service: &String| self.service_named(service).map(u32::from);
        Some(match fault {
            Placed::LoseRequest { message, attempt } => {
                key(Site::RequestLoss, 0, *message, *attempt)
            }
            Placed::LoseAck { message, attempt } => key(Site::AckLoss, 0, *message, *attempt),
            Placed::Duplicate { message, attempt } => key(Site::Duplication, 0, *message, *attempt),
            Placed::LoseDelivery {
                service,
                message,
                attempt,
            } => key(Site::DeliveryLoss, of(service)?, *message, *attempt),
            Placed::LoseCommit {
                service,
                message,
                attempt,
            } => key(Site::CommitLoss, of(service)?, *message, *attempt),
            Placed::CrashAfter {
                service,
                message,
                attempt,
                step,
            } => key(
                Site::StepCrash,
                of(service)? << 8 | *step as u32,
                *message,
                *attempt,
            ),
            Placed::FailEffect {
                service,
                message,
                attempt,
            } => key(Site::TransientFailure, of(service)?, *message, *attempt),
            Placed::Poison { service, message } => key(Site::Poison, of(service)?, *message, 1),
            Placed::CrashConsumer { .. }
            | Placed::CrashBroker { .. }
            | Placed::CrashProducer { .. }
            | Placed::CutBroker { .. } => return None,
        })
    }

    /// Puts the first events into the queue.
    fn start(&mut self) {
        for topic in 0..self.topics.len() as u32 {
            for partition in 0..self.topics[topic as usize].partitions.len() as u32 {
                self.start_followers(TopicPartition { topic, partition });
            }
        }
        self.queue.push(1_000, Ev::HouseKeeping);
        self.plan_redrives();
        for producer in 0..self.producers.len() as u16 {
            self.drive_producer(producer);
        }
        let scenario = Arc::clone(&self.scenario);
        for (config, service) in scenario.services.iter().zip(0..) {
            for member in 0..config.instances as u16 {
                self.queue
                    .push(config.start_at.0, Ev::Start { service, member });
            }
            if config.pause.0 > 0 {
                let until = config.pause_at.0 + config.pause.0;
                self.queue.push(
                    config.pause_at.0,
                    Ev::Pause {
                        service,
                        member: 0,
                        until,
                    },
                );
            }
        }
        self.schedule_publish();
        self.schedule_crashes();
        self.schedule_placed();
        self.schedule_growth();
    }

    /// An instance starts to live: its consumer joins the group with its first poll.
    pub(super) fn member_starts(&mut self, service: u16, member: u16) {
        let now = self.now;
        let config = &self.scenario.services[usize::from(service)];
        if self.reads_logs(config) {
            let settings = consumer_settings(config, service, member);
            let consumer = Consumer::new(settings, now).ok();
            if let Some(actor) = self.member_mut(service, member) {
                actor.consumer = consumer;
            }
        }
        let producer = self
            .member(service, member)
            .and_then(|actor| actor.producer);
        if let Some(producer) = producer {
            let seat = self.seat(service, member);
            self.producers[usize::from(producer)].owner = Some(seat);
        }
        self.drive_member(self.seat(service, member));
    }

    /// A crashed instance is back: a new process, with nothing in memory.
    pub(super) fn member_returns(&mut self, service: u16, member: u16) {
        let Some(actor) = self.member_mut(service, member) else {
            return;
        };
        actor.up = true;
        let producer = actor.producer;
        if let Some(producer) = producer {
            self.producer_returns(producer);
        }
        self.member_starts(service, member);
    }

    /// The process stands still, and does not know it.
    pub(super) fn member_pauses(&mut self, service: u16, member: u16, until: u64) {
        let party = Party::Member(service, member);
        let kind = crate::trace::Kind::Paused { party, until };
        if kind
            .fault()
            .is_some_and(|key| self.plan.is_suppressed(&key))
        {
            return;
        }
        let Some(actor) = self.member_mut(service, member).filter(|actor| actor.up) else {
            return;
        };
        actor.paused_until = until;
        let receives = actor.consumer.is_none();
        self.record(NO_CAUSE, kind);
        if receives {
            self.receiver_pauses(service, member, until);
        }
    }

    fn reads_logs(&self, config: &scenario::Service) -> bool {
        let of = |name: &String| {
            self.scenario
                .topics
                .iter()
                .find(|topic| topic.name == *name)
        };
        config
            .topics
            .iter()
            .filter_map(of)
            .all(|topic| matches!(topic.channel, Channel::Log(_)))
    }

    pub(super) fn topic_named(&self, name: &str) -> Option<u16> {
        self.scenario
            .topics
            .iter()
            .position(|topic| topic.name == name)
            .map(|topic| topic as u16)
    }

    pub(super) fn service_named(&self, name: &str) -> Option<u16> {
        self.scenario
            .services
            .iter()
            .position(|service| service.name == name)
            .map(|service| service as u16)
    }

    pub(super) fn partitions_of(&self, topic: u16) -> u32 {
        (self.topics[usize::from(topic)].partitions.len() as u32).max(1)
    }

    pub(super) fn partition(&self, at: TopicPartition) -> Option<&PartitionActor> {
        self.topics
            .get(at.topic as usize)?
            .partitions
            .get(at.partition as usize)
    }

    pub(super) fn partition_mut(&mut self, at: TopicPartition) -> Option<&mut PartitionActor> {
        self.topics
            .get_mut(at.topic as usize)?
            .partitions
            .get_mut(at.partition as usize)
    }

    /// Does something for every partition, in order.
    pub(super) fn each_partition(&mut self, mut act: impl FnMut(&mut World, TopicPartition)) {
        for topic in 0..self.topics.len() {
            for partition in 0..self.topics[topic].partitions.len() {
                act(
                    self,
                    TopicPartition {
                        topic: topic as u32,
                        partition: partition as u32,
                    },
                );
            }
        }
    }
}

fn topic_actors(scenario: &Scenario) -> Result<Vec<TopicActor>, Vec<String>> {
    let topics = scenario.topics.iter().zip(0..);
    topics
        .map(|(topic, nth)| topic_actor(scenario, topic, nth))
        .collect()
}

fn topic_actor(
    scenario: &Scenario,
    topic: &scenario::Topic,
    nth: u32,
) -> Result<TopicActor, Vec<String>> {
    let partitions = match &topic.channel {
        Channel::Log(log) => (0..log.partitions)
            .map(|first| PartitionActor::new(&scenario.cluster, log, first))
            .collect(),
        _ => Vec::new(),
    };
    let body = Body::new(scenario, nth as usize)
        .map_err(|problem| vec![format!("{}: {problem}", topic.name)])?;
    Ok(TopicActor { partitions, body })
}

/// What must be right before anything can be built.
fn structure(scenario: &Scenario) -> Vec<String> {
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

fn store_of(effect: EffectKind) -> StoreKind {
    match effect {
        EffectKind::Charge => StoreKind::CardProcessor,
        EffectKind::Stock => StoreKind::StockTable,
        EffectKind::Mail | EffectKind::Push => StoreKind::MailSender,
        EffectKind::Count => StoreKind::TableCounter,
        EffectKind::Record => StoreKind::OutputTopic,
    }
}

fn strategy_of(idempotency: Idempotency) -> Strategy {
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
fn plan_of(config: &scenario::Service, stream: bool) -> Result<Plan, service::PlanError> {
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

fn assignor_of(assignor: scenario::Assignor) -> Assignor {
    match assignor {
        scenario::Assignor::Range => Assignor::Range,
        scenario::Assignor::RoundRobin => Assignor::RoundRobin,
        scenario::Assignor::Sticky => Assignor::Sticky,
        scenario::Assignor::CooperativeSticky => Assignor::CooperativeSticky,
    }
}

fn consumer_settings(config: &scenario::Service, service: u16, member: u16) -> ConsumerSettings {
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
