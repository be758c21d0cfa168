//! What happens in a frame: virtual time moves on within a budget, and the stage is drawn if it changed.
//!
//! The engine knows nothing of Leptos. [`super::lab::Lab`] calls it once a frame and shows its figures.

mod hunt;

pub use hunt::{Hunt, is_anomaly};

use web_sys::Performance;

use super::paint::Painter;
use crate::timeline::Timeline;
use crate::trace::{Event, Leg, Party};
use crate::view::belief;
use crate::view::flow::Meter;
use crate::view::geometry::Point;
use crate::view::layout::{Hit, Layout, Room, layout};
use crate::view::scene::{self, Attention, Motion, Scene};
use crate::view::stage::Stage;

/// Wall time a frame may spend on the run, in ms.
const BUDGET: f64 = 6.0;
/// A longer gap between frames is a pause, in ms.
const LONGEST_GAP: f64 = 250.0;
/// So much of the reader's time, in ms, the run may lag behind before it is called slower than wished.
const MOST_OWED: f64 = 100.0;
/// Events between two looks at the clock.
const CHUNK: usize = 2_000;
/// A way that takes less of the reader's time than this, in ms, cannot be followed by eye.
const VISIBLE_WAY: f64 = 90.0;
/// What was lost lies where it fell for so long, in µs of the reader's time.
const LINGERS: u64 = 2_500_000;
/// Time without anything on its way passes so many times faster, where messages are shown one by one.
const HURRY: f64 = 12.0;
/// With more packets than this at a time, their numbers hide each other; they are shown again with fewer than the other.
const MOST_NUMBERED: (usize, usize) = (150, 100);
/// More packets than this at a time cannot be told apart.
const MOST_PACKETS: usize = 4_000;
/// Figures that change more often than this, in ms, cannot be read: flows are drawn anew no more often.
const FLOW_EVERY: f64 = 50.0;

/// The run, the drawing, and the time between them.
pub struct Engine {
    run: Timeline,
    playing: bool,
    hunt: Hunt,
    /// Virtual time is this many times slower than the reader's.
    slowdown: u32,
    /// Virtual µs that frames have granted and the run has not used.
    owed: f64,
    last_frame: Option<f64>,
    /// Playing stops at this moment, unless it began there.
    stop_at: Option<u64>,
    /// The moment at which playing began, or to which it was put since.
    played_from: u64,
    /// True while the run cannot keep up with the wished speed.
    pub behind: bool,
    /// True while time runs faster because nothing is on its way.
    pub hurrying: bool,
    /// True while flows are shown instead of single messages.
    pub flowing: bool,
    /// True while there are too many messages for their numbers.
    crowded: bool,
    /// When the last frame was drawn, by the browser's clock in ms.
    drawn: f64,
    painter: Option<Painter>,
    stage: Stage,
    layout: Option<Layout>,
    scene: Scene,
    meter: Meter,
    room: Room,
    density: f64,
    changed: bool,
    /// False while nobody can see the figure.
    pub visible: bool,
    /// True: no motion between states.
    pub stepping: bool,
    hover: Option<Hit>,
    picked: Option<u64>,
    /// Whose belief is shown instead of the truth.
    party: Option<Party>,
    /// The events of the explanation that is shown.
    chain: Vec<Event>,
    clock: Option<Performance>,
}

impl Engine {
    /// With a run that has not begun.
    pub fn new(run: Timeline) -> Engine {
        let stage = Stage::of(run.run().world());
        Engine {
            run,
            playing: false,
            hunt: Hunt::Not,
            slowdown: 100,
            owed: 0.0,
            last_frame: None,
            stop_at: None,
            played_from: 0,
            behind: false,
            hurrying: false,
            flowing: false,
            crowded: false,
            drawn: 0.0,
            painter: None,
            stage,
            layout: None,
            scene: Scene::default(),
            meter: Meter::default(),
            room: Room::default(),
            density: 1.0,
            changed: true,
            visible: true,
            stepping: false,
            hover: None,
            picked: None,
            party: None,
            chain: Vec::new(),
            clock: web_sys::window().and_then(|w| w.performance()),
        }
    }

    /// The moment that is shown.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The run.
    pub fn run(&self) -> &Timeline {
        &self.run
    }

    /// Does something to the run; answers what that answers.
    pub fn act<T>(&mut self, act: impl FnOnce(&mut Timeline) -> T) -> T {
        self.hunt = Hunt::Not;
        self.owed = 0.0;
        let answer = act(&mut self.run);
        self.played_from = self.run.now();
        self.look();
        answer
    }

