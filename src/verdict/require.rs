//! What is asked of all services together, held against the verdict so far.

use super::report::Report;
use crate::scenario::{Requirement, Rule, Scenario, apart};

/// How a requirement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What is asked, as the rest of a sentence.
    pub words: String,
    /// Whether it has been met so far.
    pub met: bool,
    /// What that rests on, in a sentence.
    pub because: String,
}

impl Report {
    /// How each of the scenario's requirements stands, in their order.
    pub fn requirements(&self, scenario: &Scenario) -> Vec<Judged> {
        let stand = |requirement: &Requirement| {
            let (met, because) = match &requirement.rule {
                Rule::Figures(expects) => {
                    let unmet = self.unmet(expects);
                    let so_far = || "Nothing so far speaks against it.".to_string();
                    let because = unmet
                        .first()
                        .map_or_else(so_far, |first| format!("{first}."));
                    (unmet.is_empty(), because)
                }
                Rule::Apart { service, from } => match apart(scenario, service, from) {
                    None => (true, self.backlogs(service, from)),
                    Some(reason) => (false, format!("{reason}.")),
                },
            };
            Judged {
                words: requirement.words.clone(),
                met,
                because,
            }
        };
        scenario.requires.iter().map(stand).collect()
    }

    fn backlogs(&self, service: &str, from: &str) -> String {
        let open = |name| self.figure(name, "pending").unwrap_or(0);
        format!(
            "Each reads at its own position: {service} has {} open now, {from} {}.",
            open(service),
            open(from)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Guarantee, Ratio, preset};
    use crate::timeline::Run;

    fn ended(scenario: &Scenario) -> Report {
        let mut run = Run::new(scenario.clone()).expect("valid");
        run.to_end();
        run.report()
    }

    #[test]
    fn the_main_job_meets_what_is_required_and_a_weaker_promise_does_not() {
        let mut s = preset("order-processing").expect("built in");
        let met = |s: &Scenario| {
            let all = ended(s).requirements(s);
            all.iter().map(|r| r.met).collect::<Vec<_>>()
        };
        assert_eq!(met(&s), [true; 4]);
        s.services[0].promise(Guarantee::AtMostOnce);
        assert_eq!(met(&s), [false, true, true, true]);
        s.services[0].promise(Guarantee::AtLeastOnce);
        assert_eq!(met(&s), [true, false, true, true]);
        s.producers[0].idempotence = false;
        s.faults.ack_loss = Ratio::percent(20);
        s.faults.loss = Ratio::percent(20);
        s.load.rate = 100;
        let standing = &ended(&s).requirements(&s)[2];
        assert!(!standing.met, "{standing:?}");
        assert!(standing.because.contains("out_of_order is"), "{standing:?}");
    }
}
