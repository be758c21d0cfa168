//! When the trace proves that a message can take effect no more.

use super::Ledger;
use super::plan::Storage;
use super::rows::{Cell, NOBODY, Row};

impl Ledger {
    /// Whether the events so far show that this message, pending at this service, can take effect
    /// no more. A doubt is decided for pending.
    pub(super) fn proven_lost(&self, row: &Row, cell: &Cell, service: usize) -> bool {
        if self.in_hand(cell, service) {
            return false;
        }
        let storage = self.plan.services[service].storage;
        if storage == Storage::Nowhere && cell.delivered > 0 {
            return true;
        }
        if cell.copies == 0 {
            let never_stored = cell.delivered == 0 && self.never_arrived(row);
            return row.producer_done() && (row.cut || never_stored);
        }
        row.producer_done()
            && match storage {
                Storage::Log => self.gone_from_log(cell, service),
                Storage::Queue => cell.delivered > 0 && cell.deleted >= cell.copies,
                Storage::Nowhere => false,
            }
    }

    /// Whether the producer will not send again what no broker has. Between a topic and its queues a message
    /// is in neither: that proves nothing.
    fn never_arrived(&self, row: &Row) -> bool {
        let producer = self.plan.producers.get(usize::from(row.producer));
        let (unanswered, resends) = producer.map_or((false, false), |p| (p.unanswered, p.resends));
        row.gave_up && !resends || row.request_lost && unanswered
    }

    /// Whether a living instance works on the message.
    fn in_hand(&self, cell: &Cell, service: usize) -> bool {
        cell.member != NOBODY && self.progress.life(service, cell.member) == cell.life
    }

    /// Whether the group will not read the record again: it is deleted, or behind the
    /// committed offset and not merely waiting in a batch that was committed first.
    fn gone_from_log(&self, cell: &Cell, service: usize) -> bool {
        let Some(topic) = self.plan.services[service].only_topic else {
            return false;
        };
        if cell.scattered || cell.end == 0 {
            return false;
        }
        let (partition, end) = (u32::from(cell.partition), u64::from(cell.end));
        let lane = self.progress.lane(service, partition);
        end <= self.progress.kept(topic, partition).start
            || lane.committed >= end && (cell.delivered > 0 || lane.delivered_end > end)
    }
}
