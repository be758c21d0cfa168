//! The command line as a person or a grader calls it.
#![cfg(not(target_arch = "wasm32"))]

use std::path::PathBuf;
use std::process::{Command, Output};

use delivery_lab::scenario::{Expect, params, preset, preset_names};
use serde_json::Value;

fn lab(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(args)
        .output()
        .expect("lab starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    let output = lab(args);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A file of its own for this test.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn the_json_has_the_agreed_shape() {
    let verdict = json(&[
        "run",
        "order-processing",
        "--seed",
        "9",
        "--for",
        "2s",
        "--set",
        "loss=0.05",
        "--json",
    ]);
    let top = [
        "events",
        "orders",
        "preset",
        "seed",
        "services",
        "simulated_us",
        "trace_hash",
    ];
    assert_eq!(keys(&verdict), top);
    assert_eq!(
        (&verdict["preset"], &verdict["seed"]),
        (&"order-processing".into(), &9.into())
    );
    assert_eq!(
        keys(&verdict["services"]),
        ["analytics", "inventory", "notification", "payment"]
    );
    let figures = [
        "delivered",
        "duplicated",
        "effects",
        "guarantee",
        "held",
        "latency_us",
        "lost",
        "out_of_order",
        "pending",
        "processed",
        "published",
    ];
    for (_, service) in verdict["services"].as_object().expect("services") {
        assert_eq!(keys(service), figures);
        assert_eq!(keys(&service["latency_us"]), ["p50", "p99"]);
        assert_eq!(service["published"], verdict["orders"]);
        assert!(service["held"].is_boolean());
    }
    assert_eq!(
        verdict["services"]["payment"]["guarantee"],
        "at-least-once-idempotent"
    );
    assert!(
        verdict["orders"].as_u64() > Some(5) && verdict["orders"].as_u64() < Some(60),
        "10 a second, 2 s"
    );
    assert!(verdict["simulated_us"].as_u64() >= Some(1_000_000));
    let hash = verdict["trace_hash"].as_str().expect("text");
    assert!(
        hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()),
        "{hash}"
    );
}

#[test]
fn the_same_seed_gives_the_same_run_and_settings_change_it() {
    let run = |more: &[&str]| {
        let args = [&["run", "order-processing", "--for", "1s", "--json"], more].concat();
        json(&args)
    };
    let first = run(&["--seed", "3"]);
    assert_eq!(first, run(&["--seed", "3"]));
    assert_eq!(first, run(&["--set", "seed=3"]));
    assert_ne!(first["trace_hash"], run(&["--seed", "4"])["trace_hash"]);
    let weaker = run(&[
        "--seed",
        "3",
        "--set",
        "payment.guarantee=at-most-once",
        "--set",
        "loss=0",
    ]);
    assert_eq!(weaker["services"]["payment"]["guarantee"], "at-most-once");
    assert_ne!(first["trace_hash"], weaker["trace_hash"]);
}

