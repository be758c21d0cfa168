//! The ledger of truth: for each message and service, what was delivered, done and lost.

use std::sync::Arc;

use serde::Serialize;

use super::anomaly::{Anomalies, Anomaly, AnomalyKind};
use super::order::ByKey;
use super::plan::Plan;
use super::progress::Progress;
use super::rows::{CHUNK, Cell, Place, Row, Rows};
use super::tally::Tally;
use super::{Count, Report, State};
use crate::scenario::Scenario;
use crate::trace::{Event, Kind, Why};

/// Messages that have a row of their own, at most.
const WINDOW: usize = 400_000;
/// One chunk of rows is looked through for losses after so many events, or so many µs if those are over sooner.
const LOOK_EVERY: u64 = 512;
const LOOK_WITHIN: u64 = 50_000;

/// What the trace proves. It reads events, in their order, and nothing else.
///
/// A message is lost for a service as soon as the events show that it can take effect no more; where they
/// leave that open it is pending. If it takes effect after all, it was not lost. Rows of messages that
/// took effect everywhere go at once, others when 400,000 newer ones came: without an effect by then,
/// they count as lost.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) plan: Arc<Plan>,
    pub(super) rows: Rows,
    pub(super) tallies: Vec<Tally>,
    pub(super) order: ByKey,
    pub(super) progress: Progress,
    pub(super) anomalies: Anomalies,
    published: u64,
    acked: u64,
    gave_up: u64,
    /// Messages below this number may have lost their row without an effect.
    pub(super) forgotten_below: u64,
    pub(super) now: (u64, u64),
    /// Events since a chunk was looked through, when that was, and which one is next.
    unlooked: u64,
    looked: u64,
    look_at: usize,
}

/// How a message stands, for one line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageLine {
    /// The message.
    pub message: u64,
    /// Its key.
    pub key: u64,
    /// When the application handed it to the producer, in µs.
    pub published_at: u64,
    /// Whether the producer knows it to be stored.
    pub acked: bool,
    /// Whether the producer reported it as failed.
    pub gave_up: bool,
    /// One for each service, in the scenario's order.
    pub services: Vec<Standing>,
}

/// How a message stands with a service. Counts stop at 65,535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whether it took effect, was lost, …
    pub state: State,
    /// Times it was handed to the application.
    pub delivered: u16,
    /// Times the handler was through with it.
    pub processed: u16,
    /// Times it took effect.
    pub effects: u16,
}

impl Ledger {
    /// An empty ledger for a run of this scenario.
    pub fn new(scenario: &Scenario) -> Self {
        Ledger::with_window(scenario, WINDOW)
    }

    /// The same, with rows for so many messages (at least 512) instead of 400,000.
    pub fn with_window(scenario: &Scenario, messages: usize) -> Self {
        let plan = Plan::new(scenario);
        let services = plan.services.len();
        Ledger {
            rows: Rows::new(services, messages),
            tallies: vec![Tally::default(); services],
            order: ByKey::new(services),
            progress: Progress::new(&plan),
            anomalies: Anomalies::default(),
            plan: Arc::new(plan),
            published: 0,
            acked: 0,
            gave_up: 0,
            forgotten_below: 0,
            now: (0, 0),
            unlooked: 0,
            looked: 0,
            look_at: 0,
        }
    }

    /// Takes the next event of the trace in.
    pub fn observe(&mut self, event: &Event) {
        self.now = (event.at, event.id);
        match event.kind {
            Kind::Published {
                producer,
                topic,
                message,
                key,
            } => self.published(producer, topic, message, key),
            // A service's own producer learns about its output, which says nothing of the message.
            Kind::Acked { producer, .. } | Kind::GaveUp { producer, .. }
                if usize::from(producer) >= self.plan.producers.len() => {}
            Kind::Acked { message, .. } => self.acked(message),
            Kind::GaveUp { message, why, .. } => self.gave_up(message, why),
            kind => {
                self.observe_broker(kind);
                self.observe_service(kind);
            }
        }
        self.unlooked += 1;
        if self.unlooked >= LOOK_EVERY || event.at >= self.looked + LOOK_WITHIN {
            (self.unlooked, self.looked) = (0, event.at);
            self.look_at_next_chunk();
        }
    }

