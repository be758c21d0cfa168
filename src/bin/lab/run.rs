//! A run from its beginning to its end.

use std::fs::File;
use std::io::{BufWriter, Write};

use delivery_lab::explain::{Case, Replay};
use delivery_lab::scenario::{Intervention, Problem, Scenario};
use delivery_lab::trace::Event;
use delivery_lab::verdict::Report;

/// A run that is over.
pub struct Done {
    /// What was run.
    pub scenario: Scenario,
    /// The judgement.
    pub report: Report,
    /// When it ended, in µs.
    pub simulated_us: u64,
    /// How many events the trace has.
    pub events: u64,
    /// The hash over them.
    pub trace_hash: u64,
    /// Whether everything had settled when it ended; if not, the time to settle was over.
    pub settled: bool,
}

/// Runs a scenario to its end and writes the trace to a file, if one is named.
///
/// # Errors
/// What in the scenario cannot be, or why the trace cannot be written.
pub fn to_end(
    scenario: Scenario,
    inputs: Vec<Intervention>,
    trace: Option<&str>,
) -> Result<Done, Vec<Problem>> {
    let sentences = |wrong: Vec<String>| -> Vec<Problem> {
        wrong
            .into_iter()
            .map(|sentence| Problem::sentence("scenario", sentence))
            .collect()
    };
    let case = Case {
        interventions: inputs,
        ..Case::of(scenario.clone())
    };
    let mut replay = case.start().map_err(sentences)?;
    match trace {
        None => replay.advance(u64::MAX, &mut |_| {}),
        Some(path) => traced(&mut replay, path).map_err(|error| {
            let sentence = format!("The trace cannot be written to `{path}`: {error}.");
            vec![Problem::sentence("--trace", sentence)]
        })?,
    }
    let run = replay.run;
    Ok(Done {
        scenario,
        report: run.report(),
        simulated_us: run.now(),
        events: run.world().traced(),
        trace_hash: run.world().trace_hash().value(),
        settled: run.settled(),
    })
}

fn traced(replay: &mut Replay, path: &str) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut outcome = Ok(());
    let mut write = |event: &Event| {
        if outcome.is_ok() {
            outcome = serde_json::to_writer(&mut file, event)
                .map_err(std::io::Error::from)
                .and_then(|()| file.write_all(b"\n"));
        }
    };
    replay.advance(u64::MAX, &mut write);
    outcome?;
    file.flush()
}
