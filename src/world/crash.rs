//! Processes die and come back. A death is announced to nobody: others notice by time-outs.

use crate::scenario::{Placed, Span};
use crate::sim::{FaultKey, Site, exponential};
use crate::trace::{EventId, Kind, NO_CAUSE, Party};

use super::{Ev, World};

/// Crashes placed by hand are numbered from here, those of chance from 1.
const BY_HAND: u64 = 1 << 40;
/// Crashes of chance after a change of their rate are numbered from a multiple of this.
const PLAN: u64 = 1 << 24;

fn crash_key(party: Party, entity: u64) -> FaultKey {
    let site = match party {
        Party::Producer(_) => Site::ProducerCrash,
        Party::Broker(_) => Site::BrokerCrash,
        Party::Member(..) => Site::ConsumerCrash,
    };
    FaultKey {
        site,
        party: party.number(),
        entity,
        attempt: 1,
    }
}

impl World {
    /// Every process there is.
    fn parties(&self) -> Vec<Party> {
        let scenario = &self.scenario;
        let producers = (0..scenario.producers.len()).map(|p| Party::Producer(p as u16));
        let brokers = (0..scenario.cluster.brokers).map(|b| Party::Broker(b as u16));
        let members = scenario.services.iter().zip(0..).flat_map(|(service, s)| {
            (0..service.instances).map(move |m| Party::Member(s, m as u16))
        });
        producers.chain(brokers).chain(members).collect()
    }

    /// Mean time between crashes, and time until the restart.
    fn mortality(&self, party: Party) -> (Span, Span) {
        let faults = &self.scenario.faults;
        match party {
            Party::Producer(producer) => {
                let config = &self.scenario.producers[usize::from(producer)];
                (config.crash_every, faults.producer_restart)
            }
            Party::Broker(_) => (faults.broker_crash, faults.broker_restart),
            Party::Member(..) => (faults.consumer_crash, faults.consumer_restart),
        }
    }

    /// Draws everybody's first crash.
    pub(super) fn schedule_crashes(&mut self) {
        for party in self.parties() {
            self.schedule_crash(party, 1);
        }
    }

    /// How often each process crashes.
    pub(super) fn crash_rates(&self) -> Vec<(Party, Span)> {
        let rate = |party| (party, self.mortality(party).0);
        self.parties().into_iter().map(rate).collect()
    }

    /// Draws the next crashes anew of those whose rate is not what it was; the others keep theirs.
    pub(super) fn reschedule_crashes(&mut self, before: &[(Party, Span)]) {
        for (party, rate) in self.crash_rates() {
            if before.contains(&(party, rate)) {
                continue;
            }
            let plan = self.crash_plans.entry(party).or_default();
            *plan += 1;
            let first = u64::from(*plan) * PLAN + 1;
            self.schedule_crash(party, first);
        }
    }

    fn crash_plan(&self, party: Party) -> u32 {
        self.crash_plans.get(&party).copied().unwrap_or(0)
    }

    /// Plans the placed crashes.
    pub(super) fn schedule_placed(&mut self) {
        let placed = self.scenario.faults.placed.clone();
        for (fault, nth) in placed.iter().zip(0..) {
            let (party, at) = match fault {
                Placed::CrashConsumer {
                    service,
                    instance,
                    at,
                } => match self.service_named(service) {
                    Some(s) => (Party::Member(s, *instance as u16), at),
                    None => continue,
                },
                Placed::CrashBroker { broker, at } => (Party::Broker(*broker as u16), at),
                Placed::CrashProducer { producer, at } => (Party::Producer(*producer as u16), at),
                Placed::CutBroker {
                    broker,
                    at,
                    lasting,
                } => {
                    let (broker, lasting) = (*broker as u16, lasting.0);
                    self.queue.push(at.0, Ev::Cut { broker, lasting });
                    continue;
                }
                _ => continue,
            };
            self.queue.push(
                at.0,
                Ev::Crash {
                    party,
                    nth: BY_HAND + nth,
                    plan: 0,
                },
            );
        }
    }

    fn schedule_crash(&mut self, party: Party, nth: u64) {
        let (mean, _) = self.mortality(party);
        if mean.0 > 0 {
            let key = crash_key(party, nth);
            let at = self.now + exponential(key.bits(&self.draw), mean.0).max(1);
            self.queue.push(
                at,
                Ev::Crash {
                    party,
                    nth,
                    plan: self.crash_plan(party),
                },
            );
        }
    }

    /// A crash is due. A suppressed one leaves the later ones where they would have been.
    pub(super) fn crash_due(&mut self, party: Party, nth: u64, plan: u32) {
        let by_chance = nth < BY_HAND;
        if by_chance && plan != self.crash_plan(party) {
            return;
        }
        let fault = crash_key(party, nth);
        let dies = !self.plan.is_suppressed(&fault) && self.is_up(party);
        let died = dies.then(|| self.crash(party, fault, NO_CAUSE));
        let (_, restart) = self.mortality(party);
        self.queue.push(
            self.now + restart.0,
            Ev::Restart {
                party,
                died,
                next: by_chance.then_some((nth + 1, plan)),
            },
        );
    }

    /// A process dies now; gives the event of its death.
    pub(super) fn crash(&mut self, party: Party, fault: FaultKey, cause: EventId) -> EventId {
        let event = self.record(cause, Kind::Crashed { party, fault });
        match party {
            Party::Producer(producer) => self.producer_dies(producer, event),
            Party::Broker(broker) => self.broker_dies(broker, event),
            Party::Member(service, member) => self.member_dies(service, member, event),
        }
        event
    }

    /// Somebody made it crash by hand.
    pub(super) fn crash_by_hand(&mut self, party: Party) -> bool {
        self.by_hand += 1;
        let fault = crash_key(party, 2 * BY_HAND + self.by_hand);
        if !self.is_up(party) {
            return false;
        }
        if self.plan.is_suppressed(&fault) {
            return true;
        }
        let died = Some(self.crash(party, fault, NO_CAUSE));
        let (_, restart) = self.mortality(party);
        self.queue.push(
            self.now + restart.0,
            Ev::Restart {
                party,
                died,
                next: None,
            },
        );
        true
    }

    /// A process comes back, and its next crash is drawn.
    pub(super) fn restart_due(
        &mut self,
        party: Party,
        died: Option<EventId>,
        next: Option<(u64, u32)>,
    ) {
        if let Some(died) = died.filter(|_| !self.is_up(party)) {
            let back = self.record(died, Kind::Restarted { party });
            match party {
                Party::Producer(producer) => self.producer_returns(producer, back),
                Party::Broker(broker) => self.broker_returns(broker, back),
                Party::Member(service, member) => self.member_returns(service, member, back),
            }
        }
        if let Some((nth, _)) = next.filter(|(_, plan)| *plan == self.crash_plan(party)) {
            self.schedule_crash(party, nth);
        }
    }

    fn is_up(&self, party: Party) -> bool {
        match party {
            Party::Producer(producer) => self
                .producers
                .get(usize::from(producer))
                .is_some_and(|actor| actor.up),
            Party::Broker(broker) => self.brokers.get(usize::from(broker)).is_some_and(|b| b.up),
            Party::Member(service, member) => self.member(service, member).is_some_and(|m| m.up),
        }
    }
}
