use super::*;
use crate::scenario::{CommitWhen, Guarantee, Idempotency, Ratio, Span, preset};

fn orders() -> Scenario {
    preset("order-processing").unwrap()
}

#[test]
fn parameters_are_read_in_any_case_and_by_real_names() {
    let mut s = orders();
    for (name, text, now) in [
        ("LOSS", "1/20", "5%"),
        ("ackloss", "0.2", "20%"),
        ("crash", "never", "0"),
        ("payment.serviceTime", "1.5s", "1.5s"),
        ("Payment.max.poll.records", "500", "500"),
        ("enable.idempotence", "false", "0"),
        ("inventory.instances", "4", "4"),
        ("analytics.commit", "After Each", "after-each"),
        ("partitions", "12", "12"),
    ] {
        set(&mut s, name, text).unwrap();
        assert_eq!(get(&s, name).as_deref(), Some(now), "{name}");
    }
    assert_eq!(s.faults.loss, Ratio::percent(5));
    assert_eq!(s.services[0].service_time, Span::us(1_500_000));
    assert_eq!(s.services[1].instances, 4);
    assert!(!s.producers[0].idempotence);
}

#[test]
fn a_guarantee_sets_its_bundle_and_a_setting_by_hand_leaves_the_promise() {
    let mut s = orders();
    set(&mut s, "payment.guarantee", "at-most-once").unwrap();
    assert_eq!(s.services[0].guarantee, Guarantee::AtMostOnce);
    assert_eq!(s.services[0].commit, CommitWhen::Before);
    set(&mut s, "payment.guarantee", "at least once idempotent").unwrap();
    assert_eq!(s.services[0].idempotency, Idempotency::IdempotencyKey);
    set(&mut s, "payment.idempotency", "table-checked").unwrap();
    assert_eq!(s.services[0].guarantee, Guarantee::AtLeastOnceIdempotent);
    assert_eq!(s.services[0].idempotency, Idempotency::TableChecked);
}

#[test]
fn what_is_not_allowed_is_said_and_changes_nothing() {
    let mut s = orders();
    let before = s.clone();
    for (name, text, sentence) in [
        (
            "loss",
            "7",
            "`loss` cannot be `7`: allowed is a ratio from 0 to 1 such as 0.05, 5% or 1/20.",
        ),
        (
            "rate",
            "20000",
            "`rate` cannot be `20000`: allowed is a whole number from 1 to 10,000.",
        ),
        (
            "payment.guarantee",
            "twice",
            "`payment.guarantee` cannot be `twice`: allowed is `at-most-once`, `at-least-once`, \
             `at-least-once-idempotent` or `exactly-once`.",
        ),
        (
            "los",
            "5%",
            "There is no parameter `los`; did you mean `loss`?",
        ),
        (
            "payments.guarantee",
            "at-most-once",
            "There is no service `payments`; did you mean `payment`?",
        ),
        (
            "visibilityTimeout",
            "1s",
            "`visibilityTimeout` belongs to something that this scenario does not have.",
        ),
    ] {
        let problem = set(&mut s, name, text).unwrap_err();
        assert!(
            problem
                .to_string()
                .starts_with(sentence.trim_end_matches('?')),
            "{problem}"
        );
    }
    assert_eq!(s, before);
    assert_eq!(get(&s, "visibilityTimeout"), None);
}

#[test]
fn names_are_unique_and_every_row_is_explained() {
    let mut names: Vec<String> = Vec::new();
    for param in all() {
        let own = std::iter::once(&param.name).chain(param.also);
        names.extend(
            own.map(|name| format!("{} {}", param.scope == Scope::Service, name.to_lowercase())),
        );
        assert!(
            param.doc.ends_with('.') && !param.label.is_empty() && !param.words.is_empty(),
            "{param:?}"
        );
        assert!(
            !param.name.contains('.'),
            "{param:?} would be taken for a service's"
        );
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_value_of_every_parameter_can_be_set_and_read_back() {
    let original = orders();
    for handle in of(&original) {
        let kind = handle.param.kind;
        let (least, most) = kind.bounds();
        for raw in [least, most]
            .into_iter()
            .chain(kind.stops())
            .filter(|&raw| kind.allows(raw))
        {
            let mut s = original.clone();
            handle.set_raw(&mut s, raw).unwrap();
            assert_eq!(handle.raw(&s), Some(raw), "{handle:?}");
            let mut again = original.clone();
            handle.set(&mut again, &handle.text(&s)).unwrap();
            assert_eq!(again, s, "{handle:?}");
            handle.set(&mut again, &kind.link_text(raw)).unwrap();
            assert_eq!(again, s, "{handle:?}");
        }
        let beyond = handle.set_raw(&mut original.clone(), most + 1);
        assert!(beyond.is_err(), "{handle:?}");
        assert!(
            kind.allows(handle.raw(&original).unwrap()),
            "the preset's own {handle:?}"
        );
    }
}

#[test]
fn values_are_said_with_their_unit() {
    let mut s = orders();
    let words = |s: &Scenario, name| {
        let handle = find(s, name).unwrap();
        handle.words(handle.raw(s).unwrap())
    };
    assert_eq!(words(&s, "loss"), "5 percent of requests lost");
    assert_eq!(
        words(&s, "crash"),
        "12 seconds between crashes of one instance"
    );
    set(&mut s, "crash", "0").unwrap();
    assert_eq!(words(&s, "crash"), "Consumer crashes: never");
    set(&mut s, "idempotence", "off").unwrap();
    assert_eq!(words(&s, "idempotence"), "Idempotent producer: off");
}
