//! Bad weather for whole runs: drawn rates of failure, and the order scenario under them.
#![allow(dead_code)]

use delivery_lab::scenario::*;
use delivery_lab::sim::mix;
use delivery_lab::timeline::Run;
use delivery_lab::verdict::{Report, ServiceReport};

/// How bad it gets. Every rate is in tenths of a percent, up to 20 %.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub seed: u32,
    pub messages: u32,
    pub rate: u32,
    pub loss: u32,
    pub ack_loss: u32,
    pub delivery_loss: u32,
    pub commit_loss: u32,
    pub duplicate: u32,
    pub crash_before_commit: u32,
    /// Mean milliseconds between crashes of one instance; 0 is never.
    pub consumer_crash: u32,
    /// Mean milliseconds between crashes of one broker; 0 is never.
    pub broker_crash: u32,
}

impl Weather {
    /// Nothing goes wrong.
    pub fn calm(seed: u32) -> Self {
        Weather {
            seed,
            messages: 100,
            rate: 20,
            loss: 0,
            ack_loss: 0,
            delivery_loss: 0,
            commit_loss: 0,
            duplicate: 0,
            crash_before_commit: 0,
            consumer_crash: 0,
            broker_crash: 0,
        }
    }

    /// The weather of this number; every figure is drawn from its whole range.
    pub fn of_seed(seed: u32) -> Self {
        let drawn = |nth: u64, from: u32, to: u32| {
            let bits = mix(u64::from(seed) << 8 | nth);
            from + (bits % u64::from(to - from + 1)) as u32
        };
        Weather {
            seed,
            messages: drawn(1, 60, 150),
            rate: drawn(2, 12, 20),
            loss: drawn(3, 0, 200),
            ack_loss: drawn(4, 0, 200),
            delivery_loss: drawn(5, 0, 200),
            commit_loss: drawn(6, 0, 200),
            duplicate: drawn(7, 0, 200),
            crash_before_commit: drawn(8, 0, 200),
            consumer_crash: drawn(9, 1_000, 20_000),
            broker_crash: drawn(10, 2_000, 60_000),
        }
    }

    /// Puts this weather over a scenario.
    pub fn over(&self, mut scenario: Scenario) -> Scenario {
        let ratio = |tenths: u32| Ratio(tenths * 1_000);
        let ms = |n: u32| Span::ms(u64::from(n));
        scenario.seed = self.seed;
        scenario.load.messages = self.messages;
        scenario.load.rate = self.rate;
        scenario.load.users = 12;
        scenario.duration = Span::s(60);
        scenario.drain = Span::s(3_600);
        scenario.faults = Faults {
            loss: ratio(self.loss),
            ack_loss: ratio(self.ack_loss),
            delivery_loss: ratio(self.delivery_loss),
            commit_loss: ratio(self.commit_loss),
            duplicate: ratio(self.duplicate),
            crash_before_commit: ratio(self.crash_before_commit),
            consumer_crash: ms(self.consumer_crash),
            broker_crash: ms(self.broker_crash),
            ..Faults::default()
        };
        scenario
    }
}

/// A reader of the first topic whose settings are its guarantee's bundle.
pub fn reader(name: &str, instances: u32, effect: EffectKind, guarantee: Guarantee) -> Service {
    let mut service = Service {
        name: name.into(),
        topics: vec!["order-events".into()],
        instances,
        effect,
        ..Service::default()
    };
    service.promise(guarantee);
    service
}

/// The order scenario with a fifth service that keeps its offsets in its own database.
pub fn orders() -> Scenario {
    let mut scenario = preset("order-processing").expect("the main preset");
    let bookkeeping = reader("Bookkeeping", 2, EffectKind::Stock, Guarantee::ExactlyOnce);
    scenario.services.push(bookkeeping);
    scenario
}

/// The order scenario with one service only.
pub fn orders_for(service: Service) -> Scenario {
    let mut scenario = preset("order-processing").expect("the main preset");
    scenario.services = vec![service];
    scenario
}

/// Runs to the end; gives the run.
pub fn finished(scenario: Scenario) -> Run {
    let mut run = Run::new(scenario).expect("a scenario that can be built");
    run.to_end();
    run
}

/// The report on a service.
pub fn of<'a>(report: &'a Report, name: &str) -> &'a ServiceReport {
    let found = report.services.iter().find(|service| service.name == name);
    found.unwrap_or_else(|| panic!("no service {name}"))
}
