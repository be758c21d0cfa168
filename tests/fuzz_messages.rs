//! A million messages, most of them nearly right: the figure does not panic, a wrong sender changes nothing, and what
//! is refused is named and leaves everything as it was.

use delivery_lab::embed::{Answer, Command, LONGEST, Request, Session, changed, dressed, restored};
use delivery_lab::scenario::link::{PAGE_OPTIONS, PageOptions, to_fragment};
use delivery_lab::scenario::params::{self, Handle};
use delivery_lab::scenario::{Action, Intervention, Problem, Scenario, Span, check, preset};
use delivery_lab::timeline::Timeline;
use std::collections::BTreeMap;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const MESSAGES: usize = 1_000_000;
const HOST: &str = "https://course.example";
/// One of so many commands is done to a real run; of the others only what they would make of the scenario is looked at.
const DONE: usize = 40;

/// The same sequence on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn often(&mut self) -> bool {
        self.below(4) > 0
    }
}

const KINDS: &[&str] = &[
    "hello",
    "subscribe",
    "play",
    "pause",
    "step",
    "stepBack",
    "seek",
    "reset",
    "set",
    "set",
    "getState",
    "setState",
    "setState",
    "getMetrics",
];
const STRANGE: &[&str] = &[
    "",
    "Play",
    "constructor",
    "__proto__",
    "dance",
    "reply",
    "event",
];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "2.0",
    "3e0",
    "1000",
    "1001",
    "1.5",
    "-1",
    "0.000001",
    "86400",
    "86400.000001",
    "1e15",
    "1e308",
    "1e-308",
    "9007199254740993",
    "18446744073709551616",
    "1e999",
    "00",
    "+1",
];
const TEXTS: &[&str] = &[
    "",
    "loss",
    "5%",
    "1/20",
    "20ms",
    "never",
    "at-least-once",
    "all",
    "s=",
    "s=1.",
    "s=2.abcd",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\udca5",
    "💥",
    "ﷺ",
    "٣",
    "null",
    "<img src=x>",
    "__proto__",
];
const FIELDS: &[&str] = &[
    "context", "v", "type", "id", "events", "n", "t", "values", "state", "toString",
];

/// What messages are made from: texts that are right for this scenario.
struct Words {
    scenario: Scenario,
    handles: Vec<Handle>,
    names: Vec<String>,
    states: Vec<String>,
}

impl Words {
    fn new() -> Words {
        let mut scenario = preset("order-processing").expect("a preset");
        scenario.duration = Span::s(20);
        let handles = params::of(&scenario);
        let names = handles.iter().map(|h| h.name(&scenario)).collect();
        let other = preset("lost-ack").expect("a preset");
        let crash = Intervention {
            at: Span::ms(40),
            action: Action::CrashBroker { broker: 0 },
        };
        let set = Intervention {
            at: Span::ms(60),
            action: Action::Set {
                name: "loss".into(),
                value: "50%".into(),
            },
        };
        // Nothing is on its way so early, and nobody has this number: states that read well and cannot be run.
        let nothing = Intervention {
            at: Span(1),
            action: Action::Drop { packet: u64::MAX },
        };
        let states = [
            to_fragment(&scenario, &[]),
            to_fragment(&other, &[]),
            to_fragment(&scenario, &[crash, set]),
            to_fragment(&other, &[nothing]),
        ];
        Words {
            handles,
            names,
            states: states.map(|state| state.expect("short enough")).into(),
            scenario,
        }
    }
}

