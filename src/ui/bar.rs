//! The bar of the run: where it is, where its faults and anomalies are, and a way to any moment.

use leptos::html::Canvas;
use leptos::prelude::*;

use super::control::fine;
use super::lab::Lab;
use super::paint::Painter;
use super::transport::clock;
use crate::timeline::Timeline;
use crate::view::scene::Scene;
use crate::view::scene::bar::{draw_bar, draw_parting, horizon};

/// Height of the row of signs.
const HEIGHT: f64 = 14.0;
/// The bar has this many steps.
const STEPS: u64 = 1_000;

/// The bar.
#[component]
pub fn Bar(lab: Lab) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let painter = StoredValue::new_local(None::<Painter>);
    let scene = StoredValue::new_local(Scene::default());
    let coloured = StoredValue::new(0_u32);
    let end = Memo::new(move |_| horizon(lab.seen.get()));
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else {
            return;
        };
        lab.shown.track();
        let width = f64::from(canvas.client_width());
        let density = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio());
        painter.update_value(|painter| {
            if painter.is_none() {
                *painter = Painter::new(canvas);
            }
            let Some(painter) = painter else {
                return;
            };
            scene.update_value(|scene| {
                let seen = lab.seen.get();
                // One party alone does not know what the marks tell.
                let fogged = lab.desk.party.get().is_some();
                lab.see(|e| {
                    let marks = if fogged { &[] } else { e.run().marks() };
                    draw_bar(scene, marks, seen, width);
                });
                if let Some((_, at)) = lab.desk.parted.get() {
                    draw_parting(scene, at, seen, width);
                }
                if coloured.get_value() != lab.coloured.get() {
                    coloured.set_value(lab.coloured.get_untracked());
                    painter.recolour();
                }
                painter.resize(width, HEIGHT, density);
                painter.draw(scene, width, HEIGHT);
            });
        });
    });
    let place = move || (lab.now.get() * STEPS / end.get()).to_string();
    view! {
        <div class="bar">
            <canvas node_ref=canvas aria-hidden="true"></canvas>
            <input
                type="range"
                min="0"
                max=STEPS
                step="1"
                aria-label="Moment of the run"
                aria-valuetext=move || clock(lab.now.get())
                prop:value=place
                on:input=move |event| {
                    let place: u64 = event_target_value(&event).parse().unwrap_or(0);
                    let wished = place * end.get_untracked() / STEPS;
                    // Beyond what has been seen the run would have to be computed on a press of a key.
                    let at = wished.min(lab.seen.get_untracked());
                    lab.go(|run| run.seek(at));
                }
                on:keydown=move |event| match fine(&event) {
                    Some(true) => lab.go(Timeline::step),
                    Some(false) => lab.go(Timeline::step_back),
                    None => {}
                }
            />
        </div>
    }
}
