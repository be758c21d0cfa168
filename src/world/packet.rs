//! The network: what is on its way, what gets lost, and how long it takes.

use std::collections::{BTreeMap, VecDeque};

use crate::broker::wire::Micros;
use crate::client::consumer::ConsumerAnswer;
use crate::sim::{FaultKey, Site, exponential};
use crate::trace::{EventId, Leg, Place};

use super::queues::QueueCargo;
use super::{Cargo, Ev, World};

/// How long a lost packet is remembered, so that it can be seen falling.
const FALLEN: usize = 24;

/// A packet on its way.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its number; a resend is another packet.
    pub number: u64,
    /// What kind of way it is on.
    pub leg: Leg,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// When it left.
    pub sent: Micros,
    /// When it arrives; for a lost one, when it would have.
    pub arrives: Micros,
    /// What it is about.
    pub about: About,
    /// It will not arrive.
    pub lost: bool,
    /// It is the network's second copy.
    pub doubled: bool,
    /// The event it follows from.
    pub cause: EventId,
    /// What it carries. Nothing, once it is lost.
    pub(super) cargo: Cargo,
}

/// What a packet is about, for faults and for whoever looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct About {
    /// The first message in it, or that it is about; 0: none.
    pub message: u64,
    /// How many messages it carries.
    pub count: u32,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The service it is for, where it is for one.
    pub service: u16,
    /// It brings an error.
    pub refused: bool,
}

/// Packets in flight, and the order they must keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    slots: Vec<Option<Packet>>,
    free: Vec<u32>,
    count: u64,
    /// A connection delivers in order (TCP): when its last packet arrives.
    last_arrival: BTreeMap<(Place, Place), Micros>,
    fallen: VecDeque<Packet>,
    /// How many were sent, by leg.
    sent: [u64; Leg::ALL.len()],
}

impl Network {
    fn insert(&mut self, mut packet: Packet) -> u32 {
        self.count += 1;
        self.sent[packet.leg as usize] += 1;
        packet.number = self.count;
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(packet);
                slot
            }
            None => {
                self.slots.push(Some(packet));
                self.slots.len() as u32 - 1
            }
        }
    }

    pub(super) fn take(&mut self, slot: u32) -> Option<Packet> {
        let packet = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(packet)
    }

    /// The packet of this number, if it is on its way.
    pub(super) fn find(&mut self, number: u64) -> Option<&mut Packet> {
        self.slots
            .iter_mut()
            .flatten()
            .find(|packet| packet.number == number)
    }

    /// Puts a packet back under its own number, to arrive at another time.
    pub(super) fn put_back(&mut self, packet: Packet) -> u32 {
        self.slots.push(Some(packet));
        self.slots.len() as u32 - 1
    }

    fn fell(&mut self, packet: Packet) {
        if self.fallen.len() == FALLEN {
            self.fallen.pop_front();
        }
        self.fallen.push_back(packet);
    }

    pub(super) fn packets(&self) -> impl Iterator<Item = &Packet> {
        self.slots.iter().flatten()
    }

    pub(super) fn fallen(&self) -> impl Iterator<Item = &Packet> {
        self.fallen.iter()
    }
}

/// A way from one place to another.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub leg: Leg,
    pub from: Place,
    pub to: Place,
}

impl World {
    /// Sends a packet. Whether it is lost is drawn for its site, service, first message and attempt.
    pub(super) fn send(&mut self, way: Way, about: About, cause: EventId, cargo: Cargo) {
        let lost = self.loss(way.leg, &about, &cargo, cause);
        self.put_on_the_way(
            way,
            about,
            cause,
            if lost { Cargo::Nothing } else { cargo },
            lost,
            false,
        );
    }

    /// The network's second copy of a packet.
    pub(super) fn send_double(&mut self, way: Way, about: About, cause: EventId, cargo: Cargo) {
        self.put_on_the_way(way, about, cause, cargo, false, true);
    }

