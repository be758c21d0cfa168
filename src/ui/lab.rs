//! The one handle the components share: signals for what is read, the engine behind them.

mod again;

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::address::speed_of;
use super::desk::{Desk, first_tab};
use super::engine::{Engine, Hunt};
use super::notices::Notice;
use super::whole::whole;
use crate::scenario::link::{Opened, PageOptions, Panel, Theme};
use crate::scenario::params::Handle;
use crate::scenario::{Action, Intervention, Scenario, akin, origin_of, preset, preset_names};
use crate::timeline::{Mark, Timeline};
use crate::trace::Party;
use crate::verdict::{AnomalyKind, Report};

/// Speeds that can be chosen: virtual time is so many times slower.
pub const SLOWDOWNS: [u32; 7] = [1_000, 300, 100, 30, 10, 3, 1];
/// How many events of the queue into a run the interventions of a link may lie: a few seconds' work.
pub const REPLAYED: usize = 10_000_000;
/// The figures beside the stage are renewed at most this often, in ms.
const FIGURES_EVERY: f64 = 100.0;
/// Said when the moment is reached at which the link wants to stop.
pub const STOPPED: &str = "stopped here by the link";

/// Copied into every component.
#[derive(Clone, Copy)]
pub struct Lab {
    engine: StoredValue<Engine, LocalStorage>,
    frames: StoredValue<Option<Frames>, LocalStorage>,
    last_figures: StoredValue<f64>,
    /// What the run began with.
    pub base: RwSignal<Scenario>,
    /// What holds at the moment shown: `base` and what was set since.
    pub scenario: RwSignal<Scenario>,
    /// The scenario as its preset has it.
    pub preset: RwSignal<Scenario>,
    /// Whether it plays.
    pub playing: RwSignal<bool>,
    /// Which of [`SLOWDOWNS`].
    pub speed: RwSignal<usize>,
    /// Virtual time shown.
    pub now: RwSignal<u64>,
    /// Whether time runs faster because nothing is on its way.
    pub hurrying: RwSignal<bool>,
    /// Rises whenever what is read was renewed.
    pub shown: RwSignal<u32>,
    /// How far the run has been seen.
    pub seen: RwSignal<u64>,
    /// Events so far; tells two moments at the same time apart.
    pub traced: RwSignal<u64>,
    /// What the explanations are about.
    pub desk: Desk,
    /// The verdict so far.
    pub report: RwSignal<Report>,
    /// Whether the run is over.
    pub finished: RwSignal<bool>,
    /// A word on what the engine is at (`replaying`, `slower than wished`).
    pub state: RwSignal<&'static str>,
    /// What the reader should know.
    pub notices: RwSignal<Vec<Notice>>,
    /// Colours.
    pub theme: RwSignal<Theme>,
    /// Rises whenever other colours hold.
    pub coloured: RwSignal<u32>,
    /// The message that is followed.
    pub picked: RwSignal<Option<u64>>,
    /// What the address said about the page.
    pub page: StoredValue<PageOptions>,
    /// Whether the whole program is there, not only what a first look needs.
    pub whole: ReadSignal<bool>,
    /// Figure without the page around it.
    pub embedded: bool,
    /// Whether it fills the screen.
    pub full: RwSignal<bool>,
}

type OnFrame = Closure<dyn FnMut(f64)>;

/// The one animation-frame closure.
struct Frames {
    callback: Rc<RefCell<Option<OnFrame>>>,
    asked: Option<i32>,
}

