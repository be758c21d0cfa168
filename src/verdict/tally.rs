//! The running totals of one service.

use super::plan::ServicePlan;
use super::{Count, Histogram, ServiceReport, State};

/// Totals of one service. Everything a report says is kept up to date here, so old rows can go.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Messages by state, and by whether the producer knows them to be stored.
    states: [[u64; 2]; 5],
    pub delivered: u64,
    pub processed: u64,
    pub effects: u64,
    pub out_of_order: u64,
    pub latency: Histogram,
    /// Messages whose row went while they had no effect; they count as lost.
    pub forgotten: u64,
}

impl Tally {
    pub fn shift(&mut self, acked: bool, from: State, to: State) {
        let acked = usize::from(acked);
        if from != State::Elsewhere {
            let left = &mut self.states[from as usize][acked];
            *left = left.saturating_sub(1);
        }
        if to != State::Elsewhere {
            self.states[to as usize][acked] += 1;
        }
    }

    /// The producer learnt that a message in this state is stored.
    pub fn acked(&mut self, state: State) {
        self.shift(false, state, State::Elsewhere);
        self.shift(true, State::Elsewhere, state);
    }

    /// A message whose row is gone took effect after all, if any such message was lost.
    pub fn recover(&mut self) -> bool {
        if self.forgotten == 0 {
            return false;
        }
        self.forgotten -= 1;
        let acked = self.acked_count(State::Lost) > 0;
        self.shift(acked, State::Lost, State::Taken);
        true
    }

    pub fn count(&self, state: State) -> u64 {
        self.states[state as usize].iter().sum()
    }

    pub fn acked_count(&self, state: State) -> u64 {
        self.states[state as usize][1]
    }

    /// The totals that are followed over time.
    pub fn totals(&self) -> Count {
        let (timed, latency_sum) = self.latency.total();
        Count {
            effects: self.effects,
            duplicated: self.effects - self.count(State::Taken),
            lost: self.count(State::Lost),
            timed,
            latency_sum,
        }
    }

    pub fn report(&self, plan: &ServicePlan, settled: bool) -> ServiceReport {
        let (mut lost, mut lost_acknowledged) =
            (self.count(State::Lost), self.acked_count(State::Lost));
        let mut pending = self.count(State::Pending);
        if settled {
            lost += pending;
            lost_acknowledged += self.acked_count(State::Pending);
            pending = 0;
        }
        let taken = self.count(State::Taken);
        let dead_lettered = self.count(State::Aside);
        let duplicated = self.effects - taken;
        let promise = plan.guarantee;
        ServiceReport {
            name: plan.name.clone(),
            guarantee: promise,
            held: !(promise.forbids_loss() && lost_acknowledged > 0
                || promise.forbids_duplicates() && duplicated > 0),
            published: taken + lost + pending + dead_lettered,
            delivered: self.delivered,
            processed: self.processed,
            effects: self.effects,
            lost,
            lost_acknowledged,
            duplicated,
            out_of_order: self.out_of_order,
            pending,
            dead_lettered,
            latency_us: self.latency.summary(),
        }
    }
}
