//! Talks with the page around the figure: messages in and out, and the height.
//!
//! What messages mean and who may send them is decided in `embed`; here they are carried.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, MessageEvent, ResizeObserver, Window};

use super::command::perform;
use super::lab::{Lab, SLOWDOWNS};
use crate::embed::{
    self, Answer, Command, Feed, LONGEST, Pace, Protocol, Resizer, Session, Sized, seconds,
};

/// What is known about the host page.
struct Host {
    parent: Window,
    session: Session,
    resizer: Resizer,
    feed: Feed,
    pace: Pace,
    /// The moment and the number of interventions that were told last.
    told: (u64, usize),
    /// Until the size there is is looked at.
    settling: Option<Timeout>,
}

/// Where the drawing is, with what stands above and below it.
const RUN: &str = "main.page > .run";
/// The panels.
const COLUMN: &str = "main.page > .column";

/// So long no new size has come when one is looked at, in ms.
const SETTLED: u32 = 120;

type Shared = Rc<RefCell<Host>>;

/// Listens to the host page and tells it what it wants to know, if there is one.
pub fn follow(lab: Lab) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let parent = window.parent().ok().flatten();
    let Some(parent) = parent.filter(|p| JsValue::from(p) != JsValue::from(&window)) else {
        return;
    };
    let (session, resizer) = lab
        .page
        .with_value(|page| (Session::new(&page.origin), Resizer::new(&page.resize)));
    let host = Rc::new(RefCell::new(Host {
        parent,
        session,
        resizer,
        feed: Feed::default(),
        pace: Pace::default(),
        told: (0, 0),
        settling: None,
    }));
    listen(lab, &window, &host);
    tell(lab, &host);
    size(lab, &host);
}

fn listen(lab: Lab, window: &Window, host: &Shared) {
    let host = host.clone();
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        hear(lab, &host, &event);
    });
    let _ = window.add_event_listener_with_callback("message", heard.as_ref().unchecked_ref());
    // It listens for as long as the page is there.
    heard.forget();
}

fn field(data: &JsValue, name: &str) -> Option<String> {
    js_sys::Reflect::get(data, &name.into()).ok()?.as_string()
}

fn hear(lab: Lab, host: &Shared, event: &MessageEvent) {
    let data = event.data();
    let origin = event.origin();
    let from_parent = {
        let host = host.borrow();
        let same = event
            .source()
            .is_some_and(|source| JsValue::from(source) == JsValue::from(&host.parent));
        if !host.session.hears(same, &origin) || !data.is_object() {
            return;
        }
        same
    };
    match field(&data, "context").as_deref() {
        Some("delivery-lab") => {}
        Some(context) => {
            let action = field(&data, "action").unwrap_or_default();
            host.borrow_mut().hear_resizer(context, &action);
            return filled(lab, context, &action);
        }
        None => return,
    }
    // What cannot be written as JSON (a circle, say) is no message.
    let Some(text) = js_sys::JSON::stringify(&data)
        .ok()
        .filter(|text| text.length() as usize <= LONGEST)
    else {
        return;
    };
    let answer = host
        .borrow_mut()
        .session
        .receive(from_parent, &origin, &String::from(text));
    match answer {
        Answer::Ignore => {}
        Answer::Say(message) => host.borrow().say(&message),
        Answer::Do(request) => {
            let moved = moves(&request.command);
            let outcome = perform(lab, request.command);
            let host = host.borrow();
            if moved && outcome.is_ok() {
                host.event("seeked", moment(lab));
            }
            match (&outcome, request.id.is_null()) {
                (Err(problem), true) => host.event("error", embed::detail(problem)),
                (_, true) => {}
                (outcome, false) => {
                    host.say(&embed::reply(&request.id, outcome.as_ref().cloned()));
                }
            }
        }
    }
}

