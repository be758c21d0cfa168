//! The anomalies of Jepsen's Kafka workload, found in the trace.

use super::Ledger;
use super::anomaly::AnomalyKind;
use super::plan::Storage;
use super::rows::{CHUNK, Place};

impl Ledger {
    /// Whether nothing promises that this producer's messages are in this topic once only.
    pub(super) fn may_repeat(&self, topic: u16, producer: u16) -> bool {
        let derived = (0..self.tallies.len())
            .any(|s| self.reads(s, topic) && self.plan.services[s].upstream.is_some());
        let idempotent = self
            .plan
            .producers
            .get(usize::from(producer))
            .is_some_and(|p| p.idempotent);
        derived || !idempotent
    }

    pub(super) fn waits_for_all(&self, producer: u16) -> bool {
        let producer = self.plan.producers.get(usize::from(producer));
        producer.is_some_and(|p| p.acks_all)
    }

    /// Compares a delivery's offset with the one before it. Consumers subscribe here, and for those
    /// Jepsen lets both anomalies pass.
    pub(super) fn judge_poll(
        &mut self,
        service: usize,
        member: u16,
        partition: u32,
        offset: u64,
        message: u64,
    ) {
        let plan = &self.plan.services[service];
        let (Some(topic), Storage::Log) = (plan.only_topic, plan.storage) else {
            return;
        };
        let gaps = plan.offsets_have_gaps;
        if let Some(kept) = self.progress.kept_mut(topic, partition) {
            kept.read_end = kept.read_end.max(offset + 1);
        }
        let Some(lane) = self.progress.lane_mut(service, partition) else {
            return;
        };
        lane.delivered_end = lane.delivered_end.max(offset + 1);
        let (who, before) = std::mem::replace(&mut lane.last, (u32::from(member) + 1, offset));
        if who != u32::from(member) + 1 {
            return;
        }
        if offset <= before {
            self.note(AnomalyKind::NonmonotonicPoll, Some(service), message, true);
        } else if offset > before + 1 && !gaps {
            self.note(AnomalyKind::PollSkip, Some(service), message, true);
        }
    }

    /// Whether what was just delivered had been aborted.
    pub(super) fn judge_read(&mut self, place: Place, service: usize) {
        let aborted_above = self.plan.services[service].upstream.is_some_and(|above| {
            let cell = self.rows.cell(place, above);
            cell.rolled_back && cell.effects == 0
        });
        if aborted_above || self.rows.row(place).aborted {
            self.note_aborted_read(place, service);
        }
    }

    fn note_aborted_read(&mut self, place: Place, service: usize) {
        let allowed = !self.plan.services[service].read_committed;
        let message = self.rows.number(place);
        self.note(AnomalyKind::G1a, Some(service), message, allowed);
    }

    /// The producer's transaction with this message was aborted; who has it already read what never was.
    pub(super) fn producer_aborted(&mut self, place: Place) {
        if let Some(row) = self.rows.row_mut(place) {
            row.aborted = true;
        }
        for service in 0..self.tallies.len() {
            let read = self.rows.cell(place, service).delivered > 0;
            if read && self.plan.services[service].upstream.is_none() {
                self.note_aborted_read(place, service);
            }
        }
    }

    /// A service's transaction was undone; so was its output, which others may have read.
    pub(super) fn rolled_back(&mut self, service: usize, message: u64) {
        self.progress.positions_unknown(service);
        let Some(place) = self.rows.place(message) else {
            return;
        };
        if service >= self.tallies.len() {
            return;
        }
        let Some(cell) = self.rows.cell_mut(place, service) else {
            return;
        };
        cell.rolled_back = true;
        if cell.effects > 0 {
            return;
        }
        for below in 0..self.tallies.len() {
            if self.plan.services[below].upstream == Some(service)
                && self.rows.cell(place, below).delivered > 0
            {
                self.note_aborted_read(place, below);
            }
        }
    }

    /// Names the acknowledged messages that no service was ever given.
    pub(super) fn name_unseen(&mut self) {
        for chunk in 0..self.rows.chunks() {
            for row in 0..CHUNK {
                let place = Place { chunk, row };
                let meant = |s: &usize| self.rows.cell(place, *s).state != super::State::Elsewhere;
                let readers = (0..self.tallies.len()).filter(meant);
                let mut given = readers.map(|s| self.rows.cell(place, s).delivered > 0);
                let unseen = given.next() == Some(false) && !given.any(|seen| seen);
                let row = self.rows.row(place);
                if unseen && row.acked {
                    let allowed = !self.waits_for_all(row.producer);
                    let message = self.rows.number(place);
                    self.note(AnomalyKind::Unseen, None, message, allowed);
                }
            }
        }
    }
}