impl Lab {
    /// With what a link opens.
    pub fn new(opened: Opened) -> Lab {
        let Opened {
            scenario,
            page,
            problems,
            interventions,
        } = opened;
        let mut notices: Vec<_> = problems.iter().map(ToString::to_string).collect();
        // What a link opens was checked there.
        let run = match interventions.is_empty() {
            true => Timeline::of_checked(scenario.clone()),
            false => Timeline::with_inputs(scenario.clone(), interventions, REPLAYED),
        };
        let (scenario, run) = match run {
            Ok(run) => (scenario, run),
            Err(problems) => {
                notices.extend(problems.iter().map(ToString::to_string));
                notices
                    .push("So nothing of what was to be done by hand is done in this run.".into());
                untouched(scenario)
            }
        };
        let speed = speed_of(page.speed, &scenario);
        let report = run.report();
        let mut engine = Engine::new(run);
        engine.slow_down(SLOWDOWNS[speed]);
        Lab {
            engine: StoredValue::new_local(engine),
            frames: StoredValue::new_local(None),
            last_figures: StoredValue::new(0.0),
            preset: RwSignal::new(origin_of(&scenario)),
            base: RwSignal::new(scenario.clone()),
            scenario: RwSignal::new(scenario),
            playing: RwSignal::new(false),
            speed: RwSignal::new(speed),
            now: RwSignal::new(0),
            hurrying: RwSignal::new(false),
            shown: RwSignal::new(0),
            seen: RwSignal::new(0),
            traced: RwSignal::new(0),
            desk: Desk::new(first_tab(&page)),
            report: RwSignal::new(report),
            finished: RwSignal::new(false),
            state: RwSignal::new(""),
            notices: RwSignal::new(Notice::list(notices)),
            theme: RwSignal::new(page.theme),
            coloured: RwSignal::new(0),
            picked: RwSignal::new(None),
            embedded: page.embed,
            full: RwSignal::new(false),
            page: StoredValue::new(page),
            whole: whole(),
        }
    }

    /// The engine, for what is not shown by signals.
    pub fn with<T>(&self, f: impl FnOnce(&mut Engine) -> T) -> Option<T> {
        let result = self.engine.try_update_value(f);
        self.wake();
        result
    }

    /// Reads the run.
    pub fn read<T>(&self, f: impl FnOnce(&Timeline) -> T) -> Option<T> {
        self.engine.try_with_value(|e| f(e.run()))
    }

    /// Goes onto another branch, at the same moment.
    pub fn switch(&self, branch: usize) {
        self.with(|e| e.act(|run| run.switch(branch)));
        self.figures();
    }

    /// Plays or pauses.
    pub fn play(&self, on: bool) {
        let over = self.finished.get_untracked();
        if on && over {
            self.reset();
        }
        self.playing.set(on);
        self.with(|e| e.play(on));
        self.figures();
    }

    /// Plays if it pauses, and the other way round.
    pub fn toggle(&self) {
        self.play(!self.playing.get_untracked());
    }

    /// Pauses and moves the cursor: to another event, or another moment.
    pub fn go(&self, go: impl FnOnce(&mut Timeline)) {
        self.pause();
        self.with(|e| e.act(go));
        self.figures();
    }

    /// Pauses and goes to the next anomaly, however far that is.
    pub fn next_anomaly(&self) {
        self.pause();
        self.desk.anomaly.set(None);
        self.with(Engine::hunt);
        self.figures();
    }

    /// Pauses and goes to the anomaly before this moment.
    pub fn previous_anomaly(&self) {
        self.pause();
        match self.with(Engine::previous_anomaly).flatten() {
            Some(mark) => self.come_to(mark),
            None => {
                let words = "There is no anomaly before this moment.";
                Notice::push(self.notices, words.into());
            }
        }
        self.figures();
    }

    fn come_to(&self, mark: Mark) {
        self.desk.anomaly.set(Some(mark));
        if mark.message > 0 {
            self.pick(Some(mark.message));
        }
    }

    fn pause(&self) {
        if self.playing.get_untracked() {
            self.play(false);
        }
    }

    /// Back to the beginning, paused.
    pub fn reset(&self) {
        self.go(Timeline::reset);
    }

    /// Sets the speed by its position in [`SLOWDOWNS`].
    pub fn set_speed(&self, index: usize) {
        let index = index.min(SLOWDOWNS.len() - 1);
        self.speed.set(index);
        self.with(|e| e.slow_down(SLOWDOWNS[index]));
    }

