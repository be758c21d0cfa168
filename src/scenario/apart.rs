//! Whether one service can be held up by another.

use super::{Channel, EffectKind, Scenario, Service};

/// Why a service is slowed when another one is slow; `None` where it is not. Readers of a log have a position each,
/// and behind SNS or a fanout exchange each has a queue, so none of them waits for another. What they share is one
/// queue that they receive from, or the work that one does for the other. A name that is no service's is a reason too.
pub fn apart(scenario: &Scenario, service: &str, from: &str) -> Option<String> {
    let find = |name: &str| scenario.services.iter().find(|s| s.name == name);
    let (Some(one), Some(other)) = (find(service), find(from)) else {
        return Some(format!("there is no {service}, or no {from}"));
    };
    let shared = one.topics.iter().find(|name| {
        let queue = scenario.topic(name).map(|topic| &topic.channel);
        matches!(queue, Some(Channel::Lease(_))) && other.topics.contains(name)
    });
    if let Some(queue) = shared {
        return Some(format!(
            "{service} and {from} receive from one queue, {queue}"
        ));
    }
    feeds(scenario, other, one, scenario.services.len())
        .then(|| format!("{service} reads what {from} writes"))
}

/// Whether what `above` writes comes to `below`, by others in between too. `depth` bounds these: they may form a circle.
fn feeds(scenario: &Scenario, above: &Service, below: &Service, depth: usize) -> bool {
    let writes = |s: &Service| s.effect == EffectKind::Record;
    let reads = |s: &Service| s.topics.contains(&above.output);
    writes(above)
        && (reads(below)
            || depth > 0
                && scenario.services.iter().any(|s| {
                    s.name != above.name && reads(s) && feeds(scenario, s, below, depth - 1)
                }))
}

#[cfg(test)]
mod tests {
    use super::super::{LeaseChannel, Span, preset};
    use super::*;
    use crate::timeline::Run;
    use crate::trace::Event;

    /// What is about a service, with the moment, up to the end.
    fn course(scenario: &Scenario, service: u16) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        let mut run = Run::new(scenario.clone()).expect("valid");
        run.advance(u64::MAX, usize::MAX, &mut |event: &Event| {
            if crate::explain::service_of(&event.kind) == Some(service) {
                all.push((event.at, format!("{:?}", event.kind)));
            }
        });
        all
    }

    fn slowed(scenario: &Scenario, nth: usize) -> Scenario {
        let mut slow = scenario.clone();
        slow.services[nth].service_time = Span::ms(1_500);
        slow
    }

    #[test]
    fn a_slow_reader_of_the_log_changes_nothing_for_another() {
        let mut s = preset("order-processing").expect("built in");
        s.duration = Span::s(20);
        assert_eq!(apart(&s, "Payment", "Notification"), None);
        let (usual, slow) = (course(&s, 0), course(&slowed(&s, 2), 0));
        // Beyond the last of the usual run the other one only goes on longer.
        let until = usual
            .iter()
            .rposition(|(_, what)| what.contains("Effect"))
            .expect("effects");
        assert!(until > 100);
        assert_eq!(usual[..=until], slow[..=until]);
        assert_ne!(course(&s, 2), course(&slowed(&s, 2), 2));
    }

    #[test]
    fn a_shared_queue_and_work_for_another_hold_it_up() {
        let mut s = preset("order-processing").expect("built in");
        s.duration = Span::s(20);
        s.topics[0].channel = Channel::Lease(LeaseChannel::default());
        let reason = apart(&s, "Payment", "Notification").expect("they share it");
        assert!(reason.contains("order-events"), "{reason}");
        assert_ne!(course(&s, 0), course(&slowed(&s, 2), 0));
        let pipeline = preset("kafka-transaction").expect("built in");
        let names: Vec<&str> = pipeline.services.iter().map(|s| s.name.as_str()).collect();
        let [above, below, ..] = names[..] else {
            panic!("{names:?}")
        };
        assert!(apart(&pipeline, below, above).is_some_and(|why| why.contains("writes")));
        assert_eq!(apart(&pipeline, above, below), None);
        assert!(apart(&s, "Payment", "Nobody").is_some_and(|why| why.contains("no Nobody")));
    }
}
