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
        kind.is_none_or(|kind| anomaly.kind == kind)
            // Number 0 stands for no message.
            && order.is_none_or(|n| n > 0 && anomaly.message == n)
            && service.is_none_or(|s| anomaly.service == Some(s))
    };
    // What a service promises is about effects; the rest is told when asked for, or where an order met nothing else.
    let about_effects = |anomaly: &Anomaly| wanted(anomaly) && is_about_effects(anomaly.kind);
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
    let mut found = None;
    if kind.is_none() {
        found = first_anomaly(&case, &about_effects).map_err(sentences)?;
    }
    if found.is_none() && (kind.is_some() || order.is_some()) {
        found = first_anomaly(&case, &wanted).map_err(sentences)?;
    }
    let Some(anomaly) = found else {
        if let Some(order) = order {
            is_published(&case, order).map_err(sentences)??;
        }
        return Ok(match json {
            true => "null\n".into(),
            false => "Nothing of that kind happened in this run.\n".into(),
        });
    };
    let explanation = explain(&case, &anomaly).map_err(sentences)?;
    Ok(match json {
        true => as_json(&explanation),
        false => as_text(&explanation),
    })
}

/// Whether the run has an order of this number.
fn is_published(case: &Case, order: u64) -> Result<Result<(), Vec<Problem>>, Vec<String>> {
    let mut replay = case.start()?;
    replay.advance(u64::MAX, &mut |_| {});
    let published = replay.run.world().published();
    let known = (1..=published).contains(&order);
    let problem = || {
        let allowed = format!("a number from 1 to {published}, as many as this run publishes");
        vec![Problem::not_allowed("--order", &order.to_string(), allowed)]
    };
    Ok(if known { Ok(()) } else { Err(problem()) })
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