    /// Gives a parameter another value. Where it may change while the run goes on, it changes from now on;
    /// otherwise the run begins again, and goes on playing if it did.
    pub fn put(&self, handle: Handle, text: &str) {
        let mut scenario = self.scenario.get_untracked();
        let set = self.changeable();
        if let Err(problem) = set.and_then(|()| handle.set(&mut scenario, text)) {
            return Notice::push(self.notices, problem.to_string());
        }
        let action = Action::Set {
            name: handle.name(&scenario),
            value: handle.text(&scenario),
        };
        let begun = self.now.get_untracked() > 0;
        let live = begun && handle.param.live;
        if !(live && self.act(action)) {
            self.begin(scenario);
        }
    }

    /// Does something to the run, now; says why where it makes no sense.
    pub fn act(&self, action: Action) -> bool {
        let done = self.changeable().and_then(|()| {
            let done = self.with(|e| e.act(|run| run.intervene(action)));
            done.unwrap_or(Ok(()))
        });
        if let Err(problem) = &done {
            Notice::push(self.notices, problem.to_string());
        }
        self.figures();
        done.is_ok()
    }

    /// Another scenario, from its beginning.
    pub fn open(&self, scenario: Scenario) {
        if let Err(problem) = self.changeable() {
            return Notice::push(self.notices, problem.to_string());
        }
        self.play(false);
        self.set_speed(speed_of(None, &scenario));
        self.begin(scenario);
    }

    /// Begins a run of this scenario, if it can be run; otherwise says why not.
    fn begin(&self, scenario: Scenario) {
        match Timeline::new(scenario.clone()) {
            Ok(run) => self.replace(scenario, run),
            Err(problems) => {
                let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
                Notice::push(self.notices, all.join(" "));
                // Controls show again what holds.
                self.scenario.update(|_| {});
            }
        }
    }

    /// Lists the anomalies of a kind at a service, each with the way to its cause.
    pub fn list(&self, service: u16, kind: AnomalyKind) {
        self.pick(None);
        self.desk.why.set(None);
        self.desk.listed.set(Some((service, kind)));
        self.show(Panel::Message);
        super::desk::focus("tab-message");
    }

    /// Another run of what it begins with, from its beginning.
    pub fn replace(&self, scenario: Scenario, run: Timeline) {
        let other = self.preset.with_untracked(|known| !akin(known, &scenario));
        if other {
            self.preset.set(origin_of(&scenario));
        }
        self.base.set(scenario.clone());
        self.scenario.set(scenario);
        self.desk.clear();
        self.with(|e| e.replace(run));
        if other {
            // Parties and messages are known by their numbers, and these are another's now.
            self.see_as(None);
            self.pick(None);
        }
        self.figures();
    }

    /// Shows what one party can know, or the truth.
    pub fn see_as(&self, party: Option<Party>) {
        self.desk.party.set(party);
        self.with(|e| e.see_as(party));
    }

    /// Follows a message, or none.
    pub fn pick(&self, message: Option<u64>) {
        self.picked.set(message);
        self.with(|e| e.pick(message));
    }

    /// What was done to the run by hand.
    pub fn inputs(&self) -> Vec<Intervention> {
        let inputs = self.engine.try_with_value(|e| e.run().inputs().to_vec());
        inputs.unwrap_or_default()
    }

    /// Looks at the engine without changing it.
    pub fn see<T>(&self, f: impl FnOnce(&Engine) -> T) -> Option<T> {
        self.engine.try_with_value(f)
    }

