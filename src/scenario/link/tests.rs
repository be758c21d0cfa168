use super::*;
use crate::scenario::{Action, Channel, LeaseChannel, Placed, Ratio, Span};

fn orders() -> Scenario {
    preset("order-processing").unwrap()
}

#[test]
fn a_link_reads_as_a_person_would_write_it() {
    let (s, page, problems) = from_query(
        "?Preset=order-processing&LOSS=10%25&ackloss=1/20&payment.guarantee=exactly-once&embed&autoplay=1&theme=dark&t=1:30",
    );
    assert_eq!(problems, []);
    assert_eq!(
        (s.faults.loss, s.faults.ack_loss),
        (Ratio::percent(10), Ratio::percent(5))
    );
    assert_eq!(
        (page.embed, page.autoplay, page.theme),
        (true, true, Theme::Dark)
    );
    assert_eq!(page.t, Some(Span::s(90)));
    assert_eq!(
        to_query(&s, &page),
        "preset=order-processing&loss=0.1&payment.guarantee=exactly-once&autoplay=1&embed=1&theme=dark&t=90s"
    );
}

#[test]
fn the_order_of_a_link_does_not_matter() {
    let one = from_query("payment.commit=never&payment.guarantee=at-least-once").0;
    let other = from_query("payment.guarantee=at-least-once&payment.commit=never").0;
    assert_eq!(one, other);
    assert_eq!(
        params::get(&one, "payment.commit").as_deref(),
        Some("never")
    );
}

#[test]
fn what_is_wrong_keeps_its_default_and_is_said() {
    let (s, page, problems) = from_query(
        "preset=order-procesing&loss=200%25&speed=7&theme=pink&panels=verdict,nmbers&rte=5&utm_source=x&fbclid=y&v=2&foo.bar=1&shop.commit=auto",
    );
    assert_eq!(s, orders());
    assert_eq!(page, PageOptions::default());
    let sentences: Vec<&str> = problems
        .iter()
        .map(|problem| problem.sentence.as_str())
        .collect();
    assert_eq!(
        sentences,
        [
            "There is no preset `order-procesing`; did you mean `order-processing`?",
            "`loss` cannot be `200%`: allowed is a ratio from 0 to 1 such as 0.05, 5% or 1/20.",
            "`speed` cannot be `7`: allowed is a ratio from 0.001 to 1 such as 0.1 or 1/100.",
            "`theme` cannot be `pink`: allowed is `auto`, `light`, `dark`, `projector` or `contrast`.",
            "`panels` cannot be `verdict,nmbers`: allowed is `verdict`, `settings`, `message`, `numbers`, `log`, `moment`, `forks` and `compare`, each at most once and separated by commas.",
            "There is no parameter `rte`; did you mean `rate`?",
            "There is no service `shop`.",
        ]
    );
}

#[test]
fn settings_that_contradict_each_other_are_left_out_and_the_rest_holds() {
    let (s, _, problems) = from_query("loss=0.3&replication=4&brokers=3&rate=77");
    assert_eq!((s.faults.loss, s.load.rate), (Ratio::percent(30), 77));
    assert_eq!(check(&s), []);
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].sentence.contains("only 3 brokers"),
        "{}",
        problems[0]
    );
    let (s, _, problems) = from_query("brokers=1&replication=1");
    assert_eq!((s.cluster.brokers, problems), (1, vec![]));
}

#[test]
fn a_fragment_carries_what_no_query_can() {
    let mut s = orders();
    s.expects.clear();
    s.topics[0].channel = Channel::Lease(LeaseChannel::default());
    s.services.truncate(2);
    let mut third = s.services[1].clone();
    third.name = "Audit".into();
    s.services.extend([third.clone(), third.clone(), third]);
    s.services[3].name = "Audit 2".into();
    s.services[4].name = "Größe".into();
    s.faults.placed.push(Placed::LoseAck {
        message: 3,
        attempt: 1,
    });
    let done = [
        Intervention {
            at: Span::ms(1_500),
            action: Action::CrashBroker { broker: 1 },
        },
        Intervention {
            at: Span::s(2),
            action: Action::Set {
                name: "loss".into(),
                value: "0.5".into(),
            },
        },
    ];
    let page = PageOptions {
        embed: true,
        ..PageOptions::default()
    };
    let link = link(&s, &page, &done).unwrap();
    let (query, fragment) = link.split_once('#').unwrap();
    assert_eq!(query, "?embed=1");
    let opened = open(query, fragment);
    assert_eq!(
        opened,
        Opened {
            scenario: s,
            page,
            interventions: done.into(),
            problems: vec![]
        }
    );
    assert_eq!(
        open("loss=0.07", fragment).scenario.faults.loss,
        Ratio::percent(7),
        "the query is applied on top"
    );
}

#[test]
fn broken_fragments_are_refused_with_a_sentence() {
    let fragment = to_fragment(&orders(), &[]).unwrap();
    assert_eq!(from_fragment(&fragment), Some(Ok((orders(), vec![]))));
    assert_eq!(from_fragment("#section-2"), None);
    let bad = |json: &str| format!("s=1.{}", codec::to_base64(json.as_bytes()));
    for (fragment, words) in [
        ("s=".into(), "does not begin with `1.`"),
        ("s=2.abcd".into(), "another version"),
        ("s=1.!".into(), "broken"),
        (fragment[..fragment.len() - 3].into(), "broken"),
        (bad("{}"), "cannot be run"),
        (bad(r#"{"p":"no-such"}"#), "not there: `no-such`"),
        (
            bad(r#"{"p":"order-processing","d":{"services":{"n":99999999999}}}"#),
            "broken",
        ),
        (
            bad(r#"{"p":"order-processing","d":{"services":{"9":{"name":"x"}}}}"#),
            "broken",
        ),
        (
            bad(r#"{"p":"order-processing","d":{"load":{"rate":20000}}}"#),
            "`rate` cannot be `20000`",
        ),
        (
            bad(r#"{"p":"order-processing","d":{"load":{"rote":2}}}"#),
            "broken",
        ),
        (bad(r#"{"p":"order-processing","x":1}"#), "broken"),
        (format!("s=1.{}", "A".repeat(3_000)), "longer than 2000"),
    ] {
        let opened = open("", &fragment);
        assert_eq!(opened.scenario, orders());
        assert_eq!(opened.problems.len(), 1, "{fragment}");
        assert!(
            opened.problems[0].sentence.contains(words),
            "{}",
            opened.problems[0]
        );
    }
    let many = vec![
        Intervention {
            at: Span(1),
            action: Action::CrashBroker { broker: 0 }
        };
        1_000
    ];
    assert!(
        to_fragment(&orders(), &many)
            .unwrap_err()
            .sentence
            .contains("at most 2000")
    );
}
