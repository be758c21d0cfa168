//! A scenario as a file: JSON with the scenario's fields, and beside them what is done to it by hand.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::link::json;
use super::{Intervention, Scenario};

/// The most bytes a file has that a page opens; the presets are files of about 5,000.
pub const LARGEST: u32 = 1_000_000;

/// The text of a file that [`read`] reads.
pub fn write(scenario: &Scenario, interventions: &[Intervention]) -> String {
    let mut whole = json(scenario);
    if let (false, Some(fields)) = (interventions.is_empty(), whole.as_object_mut()) {
        let done = serde_json::to_value(interventions).unwrap_or_default();
        fields.insert("interventions".into(), done);
    }
    format!("{whole:#}\n")
}

/// The scenario in a file's text, and what is done to it by hand, in order of time.
///
/// # Errors
/// What is wrong, with the field it was found at.
pub fn read(text: &str) -> Result<(Scenario, Vec<Intervention>), String> {
    // Some editors put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut whole: Value = part(text)?;
    let done = whole
        .as_object_mut()
        .and_then(|fields| fields.remove("interventions"));
    let Some(done) = done else {
        // From the text itself, so that an error names line and column.
        return Ok((part(text)?, Vec::new()));
    };
    let mut inputs: Vec<Intervention> = part_of(&done)?;
    inputs.sort_by_key(|input| input.at);
    Ok((part_of(&whole)?, inputs))
}

/// Reads what a text says. Everything is read by this one way: each other would be the same code a second time.
fn part<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_slice(text.as_bytes()).map_err(|error| {
        let field = field_before(text, error.line(), error.column());
        field.map_or(error.to_string(), |field| format!("at `{field}`, {error}"))
    })
}

/// The same of a part that does not stand in the file as it is read here, so that a line number would mislead.
fn part_of<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    part(&value.to_string()).map_err(|error| match error.split_once(" at line ") {
        Some((words, _)) => words.into(),
        None => error,
    })
}

/// The last name before this place: a text with a colon behind it. Lines count from 1, columns are bytes.
fn field_before(text: &str, line: usize, column: usize) -> Option<&str> {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let read = text
        .as_bytes()
        .get(..before + column)
        .unwrap_or(text.as_bytes());
    let (mut field, mut last, mut opened, mut escaped) = (None, None, None, false);
    for (at, byte) in read.iter().enumerate() {
        match (opened, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(from), b'"') => (last, opened) = (text.get(from..at), None),
            (None, b'"') => opened = Some(at + 1),
            (None, b':') => field = last,
            _ => {}
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::scenario::{Action, Span, preset, preset_names};

    fn wrong(text: &str) -> String {
        read(text).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read() {
        let crash = Intervention {
            at: Span::s(2),
            action: Action::CrashBroker { broker: 1 },
        };
        let set = Intervention {
            at: Span(2_500_001),
            action: Action::Set {
                name: "loss".into(),
                value: "12.5%".into(),
            },
        };
        for name in preset_names() {
            let scenario = preset(name).expect("a listed preset");
            for inputs in [vec![], vec![crash.clone(), set.clone()]] {
                let text = write(&scenario, &inputs);
                assert_eq!(read(&text), Ok((scenario.clone(), inputs)), "{name}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        for (text, words) in [
            (
                r#"{"duration": 5}"#,
                "at `duration`, invalid type: integer `5`",
            ),
            (
                "{\"title\": \"a:\\\"b\",\n \"load\": {\"rate\": -5}}",
                "at `rate`, invalid value",
            ),
            (
                r#"{"topics": [{"channel": {"kind": "nats"}}]}"#,
                "at `kind`, unknown variant `nats`",
            ),
            (r#"{"lod": {}}"#, "unknown field `lod`"),
            (r#"{"title": "ä", "seed": 1.5}"#, "at `seed`, "),
            (
                r#"{"load": {"rate": -5}, "interventions": []}"#,
                "at `rate`, invalid value: integer `-5`",
            ),
            (
                r#"{"interventions": [{"at": 2, "do": {}}]}"#,
                "at `at`, invalid type: integer `2`",
            ),
            ("", "EOF while parsing"),
        ] {
            assert!(wrong(text).contains(words), "{}", wrong(text));
        }
        assert!(!wrong("").contains("at `"));
    }

    #[test]
    fn a_byte_order_mark_is_no_mistake() {
        assert_eq!(read("\u{feff}{}").map(|(s, _)| s.version), Ok(1));
    }
}
