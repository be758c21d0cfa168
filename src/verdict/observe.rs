//! What each event of brokers and services changes in the ledger.

use super::anomaly::AnomalyKind;
use super::plan::Storage;
use super::rows::{Cell, NOBODY, Place};
use super::{Ledger, State};
use crate::trace::{Kind, Leg, Party};

impl Ledger {
    pub(super) fn observe_broker(&mut self, kind: Kind) {
        match kind {
            Kind::PacketLost {
                leg,
                message,
                service,
                ..
            } => self.packet_lost(leg, message, service),
            Kind::Appended {
                topic,
                partition,
                offset,
                message,
                ..
            } => self.appended(topic, partition, offset, message),
            Kind::Enqueued {
                topic,
                message,
                copy,
                ..
            } => self.enqueued(topic, message, copy),
            Kind::Truncated {
                topic,
                offset,
                message,
                ..
            } => self.truncated(topic, offset, message),
            Kind::Expired {
                topic,
                partition,
                below,
            } => {
                if let Some(kept) = self.progress.kept_mut(usize::from(topic), partition) {
                    kept.start = kept.start.max(below);
                }
            }
            _ => {}
        }
    }

    pub(super) fn observe_service(&mut self, kind: Kind) {
        match kind {
            Kind::Delivered { .. } => self.delivered(kind),
            Kind::Effect {
                service, message, ..
            } => self.effect(usize::from(service), message),
            Kind::Processed {
                service, message, ..
            } => self.processed(usize::from(service), message),
            Kind::Skipped {
                service, message, ..
            } => self.skipped(usize::from(service), message),
            Kind::RolledBack {
                service, message, ..
            } => self.rolled_back(usize::from(service), message),
            Kind::DeadLettered {
                service, message, ..
            } => self.dead_lettered(usize::from(service), message),
            Kind::Dropped {
                service, message, ..
            } => self.dropped(usize::from(service), message),
            Kind::Redriven { service, message } => self.redriven(usize::from(service), message),
            Kind::Requeued { service, message } => {
                self.at(usize::from(service), message, |cell| cell.member = NOBODY);
            }
            Kind::Deleted {
                service, message, ..
            } => {
                let service = usize::from(service);
                self.at(service, message, |cell| {
                    cell.deleted = cell.deleted.saturating_add(1);
                });
                if let Some(place) = self.rows.place(message) {
                    self.check(place);
                }
            }
            kind => self.observe_group(kind),
        }
    }

    fn observe_group(&mut self, kind: Kind) {
        match kind {
            Kind::Committed {
                service,
                partition,
                offset,
                ..
            } => self.committed(usize::from(service), partition, offset),
            Kind::CommitRefused { service, .. } => {
                self.note(
                    AnomalyKind::StaleCommit,
                    Some(usize::from(service)),
                    0,
                    true,
                );
            }
            Kind::StaleReceipt {
                service, message, ..
            } => {
                let service = Some(usize::from(service));
                self.note(AnomalyKind::StaleCommit, service, message, true);
            }
            Kind::Assigned { service, .. }
            | Kind::Rebalancing { service, .. }
            | Kind::Removed { service, .. } => {
                self.progress.positions_unknown(usize::from(service));
            }
            Kind::Crashed {
                party: Party::Member(service, member),
                ..
            } => {
                self.progress.died(usize::from(service), member);
                let chunks = self.rows.chunks();
                (chunks.saturating_sub(2)..chunks).for_each(|chunk| self.look_at_chunk(chunk));
            }
            _ => {}
        }
    }

    /// The message's row and cell at a service, changed by `change`; `None` where there is no row.
    fn at(
        &mut self,
        service: usize,
        message: u64,
        change: impl FnOnce(&mut Cell),
    ) -> Option<(Place, Cell)> {
        if service >= self.tallies.len() {
            return None;
        }
        let place = self.rows.place_or_new(message)?;
        let cell = self.rows.cell_mut(place, service)?;
        change(cell);
        let mut after = *cell;
        if after.state == State::Elsewhere {
            self.shift(place, service, State::Pending);
            after.state = State::Pending;
        }
        Some((place, after))
    }

