//! What a host page may say and what it hears: objects `{context: "delivery-lab", v: 1, type, ...}`.

use serde_json::{Map, Value, json};

use crate::scenario::{Problem, preset_names};

/// The most characters of a message's JSON that are read.
pub const LONGEST: usize = 65_536;
/// What every message of this protocol says.
const CONTEXT: &str = "delivery-lab";
const VERSION: u64 = 1;
/// The longest id that a request may have.
const LONGEST_ID: usize = 64;
/// The most steps that one message may ask for.
const MOST_STEPS: u64 = 1_000;
/// The most values that one message may set.
const MOST_VALUES: usize = 100;
/// The last moment that can be sought, in seconds.
const LAST: f64 = 86_400.0;

/// Something the host page can be told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// When it comes and what its detail holds, in a sentence.
    pub doc: &'static str,
}

const fn told(name: &'static str, doc: &'static str) -> Event {
    Event { name, doc }
}

/// Every event there is, in the order of the docs.
pub static EVENTS: &[Event] = &[
    told("play", "The run plays; `currentTime`."),
    told("pause", "The run rests; `currentTime`."),
    told("seeked", "The run stands at another moment; `currentTime`."),
    told(
        "timeupdate",
        "Time has passed, at most four times a second; `currentTime`.",
    ),
    told("ratechange", "The speed is another; `playbackRate`."),
    told(
        "statechange",
        "The scenario is another, or something was done to the run; `state`.",
    ),
    told("ended", "The run is over; `currentTime`."),
    told(
        "delivery",
        "A message reached a service; `at`, `service`, `message`, `nth`.",
    ),
    told(
        "duplicate",
        "An effect took place again; `at`, `service`, `message`, `allowed`.",
    ),
    told(
        "loss",
        "A message can have no effect any more; `at`, `service`, `message`, `allowed`.",
    ),
    told(
        "violation",
        "A promise was broken; `at`, `service`, `message`, `anomaly`.",
    ),
    told(
        "error",
        "Something that was sent is wrong; `field`, `sentence`.",
    ),
];

/// What is asked of the figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Here I am; tell me about these events.
    Hello(Vec<&'static str>),
    /// Tell me about these events from now on, and no others.
    Subscribe(Vec<&'static str>),
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// So many events on.
    Step(u64),
    /// So many events back.
    StepBack(u64),
    /// To this moment, in µs.
    Seek(u64),
    /// Back to the beginning.
    Reset,
    /// These values, all or none.
    Set(Vec<Change>),
    /// Answer the whole state.
    GetState,
    /// Take this state, as [`Command::GetState`] answered it.
    SetState(String),
    /// Answer the verdict in figures.
    GetMetrics,
}

/// A value to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// A parameter, or an option of the page.
    pub name: String,
    /// The value as in a link.
    pub text: String,
}

/// A command, and by which name its answer is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// A text or a number; `null` where no answer is expected.
    pub id: Value,
    /// What to do.
    pub command: Command,
}

/// Reads a message. `None`: it is nobody's business here (another protocol, or a type this version does not know).
///
/// # Errors
/// The request's id and a [`Problem`] that names the field.
pub fn parse(text: &str) -> Option<Result<Request, (Value, Problem)>> {
    if text.len() > LONGEST {
        // Its context is not looked at: what is too long is nobody's.
        return None;
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return None;
    };
    if fields.get("context").and_then(Value::as_str) != Some(CONTEXT) {
        return None;
    }
    let kind = fields.get("type").and_then(Value::as_str)?;
    let id = match id(&fields) {
        Ok(id) => id,
        Err(problem) => return Some(Err((Value::Null, problem))),
    };
    if fields.get("v").and_then(Value::as_f64) != Some(VERSION as f64) {
        let value = fields.get("v").map(Value::to_string).unwrap_or_default();
        return Some(Err((id, Problem::not_allowed("v", &value, "1"))));
    }
    let command = match command(kind, &fields) {
        Ok(command) => command?,
        Err(problem) => return Some(Err((id, problem))),
    };
    Some(Ok(Request { id, command }))
}

fn id(fields: &Map<String, Value>) -> Result<Value, Problem> {
    match fields.get("id") {
        None | Some(Value::Null) => Ok(Value::Null),
        Some(Value::String(text)) if text.len() <= LONGEST_ID => Ok(Value::String(text.clone())),
        Some(Value::Number(number)) if number.as_f64().is_some_and(|n| n.abs() < 1e15) => {
            Ok(Value::Number(number.clone()))
        }
        Some(other) => Err(wrong(
            "id",
            other,
            "a number, or a text of at most 64 letters",
        )),
    }
}

