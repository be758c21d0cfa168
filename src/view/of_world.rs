//! The stage as it is at a moment of a world.

use crate::broker::log::Content;
use crate::broker::partition::Partition;
use crate::broker::wire::{Offset, TopicPartition};
use crate::scenario::{Channel, EffectKind, HandlerStep};
use crate::service::Step;
use crate::trace::{Leg, Party};
use crate::world::{ItemLook, MemberLook, Packet, World};

use super::boundary::Ground;
use super::names;
use super::stage::*;

/// Most messages of a producer that are listed one by one.
const WAITING: usize = 12;
/// Most records of a partition that are listed.
const CELLS: u64 = 64;

impl Stage {
    /// What can be seen of this world now.
    pub fn of(world: &World) -> Stage {
        let scenario = world.scenario();
        Stage {
            now: world.now(),
            noun: scenario.load.noun.clone(),
            producers: (0..scenario.producers.len())
                .filter_map(|p| producer(world, p as u16))
                .collect(),
            brokers: (0..scenario.cluster.brokers)
                .filter_map(|b| world.broker_look(b as u16))
                .map(|(up, cut)| BrokerView { up, cut })
                .collect(),
            channels: (0..scenario.topics.len())
                .map(|topic| channel(world, topic as u16))
                .collect(),
            services: (0..scenario.services.len())
                .filter_map(|s| service(world, s as u16))
                .collect(),
            moving: world
                .packets()
                .filter(|packet| is_seen(packet))
                .map(|packet| moving(world, packet))
                .collect(),
            fallen: world.fallen().map(|packet| moving(world, packet)).collect(),
        }
    }
}

/// The name of what a service's effects are counted in.
pub fn effects_noun(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Charge => "charges",
        EffectKind::Stock => "decrements",
        EffectKind::Mail => "mails",
        EffectKind::Count => "counted",
        EffectKind::Push => "pushes",
        EffectKind::Record => "records",
    }
}

fn producer(world: &World, index: u16) -> Option<ProducerView> {
    let config = world.scenario().producers.get(usize::from(index))?;
    let look = world.producer_look(index)?;
    let waiting = look.sent.iter().take(WAITING);
    Some(ProducerView {
        name: config.name.clone(),
        topics: numbers(world, &config.topics),
        up: look.up,
        waiting: waiting
            .map(|&(message, attempt)| Waiting {
                message,
                attempt,
                since: 0,
            })
            .collect(),
        waiting_total: look.waiting,
        published: look.acked + look.gave_up + look.waiting,
        acked: look.acked,
        gave_up: look.gave_up,
    })
}

fn topic_number(world: &World, name: &str) -> Option<u16> {
    let mut topics = world.scenario().topics.iter();
    topics.position(|t| t.name == name).map(|n| n as u16)
}

fn numbers(world: &World, names: &[String]) -> Vec<u16> {
    let each = names.iter().filter_map(|name| topic_number(world, name));
    each.collect()
}

/// A producer that belongs to an instance stands where that instance stands.
fn seen_at(world: &World, place: Place) -> Place {
    let Place::Party(Party::Producer(index)) = place else {
        return place;
    };
    match names::owner_of_producer(world.scenario(), index) {
        Some((service, member)) => Place::Party(Party::Member(service, member)),
        None => place,
    }
}

fn channel(world: &World, topic: u16) -> ChannelView {
    let config = &world.scenario().topics[usize::from(topic)];
    let body = match config.channel {
        Channel::Log(_) => {
            let partitions = 0..world.log_partitions(topic);
            ChannelBody::Log(
                partitions
                    .filter_map(|p| partition(world, topic, p))
                    .collect(),
            )
        }
        Channel::PubSub(_) => {
            let (sent, unheard) = world.channel_look(topic).unwrap_or_default();
            ChannelBody::Direct { sent, unheard }
        }
        _ => ChannelBody::Queues(queues(world, topic)),
    };
    ChannelView {
        name: config.name.clone(),
        body,
    }
}

fn queues(world: &World, topic: u16) -> Vec<QueueView> {
    let scenario = world.scenario();
    let name = |service: Option<u16>| {
        let service = service.and_then(|s| scenario.services.get(usize::from(s)));
        match service {
            Some(service) => service.name.clone(),
            None => scenario.topics[usize::from(topic)].name.clone(),
        }
    };
    let looks = world.queue_looks(topic).into_iter();
    looks
        .map(|look| QueueView {
            name: name(look.service),
            service: look.service,
            items: look.items.iter().map(queue_item).collect(),
            visible: look.visible,
            in_flight: look.in_flight,
            dead: look.dead,
            dead_total: look.dead_total,
        })
        .collect()
}

fn queue_item(item: &ItemLook) -> QueueItem {
    QueueItem {
        message: item.message,
        receives: item.receives,
        lease: item.lease.map(|(member, since, until)| Lease {
            member,
            since,
            until,
        }),
    }
}

