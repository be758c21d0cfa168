//! The figures of a run over virtual time: what charts and tables are made of.

use crate::broker::wire::Micros;
use crate::verdict::Count;

use super::run::Run;

/// Most moments that are kept; then every second one goes, and the step doubles.
const MOST: usize = 256;
/// The first step, in µs.
const FIRST_STEP: Micros = 20_000;

/// All totals at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The moment, in µs.
    pub at: Micros,
    /// Messages the applications have handed to their producers.
    pub published: u64,
    /// One for each service, in the scenario's order.
    pub services: Vec<ServiceSample>,
}

/// Where a service stands at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServiceSample {
    /// What the ledger has counted.
    pub count: Count,
    /// Messages that are stored for it and that it is not through with.
    pub lag: u64,
}

impl Sample {
    /// The totals of a run as it is.
    pub fn of(run: &Run) -> Sample {
        let services = 0..run.world().scenario().services.len();
        Sample {
            at: run.now(),
            published: run.ledger().published_so_far(),
            services: services
                .map(|service| ServiceSample {
                    count: run.ledger().count(service),
                    lag: run.world().lag(service as u16),
                })
                .collect(),
        }
    }
}

/// Samples at even steps of virtual time, from the beginning to as far as a branch was seen. They depend on the run
/// alone: not on its speed, nor on how often anybody looked.
#[derive(Clone, Debug)]
pub struct Series {
    step: Micros,
    samples: Vec<Sample>,
}

impl Default for Series {
    fn default() -> Self {
        Series {
            step: FIRST_STEP,
            samples: Vec::new(),
        }
    }
}

impl Series {
    /// The samples, oldest first, [`Series::step`] apart.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// µs between two samples.
    pub fn step(&self) -> Micros {
        self.step
    }

    /// When the next sample is due.
    pub(super) fn due(&self) -> Micros {
        self.samples.len() as u64 * self.step
    }

    /// Takes the sample that is due.
    pub(super) fn take(&mut self, mut sample: Sample) {
        sample.at = self.due();
        self.samples.push(sample);
        if self.samples.len() == MOST {
            self.step *= 2;
            let step = self.step;
            self.samples.retain(|sample| sample.at % step == 0);
        }
    }

    /// The same up to a moment.
    pub(super) fn up_to(&self, at: Micros) -> Series {
        let known = self.samples.partition_point(|sample| sample.at <= at);
        Series {
            step: self.step,
            samples: self.samples[..known].to_vec(),
        }
    }
}
