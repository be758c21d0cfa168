//! A whole scenario and what was done to it, in the fragment of a link: `#s=1.…`.
//!
//! The digit is the version of the format. Behind it stands, shortened and as base64url, JSON with the preset (`p`), the difference
//! to it (`d`) and the interventions (`i`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codec::{from_base64, to_base64};
use super::diff::{apply, difference, json};
use super::words::{lengthen, shorten};
use super::{LONGEST, one_sentence};
use crate::scenario::{Intervention, Problem, Scenario, check, preset};

const VERSION: &str = "1";

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct State {
    #[serde(rename = "p", skip_serializing_if = "String::is_empty")]
    preset: String,
    #[serde(rename = "d", skip_serializing_if = "Value::is_null")]
    difference: Value,
    #[serde(rename = "i", skip_serializing_if = "Vec::is_empty")]
    interventions: Vec<Intervention>,
}

/// The fragment for a scenario and its interventions, without the `#`.
///
/// # Errors
/// A [`Problem`] when it would be longer than a link may be.
pub fn to_fragment(scenario: &Scenario, interventions: &[Intervention]) -> Result<String, Problem> {
    let base = preset(&scenario.name);
    let state = State {
        preset: base
            .as_ref()
            .map(|_| scenario.name.clone())
            .unwrap_or_default(),
        difference: difference(&json(&base.unwrap_or_default()), &json(scenario))
            .unwrap_or_default(),
        interventions: interventions.to_vec(),
    };
    let bytes = serde_json::to_vec(&state).unwrap_or_default();
    let fragment = format!("s={VERSION}.{}", to_base64(&shorten(&bytes)));
    if fragment.len() > LONGEST {
        return Err(Problem::sentence(
            "s",
            format!(
                "This scenario and what was done to it would need a link of {} characters; a link has at most {LONGEST}. \
                 Save it as a file instead.",
                fragment.len()
            ),
        ));
    }
    Ok(fragment)
}

/// The scenario and the interventions in a fragment, with or without its `#`. `None` where the fragment is none of ours.
///
/// # Errors
/// A [`Problem`] for one that is broken, too long, or of another version.
#[allow(clippy::type_complexity)]
pub fn from_fragment(fragment: &str) -> Option<Result<(Scenario, Vec<Intervention>), Problem>> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    let code = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("s="))?;
    Some(decode(code).map_err(|sentence| Problem::sentence("s", sentence)))
}

// Apart from the question whether there is a fragment at all, which every page asks.
#[inline(never)]
fn decode(code: &str) -> Result<(Scenario, Vec<Intervention>), String> {
    if code.len() > LONGEST {
        return Err(format!(
            "The link is longer than {LONGEST} characters; none that this page makes is."
        ));
    }
    let (version, code) = code.split_once('.').unwrap_or(("", code));
    if version != VERSION {
        return Err(format!(
            "The link's state does not begin with `{VERSION}.`; it is broken or comes from another version of the lab."
        ));
    }
    let broken =
        || "The link's state is broken: a part of it is missing or was changed.".to_string();
    let state = from_base64(code)
        .and_then(|short| lengthen(&short))
        .ok_or_else(broken)?;
    let state: State = serde_json::from_slice(&state).map_err(|_| broken())?;
    let base = if state.preset.is_empty() {
        Scenario::default()
    } else {
        preset(&state.preset).ok_or_else(|| {
            format!(
                "The link is for a preset that is not there: `{}`.",
                state.preset
            )
        })?
    };
    let scenario = if state.difference.is_null() {
        base
    } else {
        let whole = apply(&json(&base), &state.difference).ok_or_else(broken)?;
        // As the state itself is read: from JSON, not from values, which would be the same code a second time.
        serde_json::from_slice(whole.to_string().as_bytes()).map_err(|_| broken())?
    };
    let problems = check(&scenario);
    if !problems.is_empty() {
        return Err(format!(
            "The link's scenario cannot be run: {}",
            one_sentence(&problems)
        ));
    }
    Ok((scenario, state.interventions))
}