    /// Renews what is read.
    pub fn figures(&self) {
        let caught = self.engine.try_update_value(Engine::caught).flatten();
        let Some((now, seen, report, finished, state)) = self.engine.try_with_value(|e| {
            let state = match (e.hunting(), e.stopped(), e.behind) {
                (true, ..) => "looking for the next anomaly",
                (_, true, _) => STOPPED,
                (_, _, true) => "slower than wished: this machine is at its limit",
                _ => "",
            };
            let run = e.run();
            if !run.inputs().is_empty() && self.scenario.with_untracked(|s| s != run.scenario()) {
                self.scenario.set(run.scenario().clone());
            }
            (run.now(), run.seen(), run.report(), run.finished(), state)
        }) else {
            return;
        };
        match caught {
            Some(Hunt::Found(mark)) => self.come_to(mark),
            Some(_) => Notice::push(
                self.notices,
                "There is no further anomaly up to the end.".into(),
            ),
            None => {}
        }
        self.places();
        if state == STOPPED && self.playing.get_untracked() {
            self.play(false);
        }
        let hurrying = self.engine.try_with_value(|e| e.hurrying).unwrap_or(false);
        if self.hurrying.get_untracked() != hurrying {
            self.hurrying.set(hurrying);
        }
        self.now.set(now);
        self.seen.set(seen);
        self.report.set(report);
        self.state.set(state);
        self.shown.update(|n| *n = n.wrapping_add(1));
        if self.finished.get_untracked() != finished {
            self.finished.set(finished);
            if finished {
                self.playing.set(false);
            }
        }
    }

    /// Renews where the cursor is on the timeline.
    fn places(&self) {
        let places = self.engine.try_with_value(|e| {
            let run = e.run();
            let branches: Vec<_> = run.branches().iter().map(|b| b.parent).collect();
            let traced = run.run().world().traced();
            (traced, branches, run.current_branch(), run.inputs().len())
        });
        let Some((traced, branches, current, done)) = places else {
            return;
        };
        if self.traced.get_untracked() != traced {
            self.traced.set(traced);
        }
        self.desk.see_branches(branches, current, done);
    }

    /// Asks for a frame if there is a reason and none is on its way.
    pub fn wake(&self) {
        let wants = self
            .engine
            .try_with_value(Engine::wants_frame)
            .unwrap_or(false);
        if !wants {
            return;
        }
        self.frames.try_update_value(|frames| {
            let frames = frames.get_or_insert_with(|| Frames::new(*self));
            if frames.asked.is_none() {
                frames.ask();
            }
        });
    }

    fn frame(&self, now: f64) {
        self.frames.try_update_value(|f| {
            if let Some(frames) = f {
                frames.asked = None;
            }
        });
        let Some(()) = self.engine.try_update_value(|e| e.frame(now)) else {
            return;
        };
        let last = self.last_figures.try_get_value().unwrap_or(0.0);
        let rests = !self
            .engine
            .try_with_value(Engine::wants_frame)
            .unwrap_or(false);
        if now - last >= FIGURES_EVERY || now < last || rests {
            self.last_figures.set_value(now);
            self.figures();
        }
        self.wake();
    }
}

impl Frames {
    fn new(lab: Lab) -> Frames {
        let callback = Closure::new(move |now: f64| lab.frame(now));
        Frames {
            callback: Rc::new(RefCell::new(Some(callback))),
            asked: None,
        }
    }

    fn ask(&mut self) {
        let callback = self.callback.borrow();
        if let (Some(window), Some(callback)) = (web_sys::window(), callback.as_ref()) {
            self.asked = window
                .request_animation_frame(callback.as_ref().unchecked_ref())
                .ok();
        }
    }
}

/// The run of this scenario with nothing done to it.
fn untouched(scenario: Scenario) -> (Scenario, Timeline) {
    match Timeline::new(scenario.clone()) {
        Ok(run) => (scenario, run),
        Err(_) => first_preset(),
    }
}

/// A preset that does not run is a defect that tests find; the page then stops with its fatal view.
fn first_preset() -> (Scenario, Timeline) {
    let scenario = preset_names().next().and_then(preset).unwrap_or_default();
    match Timeline::new(scenario.clone()) {
        Ok(run) => (scenario, run),
        Err(problems) => panic!("the first preset does not run: {problems:?}"),
    }
}