fn command(kind: &str, fields: &Map<String, Value>) -> Result<Option<Command>, Problem> {
    Ok(Some(match kind {
        "hello" => Command::Hello(events(fields)?),
        "subscribe" => Command::Subscribe(events(fields)?),
        "play" => Command::Play,
        "pause" => Command::Pause,
        "step" => Command::Step(steps(fields)?),
        "stepBack" => Command::StepBack(steps(fields)?),
        "seek" => Command::Seek(moment(fields)?),
        "reset" => Command::Reset,
        "set" => Command::Set(changes(fields)?),
        "getState" => Command::GetState,
        "setState" => Command::SetState(state(fields)?),
        "getMetrics" => Command::GetMetrics,
        _ => return Ok(None),
    }))
}

fn events(fields: &Map<String, Value>) -> Result<Vec<&'static str>, Problem> {
    const ALLOWED: &str = "a list of names of events";
    let names = match fields.get("events") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(names)) if names.len() <= MOST_VALUES => names,
        Some(other) => return Err(wrong("events", other, ALLOWED)),
    };
    let known = |name: &Value| {
        let text = name
            .as_str()
            .ok_or_else(|| wrong("events", name, ALLOWED))?;
        let found = EVENTS.iter().find(|event| event.name == text);
        found.map(|event| event.name).ok_or_else(|| Problem {
            field: "events".into(),
            ..Problem::unknown("event", text, EVENTS.iter().map(|event| event.name))
        })
    };
    names.iter().map(known).collect()
}

fn steps(fields: &Map<String, Value>) -> Result<u64, Problem> {
    match fields.get("n") {
        None | Some(Value::Null) => Ok(1),
        Some(n) => whole(n)
            .filter(|n| (1..=MOST_STEPS).contains(n))
            .ok_or_else(|| wrong("n", n, "a whole number from 1 to 1,000")),
    }
}

/// JavaScript has one kind of number: 2 may come as 2.0.
fn whole(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    ((0.0..=1e15).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

fn moment(fields: &Map<String, Value>) -> Result<u64, Problem> {
    let value = fields.get("t").unwrap_or(&Value::Null);
    value
        .as_f64()
        .filter(|t| (0.0..=LAST).contains(t))
        .map(|t| (t * 1e6).round() as u64)
        .ok_or_else(|| wrong("t", value, "a number of seconds from 0 to 86,400"))
}

fn changes(fields: &Map<String, Value>) -> Result<Vec<Change>, Problem> {
    const ALLOWED: &str = "an object of names and values";
    let one = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(on) => u8::from(*on).to_string(),
            other => return Err(wrong(name, other, "a text, a number, true or false")),
        };
        let name = name.clone();
        Ok(Change { name, text })
    };
    match fields.get("values") {
        Some(Value::Object(values)) if !values.is_empty() && values.len() <= MOST_VALUES => {
            values.iter().map(one).collect()
        }
        other => Err(wrong("values", other.unwrap_or(&Value::Null), ALLOWED)),
    }
}

fn state(fields: &Map<String, Value>) -> Result<String, Problem> {
    let value = fields.get("state").unwrap_or(&Value::Null);
    let text = value.as_str().filter(|text| text.starts_with("s="));
    text.map(str::to_owned)
        .ok_or_else(|| wrong("state", value, "a text that getState answered"))
}

fn wrong(field: &str, value: &Value, allowed: &str) -> Problem {
    Problem::not_allowed(field, &value.to_string(), allowed)
}

fn message(kind: &str) -> Value {
    json!({ "context": CONTEXT, "v": VERSION, "type": kind })
}

/// The answer to a request.
pub fn reply(id: &Value, outcome: Result<Value, &Problem>) -> Value {
    let mut message = message("reply");
    message["id"] = id.clone();
    match outcome {
        Ok(value) => {
            message["ok"] = true.into();
            message["value"] = value;
        }
        Err(problem) => {
            message["ok"] = false.into();
            message["error"] = detail(problem);
        }
    }
    message
}

/// News for the host page. An error is news too.
pub fn event(name: &str, detail: Value) -> Value {
    let mut message = message("event");
    message["name"] = name.into();
    message["detail"] = detail;
    message
}

/// What is wrong, for `error`.
pub fn detail(problem: &Problem) -> Value {
    json!({ "field": problem.field, "sentence": problem.sentence })
}

/// Said once the figure runs, to anyone: it holds nothing about the run.
pub fn ready(id: &str, width: u32, height: u32) -> Value {
    let mut message = message("ready");
    message["version"] = env!("CARGO_PKG_VERSION").into();
    message["presets"] = preset_names().map(Value::from).collect();
    message["size"] = json!({ "width": width, "height": height });
    if !id.is_empty() {
        message["figure"] = id.into();
    }
    message
}

/// The height that this width needs; said to anyone.
pub(super) fn resize(width: u32, height: u32) -> Value {
    let mut message = message("resize");
    message["width"] = width.into();
    message["height"] = height.into();
    message
}
