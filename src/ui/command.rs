//! Does what a host page asks for.

use leptos::prelude::*;
use serde_json::{Value, json};

use super::address::{options, speed_of};
use super::host::rate;
use super::lab::{Lab, REPLAYED};
use super::theme::calm;
use crate::embed::{Change, Command, changed, dressed, restored, seconds};
use crate::scenario::link::to_fragment;
use crate::scenario::{Action, Problem, Scenario};
use crate::timeline::Timeline;

/// Wall time that a way to a later moment may take at a time, in ms.
const PATIENCE: f64 = 1_500.0;
/// Events between two looks at the clock.
const CHUNK: usize = 20_000;

/// Does it, and answers what was asked for; `null` where nothing was.
///
/// # Errors
/// A [`Problem`] that names the field; nothing has changed then.
pub fn perform(lab: Lab, command: Command) -> Result<Value, Problem> {
    match command {
        Command::Hello(_) => return Ok(standing(lab)),
        Command::Subscribe(_) => {}
        Command::Play => lab.play(true),
        Command::Pause => lab.play(false),
        Command::Step(n) => go(lab, |run| (0..n).for_each(|_| run.step())),
        Command::StepBack(n) => go(lab, |run| (0..n).for_each(|_| run.step_back())),
        Command::Seek(at) => seek(lab, at)?,
        Command::Reset => go(lab, Timeline::reset),
        Command::Set(changes) => set(lab, changes)?,
        Command::GetState => return state(lab),
        Command::SetState(text) => set_state(lab, &text)?,
        Command::GetMetrics => return Ok(metrics(lab)),
    }
    Ok(Value::Null)
}

fn standing(lab: Lab) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "currentTime": seconds(lab.now.get_untracked()),
        "playbackRate": rate(lab),
        "paused": !lab.playing.get_untracked(),
        "ended": lab.finished.get_untracked(),
    })
}

fn go(lab: Lab, go: impl FnOnce(&mut Timeline)) {
    if lab.playing.get_untracked() {
        lab.play(false);
    }
    lab.with(|e| e.act(go));
    lab.figures();
}

/// Goes on playing from there if it plays. A run that is far from there is not waited for.
pub fn seek(lab: Lab, at: u64) -> Result<(), Problem> {
    let clock = web_sys::window().and_then(|w| w.performance());
    let time = || clock.as_ref().map_or(0.0, |c| c.now());
    let start = time();
    let there = lab.with(|e| {
        e.act(|run| {
            run.seek(at.min(run.seen()));
            loop {
                if run.advance(at, CHUNK) || run.finished() {
                    return true;
                }
                if time() - start > PATIENCE {
                    return false;
                }
            }
        })
    });
    lab.figures();
    if there == Some(true) {
        return Ok(());
    }
    let sentence = format!(
        "`t` is far ahead: the run has come to {:.3} s so far. Ask again to go on.",
        seconds(lab.now.get_untracked())
    );
    Err(Problem::sentence("t", sentence))
}

fn set(lab: Lab, changes: Vec<Change>) -> Result<(), Problem> {
    let (page, changes) = dressed(&untrack(|| options(lab)), changes)?;
    if !changes.is_empty() {
        set_parameters(lab, &changes)?;
    }
    lab.set_speed(speed_of(page.speed, &lab.preset.read_untracked()));
    if lab.theme.get_untracked() != page.theme {
        lab.theme.set(page.theme);
    }
    lab.page.set_value(page);
    calm(lab);
    Ok(())
}

fn set_parameters(lab: Lab, changes: &[Change]) -> Result<(), Problem> {
    lab.changeable()?;
    let (scenario, handles) = lab.scenario.with_untracked(|s| changed(s, changes))?;
    let begun = lab.now.get_untracked() > 0;
    if !(begun && handles.iter().all(|handle| handle.param.live)) {
        return begin(lab, scenario, Vec::new());
    }
    for handle in handles {
        lab.act(Action::Set {
            name: handle.name(&scenario),
            value: handle.text(&scenario),
        });
    }
    Ok(())
}

/// The scenario that the run began with, and what was done to it since.
fn state(lab: Lab) -> Result<Value, Problem> {
    let text = lab
        .base
        .with_untracked(|base| to_fragment(base, &lab.inputs()))?;
    Ok(json!({ "state": text }))
}

fn set_state(lab: Lab, text: &str) -> Result<(), Problem> {
    lab.changeable()?;
    let (scenario, inputs) = restored(text)?;
    lab.play(false);
    begin(lab, scenario, inputs)
}

type Inputs = Vec<crate::scenario::Intervention>;

fn begin(lab: Lab, scenario: Scenario, inputs: Inputs) -> Result<(), Problem> {
    let run = Timeline::with_inputs(scenario.clone(), inputs, REPLAYED).map_err(|problems| {
        let first = problems.into_iter().next();
        first.unwrap_or_else(|| Problem::sentence("state", "It cannot be run."))
    })?;
    lab.replace(scenario, run);
    Ok(())
}

fn metrics(lab: Lab) -> Value {
    let mut all = standing(lab);
    let report = lab.with(|e| e.run().report());
    let report = report.and_then(|report| serde_json::to_value(report).ok());
    if let (Some(Value::Object(report)), Value::Object(all)) = (report, &mut all) {
        all.extend(report);
    }
    all
}
