//! `lab why`: what was decisive for an anomaly.

use delivery_lab::explain::{Case, Weight, first_anomaly};
use delivery_lab::scenario::{Intervention, Problem, Scenario, params::slug};
use delivery_lab::verdict::{Anomaly, AnomalyKind};
use delivery_lab::view::why::{Explanation, explain};

/// Which anomaly is meant; the first one, violations before allowed ones, where nothing is said.
#[derive(clap::Args)]
pub struct Which {
    /// The message it is about, from 1
    #[arg(long, value_name = "N")]
    order: Option<u64>,
    /// The service it is about
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// What happened: lost-effect, duplicate-effect, out-of-order-effect, …
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
}

/// Finds the anomaly and explains it.
///
/// # Errors
/// An unknown service or kind, or what in the scenario cannot be.
pub fn why(
    scenario: Scenario,
    interventions: Vec<Intervention>,
    which: &Which,
    json: bool,
) -> Result<String, Vec<Problem>> {
    let service = match &which.service {
        Some(name) => Some(service_named(&scenario, name).map_err(|problem| vec![problem])?),
        None => None,
    };
    let kind = match &which.kind {
        Some(name) => Some(kind_named(name).map_err(|problem| vec![problem])?),
        None => None,
    };
    let order = which.order;
    let wanted = |anomaly: &Anomaly| {
        let told = match kind {
            Some(kind) => anomaly.kind == kind,
            // What a service promises is about effects; the rest is told when asked for.
            None => order.is_some() || is_about_effects(anomaly.kind),
        };
        told && order.is_none_or(|n| anomaly.message == n)
            && service.is_none_or(|s| anomaly.service == Some(s))
    };
    let sentences = |wrong: Vec<String>| -> Vec<Problem> {
        wrong
            .iter()
            .map(|sentence| Problem::sentence("scenario", sentence.clone()))
            .collect()
    };
    let case = Case {
        interventions,
        ..Case::of(scenario)
    };
    let Some(anomaly) = first_anomaly(&case, &wanted).map_err(sentences)? else {
        return Ok("Nothing of that kind happened in this run.\n".into());
    };
    let explanation = explain(&case, &anomaly).map_err(sentences)?;
    Ok(match json {
        true => as_json(&explanation),
        false => as_text(&explanation),
    })
}

fn is_about_effects(kind: AnomalyKind) -> bool {
    use AnomalyKind::*;
    matches!(kind, LostEffect | DuplicateEffect | OutOfOrderEffect)
}

fn service_named(scenario: &Scenario, name: &str) -> Result<u16, Problem> {
    let names: Vec<&str> = scenario.services.iter().map(|s| s.name.as_str()).collect();
    let found = names.iter().position(|known| slug(known) == slug(name));
    found
        .map(|index| index as u16)
        .ok_or_else(|| Problem::unknown("service", name, names.iter().copied()))
}

fn kind_named(name: &str) -> Result<AnomalyKind, Problem> {
    let found = AnomalyKind::ALL
        .into_iter()
        .find(|kind| slug(kind.name()) == slug(name));
    let names: Vec<String> = AnomalyKind::ALL.iter().map(|k| slug(k.name())).collect();
    found.ok_or_else(|| Problem::unknown("kind of anomaly", name, names.iter().map(String::as_str)))
}

fn as_json(explanation: &Explanation) -> String {
    let text = serde_json::to_string_pretty(explanation).unwrap_or_default();
    text + "\n"
}

fn as_text(explanation: &Explanation) -> String {
    let mut text = format!("{}\n", explanation.sentence);
    let heading = match explanation.weight {
        Weight::EachNeeded => "Decisive (without any one of these it would not have happened):",
        Weight::AnyEnough => "Decisive (only without all of these it would not have happened):",
        Weight::NoneNeeded => "No fault was decisive.",
    };
    text.push_str(&format!("\n{heading}\n"));
    for fault in &explanation.decisive {
        text.push_str(&format!("  {}\n", fault.sentence));
    }
    text.push_str("\nWhat led to it:\n");
    for line in &explanation.chain {
        text.push_str(&format!("  {}\n", line.sentence));
    }
    text.push_str(&format!("\n{}\n", explanation.remedy));
    for setting in explanation.cure.iter().flat_map(|c| &c.cure.settings) {
        text.push_str(&format!("  --set {}={}\n", setting.name, setting.value));
    }
    text
}
