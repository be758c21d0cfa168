//! Where the state machines meet time, chance and faults.
//!
//! One queue of events, one closed set of what can be due, one loop. An actor's file holds what it does
//! when something is due for it; nothing here is decided by the order in which files are called.

mod acknowledge;
mod amqp;
mod broadcast;
mod brokers;
mod build;
mod cluster;
mod crash;
mod fetching;
mod group;
mod growth;
mod handler;
mod intervene;
mod lease;
mod lease_settle;
mod lives;
mod look;
mod look_queues;
mod member;
mod outcome;
mod packet;
mod producing;
mod publish;
mod queue_problems;
mod queue_wire;
mod queues;
mod receive;
mod replication;
mod settings;
mod settled;
mod sns;
mod transaction;
mod turns;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::broker::partition::{FetchAnswer, FollowerFetch};
use crate::broker::transaction::{Marker, TransactionCoordinator};
use crate::broker::wire::{BrokerId, ErrorCode, Micros, TopicPartition};
use crate::client::consumer::{ConsumerAnswer, OutgoingRequest};
use crate::client::producer::{ControlAnswer, ControlRequest};
use crate::scenario::Scenario;
use crate::sim::{Draw, FaultKey, FaultPlan, Queue, Rows};
use crate::trace::{Event, EventId, Kind, Party, Recorder, TraceHash};

use member::Seat;

pub use look::{LaneLook, MemberLook, ProducerLook};
pub use look_queues::{ItemLook, QueueLook};
pub use packet::{About, Packet};

/// A run at one moment. A clone is a snapshot, and runs on exactly as the original does.
#[derive(Clone, Debug)]
pub struct World {
    scenario: Arc<Scenario>,
    draw: Draw,
    plan: FaultPlan,
    now: Micros,
    queue: Queue<Ev>,
    handled: u64,
    recorder: Recorder,
    network: packet::Network,
    messages: Rows<MessageRow>,
    publishing: publish::Publishing,
    producers: Vec<publish::ProducerActor>,
    /// The topics each producer writes to.
    producer_topics: Vec<Vec<u16>>,
    brokers: Vec<cluster::BrokerActor>,
    topics: Vec<build::TopicActor>,
    services: Vec<member::ServiceActor>,
    coordinator: TransactionCoordinator,
    transaction_tick: Option<Micros>,
    /// Crashes drawn under an earlier rate do not fall any more.
    /// How often each party's crashes were drawn anew, because their rate was changed.
    crash_plans: BTreeMap<Party, u32>,
    /// Crashes made by hand so far.
    by_hand: u64,
}

/// What the world must know of each message to name faults and count copies.
#[derive(Clone, Copy, Debug, Default)]
struct MessageRow {
    /// The latest event of its life outside the services: published, sent, appended.
    last: EventId,
    /// Its number among the messages of its key, from 0, where a service waits for order.
    sequence: u32,
    /// Times appended or enqueued.
    copies: u16,
    /// Times enqueued in each service's own queue, where each has one.
    queued: [u8; MAX_SERVICES],
    /// Times sent out to each service.
    sent: [u8; MAX_SERVICES],
    /// Times handed to each service's application.
    delivered: [u8; MAX_SERVICES],
    /// Times it took effect at each service.
    effects: [u8; MAX_SERVICES],
}

/// How many services a scenario may have.
pub const MAX_SERVICES: usize = 8;

/// How many messages back the world can still name faults by attempt.
const MESSAGE_WINDOW: usize = 300_000;

/// Lanes of the event queue: for what is due at once, and for fetches, which all wait as long.
mod lane {
    pub const AT_ONCE: u8 = 0;
    pub const FETCH_WAIT: u8 = 1;
}