#[test]
fn what_is_unknown_or_out_of_range_ends_with_2_and_a_sentence() {
    for (args, words) in [
        (
            vec!["run", "order-procesing"],
            "did you mean `order-processing`?",
        ),
        (vec!["run", "zebra"], "The presets are order-processing"),
        (
            vec!["run", "no-such-file.json"],
            "`no-such-file.json` cannot be read",
        ),
        (
            vec!["run", "order-processing", "--set", "los=5%"],
            "did you mean `loss`?",
        ),
        (
            vec!["run", "order-processing", "--set", "loss=1.5"],
            "`loss` cannot be `1.5`: allowed is a ratio from 0 to 1",
        ),
        (
            vec!["run", "order-processing", "--set", "rate=10001"],
            "from 1 to 10,000",
        ),
        (
            vec![
                "run",
                "order-processing",
                "--set",
                "payment.guarantee=twice",
            ],
            "`exactly-once`",
        ),
        (
            vec!["run", "order-processing", "--set", "shop.commit=auto"],
            "There is no service `shop`",
        ),
        (
            vec!["run", "order-processing", "--set", "replication=5"],
            "only 2 brokers",
        ),
        (
            vec!["run", "order-processing", "--set", "loss"],
            "`key=value`",
        ),
        (
            vec!["run", "order-processing", "--seed", "-1"],
            "`seed` cannot be `-1`",
        ),
        (
            vec!["run", "order-processing", "--seed", "4294967296"],
            "`seed` cannot be `4294967296`",
        ),
        (
            vec!["run", "order-processing", "--for", "60"],
            "`duration` cannot be `60`",
        ),
        (
            vec!["run", "order-processing", "--trace", "/no/such/folder/t"],
            "cannot be written",
        ),
        (vec!["check", "no-such"], "no-such"),
        (vec!["run"], "PRESET|FILE"),
        (vec!["fly"], "fly"),
        (vec![], "Usage"),
    ] {
        let output = lab(&args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr.contains(words), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    let both = lab(&[
        "run",
        "order-processing",
        "--set",
        "loss=2",
        "--set",
        "rate=0",
    ]);
    assert_eq!(
        String::from_utf8_lossy(&both.stderr).lines().count(),
        2,
        "all problems at once"
    );
}

#[test]
fn a_scenario_file_runs_as_the_preset_it_was_made_from() {
    let scenario = preset("order-processing").expect("the preset");
    let path = file("orders.json");
    std::fs::write(&path, serde_json::to_string(&scenario).expect("JSON")).expect("written");
    let path = path.to_str().expect("a path");
    let run = |what| json(&["run", what, "--for", "1s", "--json"]);
    assert_eq!(run(path), run("order-processing"));
}

#[test]
fn a_broken_file_is_refused_with_the_reason() {
    let path = file("broken.json");
    for (text, words) in [
        ("{", "is no scenario"),
        (r#"{"lod": {}}"#, "unknown field `lod`"),
        (r#"{"load": {"rate": 0}}"#, "`rate` cannot be `0`"),
        (
            r#"{"faults": {"loss": "7"}}"#,
            "at `loss`, `7` is not a ratio",
        ),
        (r#"{"load": {"rate": -5}}"#, "at `rate`, invalid value"),
        (r#"{"topics": [{"channel": {"kind": "nats"}}]}"#, "`nats`"),
        ("null", "is no scenario"),
        ("{}", "There are 0 services"),
        (r#"{"version": 2}"#, "only version 1 is known"),
        (
            r#"{"topics": [{"name": "o", "channel": {"kind": "log", "partitions": 0}}]}"#,
            "`partitions` cannot be `0`",
        ),
        (
            r#"{"topics": [{"name": "o"}, {"name": "o"}]}"#,
            "called `o`",
        ),
        (
            r#"{"topics": [{"name": "o", "channel": {"kind": "log", "replication": 5}}]}"#,
            "only 2 brokers",
        ),
        (
            r#"{"services": [{"name": "S", "topics": ["zz"]}], "topics": [{"name": "o"}]}"#,
            "`zz`, which is no topic",
        ),
    ] {
        std::fs::write(&path, text).expect("written");
        let output = lab(&["check", path.to_str().expect("a path")]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            stderr.contains(words) && stderr.contains("broken.json"),
            "{stderr}"
        );
    }
}

#[test]
fn why_prints_the_reason_of_an_order() {
    let said = stdout(&lab(&["why", "lost-ack", "--order", "4"]));
    let (first, rest) = said.split_once('\n').expect("lines");
    assert!(
        first.starts_with(
            "Order 4 was charged more than once (Payment), because the ack of order 4 is lost"
        ),
        "{said}"
    );
    for words in [
        "Decisive (without any one",
        "What led to it:",
        "as copy 2",
        "--set idempotence=true",
    ] {
        assert!(rest.contains(words), "{words}: {said}");
    }
    let nothing = stdout(&lab(&["why", "lost-ack", "--order", "2"]));
    assert_eq!(nothing, "Nothing of that kind happened in this run.\n");
    let nothing = stdout(&lab(&["why", "lost-ack", "--order", "2", "--json"]));
    assert_eq!(nothing, "null\n");
    let log = stdout(&lab(&[
        "why",
        "lost-ack",
        "--order",
        "4",
        "--kind",
        "duplicate",
    ]));
    assert!(
        log.starts_with("Order 4 is in the log more than once"),
        "{log}"
    );
    for order in ["0", "999999"] {
        let output = lab(&["why", "lost-ack", "--order", order]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8_lossy(&output.stderr);
        let words = format!("`--order` cannot be `{order}`: allowed is a number from 1 to ");
        assert!(stderr.contains(&words), "{stderr}");
    }
}

#[test]
fn what_is_set_twice_is_refused() {
    for flags in [
        ["--seed", "7", "--set", "seed=8"],
        ["--set", "loss=1%", "--set", "loss=2%"],
        ["--set", "latency=1ms", "--set", "delay=2ms"],
    ] {
        let output = lab(&[&["run", "order-processing"], &flags[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("is set twice"), "{stderr}");
    }
}

#[test]
fn a_run_that_is_cut_short_says_so() {
    let flags = [
        "run",
        "order-processing",
        "--for",
        "2s",
        "--set",
        "drain=0ms",
    ];
    let table = stdout(&lab(&flags));
    assert!(table.contains("Not everything had settled"), "{table}");
    let table = stdout(&lab(&flags[..4]));
    assert!(!table.contains("Not everything had settled"), "{table}");
    assert_eq!(table.matches("\nmet      ").count(), 4, "{table}");
}

/// A file of the preset, with these interventions, answered by `lab run`.
fn run_with(interventions: &str) -> Output {
    let mut whole = serde_json::to_value(preset("lost-ack").expect("the preset")).expect("JSON");
    whole["interventions"] = serde_json::from_str(interventions).expect("JSON");
    let path = file("interventions.json");
    std::fs::write(&path, whole.to_string()).expect("written");
    lab(&["run", path.to_str().expect("a path"), "--json"])
}

#[test]
fn what_is_done_by_hand_is_done_or_each_that_does_not_apply_is_named() {
    let crash = r#"{"at": "1s", "do": {"crash-consumer": {"service": 0, "instance": 0}}}"#;
    let done = run_with(&format!("[{crash}]"));
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let hash = |output: &Output| {
        stdout(output)
            .lines()
            .find(|l| l.contains("trace_hash"))
            .map(String::from)
    };
    assert_ne!(
        hash(&done),
        hash(&run_with("[]")),
        "the crash changes the run"
    );
    let wrong = run_with(&format!(
        r#"[{crash}, {{"at": "2s", "do": {{"drop": {{"packet": 999999}}}}}},
        {{"at": "2s", "do": {{"crash-broker": {{"broker": 9}}}}}},
        {{"at": "9000s", "do": {{"crash-broker": {{"broker": 0}}}}}}]"#
    ));
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stdout(&wrong).is_empty(), "nothing is run");
    let stderr = String::from_utf8_lossy(&wrong.stderr);
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{stderr}");
    for (line, words) in lines
        .iter()
        .zip(["packet 999999", "broker 9", "after the end"])
    {
        assert!(
            line.contains("interventions[") && line.contains(words),
            "{line}"
        );
    }
}

#[test]
fn check_names_what_does_not_hold_and_its_value() {
    let mut scenario = preset("order-processing").expect("the preset");
    params::set(&mut scenario, "duration", "1s").expect("a span");
    let expect = |service: &str, figure: &str, is: &str, value| Expect {
        service: service.into(),
        figure: figure.into(),
        is: is.into(),
        value,
    };
    scenario.expects = vec![
        expect("Payment", "published", ">", 0),
        expect("", "published", ">=", 1),
    ];
    let path = file("expects.json");
    let check = |scenario: &_| {
        std::fs::write(&path, serde_json::to_string(scenario).expect("JSON")).expect("written");
        lab(&["check", path.to_str().expect("a path")])
    };
    let output = check(&scenario);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("2 expectations hold"));
    scenario
        .expects
        .push(expect("Payment", "published", "<", 1));
    let output = check(&scenario);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).starts_with("FAIL"), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("Payment: published is "),
        "{}",
        stdout(&output)
    );
}

#[test]
fn check_without_a_name_holds_every_preset_against_what_it_expects() {
    let output = lab(&["check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.lines().count(), preset_names().count());
    for (line, name) in text.lines().zip(preset_names()) {
        assert!(line.starts_with(&format!("ok    {name}: ")), "{line}");
    }
}

#[test]
fn the_trace_has_a_line_for_every_event() {
    let path = file("trace.jsonl");
    let args = [
        "run",
        "order-processing",
        "--for",
        "1s",
        "--json",
        "--trace",
        path.to_str().expect("a path"),
    ];
    let verdict = json(&args);
    let trace = std::fs::read_to_string(&path).expect("the trace");
    let mut last = 0;
    for line in trace.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(event["id"].as_u64(), Some(last + 1));
        assert!(event["cause"].as_u64() < event["id"].as_u64());
        last += 1;
    }
    assert_eq!(Some(last), verdict["events"].as_u64());
    let without: Vec<&str> = args[..5].to_vec();
    assert_eq!(json(&without), verdict, "looking changes nothing");
}

#[test]
fn the_table_and_the_lists_name_everything() {
    let text = stdout(&lab(&["run", "order-processing", "--for", "1s"]));
    for word in [
        "Payment",
        "at least once + idempotent",
        "out of order",
        "p99",
        "trace hash",
    ] {
        assert!(text.contains(word), "{text}");
    }
    let presets = stdout(&lab(&["presets"]));
    assert_eq!(presets.lines().count(), preset_names().count());
    let docs = stdout(&lab(&["params"]));
    for param in params::all() {
        assert!(
            docs.contains(&format!("{}` | {}", param.name, param.doc)),
            "{}",
            param.name
        );
    }
    assert!(docs.contains("| `autoplay` |"));
}