    /// The judgement. `settled`: the run is over and nothing can come any more, so what has no effect
    /// is lost; before that it is pending unless it is proven lost.
    pub fn report(&self, settled: bool) -> Report {
        Report {
            published: self.published,
            acked: self.acked,
            gave_up: self.gave_up,
            services: self
                .plan
                .services
                .iter()
                .zip(&self.tallies)
                .map(|(plan, tally)| tally.report(plan, settled))
                .collect(),
        }
    }

    /// Messages the applications handed to their producers.
    pub fn published_so_far(&self) -> u64 {
        self.published
    }

    /// The totals of a service; zeros where there is no such service.
    pub fn count(&self, service: usize) -> Count {
        self.tallies
            .get(service)
            .map(Tally::totals)
            .unwrap_or_default()
    }

    /// The anomalies so far.
    pub fn anomalies(&self) -> &Anomalies {
        &self.anomalies
    }

    /// How a message stands; `None` if it is unknown, or so old that its row is gone.
    pub fn message(&self, message: u64) -> Option<MessageLine> {
        let place = self.rows.place(message)?;
        let row = self.rows.row(place);
        let standing = |service| {
            let cell = self.rows.cell(place, service);
            Standing {
                state: cell.state,
                delivered: cell.delivered,
                processed: cell.processed,
                effects: cell.effects,
            }
        };
        row.published.then(|| MessageLine {
            message,
            key: row.key,
            published_at: row.published_at,
            acked: row.acked,
            gave_up: row.gave_up,
            services: (0..self.tallies.len()).map(standing).collect(),
        })
    }

    /// The run is over: names what is still pending as lost, and what nobody saw as unseen, so that
    /// they are among the anomalies. `at` and `event` are the run's last.
    pub fn settle(&mut self, at: u64, event: u64) {
        self.now = (at, event);
        for chunk in 0..self.rows.chunks() {
            self.lose_where(chunk, |_, _, _, _| true);
        }
        self.name_unseen();
    }

    fn published(&mut self, producer: u16, topic: u16, message: u64, key: u64) {
        self.published += 1;
        let Some(place) = self.rows.place_or_new(message) else {
            return;
        };
        if self.rows.row(place).published {
            return;
        }
        let at = self.now.0;
        if let Some(row) = self.rows.row_mut(place) {
            row.published = true;
            row.published_at = at;
            row.key = key;
            row.producer = producer;
        }
        for service in 0..self.tallies.len() {
            if self.reads(service, topic) {
                self.meant(place, service);
            } else if self.plan.services[service].upstream.is_none()
                && let Some(chunk) = self.rows.chunk_mut(place.chunk)
            {
                chunk.finished(1);
            }
        }
        self.make_room();
    }

    /// The oldest rows go where there are too many; what had no effect there counts as lost.
    fn make_room(&mut self) {
        while self.rows.overfull() {
            self.lose_where(0, |_, _, _, _| true);
            if let Some(chunk) = self.rows.chunk(0) {
                for (index, cell) in chunk.cells.iter().enumerate() {
                    let lost = cell.state == State::Lost;
                    self.tallies[index % chunk.services()].forgotten += u64::from(lost);
                }
                self.forgotten_below = self.rows.first() + CHUNK as u64;
            }
            self.rows.drop_oldest();
            self.look_at = self.look_at.saturating_sub(1);
        }
    }

    fn acked(&mut self, message: u64) {
        let Some(place) = self.rows.place(message) else {
            self.acked += 1;
            return;
        };
        let row = self.rows.row(place);
        if row.acked {
            return;
        }
        self.acked += 1;
        for service in 0..self.tallies.len() {
            let state = self.rows.cell(place, service).state;
            self.tallies[service].acked(state);
        }
        if let Some(chunk) = self.rows.chunk_mut(place.chunk) {
            chunk.producer_done(place.row);
            chunk.rows[place.row].acked = true;
        }
        self.check(place);
    }

    fn gave_up(&mut self, message: u64, why: Why) {
        let Some(place) = self.rows.place(message) else {
            self.gave_up += 1;
            return;
        };
        let row = self.rows.row(place);
        self.gave_up += u64::from(!row.gave_up);
        if let Some(chunk) = self.rows.chunk_mut(place.chunk) {
            chunk.producer_done(place.row);
            chunk.rows[place.row].gave_up = true;
        }
        if why == Why::Aborted {
            self.producer_aborted(place);
        }
        self.check(place);
    }

    pub(super) fn reads(&self, service: usize, topic: u16) -> bool {
        let reads = &self.plan.services[service].reads;
        reads.get(usize::from(topic)).copied().unwrap_or(false)
    }