/// Everything that can be due. Each waits in the queue, so the rare ones that are big are boxed.
#[derive(Clone, Debug)]
enum Ev {
    /// The applications publish the next message.
    Publish,
    /// A packet is at the end of its way.
    Arrive(u32),
    /// A producer has to look at its clock.
    ProducerTimer { producer: u16, life: u32 },
    /// A service's instance starts for the first time.
    Start { service: u16, member: u16 },
    /// An instance has to look at its clock.
    MemberTimer(Seat),
    /// A handler's step has taken its time.
    Step { seat: Seat, serial: u32 },
    /// A consumer's fetch has waited long enough.
    FetchWaited { at: TopicPartition, seat: Seat },
    /// A group's coordinator has to look at its clock.
    GroupTick { service: u16 },
    /// The transaction coordinator has to look at its clock.
    TransactionTick,
    /// A transaction marker found no leader and is sent again.
    MarkerAgain(Box<Marker>),
    /// A follower asks its leader again after an error.
    AskLeader {
        at: TopicPartition,
        follower: BrokerId,
        round: u32,
    },
    /// Followers that lag are dropped from the in-sync set; old records and producers are forgotten.
    HouseKeeping,
    /// A process dies.
    Crash { party: Party, nth: u64, plan: u32 },
    /// A process comes back, if it was dead, and its next crash is drawn.
    Restart {
        party: Party,
        /// The event of its death, if it was dead.
        died: Option<EventId>,
        /// Number of its next crash by chance, and the plan that one belongs to.
        next: Option<(u64, u32)>,
    },
    /// The cluster notices that a broker is gone.
    Detected { broker: u16, life: u32 },
    /// A broker's link to the others is cut.
    Cut { broker: u16, lasting: Micros },
    /// A service has waited long enough for messages that are missing.
    TurnOver { service: u16 },
    /// Partitions are added to a topic.
    Grow { topic: u16 },
    /// A process stands still.
    Pause {
        service: u16,
        member: u16,
        until: Micros,
    },
    /// Something of a queue or its receivers.
    Queue(queues::QueueEv),
}

/// What packets carry.
#[derive(Clone, Debug)]
enum Cargo {
    /// Nothing: the packet was lost.
    Nothing,
    /// A producer's batch.
    Produce(publish::ProduceCargo),
    /// The broker's answer to it.
    Produced(publish::ProducedCargo),
    /// A producer's request to a coordinator.
    Control {
        producer: u16,
        life: u32,
        request: Box<ControlRequest>,
    },
    /// The coordinator's answer.
    ControlAnswer {
        producer: u16,
        life: u32,
        request: u64,
        answer: Result<ControlAnswer, ErrorCode>,
    },
    /// A transaction marker.
    Marker(Marker),
    /// A follower asks its leader for more.
    FollowerFetch {
        at: TopicPartition,
        leader: BrokerId,
        fetch: FollowerFetch,
        round: u32,
    },
    /// The leader's answer.
    FollowerRecords {
        at: TopicPartition,
        leader: BrokerId,
        follower: BrokerId,
        answer: FetchAnswer,
        round: u32,
    },
    /// An instance's request: to fetch, to commit, to join.
    MemberRequest {
        seat: Seat,
        request: OutgoingRequest,
    },
    /// The answer to it.
    MemberAnswer {
        seat: Seat,
        request: u64,
        answer: Box<Result<ConsumerAnswer, ErrorCode>>,
    },
    /// Between a queue or channel without a log and its receivers.
    Queue(queues::QueueCargo),
}

impl World {
    /// Lets the run go on until `until` (in µs), but handles at most `limit` events.
    /// True when it got there.
    pub fn run_until(&mut self, until: Micros, limit: usize) -> bool {
        for _ in 0..limit {
            let Some(next) = self.queue.pop_until(until) else {
                self.now = self.now.max(until);
                return true;
            };
            debug_assert!(next.at >= self.now, "time runs backwards: {next:?}");
            self.now = next.at;
            self.handled += 1;
            self.handle(next.event);
        }
        false
    }

