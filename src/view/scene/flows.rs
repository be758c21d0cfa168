//! Rates instead of single messages, where there are too many to be seen.

use super::signs::{Big, width};
use super::{Align, Ink, Scene, plain, routes};
use crate::view::flow::Flow;
use crate::view::geometry::{Point, at, rect};
use crate::view::layout::{Layout, Mode};
use crate::view::stage::Stage;

/// The more a second, the wider: one step for each doubling.
fn wide(rate: u64) -> f64 {
    let doublings = f64::from(u64::BITS - rate.leading_zeros());
    1.0 + doublings * 0.7
}

/// Bands whose width follows the rate.
pub(super) fn bands(scene: &mut Scene, stage: &Stage, layout: &Layout, flow: &Flow) {
    let rows: Vec<_> = layout.channels.iter().flat_map(|c| &c.rows).collect();
    for (view, producer) in stage.producers.iter().zip(&layout.producers) {
        let own = routes::rows_of(layout, &view.topics);
        for (row, rate) in rows.iter().zip(&flow.rows) {
            if own.iter().any(|r| r.frame == row.frame) {
                let corners = routes::request(layout, producer, row);
                scene.line(&corners, Ink::Soft, wide(*rate), 0.55);
            }
        }
    }
    for (i, (place, rate)) in layout.services.iter().zip(&flow.effects).enumerate() {
        let ink = Ink::Service(i as u16);
        let door = at(place.door(layout.mode), place.entry);
        scene.line(&[at(place.line, place.entry), door], ink, wide(*rate), 0.55);
    }
}

/// The rates, in figures, and the sentence that single messages are not shown.
#[inline(never)]
pub(super) fn counters(scene: &mut Scene, stage: &Stage, layout: &Layout, flow: &Flow) {
    let small = plain(11.5);
    let rate = |scene: &mut Scene, spot: Point, align, words: std::fmt::Arguments| {
        scene.write(spot, align, small, Ink::Ink, words, None, true);
    };
    if layout.mode == Mode::Wide
        && let Some(producer) = layout.producers.first()
    {
        let spot = producer.port.plus(6.0, -14.0);
        rate(
            scene,
            spot,
            Align::Left,
            format_args!("{}/s", Big(flow.published)),
        );
    }
    if layout.mode == Mode::Wide {
        for (place, effects) in layout.services.iter().zip(&flow.effects) {
            let spot = at(place.frame.x - 4.0, place.entry - 11.0);
            rate(
                scene,
                spot,
                Align::Right,
                format_args!("{}/s", Big(*effects)),
            );
        }
    }
    let words = format!(
        "Too fast to show each {}: flows and counters, the wider the more",
        stage.noun
    );
    note(scene, layout, &words);
}

/// A sentence about how messages are shown, in place of the legend.
pub(super) fn note(scene: &mut Scene, layout: &Layout, words: &str) {
    let style = plain(12.0);
    let w = (width(words, style) + 20.0).min(layout.frame.w - 8.0);
    let place = layout.legend;
    let ground = if place.w < 100.0 {
        rect(4.0, layout.frame.bottom() - 24.0, w, 22.0)
    } else {
        // Clear of the services, whose cards reach as far down.
        let right = match (layout.mode, layout.services.first()) {
            (Mode::Wide, Some(service)) => service.frame.x - 8.0,
            _ => layout.frame.w - 4.0,
        };
        let x = place.x.min(right - w).max(4.0);
        rect(x, place.center().y - 11.0, w, 22.0)
    };
    scene.area(ground, 11.0, Ink::Ink);
    scene.fit(
        ground.center(),
        Align::Center,
        style,
        Ink::Paper,
        ground.w - 10.0,
        format_args!("{words}"),
    );
}
