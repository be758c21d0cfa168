//! What a scenario expects of its verdict, held against it.

use super::report::{Report, ServiceReport};
use crate::scenario::Expect;

impl Report {
    /// A figure by its name in an [`Expect`]: of a service, or of the producers where `service` is empty.
    /// `None` for a service or a figure that there is not.
    pub fn figure(&self, service: &str, figure: &str) -> Option<u64> {
        if service.is_empty() {
            return match figure {
                "published" => Some(self.published),
                "acked" => Some(self.acked),
                "gave_up" => Some(self.gave_up),
                _ => None,
            };
        }
        self.services
            .iter()
            .find(|report| report.name == service)?
            .figure(figure)
    }

    /// What does not hold of these expectations, a sentence each with the actual value.
    pub fn unmet(&self, expects: &[Expect]) -> Vec<String> {
        expects
            .iter()
            .filter_map(|expect| self.miss(expect))
            .collect()
    }

    fn miss(&self, expect: &Expect) -> Option<String> {
        let Expect {
            service,
            figure,
            is,
            value,
        } = expect;
        let who = if service.is_empty() {
            "the producers"
        } else {
            service
        };
        let Some(actual) = self.figure(service, figure) else {
            return Some(format!("{who}: there is no figure `{figure}` of that"));
        };
        let holds = match is.as_str() {
            "=" => actual == *value,
            ">=" => actual >= *value,
            "<=" => actual <= *value,
            ">" => actual > *value,
            "<" => actual < *value,
            _ => false,
        };
        (!holds).then(|| format!("{who}: {figure} is {actual}, expected {is} {value}"))
    }
}

impl ServiceReport {
    /// A figure by its name in an [`Expect`]; `held` is 1 or 0.
    pub fn figure(&self, figure: &str) -> Option<u64> {
        Some(match figure {
            "published" => self.published,
            "delivered" => self.delivered,
            "processed" => self.processed,
            "effects" => self.effects,
            "lost" => self.lost,
            "lost_acknowledged" => self.lost_acknowledged,
            "duplicated" => self.duplicated,
            "out_of_order" => self.out_of_order,
            "pending" => self.pending,
            "dead_lettered" => self.dead_lettered,
            "held" => self.held.into(),
            "p50" => self.latency_us.p50,
            "p99" => self.latency_us.p99,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{COMPARISONS, PRODUCER_FIGURES, SERVICE_FIGURES, preset};
    use crate::verdict::Ledger;

    fn expect(service: &str, figure: &str, is: &str, value: u64) -> Expect {
        let (service, figure, is) = (service.into(), figure.into(), is.into());
        Expect {
            service,
            figure,
            is,
            value,
        }
    }

    #[test]
    fn every_figure_that_a_scenario_may_name_is_there() {
        let report = Ledger::new(&preset("order-processing").unwrap()).report(false);
        for (service, figures) in [("Payment", SERVICE_FIGURES), ("", PRODUCER_FIGURES)] {
            for figure in figures {
                assert!(report.figure(service, figure).is_some(), "{figure}");
            }
        }
        assert_eq!(report.figure("Payment", "loss"), None);
        assert_eq!(report.figure("Nobody", "lost"), None);
    }

    #[test]
    fn comparisons_hold_where_they_should() {
        let report = Report {
            acked: 5,
            ..Report::default()
        };
        let truth = |is: &str, value| report.unmet(&[expect("", "acked", is, value)]).is_empty();
        let table = COMPARISONS
            .iter()
            .map(|is| [4, 5, 6].map(|value| truth(is, value)));
        assert_eq!(
            table.collect::<Vec<_>>(),
            [
                [false, true, false],
                [true, true, false],
                [false, true, true],
                [true, false, false],
                [false, false, true],
            ]
        );
        assert_eq!(
            report.unmet(&[expect("", "acked", ">", 5)]),
            ["the producers: acked is 5, expected > 5"]
        );
    }
}
