//! The places on a timeline to jump to: faults that fired, and anomalies.

use crate::broker::wire::Micros;
use crate::sim::Site;
use crate::trace::{Event, Kind};
use crate::verdict::{Anomalies, AnomalyKind};

/// Most marks of faults and of anomalies that are kept. Many faults drive out no anomaly; the oldest go first, a quarter
/// of them at a time.
const MOST_FAULTS: usize = 4_000;
const MOST_ANOMALIES: usize = 20_000;

/// A place on the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// The event.
    pub event: u64,
    /// When.
    pub at: Micros,
    /// What is there.
    pub what: MarkKind,
    /// The message concerned; 0 for none.
    pub message: u64,
    /// The service concerned.
    pub service: Option<u16>,
}

/// What is at a mark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MarkKind {
    /// A fault fired.
    Fault(Site),
    /// Something went otherwise than it should.
    Anomaly {
        /// What.
        kind: AnomalyKind,
        /// Whether the declared guarantee allows it.
        allowed: bool,
    },
}

/// The marks of a branch, in order of events.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
    faults: usize,
    last_anomaly: u64,
}

impl Marks {
    pub fn list(&self) -> &[Mark] {
        &self.list
    }

    /// Marks an event that is a fault.
    pub fn see(&mut self, event: &Event) {
        let Some(fault) = event.kind.fault() else {
            return;
        };
        // A lost packet with several messages leaves an event for each; the fault is one.
        let same = self
            .list
            .last()
            .is_some_and(|last| last.at == event.at && last.what == MarkKind::Fault(fault.site));
        if same
            && matches!(
                event.kind,
                Kind::PacketLost { .. } | Kind::PacketDoubled { .. } | Kind::PacketHeldUp { .. }
            )
        {
            return;
        }
        self.insert(Mark {
            event: event.id,
            at: event.at,
            what: MarkKind::Fault(fault.site),
            message: event.kind.message().unwrap_or(0),
            service: None,
        });
    }

    /// Marks the anomalies that came since the last time.
    pub fn note(&mut self, anomalies: &Anomalies) {
        let last = self.last_anomaly;
        let fresh: Vec<Mark> = anomalies
            .newest()
            .rev()
            .take_while(|anomaly| anomaly.event > last)
            .map(|anomaly| Mark {
                event: anomaly.event,
                at: anomaly.at,
                what: MarkKind::Anomaly {
                    kind: anomaly.kind,
                    allowed: anomaly.allowed,
                },
                message: anomaly.message,
                service: anomaly.service,
            })
            .collect();
        for mark in fresh.into_iter().rev() {
            self.last_anomaly = self.last_anomaly.max(mark.event);
            self.insert(mark);
        }
    }

    fn insert(&mut self, mark: Mark) {
        let place = self.list.partition_point(|other| other.event <= mark.event);
        self.list.insert(place, mark);
        let fault = is_fault(&mark);
        self.faults += usize::from(fault);
        let (many, most) = match fault {
            true => (self.faults, MOST_FAULTS),
            false => (self.list.len() - self.faults, MOST_ANOMALIES),
        };
        if many > most {
            let mut left = most / 4;
            self.list.retain(|other| {
                let goes = is_fault(other) == fault && left > 0;
                left -= usize::from(goes);
                !goes
            });
            self.faults -= if fault { most / 4 } else { 0 };
        }
    }

    /// The same up to an event.
    pub fn up_to(&self, event: u64) -> Marks {
        let list: Vec<Mark> = self
            .list
            .iter()
            .filter(|mark| mark.event <= event)
            .copied()
            .collect();
        Marks {
            last_anomaly: self.last_anomaly.min(event),
            faults: list.iter().filter(|mark| is_fault(mark)).count(),
            list,
        }
    }
}

fn is_fault(mark: &Mark) -> bool {
    matches!(mark.what, MarkKind::Fault(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(event: u64, what: MarkKind) -> Mark {
        Mark {
            event,
            at: event,
            what,
            message: 0,
            service: None,
        }
    }

    #[test]
    fn many_faults_drive_out_the_oldest_of_themselves_and_no_anomaly() {
        let anomaly = MarkKind::Anomaly {
            kind: AnomalyKind::LostEffect,
            allowed: false,
        };
        let mut marks = Marks::default();
        for event in 0..30_000 {
            let what = match event % 10 {
                0 => anomaly,
                _ => MarkKind::Fault(Site::AckLoss),
            };
            marks.insert(mark(event, what));
        }
        let anomalies = marks.list().iter().filter(|mark| !is_fault(mark)).count();
        assert_eq!(anomalies, 3_000);
        let faults = marks.list().len() - anomalies;
        assert!((3_000..=4_000).contains(&faults), "{faults}");
        assert_eq!(marks.list().last().map(|mark| mark.event), Some(29_999));
        assert!(marks.list().is_sorted_by_key(|mark| mark.event));
        let half = marks.up_to(15_000);
        assert_eq!(half.list().len() - half.faults, 1_501);
    }
}
