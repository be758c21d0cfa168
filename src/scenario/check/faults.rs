//! Faults placed by hand: whom they name, and when.

use super::super::*;
use super::Problems;

impl Problems {
    pub(super) fn placed(&mut self, s: &Scenario) {
        for placed in &s.faults.placed {
            self.placed_when(placed);
            let (service, number, kind, most) = match placed {
                Placed::LoseRequest { message, .. }
                | Placed::LoseAck { message, .. }
                | Placed::Duplicate { message, .. } => (None, *message, "message", u64::MAX),
                Placed::LoseDelivery {
                    service, message, ..
                }
                | Placed::LoseCommit {
                    service, message, ..
                }
                | Placed::CrashAfter {
                    service, message, ..
                }
                | Placed::FailEffect {
                    service, message, ..
                }
                | Placed::Poison { service, message } => {
                    (Some(service), *message, "message", u64::MAX)
                }
                Placed::CrashConsumer {
                    service, instance, ..
                } => {
                    let known = s.services.iter().find(|x| x.name == *service);
                    let instances = known.map_or(u64::MAX, |x| x.instances.into());
                    (
                        Some(service),
                        u64::from(*instance) + 1,
                        "instance",
                        instances,
                    )
                }
                Placed::CrashBroker { broker, .. } | Placed::CutBroker { broker, .. } => (
                    None,
                    u64::from(*broker) + 1,
                    "broker",
                    s.cluster.brokers.into(),
                ),
                Placed::CrashProducer { producer, .. } => (
                    None,
                    u64::from(*producer) + 1,
                    "producer",
                    s.producers.len() as u64,
                ),
            };
            if let Some(service) = service {
                self.service_name(s, "faults.placed", service);
            }
            self.unless(
                (1..=most).contains(&number),
                "faults.placed",
                || match kind {
                    "message" => {
                        "A placed fault names message 0; messages are counted from 1.".into()
                    }
                    _ => format!(
                        "A placed fault names {kind} {} (from 0), but there are only {most}.",
                        number - 1
                    ),
                },
            );
        }
    }

    /// When a placed fault is, for how long, and at which attempt.
    fn placed_when(&mut self, placed: &Placed) {
        let (span, attempt) = match placed {
            Placed::LoseRequest { attempt, .. }
            | Placed::LoseAck { attempt, .. }
            | Placed::Duplicate { attempt, .. }
            | Placed::LoseDelivery { attempt, .. }
            | Placed::LoseCommit { attempt, .. }
            | Placed::CrashAfter { attempt, .. }
            | Placed::FailEffect { attempt, .. } => (Span(0), *attempt),
            Placed::Poison { .. } => (Span(0), 1),
            Placed::CrashConsumer { at, .. }
            | Placed::CrashBroker { at, .. }
            | Placed::CrashProducer { at, .. } => (*at, 1),
            Placed::CutBroker { at, lasting, .. } => ((*at).max(*lasting), 1),
        };
        self.unless(attempt > 0, "faults.placed", || {
            "A placed fault names attempt 0; attempts are counted from 1.".into()
        });
        self.unless(span <= Span::DAY, "faults.placed", || {
            format!(
                "A placed fault names a span of {span}; allowed is up to {}.",
                Span::DAY
            )
        });
    }
}