    fn put_on_the_way(
        &mut self,
        way: Way,
        about: About,
        cause: EventId,
        cargo: Cargo,
        lost: bool,
        doubled: bool,
    ) {
        let Way { leg, from, to } = way;
        let mut arrives = self.now + self.delay(leg, &about, doubled);
        let connected = in_order(leg) || matches!(cargo, Cargo::Queue(_));
        if connected && !doubled {
            let last = self.network.last_arrival.entry((from, to)).or_default();
            arrives = arrives.max(*last);
            *last = arrives;
        }
        let sent = self.now;
        let packet = Packet {
            number: 0,
            leg,
            from,
            to,
            sent,
            arrives,
            about,
            lost,
            doubled,
            cause,
            cargo,
        };
        let slot = self.network.insert(packet);
        self.queue.push(arrives, Ev::Arrive(slot));
    }

    /// How long a packet takes: the least latency plus an exponential rest, drawn for this leg and message.
    fn delay(&self, leg: Leg, about: &About, doubled: bool) -> Micros {
        let faults = &self.scenario.faults;
        if faults.jitter.0 == 0 {
            return faults.latency.0;
        }
        let party = (leg as u32) << 8 | u32::from(about.service) << 1 | u32::from(doubled);
        let key = FaultKey {
            site: Site::Delay,
            party,
            entity: about.message,
            attempt: about.attempt,
        };
        faults.latency.0 + exponential(key.bits(&self.draw), faults.jitter.0)
    }

    fn loss(&mut self, leg: Leg, about: &About, cargo: &Cargo, cause: EventId) -> bool {
        let faults = &self.scenario.faults;
        let (site, ppm) = match leg {
            Leg::Request => (Site::RequestLoss, faults.loss.0),
            Leg::Ack => (Site::AckLoss, faults.ack_loss.0),
            Leg::Delivery => (Site::DeliveryLoss, faults.delivery_loss.0),
            Leg::Commit => (Site::CommitLoss, faults.commit_loss.0),
            Leg::CommitAck | Leg::Replication | Leg::Control => return false,
        };
        let About {
            message,
            attempt,
            service,
            ..
        } = *about;
        let key = FaultKey {
            site,
            party: u32::from(service),
            entity: message,
            attempt,
        };
        if !self.plan.fires(&self.draw, key, ppm) {
            return false;
        }
        self.record_loss(leg, about, cargo, cause, key);
        true
    }

    /// Every message a packet carries, or is about.
    pub(super) fn messages_in(&self, cargo: &Cargo) -> Vec<u64> {
        match cargo {
            Cargo::Produce(cargo) => cargo.request.batch.messages.iter().map(|m| m.id).collect(),
            Cargo::Produced(cargo) => self.outstanding(cargo.producer, cargo.request),
            Cargo::MemberAnswer { answer, .. } => match &**answer {
                Ok(ConsumerAnswer::Fetched { records, .. }) => {
                    records.iter().map(|(_, m)| m.id).collect()
                }
                _ => Vec::new(),
            },
            Cargo::Queue(QueueCargo::Records { records, .. }) => {
                records.iter().map(|record| record.message.id).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A packet has come to the end of its way; gives it unless it was lost.
    pub(super) fn arrived(&mut self, slot: u32) -> Option<Packet> {
        let packet = self.network.take(slot)?;
        if packet.lost {
            self.packet_fell(&packet);
            self.network.fell(packet);
            return None;
        }
        Some(packet)
    }

    /// What is on its way now.
    pub fn packets(&self) -> impl Iterator<Item = &Packet> {
        self.network.packets()
    }

    /// How many packets of this kind have been sent, the lost ones among them.
    pub fn packets_sent(&self, leg: Leg) -> u64 {
        self.network.sent[leg as usize]
    }

    /// The last few packets that were lost.
    pub fn fallen(&self) -> impl Iterator<Item = &Packet> {
        self.network.fallen()
    }
}

/// Whether packets of this kind keep their order on a connection. Kafka's clients, RabbitMQ's and Redis'
/// keep one TCP connection open; the lab lets every leg do so, and only retries and doubles overtake.
fn in_order(leg: Leg) -> bool {
    !matches!(leg, Leg::Control)
}
