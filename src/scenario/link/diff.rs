//! The difference of two scenarios as JSON, and a scenario from one and a difference.
//!
//! An object stands for the members that differ; a list is an object too, with its length as `n` where that differs
//! and its items by number. Items beyond the base's are differences to the type's defaults. A value that has another
//! shape than the base's stands whole under `=`.

use serde_json::{Map, Value};

use crate::scenario::{Producer, Scenario, Service, Topic};

const WHOLE: &str = "=";
const LENGTH: &str = "n";
/// More items than any list of a scenario that fits into a link.
const MOST_ITEMS: u64 = 100;

/// What makes `value` from `base`; `None` if they are equal.
pub(super) fn difference(base: &Value, value: &Value) -> Option<Value> {
    member("", base, value)
}

fn member(name: &str, base: &Value, value: &Value) -> Option<Value> {
    if base == value {
        return None;
    }
    Some(match (base, value) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() && a.keys().eq(b.keys()) => {
            let parts = b
                .iter()
                .filter_map(|(key, b)| Some((key.clone(), member(key, &a[key], b)?)));
            Value::Object(parts.collect())
        }
        (Value::Array(a), Value::Array(b)) if is_list(name) => list(name, a, b),
        (_, Value::Object(_)) => Value::Object(Map::from_iter([(WHOLE.into(), value.clone())])),
        _ => value.clone(),
    })
}

fn list(name: &str, a: &[Value], b: &[Value]) -> Value {
    let mut parts = Map::new();
    if a.len() != b.len() {
        parts.insert(LENGTH.into(), b.len().into());
    }
    let blank = blank(name);
    for (i, item) in b.iter().enumerate() {
        if let Some(part) = member("", a.get(i).unwrap_or(&blank), item) {
            parts.insert(i.to_string(), part);
        }
    }
    Value::Object(parts)
}

/// `base` with the difference applied; `None` where the difference is none of this base.
pub(super) fn apply(base: &Value, difference: &Value) -> Option<Value> {
    patched("", base, difference)
}

fn patched(name: &str, base: &Value, part: &Value) -> Option<Value> {
    let Value::Object(parts) = part else {
        return Some(part.clone());
    };
    if let (Some(whole), 1) = (parts.get(WHOLE), parts.len()) {
        return Some(whole.clone());
    }
    match base {
        Value::Object(base) => {
            let mut out = base.clone();
            for (key, part) in parts {
                let old = out.get_mut(key)?;
                *old = patched(key, old, part)?;
            }
            Some(Value::Object(out))
        }
        Value::Array(items) if is_list(name) => {
            let mut out = items.clone();
            if let Some(length) = parts.get(LENGTH) {
                let length = length.as_u64().filter(|&n| n <= MOST_ITEMS)?;
                out.resize(length as usize, blank(name));
            }
            for (key, part) in parts.iter().filter(|(key, _)| *key != LENGTH) {
                let item = out.get_mut(key.parse::<usize>().ok()?)?;
                *item = patched("", item, part)?;
            }
            Some(Value::Array(out))
        }
        _ => None,
    }
}

fn is_list(name: &str) -> bool {
    matches!(
        name,
        "services" | "producers" | "topics" | "placed" | "expects"
    )
}

/// The item that a new one of this list differs from.
fn blank(list: &str) -> Value {
    let blank = match list {
        "services" => serde_json::to_value(Service::default()),
        "producers" => serde_json::to_value(Producer::default()),
        "topics" => serde_json::to_value(Topic::default()),
        _ => return Value::Null,
    };
    blank.unwrap_or(Value::Null)
}

/// A scenario as JSON.
pub(in crate::scenario) fn json(scenario: &Scenario) -> Value {
    serde_json::to_value(scenario).unwrap_or(Value::Null)
}
