//! What a reader who does not see the page is told without asking: verdicts that turned, and the event a step led to.

use super::sentence::told;
use super::words;
use crate::scenario::Scenario;
use crate::trace::Event;
use crate::verdict::Report;

/// The most letters of one message: more would still be spoken when the next one comes.
pub const LONGEST: usize = 200;

/// Which promises hold, in the order of the services.
pub fn standing(report: &Report) -> Vec<bool> {
    report.services.iter().map(|s| s.held).collect()
}

/// What is new since promises stood like this: each verdict that turned, and the event that a step has led to.
/// Empty where nothing is.
pub fn news(
    before: &[bool],
    report: &Report,
    event: Option<&Event>,
    scenario: &Scenario,
) -> String {
    let services = report.services.iter().zip(&scenario.services).zip(before);
    let turned = services.filter(|((report, _), held)| report.held != **held);
    let verdict = |((report, service), _): ((&_, &crate::scenario::Service), _)| {
        let words = words::sentence(report, &scenario.load.noun, service.effect);
        let (_, outcome) = words.split_once(": ").unwrap_or(("", &words));
        format!("{}: {outcome}.", service.name)
    };
    let turned = turned.map(verdict);
    let all = turned.chain(event.map(|event| told(event, scenario)));
    short(all.collect())
}

/// As many of the sentences as there is room for, and how many more there are.
fn short(sentences: Vec<String>) -> String {
    let whole = sentences.join(" ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let mut text = String::new();
    for (i, sentence) in sentences.iter().enumerate() {
        let rest = format!("And {} more.", sentences.len() - i);
        if text.chars().count() + sentence.chars().count() + rest.len() + 1 > LONGEST {
            return match text.as_str() {
                "" => sentence.chars().take(LONGEST - 1).chain(['…']).collect(),
                _ => text + &rest,
            };
        }
        text.push_str(sentence);
        text.push(' ');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{params, preset};
    use crate::timeline::Timeline;

    #[test]
    fn a_promise_that_breaks_is_told_once_and_briefly() {
        let mut scenario = preset("order-processing").expect("a preset");
        params::set(&mut scenario, "payment.idempotency", "none").expect("a parameter");
        params::set(&mut scenario, "inventory.idempotency", "none").expect("a parameter");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        let before = standing(&timeline.report());
        timeline.advance(60_000_000, usize::MAX);
        let report = timeline.report();
        let text = news(&before, &report, None, &scenario);
        assert!(text.contains("promise broken, "), "{text}");
        assert!(text.chars().count() <= LONGEST, "{text}");
        assert_eq!(news(&standing(&report), &report, None, &scenario), "");
    }

    #[test]
    fn a_step_is_told_with_its_time() {
        let scenario = preset("lost-ack").expect("a preset");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        timeline.step();
        let report = timeline.report();
        let event = timeline.events().last().copied();
        let text = news(&standing(&report), &report, event.as_ref(), &scenario);
        assert!(text.starts_with("At "), "{text}");
    }

    #[test]
    fn what_is_too_long_says_how_much_is_left_out() {
        let many: Vec<String> = (0..9)
            .map(|i| format!("Service {i} has broken its promise."))
            .collect();
        let text = short(many);
        assert!(
            text.chars().count() <= LONGEST && text.ends_with("And 4 more."),
            "{text}"
        );
        assert_eq!(short(vec!["x".repeat(300)]).chars().count(), LONGEST);
    }
}
