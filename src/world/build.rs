//! A world from a scenario.

use super::settings::{
    INITIAL_REBALANCE_DELAY, assignor_of, plan_of, store_of, strategy_of, structure,
};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::broker::group::{Group, GroupConfig};
use crate::broker::transaction::TransactionCoordinator;
use crate::broker::wire::{TopicId, TopicPartition};
use crate::scenario::{self, Channel, EffectKind, Idempotency, Placed, Scenario};
use crate::service::{IdMemory, RetryBudget, Store};
use crate::sim::{Draw, FaultKey, FaultPlan, Queue, Rows, Site};
use crate::trace::{NO_CAUSE, Recorder};

use super::cluster::{BrokerActor, PartitionActor};
use super::member::{Frontier, MemberActor, Seat, ServiceActor};
use super::publish::{ProducerActor, Publishing};
use super::queues::Body;
use super::turns::Turns;
use super::work::Work;
use super::{Ev, MESSAGE_WINDOW, World};

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
                    cut_until: 0,
                    latest: NO_CAUSE,
                };
                scenario.cluster.brokers as usize
            ],
            topics: topic_actors(&scenario)?,
            services: Vec::new(),
            coordinator: TransactionCoordinator::new(true),
            transaction_tick: None,
            crash_plans: BTreeMap::new(),
            by_hand: 0,
            scenario: Arc::new(scenario),
        };
        world.add_producers()?;
        world.add_services()?;
        world.place_faults();
        world.start();
        Ok(world)
    }

    pub(super) fn add_producers(&mut self) -> Result<(), Vec<String>> {
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

    pub(super) fn add_services(&mut self) -> Result<(), Vec<String>> {
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
            let memory = match (u32::try_from(config.memory), config.memory_for.0) {
                (Ok(n @ 1..), _) => IdMemory::Last(n),
                (_, 0) => IdMemory::Unlimited,
                (_, span) => IdMemory::For(span),
            };
            let frontiers = self.frontiers(&topics, &sizes);
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
                rebalancing: NO_CAUSE,
                identities: Vec::new(),
                waiting: Vec::new(),
                tick: None,
                frontiers,
                turns: Turns::new(config.early, &plan.settings().retry),
                effects: 0,
            };
            for member in 0..config.instances as u16 {
                let seat = Seat {
                    service: index,
                    member,
                    life: 0,
                };
                let producer = self.own_producer(config, seat)?;
                actor.members.push(new_member(producer));
            }
            self.services.push(actor);
        }
        Ok(())
    }

    /// Where a service is in each partition of the logs it reads: nowhere yet.
    fn frontiers(&self, topics: &[TopicId], sizes: &[u32]) -> Vec<Frontier> {
        let logs = topics
            .iter()
            .filter(|&&topic| matches!(self.body(topic), Some(Body::Log)));
        logs.flat_map(|&topic| {
            (0..sizes[topic as usize]).map(move |partition| TopicPartition { topic, partition })
        })
        .map(|at| Frontier {
            at,
            owner: None,
            delivered: 0,
            processed: 0,
        })
        .collect()
    }

    /// An instance that writes records, or transactions, has a producer of its own.
    pub(super) fn own_producer(
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
    pub(super) fn place_faults(&mut self) {
        for fault in &self.scenario.faults.placed.clone() {
            if let Some(key) = self.fault_key(fault) {
                self.plan.place(key);
            }
        }
    }

    pub(super) fn fault_key(&self, fault: &Placed) -> Option<FaultKey> {
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
    pub(super) fn start(&mut self) {
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

/// An instance before its first start.
fn new_member(producer: Option<u16>) -> MemberActor {
    MemberActor {
        budget: RetryBudget::unlimited(),
        up: true,
        life: 0,
        paused_until: 0,
        died: NO_CAUSE,
        stood_still: NO_CAUSE,
        consumer: None,
        work: Work::default(),
        receiver: Default::default(),
        producer,
        wake: None,
        assigned: NO_CAUSE,
    }
}