    fn packet_lost(&mut self, leg: Leg, message: u64, service: u16) {
        let service = usize::from(service);
        match leg {
            Leg::Request => {
                let Some(place) = self.rows.place(message) else {
                    return;
                };
                if let Some(row) = self.rows.row_mut(place) {
                    row.request_lost = true;
                }
                self.check(place);
            }
            Leg::Delivery
                if self
                    .plan
                    .services
                    .get(service)
                    .is_some_and(|plan| plan.storage == Storage::Nowhere) =>
            {
                self.dropped(service, message);
            }
            _ => {}
        }
    }

    fn appended(&mut self, topic: u16, partition: u32, offset: u64, message: u64) {
        let Some(place) = self.rows.place_or_new(message) else {
            return;
        };
        let row = self.rows.row(place);
        // Sent again after its transaction was aborted: which copy is read is not known then.
        if let Some(row) = self.rows.row_mut(place).filter(|row| row.aborted) {
            row.aborted = false;
        }
        let mut again = false;
        for service in 0..self.tallies.len() {
            if !self.reads(service, topic) {
                continue;
            }
            self.meant(place, service);
            let partition = partition as u16;
            let one_topic = self.plan.services[service].only_topic.is_some();
            if let Some(cell) = self.rows.cell_mut(place, service) {
                // A copy at this offset or beyond went with the log of an earlier leader.
                let there = cell.partition != partition || u64::from(cell.end) <= offset;
                again |= one_topic && cell.copies > 0 && there;
                cell.scattered |= cell.copies > 0 && cell.partition != partition;
                cell.copies = cell.copies.saturating_add(1);
                cell.partition = partition;
                cell.end = u32::try_from(offset + 1).unwrap_or(u32::MAX);
            }
        }
        if again {
            let allowed = self.may_repeat(topic, row.producer);
            self.note(AnomalyKind::Duplicate, None, message, allowed);
        }
        let kept = self.progress.kept(usize::from(topic), partition);
        if offset < kept.read_end {
            let allowed = self.plan.unclean_election;
            self.note(AnomalyKind::InconsistentOffsets, None, message, allowed);
        }
    }

    fn enqueued(&mut self, topic: u16, message: u64, copy: u32) {
        let copy = u8::try_from(copy).unwrap_or(u8::MAX);
        for service in 0..self.tallies.len() {
            if self.reads(service, topic) {
                self.at(service, message, |cell| cell.copies = cell.copies.max(copy));
            }
        }
    }

    fn truncated(&mut self, topic: u16, offset: u64, message: u64) {
        let Some(place) = self.rows.place(message) else {
            return;
        };
        let (mut newly, mut unread) = (false, true);
        for service in 0..self.tallies.len() {
            if !self.reads(service, topic) {
                continue;
            }
            if let Some(cell) = self.rows.cell_mut(place, service)
                && u64::from(cell.end) == offset + 1
            {
                cell.copies = cell.copies.saturating_sub(1);
                cell.end = 0;
                newly |= cell.copies == 0;
                unread &= cell.delivered == 0;
            }
        }
        if let Some(row) = self.rows.row_mut(place) {
            row.cut = true;
        }
        let row = self.rows.row(place);
        if newly && unread && row.acked {
            let allowed = self.plan.unclean_election || !self.waits_for_all(row.producer);
            self.note(AnomalyKind::LostWrite, None, message, allowed);
        }
        self.check(place);
    }

    fn delivered(&mut self, kind: Kind) {
        let Kind::Delivered {
            service,
            member,
            partition,
            offset,
            message,
            ..
        } = kind
        else {
            return;
        };
        let service = usize::from(service);
        let Some(tally) = self.tallies.get_mut(service) else {
            return;
        };
        tally.delivered += 1;
        self.judge_poll(service, member, partition, offset, message);
        let life = self.progress.life(service, member);
        let Some((place, cell)) = self.at(service, message, |cell| {
            cell.delivered = cell.delivered.saturating_add(1);
            cell.member = member;
            cell.life = life;
        }) else {
            return;
        };
        if cell.state == State::Lost {
            self.shift(place, service, State::Pending);
        }
        self.judge_read(place, service);
    }