    /// Another run in place of this one.
    pub fn replace(&mut self, run: Timeline) {
        self.run = run;
        self.played_from = 0;
        self.chain.clear();
        self.run.follow(self.picked);
        self.owed = 0.0;
        self.behind = false;
        self.hunt = Hunt::Not;
        self.meter = Meter::default();
        self.look();
    }

    /// Plays or pauses.
    pub fn play(&mut self, on: bool) {
        // Who plays again where the link wanted to stop wants to go on.
        self.played_from = self.run.now();
        self.playing = on;
        self.changed = true;
        self.hunt = Hunt::Not;
        self.last_frame = None;
        self.owed = 0.0;
    }

    /// Playing stops at this moment, if at any.
    pub fn stop_at(&mut self, moment: Option<u64>) {
        self.stop_at = moment;
    }

    /// Whether playing has come to where it stops.
    pub fn stopped(&self) -> bool {
        let now = self.run.now();
        self.playing && self.stop_at == Some(now) && self.played_from != now
    }

    /// Sets how many times slower than the reader's time virtual time is.
    pub fn slow_down(&mut self, times: u32) {
        self.slowdown = times.max(1);
        self.changed = true;
    }

    /// Whether there is a reason for another frame.
    pub fn wants_frame(&self) -> bool {
        let moves = self.playing && self.visible && !self.run.finished();
        moves || self.hunting() || (self.changed && self.visible)
    }

    /// One frame, at this time of the browser's clock in ms.
    pub fn frame(&mut self, now: f64) {
        if self.hunting() {
            self.pursue();
        } else if self.playing && self.visible {
            let gap = now - self.last_frame.replace(now).unwrap_or(now);
            // The gap after a hidden tab is a pause: nothing is caught up on.
            if gap <= LONGEST_GAP {
                self.owed += gap * 1_000.0 / f64::from(self.slowdown);
            }
            self.spend();
        }
        self.flowing = self.playing && self.too_fast();
        let due = !self.flowing || now - self.drawn >= FLOW_EVERY || now < self.drawn;
        if self.changed && due {
            self.drawn = now;
            self.draw();
        }
    }

    // Not part of a first look, and so of no function that is.
    #[inline(never)]
    fn spend(&mut self) {
        let whole = self.owed.floor();
        if whole < 1.0 || self.stopped() {
            return;
        }
        if self.slowdown > 1 && !self.flowing {
            self.spend_in_grains();
        } else {
            let start = self.run.now();
            self.hurrying = false;
            self.advance(self.until(whole as u64));
            self.owed -= (self.run.now() - start) as f64;
        }
        // A hiccup is made up for in the next frames; what is more is given up.
        let most = MOST_OWED * 1_000.0 / f64::from(self.slowdown);
        self.behind = self.owed > most;
        self.owed = self.owed.min(most);
        self.look();
    }

    /// Time in which nothing is on its way is short of things to see: it runs faster.
    fn spend_in_grains(&mut self) {
        let start = self.time();
        let grain = (self.way() / 8).max(20);
        while self.owed >= 1.0 && !self.stopped() && !self.run.finished() {
            self.hurrying = !self.something_moves();
            let pace = if self.hurrying { HURRY } else { 1.0 };
            let piece = (grain as f64).min((self.owed * pace).ceil());
            self.owed -= piece / pace;
            let until = self.until(piece as u64);
            if !self.advance(until) || self.time() - start > BUDGET {
                return;
            }
        }
    }

    /// So much later than now, but not beyond where playing stops.
    fn until(&self, later: u64) -> u64 {
        let now = self.run.now();
        let stop = self.stop_at.filter(|stop| *stop > now);
        stop.unwrap_or(u64::MAX).min(now + later)
    }

    /// The usual time of one way, in virtual µs.
    fn way(&self) -> u64 {
        let faults = &self.run.scenario().faults;
        faults.latency.0 + faults.jitter.0
    }

    fn something_moves(&self) -> bool {
        let shown = |leg| !matches!(leg, Leg::Control | Leg::Replication);
        let mut packets = self.run.run().world().packets();
        packets.any(|packet| shown(packet.leg))
    }

    /// True if the moment was reached within the budget.
    fn advance(&mut self, until: u64) -> bool {
        let start = self.time();
        while !self.run.advance(until, CHUNK) {
            if self.run.finished() {
                return true;
            }
            if self.time() - start > BUDGET {
                return false;
            }
        }
        true
    }

    fn time(&self) -> f64 {
        self.clock.as_ref().map_or(0.0, Performance::now)
    }