fn partition(world: &World, topic: u16, index: u32) -> Option<PartitionView> {
    let at = TopicPartition {
        topic: u32::from(topic),
        partition: index,
    };
    let core = world.partition_look(at)?;
    let services = 0..world.scenario().services.len() as u16;
    Some(PartitionView {
        leader: core.leader().map(|broker| broker as u16),
        epoch: core.leader_epoch(),
        replicas: core
            .replicas()
            .iter()
            .map(|replica| ReplicaView {
                broker: replica.broker() as u16,
                in_sync: core.isr().contains(&replica.broker()),
                end: replica.log().end(),
            })
            .collect(),
        start: core.log_start(),
        end: core.log_end(),
        high_watermark: core.high_watermark(),
        last_stable: core.last_stable_offset(),
        cells: cells(core),
        lanes: services
            .flat_map(|service| {
                world
                    .lanes(service)
                    .filter(|lane| lane.at == at)
                    .map(move |lane| (service, lane))
            })
            .map(|(service, lane)| Lane {
                service,
                owner: lane.owner,
                committed: lane.committed,
                processed: lane.processed,
                delivered: lane.delivered,
            })
            .collect(),
    })
}

/// The newest records of the leader's log.
fn cells(core: &Partition) -> Vec<Cell> {
    let Some(leader) = core.leader_replica() else {
        return Vec::new();
    };
    let log = leader.log();
    let from = log.end().saturating_sub(CELLS).max(log.start());
    let mut cells: Vec<Cell> = Vec::with_capacity(CELLS as usize);
    for batch in log.batches(from, log.end()) {
        let transaction = match batch.stamp {
            Some(stamp)
                if batch.transactional
                    && leader
                        .producers()
                        .is_aborted(stamp.producer, batch.base_offset) =>
            {
                Txn::Aborted
            }
            Some(_) if batch.transactional && batch.base_offset >= core.last_stable_offset() => {
                Txn::Open
            }
            _ if batch.transactional => Txn::Committed,
            _ => Txn::None,
        };
        match &batch.content {
            Content::Marker { commit } => {
                cells.push(Cell {
                    offset: batch.base_offset,
                    kind: CellKind::Marker { commit: *commit },
                });
            }
            Content::Messages(messages) => {
                for (offset, message) in (batch.base_offset..)
                    .zip(messages.iter())
                    .filter(|(offset, _)| *offset >= from)
                {
                    let copy_of = earlier(&cells, message.id);
                    let (message, key) = (message.id, message.key);
                    let kind = CellKind::Message {
                        message,
                        key,
                        copy_of,
                        transaction,
                    };
                    cells.push(Cell { offset, kind });
                }
            }
        }
    }
    cells
}

fn earlier(cells: &[Cell], wanted: u64) -> Option<Offset> {
    cells.iter().find_map(|cell| match cell.kind {
        CellKind::Message { message, .. } if message == wanted => Some(cell.offset),
        _ => None,
    })
}

fn service(world: &World, index: u16) -> Option<ServiceView> {
    let config = world.scenario().services.get(usize::from(index))?;
    let (effects, generation, rebalancing) = world.service_look(index)?;
    let members = (0..config.instances).filter_map(|m| world.member_look(index, m as u16));
    Some(ServiceView {
        name: config.name.clone(),
        topics: numbers(world, &config.topics),
        output: match config.effect {
            EffectKind::Record => topic_number(world, &config.output),
            _ => None,
        },
        effects_noun: effects_noun(config.effect),
        effects,
        ground: Ground::of(config),
        generation,
        rebalancing,
        lag: world.lag(index),
        members: members.map(|look| member(world.now(), &look)).collect(),
    })
}

fn member(now: u64, look: &MemberLook) -> MemberView {
    let state = if !look.up {
        MemberState::Down
    } else if look.paused_until > now {
        MemberState::Paused
    } else if look.in_group {
        MemberState::Up
    } else if look.owned.is_empty() {
        MemberState::Joining
    } else {
        MemberState::Zombie
    };
    MemberView {
        state,
        partitions: look
            .owned
            .iter()
            .map(|at| (at.topic as u16, at.partition as u16))
            .collect(),
        doing: look.doing.map(|(message, step, nth)| Doing {
            message,
            step: handler_step(step),
            nth,
        }),
        in_hand: look.in_hand,
    }
}

fn handler_step(step: Step) -> HandlerStep {
    match step {
        Step::Receive | Step::Begin => HandlerStep::Receive,
        Step::Check => HandlerStep::Check,
        Step::Effect | Step::DeadLetter => HandlerStep::Effect,
        Step::Record => HandlerStep::Record,
        Step::TransactionCommit => HandlerStep::TransactionCommit,
        Step::Commit => HandlerStep::Commit,
    }
}

/// Requests that only ask, and the coordinators' talk, would clutter the stage.
fn is_seen(packet: &Packet) -> bool {
    packet.leg != Leg::Control
}

fn moving(world: &World, packet: &Packet) -> Moving {
    // From SNS to a queue it is a message of its own.
    let copy = packet.leg == Leg::Replication && matches!(packet.to, Place::Queue(..));
    let carries = copy || !matches!(packet.leg, Leg::Control | Leg::Replication | Leg::CommitAck);
    Moving {
        packet: packet.number,
        leg: packet.leg,
        from: seen_at(world, packet.from),
        to: seen_at(world, packet.to),
        sent: packet.sent,
        arrives: packet.arrives,
        message: if carries { packet.about.message } else { 0 },
        count: packet.about.count,
        attempt: packet.about.attempt,
        lost: packet.lost,
        doubled: packet.doubled,
        refused: packet.about.refused,
    }
}
