//! `lab price`: what each guarantee costs, measured on the same orders and weather.

use std::fmt::Write;

use delivery_lab::explore::{Price, prices};
use delivery_lab::scenario::{Problem, Scenario, params};

/// Measures and prints, as a table or as JSON.
///
/// # Errors
/// An unknown service, or what is wrong with the scenario.
pub fn price(
    scenario: &Scenario,
    service: Option<&str>,
    json: bool,
) -> Result<String, Vec<Problem>> {
    let index = match service {
        None => 0,
        Some(wanted) => {
            let slug = params::slug(wanted);
            let found = scenario
                .services
                .iter()
                .position(|known| params::slug(&known.name) == slug);
            let names = scenario.services.iter().map(|known| known.name.as_str());
            found.ok_or_else(|| vec![Problem::unknown("service", wanted, names)])?
        }
    };
    let measured = prices(scenario, index).map_err(|sentences| {
        sentences
            .into_iter()
            .map(|sentence| Problem::sentence("scenario", sentence))
            .collect::<Vec<_>>()
    })?;
    if json {
        return Ok(serde_json::to_string_pretty(&measured).unwrap_or_default() + "\n");
    }
    let name = scenario
        .services
        .get(index)
        .map_or("", |service| service.name.as_str());
    Ok(table(name, &measured))
}

fn table(service: &str, prices: &[Price]) -> String {
    let mut text = format!(
        "{service}, the same messages and weather under each guarantee\n\n{:<28}{:>10}{:>10}{:>12}{:>12}{:>12}{:>7}{:>10}\n",
        "guarantee", "p50 ms", "p99 ms", "at most /s", "packets", "bytes", "lost", "repeated"
    );
    for price in prices {
        let _ = writeln!(
            text,
            "{:<28}{:>10.1}{:>10.1}{:>12.0}{:>12.2}{:>12}{:>7}{:>10}",
            price.guarantee.words(),
            price.latency_us.p50 as f64 / 1_000.0,
            price.latency_us.p99 as f64 / 1_000.0,
            price.throughput_milli as f64 / 1_000.0,
            price.packets_milli as f64 / 1_000.0,
            price.stored_bytes,
            price.lost,
            price.duplicated,
        );
    }
    text.push_str(
        "\npackets and bytes are for each message; bytes count every replica, at 1 KiB a message\n",
    );
    text
}