    /// The message is meant for this service.
    pub(super) fn meant(&mut self, place: Place, service: usize) {
        if self.rows.cell(place, service).state == State::Elsewhere {
            self.shift(place, service, State::Pending);
        }
    }

    /// Moves a message to another state at a service, and the totals with it.
    pub(super) fn shift(&mut self, place: Place, service: usize, to: State) {
        let services = self.tallies.len();
        let Some(chunk) = self.rows.chunk_mut(place.chunk) else {
            return;
        };
        let acked = chunk.rows[place.row].acked;
        let state = &mut chunk.cells[place.row * services + service].state;
        let from = std::mem::replace(state, to);
        if from == to {
            return;
        }
        chunk.pending -= u32::from(from == State::Pending);
        chunk.pending += u32::from(to == State::Pending);
        chunk.finished(u32::from(to == State::Taken));
        self.tallies[service].shift(acked, from, to);
        let message = self.rows.number(place);
        if from == State::Lost {
            self.anomalies.withdraw_loss(service as u16, message);
        }
        if to == State::Lost {
            let allowed = !acked || !self.plan.services[service].guarantee.forbids_loss();
            self.note(AnomalyKind::LostEffect, Some(service), message, allowed);
        }
    }

    pub(super) fn note(
        &mut self,
        kind: AnomalyKind,
        service: Option<usize>,
        message: u64,
        allowed: bool,
    ) {
        let (at, event) = self.now;
        self.anomalies.push(Anomaly {
            kind,
            service: service.map(|s| s as u16),
            message,
            at,
            event,
            allowed,
        });
    }

    fn look_at_next_chunk(&mut self) {
        if self.look_at >= self.rows.chunks() {
            self.look_at = 0;
        }
        self.look_at_chunk(self.look_at);
        self.look_at += 1;
    }

    /// Finds what is proven lost in a chunk, and lets the chunk go if nothing in it can change.
    pub(super) fn look_at_chunk(&mut self, chunk: usize) {
        self.lose_where(chunk, Ledger::proven_lost);
        self.rows.drop_if_finished(chunk);
    }

    /// Declares those pending messages of a chunk lost for which `is_lost` says so.
    fn lose_where(&mut self, chunk: usize, is_lost: impl Fn(&Ledger, &Row, &Cell, usize) -> bool) {
        let services = self.tallies.len();
        let mut from = 0;
        while let Some(found) = self.next_lost(chunk, from, &is_lost) {
            let row = found / services;
            self.lose(Place { chunk, row }, found % services);
            from = found + 1;
        }
    }

    /// The first of these messages in the chunk, by the position of its cell.
    fn next_lost(
        &self,
        chunk: usize,
        from: usize,
        is_lost: impl Fn(&Ledger, &Row, &Cell, usize) -> bool,
    ) -> Option<usize> {
        let services = self.tallies.len();
        let chunk = self.rows.chunk(chunk).filter(|c| c.pending > 0)?;
        (from..chunk.cells.len()).find(|&at| {
            let cell = &chunk.cells[at];
            cell.state == State::Pending
                && is_lost(self, &chunk.rows[at / services], cell, at % services)
        })
    }

    /// Looks whether a message is proven lost for any service.
    pub(super) fn check(&mut self, place: Place) {
        for service in 0..self.tallies.len() {
            let (row, cell) = (self.rows.row(place), self.rows.cell(place, service));
            if cell.state == State::Pending && self.proven_lost(&row, &cell, service) {
                self.lose(place, service);
            }
        }
    }

    fn lose(&mut self, place: Place, service: usize) {
        let unread = self.passed_unread(&self.rows.cell(place, service), service);
        self.shift(place, service, State::Lost);
        if unread {
            self.note_skipped(place, service);
        }
    }

    pub(super) fn note_skipped(&mut self, place: Place, service: usize) {
        let allowed =
            !self.rows.row(place).acked || !self.plan.services[service].guarantee.forbids_loss();
        let message = self.rows.number(place);
        self.note(AnomalyKind::SkippedRecord, Some(service), message, allowed);
    }

    /// Whether the group committed past this record, which it was never given.
    fn passed_unread(&self, cell: &Cell, service: usize) -> bool {
        let lane = self.progress.lane(service, u32::from(cell.partition));
        self.plan.services[service].only_topic.is_some()
            && cell.delivered == 0
            && cell.end > 0
            && lane.committed >= u64::from(cell.end)
    }
}
