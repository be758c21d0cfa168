//! The places on a timeline to jump to: faults that fired, and anomalies.

use crate::broker::wire::Micros;
use crate::sim::Site;
use crate::trace::{Event, Kind};
use crate::verdict::{Anomalies, AnomalyKind};

/// Most marks that are kept; the oldest go first.
const MOST: usize = 4_000;

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
        if self.list.len() == MOST {
            self.list.remove(0);
        }
        let place = self.list.partition_point(|other| other.event <= mark.event);
        self.list.insert(place, mark);
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
            list,
        }
    }
}
