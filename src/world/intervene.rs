//! What a person does to a running world.

use crate::scenario::{Action, Scenario};
use crate::sim::{FaultKey, Site};
use crate::trace::{EventId, Kind, Leg, NO_CAUSE, Party};

use super::{Cargo, Ev, World};

/// Packets dropped by hand are known to faults under this party number.
const BY_HAND: u32 = 0xffff;

impl World {
    /// Does it now. False when it does not apply: there is no such party or packet, or it is dead already.
    pub fn intervene(&mut self, action: &Action) -> bool {
        match *action {
            Action::CrashConsumer { service, instance } => {
                self.crash_by_hand(Party::Member(service, instance))
            }
            Action::CrashBroker { broker } => self.crash_by_hand(Party::Broker(broker)),
            Action::CrashProducer { producer } => self.crash_by_hand(Party::Producer(producer)),
            Action::Drop { packet } => self.drop_packet(packet),
            Action::Delay { packet, by } => self.delay_packet(packet, by.0),
            Action::CutBroker { broker, lasting } => {
                let known = usize::from(broker) < self.brokers.len();
                if known {
                    self.cut(broker, lasting.0);
                }
                known
            }
            // Parameters are the scenario's affair: whoever drives the run makes the new one.
            Action::Set { .. } => false,
        }
    }

    /// Goes on under other rates, delays and service times. What is built stays as it was built.
    pub fn change(&mut self, scenario: Scenario) {
        let before = self.crash_rates();
        self.scenario = std::sync::Arc::new(scenario);
        self.reschedule_crashes(&before);
    }

    fn drop_packet(&mut self, number: u64) -> bool {
        let Some(packet) = self.network.find(number).filter(|packet| !packet.lost) else {
            return false;
        };
        let fault = by_hand(lost_at(packet.leg), number);
        if self.plan.is_suppressed(&fault) {
            return true;
        }
        let (leg, about, cause) = (packet.leg, packet.about, packet.cause);
        let cargo = std::mem::replace(&mut packet.cargo, Cargo::Nothing);
        packet.lost = true;
        self.record_loss(leg, &about, &cargo, cause, fault);
        true
    }

    fn delay_packet(&mut self, number: u64, by: u64) -> bool {
        let Some(packet) = self.network.find(number).filter(|packet| !packet.lost) else {
            return false;
        };
        let fault = by_hand(Site::Delay, number);
        if self.plan.is_suppressed(&fault) {
            return true;
        }
        let (leg, about, cause) = (packet.leg, packet.about, packet.cause);
        let mut late = packet.clone();
        // The original's alarm finds it empty; its twin arrives later.
        packet.cargo = Cargo::Nothing;
        late.arrives += by;
        let arrives = late.arrives;
        let carried = self.messages_in(&late.cargo);
        let slot = self.network.put_back(late);
        self.queue.push(arrives, Ev::Arrive(slot));
        self.record_of_each(carried, about.message, cause, |message| {
            Kind::PacketHeldUp {
                leg,
                message,
                service: about.service,
                by,
                fault,
            }
        });
        true
    }

    /// Writes down that a packet was lost.
    pub(super) fn record_loss(
        &mut self,
        leg: Leg,
        about: &super::About,
        cargo: &Cargo,
        cause: EventId,
        fault: FaultKey,
    ) {
        let super::About {
            message,
            service,
            attempt,
            ..
        } = *about;
        let lost = |message| Kind::PacketLost {
            leg,
            message,
            service,
            attempt,
            fault,
        };
        let carried = self.messages_in(cargo);
        self.record_of_each(carried, message, cause, lost);
    }

    /// Writes down what befell a packet, for each message it carries, or once for the one it is about.
    fn record_of_each(
        &mut self,
        carried: Vec<u64>,
        about: u64,
        cause: EventId,
        kind: impl Fn(u64) -> Kind,
    ) {
        if carried.is_empty() {
            self.record(if cause == 0 { NO_CAUSE } else { cause }, kind(about));
        }
        for message in carried {
            let cause = self.messages.get(message).map_or(cause, |row| row.last);
            self.record(cause, kind(message));
        }
    }
}

fn by_hand(site: Site, packet: u64) -> FaultKey {
    FaultKey {
        site,
        party: BY_HAND,
        entity: packet,
        attempt: 1,
    }
}

/// What kind of fault the loss of such a packet is.
fn lost_at(leg: Leg) -> Site {
    match leg {
        Leg::Request | Leg::Replication | Leg::Control => Site::RequestLoss,
        Leg::Ack => Site::AckLoss,
        Leg::Delivery => Site::DeliveryLoss,
        Leg::Commit => Site::CommitLoss,
        Leg::CommitAck => Site::CommitAckLoss,
    }
}
