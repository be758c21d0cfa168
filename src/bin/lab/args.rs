//! What is asked for, and how it ends: 0 for done, 1 for an expectation that does not hold, 2 for an input that is wrong.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use delivery_lab::scenario::{
    Intervention, Problem, Scenario, check, file, params, preset, preset_names,
};
use delivery_lab::timeline::Timeline;

use crate::run::{self, Done};
use crate::{docs, output, price, publish, why};

/// See what delivery guarantees keep, and what they lose: a real broker simulation, without a browser.
#[derive(Parser)]
#[command(name = "lab", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the presets, and what to watch for in each
    Presets,
    /// Run a preset or a scenario file, and print the verdict
    Run(RunArgs),
    /// Explain a loss, a repeat or a disorder: the decisive faults, what led to it, and the setting that helps
    Why(WhyArgs),
    /// Run scenarios and hold their verdicts against what they expect; all presets when none is named
    Check {
        /// Names of presets, or scenario files (JSON)
        #[arg(value_name = "PRESET|FILE")]
        scenarios: Vec<String>,
    },
    /// Measure what each guarantee costs a service: latency, throughput, packets, bytes
    Price {
        /// Name of a preset, or a scenario file (JSON)
        #[arg(value_name = "PRESET|FILE")]
        scenario: String,
        /// Name of the service; the first one by default
        #[arg(long)]
        service: Option<String>,
        /// Print the figures as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the table of all parameters, as Markdown
    Params,
    /// Print a still of a scenario as SVG: a moment at which something goes wrong
    Poster {
        /// Name of a preset, or a scenario file (JSON)
        #[arg(value_name = "PRESET|FILE")]
        scenario: String,
        /// Light on dark
        #[arg(long)]
        dark: bool,
    },
    /// Write what a host shows of each preset without the program: posters, and oEmbed answers
    Publish {
        /// The folder of the built page
        folder: std::path::PathBuf,
        /// The address under which the folder will be found; without it no oEmbed answers are written
        #[arg(long, value_name = "URL")]
        base: Option<String>,
    },
}

/// What to run.
#[derive(clap::Args)]
struct Setup {
    /// Name of a preset, or a scenario file (JSON)
    #[arg(value_name = "PRESET|FILE")]
    scenario: String,
    /// Where chance starts: the same seed, the same run
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<String>,
    /// For how long messages are published, in simulated time
    #[arg(long = "for", value_name = "60s", allow_hyphen_values = true)]
    duration: Option<String>,
    /// Set a parameter, as in a link; see `lab params`
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
}

#[derive(clap::Args)]
struct WhyArgs {
    #[command(flatten)]
    setup: Setup,
    #[command(flatten)]
    which: why::Which,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct RunArgs {
    #[command(flatten)]
    setup: Setup,
    /// Print the verdict as JSON
    #[arg(long)]
    json: bool,
    /// Write every event to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Presets => Ok((output::presets(), true)),
        Command::Params => Ok((docs::parameters(), true)),
        Command::Poster { scenario, dark } => scenario_of(&scenario)
            .and_then(|scenario| publish::poster(&scenario, dark))
            .map(|text| (text, true)),
        Command::Publish { folder, base } => {
            publish::publish(&folder, base.as_deref()).map(|text| (text, true))
        }
        Command::Run(args) => run_one(&args).map(|text| (text, true)),
        Command::Why(args) => set_up(&args.setup)
            .and_then(|(scenario, inputs)| why::why(scenario, inputs, &args.which, args.json))
            .map(|text| (text, true)),
        Command::Check { scenarios } => check_all(scenarios),
        Command::Price {
            scenario,
            service,
            json,
        } => scenario_of(&scenario)
            .and_then(|scenario| price::price(&scenario, service.as_deref(), json))
            .map(|text| (text, true)),
    };
    match outcome {
        Ok((text, held)) => {
            print(&text);
            if held {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(1)
            }
        }
        Err(problems) => {
            let mut stderr = std::io::stderr().lock();
            for problem in problems {
                // Where nobody listens, nothing is left to be said.
                let _ = writeln!(stderr, "error: {problem}");
            }
            ExitCode::from(2)
        }
    }
}

/// Prints to stdout; who closes it early (`| head`) has seen enough.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

fn run_one(args: &RunArgs) -> Result<String, Vec<Problem>> {
    let (scenario, inputs) = set_up(&args.setup)?;
    let done = run::to_end(scenario, inputs, args.trace.as_deref())?;
    Ok(if args.json {
        output::json(&done)
    } else {
        output::table(&done)
    })
}

