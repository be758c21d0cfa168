use serde_json::{Value, json};

use super::*;
use crate::scenario::link::{PageOptions, Theme, open};
use crate::scenario::{Action, Intervention, Ratio, Scenario, Span, params, preset, preset_names};
use crate::timeline::Timeline;

const HOST: &str = "https://course.example";

fn scenario() -> Scenario {
    preset_names().next().and_then(preset).expect("a preset")
}

fn said(kind: &str, fields: Value) -> String {
    let mut message = json!({ "context": "delivery-lab", "v": 1, "type": kind });
    for (name, value) in fields.as_object().expect("an object") {
        message[name] = value.clone();
    }
    message.to_string()
}

fn command(kind: &str, fields: Value) -> Command {
    match parse(&said(kind, fields)) {
        Some(Ok(request)) => request.command,
        other => panic!("{kind}: {other:?}"),
    }
}

fn problem(kind: &str, fields: Value) -> String {
    match parse(&said(kind, fields)) {
        Some(Err((_, problem))) => problem.to_string(),
        other => panic!("{kind}: {other:?}"),
    }
}

fn greeted() -> Session {
    let mut session = Session::new(&[]);
    let hello = said("hello", json!({ "events": ["loss"] }));
    assert!(matches!(session.receive(true, HOST, &hello), Answer::Do(_)));
    session
}

#[test]
fn commands_are_read() {
    assert_eq!(command("play", json!({})), Command::Play);
    assert_eq!(command("step", json!({})), Command::Step(1));
    assert_eq!(
        command("stepBack", json!({ "n": 3.0 })),
        Command::StepBack(3)
    );
    assert_eq!(
        command("seek", json!({ "t": 1.5 })),
        Command::Seek(1_500_000)
    );
    let change = |name: &str, text: &str| Change {
        name: name.into(),
        text: text.into(),
    };
    assert_eq!(
        command("set", json!({ "values": { "loss": 0.05, "acks": "all" } })),
        Command::Set(vec![change("acks", "all"), change("loss", "0.05")])
    );
    assert_eq!(
        command("hello", json!({ "events": ["play"] })),
        Command::Hello(vec!["play"])
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (kind, fields, words) in [
        ("seek", json!({}), "`t` cannot be `null`"),
        ("seek", json!({ "t": -1 }), "`t` cannot be `-1`"),
        ("seek", json!({ "t": "soon" }), "`t` cannot be"),
        ("step", json!({ "n": 0 }), "`n` cannot be `0`"),
        (
            "step",
            json!({ "n": 1.5 }),
            "a whole number from 1 to 1,000",
        ),
        ("set", json!({}), "`values` cannot be"),
        (
            "set",
            json!({ "values": { "loss": [] } }),
            "`loss` cannot be `[]`",
        ),
        ("setState", json!({ "state": 7 }), "`state` cannot be `7`"),
        (
            "hello",
            json!({ "events": ["losss"] }),
            "did you mean `loss`?",
        ),
        ("hello", json!({ "events": "loss" }), "`events` cannot be"),
        ("play", json!({ "id": {} }), "`id` cannot be `{}`"),
        ("play", json!({ "v": 2 }), "`v` cannot be `2`"),
    ] {
        let sentence = problem(kind, fields);
        assert!(sentence.contains(words), "{sentence}");
    }
}

#[test]
fn what_is_not_ours_is_ignored() {
    let long = said("play", json!({ "id": "x", "pad": "y".repeat(LONGEST) }));
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for text in [
        "",
        "null",
        "7",
        "\"play\"",
        "{}",
        "{\"context\":\"h5p\",\"type\":\"play\",\"v\":1}",
        &said("dance", json!({})),
        &long,
        &deep,
    ] {
        assert_eq!(parse(text), None, "{}", &text[..text.len().min(60)]);
    }
}

#[test]
fn only_who_says_hello_first_is_heard() {
    let mut session = Session::new(&[]);
    let play = said("play", json!({}));
    assert_eq!(session.receive(true, HOST, &play), Answer::Ignore);
    assert_eq!(session.target(), None);
    let hello = said("hello", json!({}));
    assert_eq!(session.receive(false, HOST, &hello), Answer::Ignore);
    assert!(matches!(session.receive(true, HOST, &hello), Answer::Do(_)));
    assert_eq!(session.target(), Some(HOST));
    assert!(matches!(session.receive(true, HOST, &play), Answer::Do(_)));
    assert_eq!(
        session.receive(true, "https://other.example", &hello),
        Answer::Ignore
    );
    assert_eq!(session.receive(false, HOST, &play), Answer::Ignore);
    assert_eq!(session.target(), Some(HOST));
}

#[test]
fn the_parameter_origin_says_who_may() {
    let mut session = Session::new(&[HOST.into()]);
    let hello = said("hello", json!({}));
    for stranger in [
        "https://course.example.evil",
        "http://course.example",
        "null",
    ] {
        assert_eq!(session.receive(true, stranger, &hello), Answer::Ignore);
    }
    assert!(matches!(session.receive(true, HOST, &hello), Answer::Do(_)));
}

#[test]
fn an_opaque_host_is_answered_though_it_cannot_be_named() {
    let mut session = Session::new(&[]);
    session.receive(true, "null", &said("hello", json!({})));
    assert_eq!(session.target(), Some("*"));
}

#[test]
fn errors_go_to_the_one_who_asked() {
    let mut session = greeted();
    let with_id = session.receive(true, HOST, &said("seek", json!({ "id": 4, "t": "x" })));
    let Answer::Say(message) = with_id else {
        panic!("{with_id:?}");
    };
    assert_eq!(message["type"], "reply");
    assert_eq!(message["id"], 4);
    assert_eq!(message["ok"], false);
    assert_eq!(message["error"]["field"], "t");
    let Answer::Say(message) = session.receive(true, HOST, &said("seek", json!({}))) else {
        panic!("silence");
    };
    assert_eq!(message["name"], "error");
}

#[test]
fn events_are_those_subscribed_to() {
    let mut session = greeted();
    assert!(session.wants("loss") && session.wants("error") && !session.wants("play"));
    session.receive(
        true,
        HOST,
        &said("subscribe", json!({ "events": ["play"] })),
    );
    assert!(session.wants("play") && !session.wants("loss"));
}

#[test]
fn some_options_of_the_page_can_be_set_and_are_told_from_parameters() {
    let set = |values: Value| match command("set", json!({ "values": values })) {
        Command::Set(changes) => dressed(&PageOptions::default(), changes),
        other => panic!("{other:?}"),
    };
    let (page, left) = set(json!({ "Theme": "dark", "speed": 0.1, "loss": 0.05 })).expect("fine");
    assert_eq!(page.theme, Theme::Dark);
    assert_eq!(page.speed, Some(Ratio(100_000)));
    let names: Vec<_> = left.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["loss"]);
    let problem = |values| set(values).expect_err("it is wrong").to_string();
    assert!(problem(json!({ "theme": "pink" })).contains("`theme` cannot be `pink`"));
    assert!(problem(json!({ "speed": 1, "Speed": 0.1 })).contains("given two values"));
}