/// Writes one message after the other into the same text.
struct Writer<'a> {
    dice: Dice,
    words: &'a Words,
    text: String,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn quoted(&mut self, text: &str) {
        self.put("\"");
        self.put(text);
        self.put("\"");
    }

    fn message(&mut self) {
        self.text.clear();
        let kind = match self.dice.below(20) {
            0 => self.dice.one_of(STRANGE),
            _ => self.dice.one_of(KINDS),
        };
        self.put("{\"context\":\"delivery-lab\",\"v\":1,\"type\":");
        self.quoted(kind);
        if self.dice.often() {
            self.put(",\"id\":");
            match self.dice.below(9) {
                0 => self.anything(0),
                n => self.put(&n.to_string()),
            }
        }
        if let Some((name, write)) = needs(kind)
            && self.dice.below(16) > 0
        {
            self.put(",");
            self.quoted(name);
            self.put(":");
            match self.dice.below(5) {
                0 => self.anything(0),
                _ => write(self),
            }
        }
        if self.dice.below(6) == 0 {
            self.put(",");
            let field = self.dice.one_of(FIELDS);
            self.quoted(field);
            self.put(":");
            self.anything(0);
        }
        self.put("}");
        if self.dice.below(8) == 0 {
            self.damage();
        }
    }

    /// Any JSON, and some that is none.
    fn anything(&mut self, depth: usize) {
        match self.dice.below(if depth > 3 { 4 } else { 7 }) {
            0 => {
                let word = self
                    .dice
                    .one_of(&["null", "true", "false", "undefined", "NaN"]);
                self.put(word);
            }
            1 | 2 => {
                let number = self.dice.one_of(NUMBERS);
                self.put(number);
            }
            3 => {
                let text = self.dice.one_of(TEXTS);
                let times = [0, 1, 1, 1, 70, 3_000][self.dice.below(6)];
                let times = if times == 3_000 && self.dice.often() {
                    1
                } else {
                    times
                };
                self.quoted(&text.repeat(times));
            }
            4 => self.list("[", "]", |w| w.anything(depth + 1)),
            5 => self.list("{", "}", |w| {
                let name = w.dice.one_of(TEXTS);
                w.quoted(name);
                w.put(":");
                w.anything(depth + 1);
            }),
            _ => {
                // As deep as a reader may go before it gives up, and deeper.
                let deep = [1, 60, 127, 128, 129][self.dice.below(5)];
                self.put(&"[".repeat(deep));
                self.put(&"]".repeat(deep));
            }
        }
    }

    fn list(&mut self, open: &str, close: &str, one: impl Fn(&mut Self)) {
        self.put(open);
        for nth in 0..self.dice.below(4) {
            if nth > 0 {
                self.put(",");
            }
            one(self);
        }
        self.put(close);
    }

    /// Cuts, doubles or changes a place, or makes the message too long.
    fn damage(&mut self) {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        let at = self.dice.below(bytes.len());
        match self.dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes[at] = self.dice.below(256) as u8,
            2 => bytes.insert(at, self.dice.below(128) as u8),
            _ if self.dice.below(200) == 0 => bytes.extend(vec![b' '; LONGEST]),
            _ => {
                let again = bytes[at..].to_vec();
                bytes.extend(again);
            }
        }
        self.text = String::from_utf8_lossy(&bytes).into_owned();
    }
}

type Write<'a> = fn(&mut Writer<'a>);

/// The field that a command reads, and how it is written right.
fn needs<'a>(kind: &str) -> Option<(&'static str, Write<'a>)> {
    Some(match kind {
        "hello" | "subscribe" => ("events", events),
        "step" | "stepBack" => ("n", |w| {
            let n = w.dice.one_of(&["1", "2", "3.0", "7", "1001", "0"]);
            w.put(n);
        }),
        "seek" => ("t", |w| {
            let t = w
                .dice
                .one_of(&["0", "0.01", "1e-1", "0.25", "86400.1", "-0.5"]);
            w.put(t);
        }),
        "set" => ("values", values),
        "setState" => ("state", state),
        _ => return None,
    })
}

fn events(w: &mut Writer) {
    w.list("[", "]", |w| {
        let name = w
            .dice
            .one_of(&["play", "pause", "loss", "statechange", "ended", "losss"]);
        w.quoted(name);
    });
}

fn values(w: &mut Writer) {
    w.list("{", "}", |w| {
        let words = w.words;
        let nth = w.dice.below(words.names.len());
        match w.dice.below(12) {
            0 => {
                let option = PAGE_OPTIONS[w.dice.below(PAGE_OPTIONS.len())].name;
                w.quoted(option);
            }
            1 => {
                let name = w.dice.one_of(TEXTS);
                w.quoted(name);
            }
            _ => w.quoted(&words.names[nth]),
        }
        w.put(":");
        let kind = words.handles[nth].param.kind;
        let (least, most) = kind.bounds();
        let raw = match w.dice.below(8) {
            0 => most.saturating_add(1),
            1 => least,
            2 => most,
            _ => least + (w.dice.0 >> 8) % (most - least + 1),
        };
        match w.dice.below(10) {
            0 => w.anything(2),
            _ => w.quoted(&kind.text(raw)),
        }
    });
}

fn state(w: &mut Writer) {
    let words = w.words;
    let mut state = words.states[w.dice.below(words.states.len())].clone();
    if w.dice.below(3) == 0 {
        let at = w.dice.below(state.len());
        match w.dice.below(3) {
            0 => state.truncate(at),
            1 => state.insert_str(at, w.dice.one_of(&["A", "-", "é", ".", "AAAA"])),
            _ => state.push_str(&"A".repeat(3_000)),
        }
    }
    w.quoted(&state);
}

/// What the page does with a command, without the page.
struct Figure {
    run: Timeline,
}

impl Figure {
    fn new(scenario: Scenario) -> Figure {
        let run = Timeline::new(scenario).expect("it runs");
        Figure { run }
    }

    /// Everything that a message could change.
    fn stands(&self) -> (u64, u64, usize, Scenario) {
        let run = &self.run;
        let traced = run.run().world().traced();
        (
            run.now(),
            traced,
            run.inputs().len(),
            run.scenario().clone(),
        )
    }