/// The scenario that is meant, with everything that was set, and what its file does to it by hand.
fn set_up(setup: &Setup) -> Result<(Scenario, Vec<Intervention>), Vec<Problem>> {
    let (mut scenario, inputs) = input_of(&setup.scenario)?;
    let mut problems = Vec::new();
    let mut given = Vec::new();
    for (name, text) in [("seed", &setup.seed), ("duration", &setup.duration)] {
        if let Some(text) = text {
            problems.extend(params::set(&mut scenario, name, text).err());
            given.push(name.to_string());
        }
    }
    for setting in &setup.set {
        let outcome = match setting.split_once('=') {
            Some((name, text)) => set_once(&mut scenario, &mut given, name.trim(), text),
            None => Err(Problem::not_allowed(
                "--set",
                setting,
                "`key=value`, such as `loss=5%`",
            )),
        };
        problems.extend(outcome.err());
    }
    if problems.is_empty() {
        problems = check(&scenario);
    }
    if problems.is_empty() && !inputs.is_empty() {
        // Each that does not apply is named, and then none is applied.
        problems.extend(
            Timeline::with_inputs(scenario.clone(), inputs.clone(), usize::MAX)
                .err()
                .into_iter()
                .flatten(),
        );
    }
    if problems.is_empty() {
        Ok((scenario, inputs))
    } else {
        Err(problems)
    }
}

/// Sets a parameter, unless it was set before: under one of its names, by `--set` or by a flag of its own.
fn set_once(
    scenario: &mut Scenario,
    given: &mut Vec<String>,
    name: &str,
    text: &str,
) -> Result<(), Problem> {
    let known = params::find(scenario, name)?.name(scenario);
    if given.contains(&known) {
        let sentence = format!("`{known}` is set twice; say once what it is.");
        return Err(Problem::sentence(name, sentence));
    }
    given.push(known);
    params::set(scenario, name, text)
}

fn check_all(names: Vec<String>) -> Result<(String, bool), Vec<Problem>> {
    let names = if names.is_empty() {
        preset_names().map(String::from).collect()
    } else {
        names
    };
    let mut scenarios = Vec::new();
    let mut problems = Vec::new();
    for name in &names {
        match input_of(name) {
            Ok((scenario, inputs)) => scenarios.push((name, scenario, inputs)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (mut text, mut held) = (String::new(), true);
    for (name, scenario, inputs) in scenarios {
        let Done {
            scenario, report, ..
        } = run::to_end(scenario, inputs, None)?;
        let unmet = report.unmet(&scenario.expects);
        held &= unmet.is_empty();
        text.push_str(&output::checked(name, scenario.expects.len(), &unmet));
    }
    Ok((text, held))
}

/// The preset or the file of this name, for a command that runs it without anything done by hand.
fn scenario_of(name: &str) -> Result<Scenario, Vec<Problem>> {
    let (scenario, inputs) = input_of(name)?;
    if inputs.is_empty() {
        return Ok(scenario);
    }
    let sentence =
        format!("The file `{name}` has `interventions`; only `run`, `check` and `why` take them.");
    Err(vec![Problem::sentence("interventions", sentence)])
}

/// The preset or the file of this name, fit to be run. Beside the scenario's own fields a file may have
/// `interventions`: what is done to the run by hand, as links have it.
fn input_of(name: &str) -> Result<(Scenario, Vec<Intervention>), Vec<Problem>> {
    if let Some(scenario) = preset(name) {
        return Ok((scenario, Vec::new()));
    }
    let is_file = name.ends_with(".json") || std::path::Path::new(name).is_file();
    if !is_file {
        let known: Vec<&str> = preset_names().collect();
        let mut problem = Problem::unknown("preset or file", name, known.iter().copied());
        problem
            .sentence
            .push_str(&format!(" The presets are {}.", known.join(", ")));
        return Err(vec![problem]);
    }
    let sentence = |reason: String| vec![Problem::sentence(name, reason)];
    let text = std::fs::read_to_string(name)
        .map_err(|error| sentence(format!("The file `{name}` cannot be read: {error}.")))?;
    let (scenario, inputs) = file::read(&text)
        .map_err(|error| sentence(format!("The file `{name}` is no scenario: {error}.")))?;
    let problems: Vec<Problem> = check(&scenario)
        .into_iter()
        .map(|problem| Problem::sentence(&problem.field, format!("{name}: {}", problem.sentence)))
        .collect();
    if problems.is_empty() {
        Ok((scenario, inputs))
    } else {
        Err(problems)
    }
}