#[test]
fn options_of_the_page_stay_in_the_address() {
    let change = Change {
        name: "Panels".into(),
        text: "log".into(),
    };
    let problem = changed(&scenario(), &[change]).expect_err("an option");
    assert!(
        problem
            .to_string()
            .contains("`panels` is an option of the page")
    );
}

#[test]
fn values_are_set_whatever_order_they_come_in() {
    let Command::Set(changes) = command(
        "set",
        json!({ "values": { "payment.commit": "never", "payment.guarantee": "at-least-once" } }),
    ) else {
        panic!("another command");
    };
    let (scenario, _) = changed(&scenario(), &changes).expect("they go together");
    for Change { name, text } in changes {
        assert_eq!(params::get(&scenario, &name), Some(text), "{name}");
    }
}

#[test]
fn one_parameter_has_one_value() {
    let change = |name: &str, text: &str| Change {
        name: name.into(),
        text: text.into(),
    };
    let twice = [change("latency", "5ms"), change("Delay", "9ms")];
    let problem = changed(&scenario(), &twice).expect_err("two values");
    assert_eq!(
        problem.to_string(),
        "`latency` and `Delay` are names of the same parameter."
    );
}

#[test]
fn a_height_is_asked_for_once() {
    let names = ["h5p", "lti", "edx", "own"].map(String::from);
    let mut resizer = Resizer::new(&names);
    assert_eq!(
        resizer.begin(),
        [json!({ "context": "h5p", "action": "hello" })]
    );
    let size = Sized {
        width: 480,
        height: 300,
    };
    let said = resizer.want(size);
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(
        said[0],
        json!({ "subject": "lti.frameResize", "height": 300 })
    );
    assert!(
        said[1]
            .as_str()
            .is_some_and(|text| text.contains("lti.frameResize"))
    );
    assert_eq!(said[2]["payload"]["height"], 300);
    assert_eq!(said[3]["height"], 300);
    assert_eq!(resizer.want(size), Vec::<Value>::new());
    assert_eq!(resizer.hear("h5p", "ready"), resizer.begin());
    let greeted = resizer.hear("h5p", "hello");
    assert!(resizer.hear("h5p", "ready").is_empty());
    assert_eq!(greeted[0]["action"], "prepareResize");
    assert_eq!(
        resizer.hear("h5p", "resizePrepared")[0]["scrollHeight"],
        300
    );
    assert!(resizer.hear("h5p", "hello").is_empty() && resizer.hear("h5p", "resize").is_empty());
    assert!(resizer.hear("other", "resizePrepared").is_empty());
    // It forgets the height of a frame that it had spread over the page.
    assert!(resizer.hear("h5p", "fullScreen").is_empty());
    let back = resizer.hear("h5p", "exitFullScreen");
    assert_eq!(
        (back.len(), &back[0]["action"]),
        (1, &json!("prepareResize"))
    );
}