    /// Takes a new look at the run.
    fn look(&mut self) {
        self.stage = Stage::of(self.run.run().world());
        let lingers = LINGERS / u64::from(self.slowdown);
        let now = self.stage.now;
        self.stage.fallen.retain(|m| m.arrives + lingers > now);
        self.meter.read(&self.stage);
        self.changed = true;
    }

    /// Draws now instead of in the next frame.
    pub fn draw(&mut self) {
        self.changed = false;
        if self.room.width < 1.0 {
            return;
        }
        let fog = self.party.map(|party| belief::fog(&self.stage, party));
        let seen = fog.as_ref().map(|fog| belief::seen_by(&self.stage, fog));
        let stage = seen.as_ref().unwrap_or(&self.stage);
        let place = layout(stage, self.room);
        let (most, few) = MOST_NUMBERED;
        let moving = stage.moving.len();
        self.crowded = moving > most || (self.crowded && moving > few);
        let flow = self.meter.flow();
        let stepping = self.stepping;
        let motion = if self.flowing && fog.is_none() {
            Motion::Flow(&flow)
        } else if self.crowded {
            Motion::Crowd { stepping }
        } else if stepping {
            Motion::Stepping
        } else {
            Motion::Gliding
        };
        let about = Attention {
            hover: self.hover,
            picked: self.picked,
            fog: fog.as_ref(),
            // Who sees in the fog does not see the explanation.
            chain: (
                if fog.is_some() { &[] } else { &self.chain },
                self.run.run().world().traced(),
            ),
        };
        scene::draw(&mut self.scene, stage, &place, motion, about);
        if let Some(painter) = &mut self.painter {
            painter.resize(place.frame.w, place.frame.h, self.density);
            painter.draw(&self.scene, place.frame.w, place.frame.h);
            if !self.playing {
                painter.tell(&self.scene);
            }
        }
        self.layout = Some(place);
    }

    fn too_fast(&self) -> bool {
        let seen = self.way() as f64 / 1_000.0 * f64::from(self.slowdown);
        seen < VISIBLE_WAY || self.stage.moving.len() > MOST_PACKETS
    }

    /// Whether it has a canvas.
    pub fn has_painter(&self) -> bool {
        self.painter.is_some()
    }

    /// Gives it a canvas.
    pub fn attach(&mut self, painter: Option<Painter>) {
        self.painter = painter;
        self.changed = true;
    }

    /// Gives it room; answers the height that the drawing takes.
    pub fn fit(&mut self, room: Room, density: f64) -> f64 {
        if room != self.room || density != self.density {
            self.room = room;
            self.density = density;
            self.changed = true;
        }
        layout(&self.stage, room).frame.h
    }

    /// The height that this width needs at least, where height is free.
    pub fn least_height(&self, width: f64) -> f64 {
        let room = Room {
            width,
            ..Room::default()
        };
        layout(&self.stage, room).frame.h
    }

    /// After the theme changed.
    pub fn recolour(&mut self) {
        if let Some(painter) = &mut self.painter {
            painter.recolour();
        }
        self.changed = true;
    }

    /// Shows or hides motion between states.
    pub fn set_stepping(&mut self, on: bool) {
        self.stepping = on;
        self.changed = true;
    }

    /// What is at this point of the figure.
    pub fn hit(&self, p: Point) -> Option<Hit> {
        let mut pills = self.scene.pills.iter().rev();
        let pill = pills.find(|(spot, _)| spot.distance(p) < 13.0);
        if let Some((_, message)) = pill {
            return Some(Hit::Message(*message));
        }
        self.layout.as_ref()?.hit(&self.stage, p)
    }

    /// The service whose heading is at this point of the figure.
    pub fn heading_at(&self, p: Point) -> Option<usize> {
        let services = &self.layout.as_ref()?.services;
        services.iter().position(|service| service.head.contains(p))
    }

    /// Shows what the pointer is over; answers whether anything is.
    pub fn hover(&mut self, hit: Option<Hit>) -> bool {
        if self.hover != hit {
            self.hover = hit;
            self.changed = true;
        }
        hit.is_some()
    }

    /// Follows a message, or none.
    pub fn pick(&mut self, message: Option<u64>) {
        self.picked = message;
        self.run.follow(message);
        self.changed = true;
    }

    /// Shows what this party can know; the truth for `None`.
    pub fn see_as(&mut self, party: Option<Party>) {
        self.party = party;
        self.changed = true;
    }

    /// Lights the events of an explanation.
    pub fn light(&mut self, chain: Vec<Event>) {
        self.chain = chain;
        self.changed = true;
    }
}