    /// Handles the next event, if there is one.
    pub fn step(&mut self) -> bool {
        let Some(next) = self.queue.pop() else {
            return false;
        };
        debug_assert!(next.at >= self.now, "time runs backwards: {next:?}");
        self.now = next.at;
        self.handled += 1;
        self.handle(next.event);
        true
    }

    fn handle(&mut self, event: Ev) {
        match event {
            Ev::Publish => self.publish(),
            Ev::Arrive(slot) => self.arrive(slot),
            Ev::ProducerTimer { producer, life } => self.producer_timer(producer, life),
            Ev::Start { service, member } => self.member_starts(service, member),
            Ev::MemberTimer(seat) => self.member_timer(seat),
            Ev::Step { seat, serial } => self.step_due(seat, serial),
            Ev::FetchWaited { at, seat } => self.fetch_waited(at, seat),
            Ev::GroupTick { service } => self.group_tick(service),
            Ev::TransactionTick => self.transaction_tick(),
            Ev::MarkerAgain(marker) => self.marker(*marker),
            Ev::AskLeader {
                at,
                follower,
                round,
            } => self.ask_leader_again(at, follower, round),
            Ev::HouseKeeping => self.house_keeping(),
            Ev::Crash { party, nth, plan } => self.crash_due(party, nth, plan),
            Ev::Restart { party, died, next } => self.restart_due(party, died, next),
            Ev::Detected { broker, life } => self.broker_detected(broker, life),
            Ev::Cut { broker, lasting } => self.cut(broker, lasting),
            Ev::TurnOver { service } => self.turn_over(service),
            Ev::Grow { topic } => self.grow(topic),
            Ev::Pause {
                service,
                member,
                until,
            } => self.member_pauses(service, member, until),
            Ev::Queue(event) => self.queue_due(event),
        }
    }

    fn arrive(&mut self, slot: u32) {
        let Some(packet) = self.arrived(slot) else {
            return;
        };
        let (about, cause) = (packet.about, packet.cause);
        match packet.cargo {
            Cargo::Nothing => {}
            Cargo::Produce(cargo) => self.produce(&cargo, about, cause),
            Cargo::Produced(cargo) => self.produced(cargo),
            Cargo::Control {
                producer,
                life,
                request,
            } => self.control(producer, life, &request),
            Cargo::ControlAnswer {
                producer,
                life,
                request,
                answer,
            } => {
                self.control_answer(producer, life, request, answer);
            }
            Cargo::Marker(marker) => self.marker(marker),
            Cargo::FollowerFetch {
                at,
                leader,
                fetch,
                round,
            } => self.follower_fetch(at, leader, fetch, round),
            Cargo::FollowerRecords {
                at,
                leader,
                follower,
                answer,
                round,
            } => {
                self.follower_records(at, leader, follower, &answer, round);
            }
            Cargo::MemberRequest { seat, request } => self.member_request(seat, &request, cause),
            Cargo::MemberAnswer {
                seat,
                request,
                answer,
            } => self.member_answer(seat, request, *answer),
            Cargo::Queue(cargo) => self.queue_packet(cargo, cause),
        }
    }

    /// Keeps a fault that has not fired yet from firing.
    pub fn suppress(&mut self, fault: FaultKey) {
        self.plan.suppress(fault);
    }

    fn record(&mut self, cause: EventId, kind: Kind) -> EventId {
        self.recorder.record(self.now, cause, kind)
    }

    /// The moment, in µs since the start.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Micros> {
        self.queue.next_at()
    }

    /// What runs.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// How many events of the queue have been handled.
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// How many events the trace has had.
    pub fn traced(&self) -> u64 {
        self.recorder.count()
    }

    /// The hash over everything that has happened.
    pub fn trace_hash(&self) -> TraceHash {
        self.recorder.hash()
    }

    /// Takes what has happened since the last time.
    pub fn take_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.recorder.take()
    }
}