fn post(parent: &Window, message: &Value, target: &str) {
    let plain = serde_wasm_bindgen::Serializer::json_compatible();
    if let Ok(message) = message.serialize(&plain) {
        // A page that is gone hears nothing.
        let _ = parent.post_message(&message, target);
    }
}

/// Asks the host page's resizer to spread the frame over the page, or to put it back.
pub fn fill(on: bool) {
    if let Some(parent) = web_sys::window().and_then(|w| w.parent().ok().flatten()) {
        post(&parent, &embed::fill(on), "*");
    }
}

/// The host page's resizer has done so.
#[inline(never)]
fn filled(lab: Lab, context: &str, action: &str) {
    let asked = lab
        .page
        .with_value(|page| Protocol::H5p.is_in(&page.resize));
    match action {
        "fullScreen" if asked && context == "h5p" => lab.full.set(true),
        "exitFullScreen" if asked && context == "h5p" => lab.full.set(false),
        _ => {}
    }
}

fn moves(command: &Command) -> bool {
    use Command::*;
    matches!(
        command,
        Step(_) | StepBack(_) | Seek(_) | Reset | SetState(_)
    )
}

fn moment(lab: Lab) -> Value {
    serde_json::json!({ "currentTime": seconds(lab.now.get_untracked()) })
}

/// Simulated to real time.
pub fn rate(lab: Lab) -> f64 {
    1.0 / f64::from(SLOWDOWNS[lab.speed.get_untracked()])
}

/// Tells the host page what changes, as far as it asked.
fn tell(lab: Lab, host: &Shared) {
    let shared = host.clone();
    Effect::new(move |before: Option<bool>| {
        let playing = lab.playing.get();
        if before.is_some_and(|before| before != playing) {
            let name = if playing { "play" } else { "pause" };
            shared.borrow().event(name, moment(lab));
        }
        playing
    });
    let shared = host.clone();
    Effect::new(move |before: Option<bool>| {
        let finished = lab.finished.get();
        if before == Some(false) && finished {
            shared.borrow().event("ended", moment(lab));
        }
        finished
    });
    let shared = host.clone();
    Effect::new(move |before: Option<usize>| {
        let speed = lab.speed.get();
        if before.is_some_and(|before| before != speed) {
            let detail = serde_json::json!({ "playbackRate": rate(lab) });
            shared.borrow().event("ratechange", detail);
        }
        speed
    });
    let shared = host.clone();
    Effect::new(move |begun: Option<()>| {
        lab.scenario.track();
        if begun.is_some() {
            shared.borrow().changed(lab);
        }
    });
    let shared = host.clone();
    Effect::new(move |_| {
        let now = lab.now.get();
        shared.borrow_mut().passed(lab, now);
    });
}

impl Host {
    /// To the host page we talk with; nobody else hears it.
    fn say(&self, message: &Value) {
        if let Some(target) = self.session.target() {
            self.send(message, target);
        }
    }

    fn send(&self, message: &Value, target: &str) {
        post(&self.parent, message, target);
    }

    fn event(&self, name: &str, detail: Value) {
        if self.session.wants(name) {
            self.say(&embed::event(name, detail));
        }
    }

    fn changed(&self, lab: Lab) {
        if self.session.wants("statechange")
            && let Ok(state) = perform(lab, Command::GetState)
        {
            self.event("statechange", state);
        }
    }

    /// Time is another.
    fn passed(&mut self, lab: Lab, now: u64) {
        let (session, feed) = (&self.session, &mut self.feed);
        let read = lab.see(|e| {
            let found = feed.read(e.run(), |name| session.wants(name));
            (found, e.run().inputs().len())
        });
        let Some((found, inputs)) = read else {
            return;
        };
        for found in found {
            self.event(found.name, found.detail);
        }
        let (before, inputs_before) = std::mem::replace(&mut self.told, (now, inputs));
        if inputs != inputs_before {
            self.changed(lab);
        }
        let clock = web_sys::window().and_then(|w| w.performance());
        let wall = clock.map_or(0.0, |c| c.now());
        if now != before && self.pace.due(wall) {
            self.event("timeupdate", moment(lab));
        }
    }

