//! Hand-written event sequences, one for each figure and each anomaly, and random ones for the rest.

mod anomalies;
mod figures;
#[cfg(not(target_arch = "wasm32"))]
mod folding;
#[cfg(not(target_arch = "wasm32"))]
mod random;

use super::*;
use crate::scenario::*;
use crate::sim::{FaultKey, Site};
use crate::trace::{Event, Kind, Party, Why};

/// A ledger that is told a story.
struct Story {
    ledger: Ledger,
    now: u64,
    events: u64,
}

fn scenario(guarantee: Guarantee) -> Scenario {
    let mut service = Service {
        name: "Payment".into(),
        topics: vec!["orders".into()],
        ..Service::default()
    };
    service.promise(guarantee);
    Scenario {
        topics: vec![Topic {
            name: "orders".into(),
            ..Topic::default()
        }],
        producers: vec![Producer {
            topics: vec!["orders".into()],
            ..Producer::default()
        }],
        services: vec![service],
        ..Scenario::default()
    }
}

impl Story {
    fn of(scenario: &Scenario) -> Self {
        Story {
            ledger: Ledger::new(scenario),
            now: 0,
            events: 0,
        }
    }

    fn new(guarantee: Guarantee) -> Self {
        Story::of(&scenario(guarantee))
    }

    fn say(&mut self, kind: Kind) -> &mut Self {
        self.now += 1_000;
        self.events += 1;
        self.ledger.observe(&Event {
            id: self.events,
            at: self.now,
            cause: 0,
            kind,
        });
        self
    }

    fn publish(&mut self, message: u64, key: u64) -> &mut Self {
        self.say(Kind::Published {
            producer: 0,
            topic: 0,
            message,
            key,
        })
    }

    fn append(&mut self, message: u64, offset: u64) -> &mut Self {
        self.say(Kind::Appended {
            topic: 0,
            partition: 0,
            offset,
            message,
            copy: 1,
        })
    }

    fn ack(&mut self, message: u64) -> &mut Self {
        self.say(Kind::Acked {
            producer: 0,
            message,
            attempt: 1,
        })
    }

    /// Published with key 1, appended at the offset before its number, and acknowledged.
    fn stored(&mut self, message: u64) -> &mut Self {
        self.publish(message, 1)
            .append(message, message - 1)
            .ack(message)
    }

    fn deliver(&mut self, message: u64, offset: u64) -> &mut Self {
        self.say(Kind::Delivered {
            service: 0,
            member: 0,
            partition: 0,
            offset,
            message,
            nth: 1,
        })
    }

    fn effect(&mut self, message: u64) -> &mut Self {
        self.say(Kind::Effect {
            service: 0,
            member: 0,
            message,
            nth: 1,
        })
    }

    fn processed(&mut self, message: u64) -> &mut Self {
        self.say(Kind::Processed {
            service: 0,
            member: 0,
            message,
        })
    }

    /// Delivered from the offset before its number, with its effect.
    fn handled(&mut self, message: u64) -> &mut Self {
        self.deliver(message, message - 1)
            .effect(message)
            .processed(message)
    }

    fn commit(&mut self, offset: u64) -> &mut Self {
        self.say(Kind::Committed {
            service: 0,
            member: 0,
            partition: 0,
            offset,
        })
    }

    fn crash(&mut self) -> &mut Self {
        self.say(Kind::Crashed {
            party: Party::Member(0, 0),
            fault: fault(),
        })
    }

    fn give_up(&mut self, message: u64, why: Why) -> &mut Self {
        self.say(Kind::GaveUp {
            producer: 0,
            message,
            why,
        })
    }

    fn drop(&mut self, message: u64, why: Why) -> &mut Self {
        self.say(Kind::Dropped {
            service: 0,
            message,
            why,
        })
    }

    fn truncate(&mut self, message: u64, offset: u64) -> &mut Self {
        self.say(Kind::Truncated {
            topic: 0,
            partition: 0,
            broker: 1,
            offset,
            message,
        })
    }

    /// Events about nothing, until every chunk has been looked at.
    fn wait(&mut self) -> &mut Self {
        for _ in 0..200 {
            self.say(Kind::Leaderless {
                topic: 0,
                partition: 9,
            });
        }
        self
    }

    fn service(&self) -> ServiceReport {
        let report = self.ledger.report(false).services.remove(0);
        assert_identity(&report);
        report
    }

    fn allowed_and_violations(&self, kind: AnomalyKind) -> (u64, u64) {
        let count = self.ledger.anomalies().count(kind);
        let listed = self.ledger.anomalies().newest().filter(|a| a.kind == kind);
        assert_eq!(listed.count() as u64, count.allowed + count.violations);
        (count.allowed, count.violations)
    }
}

fn fault() -> FaultKey {
    FaultKey {
        site: Site::ConsumerCrash,
        party: 0,
        entity: 1,
        attempt: 1,
    }
}

fn assert_identity(report: &ServiceReport) {
    let first = report.effects - report.duplicated;
    assert_eq!(
        first + report.lost + report.pending + report.dead_lettered,
        report.published,
        "{report:?}"
    );
}
