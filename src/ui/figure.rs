//! The canvas with the stage, and what a pointer does on it.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{IntersectionObserver, IntersectionObserverEntry, MouseEvent, ResizeObserver};

use super::lab::Lab;
use super::paint::Painter;
use crate::view::geometry::{Point, at};
use crate::view::layout::Room;

/// The stage.
#[component]
pub fn Figure(lab: Lab) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let frame = NodeRef::<Div>::new();
    Effect::new(move |_| {
        let (Some(canvas), Some(frame)) = (canvas.get(), frame.get()) else {
            return;
        };
        let new = lab.with(|e| !e.has_painter()) == Some(true);
        if new {
            lab.with(|e| e.attach(Painter::new(canvas)));
        }
        // Another scenario may need another height.
        lab.scenario.track();
        measure(lab, &frame);
    });
    Effect::new(move |_| {
        if let Some(frame) = frame.get() {
            watch(lab, frame.into());
        }
    });
    let spot = |event: &MouseEvent| at(f64::from(event.offset_x()), f64::from(event.offset_y()));
    let hover = move |event: MouseEvent| {
        let over = lab.with(|e| {
            let hit = e.hit(spot(&event));
            e.hover(hit)
        });
        if let Some(canvas) = canvas.get_untracked() {
            let _ =
                canvas.set_attribute("data-over", if over == Some(true) { "thing" } else { "" });
            let words = told_at(lab, spot(&event));
            if canvas.title() != words {
                canvas.set_title(&words);
            }
        }
    };
    let title = move || {
        let scenario = lab.scenario.get();
        let names: Vec<_> = scenario.services.iter().map(|s| s.name.as_str()).collect();
        format!(
            "The stage of {}: producers, broker, and {}. It is described below.",
            scenario.title,
            names.join(", ")
        )
    };
    view! {
        <div class="stage" id="stage" node_ref=frame tabindex="0" role="group" aria-label="Stage: Space plays and pauses, right arrow steps">
            <canvas
                node_ref=canvas
                role="img"
                aria-label=title
                aria-describedby="summary"
                on:mousemove=hover
                on:mouseleave=move |_| { lab.with(|e| e.hover(None)); }
                on:click=move |event: MouseEvent| {
                    let hit = lab.with(|e| e.hit(spot(&event))).flatten();
                    lab.click(hit);
                }
            ></canvas>
        </div>
    }
}

/// What the mark at a service's count of effects means, where the pointer is over its heading.
#[inline(never)]
fn told_at(lab: Lab, spot: Point) -> String {
    let told = lab.see(|e| {
        let service = e.stage().services.get(e.heading_at(spot)?)?;
        Some([&service.name, ": ", service.ground.sentence()].concat())
    });
    told.flatten().unwrap_or_default()
}

fn canvas_of(frame: &web_sys::HtmlElement) -> Option<web_sys::HtmlElement> {
    frame.first_element_child()?.dyn_into().ok()
}

/// Gives the engine the room there is, and the canvas the height the drawing takes.
fn measure(lab: Lab, frame: &web_sys::HtmlElement) {
    let density = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio());
    let width = f64::from(frame.client_width());
    let height = f64::from(frame.client_height());
    let Some(least) = lab.with(|e| e.least_height(width)) else {
        return;
    };
    let grows = lab.page.with_value(|page| !page.resize.is_empty());
    if !lab.embedded || grows {
        let _ = frame
            .style()
            .set_property("min-height", &format!("{least}px"));
    }
    let room = Room {
        width,
        height,
        fixed: lab.embedded && !grows && height < least,
    };
    let Some(height) = lab.with(|e| e.fit(room, density)) else {
        return;
    };
    if let Some(canvas) = canvas_of(frame) {
        let style = canvas.style();
        let _ = style.set_property("width", &format!("{width}px"));
        let _ = style.set_property("height", &format!("{height}px"));
    }
}

fn watch(lab: Lab, frame: web_sys::HtmlElement) {
    let target = frame.clone();
    let resized = Closure::<dyn Fn()>::new(move || {
        measure(lab, &target);
    });
    let resizing = ResizeObserver::new(resized.as_ref().unchecked_ref());
    let seen = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let last = entries.pop().unchecked_into::<IntersectionObserverEntry>();
        lab.with(|e| e.visible = last.is_intersecting());
    });
    let seeing = IntersectionObserver::new(seen.as_ref().unchecked_ref());
    if let (Ok(resizing), Ok(seeing)) = (resizing, seeing) {
        resizing.observe(&frame);
        seeing.observe(&frame);
        let kept = StoredValue::new_local(Some((resizing, seeing, resized, seen)));
        on_cleanup(move || {
            kept.try_update_value(|kept| {
                if let Some((resizing, seeing, ..)) = kept.take() {
                    resizing.disconnect();
                    seeing.disconnect();
                }
            });
        });
    }
}