    fn hear_resizer(&mut self, context: &str, action: &str) {
        for message in self.resizer.hear(context, action) {
            self.send(&message, "*");
        }
    }
}

/// Says that the figure is there, and how high it wants to be.
fn size(lab: Lab, host: &Shared) {
    let shared = host.clone();
    Effect::new(move |begun: Option<()>| {
        lab.scenario.track();
        if begun.is_none() {
            let size = wanted(lab);
            let mut host = shared.borrow_mut();
            let name = lab.page.with_value(|page| page.id.clone());
            host.send(&embed::ready(&name, size.width, size.height), "*");
            for message in host.resizer.begin() {
                host.send(&message, "*");
            }
            host.ask(size);
        } else {
            ask_when_settled(lab, &shared);
        }
    });
    if !host.borrow().resizer.is_used() {
        return;
    }
    let shared = host.clone();
    request_animation_frame(move || watch_parts(lab, shared));
}

/// Whatever stands around the drawing may become higher or lower: a panel, a list that opens, a longer sentence. The
/// drawing itself is not looked at: it follows the width, as they do.
fn watch_parts(lab: Lab, host: Shared) {
    let changed = Closure::<dyn Fn()>::new(move || ask_when_settled(lab, &host));
    let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) else {
        return;
    };
    // It watches for as long as the page is there.
    changed.forget();
    let column = find(COLUMN);
    let run = find(RUN).into_iter();
    for part in run.flat_map(|run| around(&run)).chain(column) {
        observer.observe(&part);
    }
}

/// A host that resizes does it in several strides (H5P's makes the frame 1 px high in between): only where it
/// comes to rest is looked at.
fn ask_when_settled(lab: Lab, host: &Shared) {
    let shared = host.clone();
    let settled = Timeout::new(SETTLED, move || {
        // A figure that fills the screen wants no other height than that.
        if !lab.full.get_untracked() {
            shared.borrow_mut().ask(wanted(lab));
        }
    });
    // The one before is cancelled by being dropped.
    host.borrow_mut().settling = Some(settled);
}

impl Host {
    /// Where only the height of the frame changed, nothing new is wanted and nothing is said.
    fn ask(&mut self, size: Sized) {
        if self.resizer.is_used() {
            self.demand(size);
        }
    }

    #[inline(never)]
    fn demand(&mut self, size: Sized) {
        for message in self.resizer.want(size) {
            // A text is for hosts that read texts only.
            self.send(&message, "*");
        }
    }
}

fn find(selector: &str) -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
    let found = document.query_selector(selector).ok()??;
    found.dyn_into().ok()
}

/// What stands above and below the drawing.
fn around(run: &HtmlElement) -> Vec<HtmlElement> {
    let parts = run.children();
    (0..parts.length())
        .filter_map(|i| parts.item(i)?.dyn_into::<HtmlElement>().ok())
        .filter(|part| !part.class_list().contains("scene"))
        .filter(|part| !part.class_list().contains("unseen"))
        .collect()
}

/// The height that the width there is needs: of the drawing and what stands around it, and of a column below or beside
/// them.
fn wanted(lab: Lab) -> Sized {
    let Some(run) = find(RUN) else {
        return Sized::default();
    };
    let width = run.offset_width();
    let drawing = lab.with(|e| e.least_height(f64::from(width)));
    let around = around(&run)
        .iter()
        .map(HtmlElement::offset_height)
        .sum::<i32>();
    let stage = drawing.unwrap_or(0.0).ceil() as i32 + around;
    let height = match find(COLUMN) {
        None => stage,
        Some(column) if column.offset_left() < width => stage + column.offset_height(),
        Some(column) => stage.max(column.offset_height()),
    };
    Sized {
        width: width as u32,
        height: height.max(0) as u32,
    }
}
