//! Fog over what a party cannot know.

use super::{Align, Fill, Ink, Scene, bold};
use crate::view::belief::Fog;
use crate::view::geometry::{Rect, rect};
use crate::view::layout::{Layout, Mode};

/// Covers what is fogged; the names of things stay.
#[inline(never)]
pub(super) fn draw(scene: &mut Scene, layout: &Layout, fog: &Fog) {
    for &p in &fog.producers {
        if let Some(place) = layout.producers.get(usize::from(p)) {
            let name = place.name;
            let bottom = place.frame.bottom();
            let below = match layout.mode {
                Mode::Wide => rect(name.x, name.y + 19.0, name.w, bottom - name.y - 19.0),
                _ => rect(
                    name.right(),
                    name.y,
                    place.frame.right() - name.right(),
                    bottom - name.y,
                ),
            };
            cover(scene, below);
        }
    }
    if fog.channels {
        let rows = layout.channels.iter().flat_map(|channel| &channel.rows);
        for row in rows {
            let bottom = row
                .frame
                .bottom()
                .min(row.lanes.last().map_or(row.cells.bottom(), Rect::bottom) + 3.0);
            let top = row.cells.y - 16.0;
            cover(
                scene,
                rect(row.cells.x - 1.0, top, row.cells.w + 2.0, bottom - top),
            );
        }
    }
    if fog.brokers {
        layout.brokers.iter().for_each(|place| cover(scene, *place));
    }
    for (s, service) in layout.services.iter().enumerate() {
        let fogged = |m: usize| fog.members.contains(&(s as u16, m as u16));
        for (m, place) in service.members.iter().enumerate() {
            if fogged(m) {
                cover(scene, *place);
            }
        }
    }
}

#[inline(never)]
pub(super) fn cover(scene: &mut Scene, place: Rect) {
    if place.w < 4.0 || place.h < 4.0 {
        return;
    }
    let radius = (place.h * 0.2).min(8.0);
    scene.area(place, radius, Ink::Paper);
    scene.filled(place, radius, Ink::Line, Fill::Hatched);
    scene.outline(place, radius, Ink::Line, 1.0, true);
    if place.h >= 13.0 && place.w >= 14.0 {
        scene.write(
            place.center(),
            Align::Center,
            bold(13.0),
            Ink::Soft,
            format_args!("?"),
            None,
            true,
        );
    }
}