    fn perform(&mut self, command: &Command) -> Result<(), Problem> {
        match command {
            Command::Step(n) => (0..*n).for_each(|_| self.run.step()),
            Command::StepBack(n) => (0..*n).for_each(|_| self.run.step_back()),
            Command::Seek(at) => {
                self.run.seek((*at).min(self.run.seen()));
                self.run.advance(*at, 2_000);
            }
            Command::Reset => self.run.reset(),
            Command::Set(changes) => {
                let (_, changes) = dressed(&PageOptions::default(), changes.clone())?;
                if changes.is_empty() {
                    return Ok(());
                }
                let (scenario, handles) = changed(self.run.scenario(), &changes)?;
                let live = self.run.now() > 0 && handles.iter().all(|h| h.param.live);
                if !live {
                    self.run = begin(scenario, Vec::new())?;
                    return Ok(());
                }
                for handle in handles {
                    let (name, value) = (handle.name(&scenario), handle.text(&scenario));
                    self.run.intervene(Action::Set { name, value })?;
                }
                assert_eq!(*self.run.scenario(), scenario);
            }
            Command::SetState(text) => {
                let (scenario, inputs) = restored(text)?;
                self.run = begin(scenario, inputs)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn begin(scenario: Scenario, inputs: Vec<Intervention>) -> Result<Timeline, Problem> {
    let begun = Timeline::with_inputs(scenario, inputs, 1_000_000);
    begun.map_err(|problems| problems.into_iter().next().expect("a reason"))
}

/// What a command would make of the scenario: all that was asked for, or a sentence.
fn foreseen(scenario: &Scenario, command: &Command) -> Result<(), Problem> {
    match command {
        Command::Set(changes) => {
            let (_, changes) = dressed(&PageOptions::default(), changes.clone())?;
            let (after, _) = changed(scenario, &changes)?;
            assert_eq!(check(&after), []);
            for change in &changes {
                let handle = params::find(&after, &change.name).expect("it was set");
                assert_eq!(
                    handle.raw(&after),
                    handle.param.kind.parse(&change.text),
                    "{change:?}"
                );
            }
        }
        Command::SetState(text) => {
            let (after, _) = restored(text)?;
            assert_eq!(check(&after), []);
        }
        _ => {}
    }
    Ok(())
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Hello(_) => "hello",
        Command::Subscribe(_) => "subscribe",
        Command::Play => "play",
        Command::Pause => "pause",
        Command::Step(_) => "step",
        Command::StepBack(_) => "stepBack",
        Command::Seek(_) => "seek",
        Command::Reset => "reset",
        Command::Set(_) => "set",
        Command::GetState => "getState",
        Command::SetState(_) => "setState",
        Command::GetMetrics => "getMetrics",
    }
}

/// A parameter is named as it was written, which may be with no letters at all.
fn readable(problem: &Problem, text: &str) {
    let Problem {
        field, sentence, ..
    } = problem;
    let named = !field.is_empty() || sentence.contains("``");
    let short = sentence.chars().count() <= 400;
    assert!(
        named && short && sentence.ends_with(['.', '?']),
        "{problem:?}: {text}"
    );
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_million_messages_break_nothing() {
    let words = Words::new();
    let mut writer = Writer {
        dice: Dice(88_172_645_463_325_252),
        words: &words,
        text: String::new(),
    };
    let hello = r#"{"context":"delivery-lab","v":1,"type":"hello"}"#;
    let mut ours = Session::new(&[]);
    assert!(matches!(ours.receive(true, HOST, hello), Answer::Do(_)));
    let mut closed = Session::new(&["https://other.example".into()]);
    let mut figure = Figure::new(words.scenario.clone());
    let (mut done, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for nth in 0..MESSAGES {
        writer.message();
        let text = &writer.text;
        assert_eq!(
            ours.receive(true, "https://other.example", text),
            Answer::Ignore
        );
        assert_eq!(ours.receive(false, HOST, text), Answer::Ignore);
        assert_eq!(closed.receive(true, HOST, text), Answer::Ignore);
        let problem = match ours.receive(true, HOST, text) {
            Answer::Ignore => continue,
            Answer::Say(message) => {
                let error = message["error"]
                    .as_object()
                    .or(message["detail"].as_object());
                let error = error.expect("what is said by itself is what is wrong");
                let part = |name: &str| error[name].as_str().expect("a text");
                Problem::sentence(part("field"), part("sentence"))
            }
            Answer::Do(Request { command, .. }) => {
                let outcome = if nth % DONE == 0 {
                    let before = figure.stands();
                    let outcome = figure.perform(&command);
                    if outcome.is_err() {
                        assert_eq!(figure.stands(), before, "{text}");
                    }
                    outcome
                } else {
                    foreseen(&words.scenario, &command)
                };
                match outcome {
                    Ok(()) => {
                        *done.entry(name(&command)).or_insert(0) += 1;
                        continue;
                    }
                    Err(problem) => problem,
                }
            }
        };
        readable(&problem, text);
        *refused.entry(problem.field).or_insert(0) += 1;
    }
    assert_eq!((ours.target(), closed.target()), (Some(HOST), None));
    // The messages are not all of one sort: every command is done, and every field is refused, again and again.
    assert_eq!(done.len(), 12, "{done:?}");
    assert!(
        done.values().all(|&times: &usize| times > MESSAGES / 200),
        "{done:?}"
    );
    for field in [
        "v", "id", "events", "n", "t", "values", "state", "s", "loss", "theme",
    ] {
        let times: usize = refused.get(field).copied().unwrap_or(0);
        assert!(times > MESSAGES / 20_000, "{field}: {refused:?}");
    }
}