#[test]
fn without_a_name_nobody_is_told() {
    let mut resizer = Resizer::new(&[]);
    assert!(!resizer.is_used() && resizer.begin().is_empty());
    assert!(
        resizer
            .want(Sized {
                width: 9,
                height: 9
            })
            .is_empty()
    );
    assert!(resizer.hear("h5p", "hello").is_empty());
}

#[test]
fn timeupdate_comes_four_times_a_second() {
    let mut pace = Pace::default();
    let times = (0..2_000).filter(|ms| pace.due(f64::from(*ms))).count();
    assert_eq!(times, 8);
}

#[test]
fn the_run_is_told_once_and_bounded() {
    let mut scenario = scenario();
    params::set(&mut scenario, "ackLoss", "30%").expect("a parameter");
    params::set(&mut scenario, "idempotence", "0").expect("a parameter");
    let mut timeline = Timeline::new(scenario).expect("it runs");
    let mut feed = Feed::default();
    timeline.advance(5_000_000, usize::MAX);
    let all = feed.read(&timeline, |_| true);
    assert!(
        all.len() == 20 && all[0].detail["missed"].as_u64() > Some(0),
        "{all:?}"
    );
    assert!(all.iter().any(|found| found.name == "delivery"));
    assert!(feed.read(&timeline, |_| true).is_empty());
    timeline.seek(0);
    assert!(feed.read(&timeline, |_| true).is_empty());
    timeline.advance(5_000_000, usize::MAX);
    let duplicates = feed.read(&timeline, |name| name == "duplicate");
    assert!(!duplicates.is_empty());
    assert!(duplicates.iter().all(|found| found.name == "duplicate"));
}

const BASE: &str = "https://lab.example/figures/";

#[test]
fn what_is_pasted_opens_the_same_scenario() {
    let mut scenario = scenario();
    params::set(&mut scenario, "ackLoss", "7%").expect("a parameter");
    let page = PageOptions::default();
    let shared = share(BASE, &scenario, &page, &[]).expect("short enough");
    let query = shared
        .link
        .strip_prefix(BASE)
        .expect("an address below the base");
    assert_eq!(open(query, "").scenario, scenario);
    assert!(shared.iframe.contains("&amp;embed=1"), "{}", shared.iframe);
    assert!(
        shared.element.contains(" ack-loss=\""),
        "{}",
        shared.element
    );
    assert!(
        shared
            .element
            .contains("src=\"https://lab.example/figures/embed.js\"")
    );
    assert!(shared.markdown.starts_with("[![") && shared.markdown.contains("-light.svg"));
}

#[test]
fn what_was_done_by_hand_is_pasted_too() {
    let action = Action::CrashConsumer {
        service: 0,
        instance: 0,
    };
    let inputs = [Intervention {
        at: Span::ms(1_500),
        action,
    }];
    let page = PageOptions {
        title: "A \"crash\" <b>".into(),
        ..PageOptions::default()
    };
    let shared = share(BASE, &scenario(), &page, &inputs).expect("short enough");
    let (_, fragment) = shared.link.split_once('#').expect("a fragment");
    assert_eq!(open("", fragment).interventions, inputs);
    assert!(shared.element.contains(&format!("state=\"{fragment}\"")));
    assert!(
        shared
            .iframe
            .contains("title=\"A &quot;crash&quot; &lt;b&gt;\""),
        "{}",
        shared.iframe
    );
}

#[test]
fn every_preset_can_be_embedded_by_asking() {
    for name in preset_names() {
        let answer = oembed(BASE, name).expect("a preset");
        assert_eq!(answer["type"], "rich");
        assert!(
            answer["html"]
                .as_str()
                .is_some_and(|html| html.contains("embed=1"))
        );
    }
    assert_eq!(oembed(BASE, "nothing"), None);
}