    fn effect(&mut self, service: usize, message: u64) {
        let Some(tally) = self.tallies.get_mut(service) else {
            return;
        };
        tally.effects += 1;
        let forbidden = self.plan.services[service].guarantee.forbids_duplicates();
        let Some((place, cell)) = self.at(service, message, |cell| {
            cell.effects = cell.effects.saturating_add(1);
        }) else {
            let late = message < self.forgotten_below && self.tallies[service].recover();
            if !late {
                self.note(
                    AnomalyKind::DuplicateEffect,
                    Some(service),
                    message,
                    !forbidden,
                );
            }
            return;
        };
        if cell.state == State::Taken {
            self.note(
                AnomalyKind::DuplicateEffect,
                Some(service),
                message,
                !forbidden,
            );
            return;
        }
        self.shift(place, service, State::Taken);
        let row = self.rows.row(place);
        if !row.published {
            return;
        }
        let after = self.now.0.saturating_sub(row.published_at);
        self.tallies[service].latency.add(after);
        if self.order.took_effect(service, row.key, message) {
            self.tallies[service].out_of_order += 1;
            let allowed = !self.plan.services[service].ordered;
            self.note(
                AnomalyKind::OutOfOrderEffect,
                Some(service),
                message,
                allowed,
            );
        }
    }

    fn processed(&mut self, service: usize, message: u64) {
        let Some(tally) = self.tallies.get_mut(service) else {
            return;
        };
        tally.processed += 1;
        let keeps = self.plan.services[service].effect_after_handler;
        self.at(service, message, |cell| {
            cell.processed = cell.processed.saturating_add(1);
            if !keeps {
                cell.member = NOBODY;
            }
        });
    }

    fn skipped(&mut self, service: usize, message: u64) {
        let Some((_, cell)) = self.at(service, message, |_| {}) else {
            return;
        };
        let plan = &self.plan.services[service];
        if cell.effects == 0 && !plan.effect_after_handler {
            let allowed = !plan.guarantee.forbids_loss();
            self.note(AnomalyKind::FalseRepeat, Some(service), message, allowed);
        }
    }

    fn dead_lettered(&mut self, service: usize, message: u64) {
        let aside = self
            .plan
            .services
            .get(service)
            .is_some_and(|s| s.keeps_aside);
        if !aside {
            return self.dropped(service, message);
        }
        let Some((place, cell)) = self.at(service, message, |cell| cell.member = NOBODY) else {
            return;
        };
        if cell.state == State::Taken {
            let kind = AnomalyKind::DeadLetteredAfterEffect;
            self.note(kind, Some(service), message, true);
        } else {
            self.shift(place, service, State::Aside);
        }
    }

    fn dropped(&mut self, service: usize, message: u64) {
        let Some((place, cell)) = self.at(service, message, |cell| cell.member = NOBODY) else {
            return;
        };
        if cell.state == State::Pending {
            self.shift(place, service, State::Lost);
            if self.plan.services[service].storage == Storage::Log {
                self.note_skipped(place, service);
            }
        }
    }

    fn redriven(&mut self, service: usize, message: u64) {
        let Some((place, cell)) = self.at(service, message, |cell| {
            cell.copies = cell.copies.saturating_add(1);
        }) else {
            return;
        };
        if cell.state == State::Aside {
            self.shift(place, service, State::Pending);
        }
    }

    fn committed(&mut self, service: usize, partition: u32, offset: u64) {
        let Some(lane) = self.progress.lane_mut(service, partition) else {
            return;
        };
        let back = offset < lane.committed;
        lane.committed = offset;
        let several = self
            .plan
            .services
            .get(service)
            .is_none_or(|plan| plan.only_topic.is_none());
        if back && !several {
            self.note(AnomalyKind::StaleCommit, Some(service), 0, true);
        }
    }
}
