//! Producers with what they believe, and the brokers.

use super::signs::Big;
use super::{Align, Attention, Fill, Ink, Scene, bold, plain, sizes};
use crate::view::geometry::{Rect, at};
use crate::view::layout::{Hit, Layout, Mode, ProducerBox};
use crate::view::stage::{ProducerView, Stage, Waiting};

pub(super) fn draw(scene: &mut Scene, stage: &Stage, layout: &Layout, about: Attention) {
    for (i, (view, place)) in stage.producers.iter().zip(&layout.producers).enumerate() {
        let hover = about.hover == Some(Hit::Producer(i as u16));
        match layout.mode {
            Mode::Wide => card(scene, view, place, hover),
            mode => line(scene, view, place, mode),
        }
        for (slot, waiting) in place.slots.iter().zip(&view.waiting) {
            let picked = about.picked == Some(waiting.message);
            chip(scene, *slot, waiting, picked, layout.mode == Mode::Wide);
        }
    }
}

fn card(scene: &mut Scene, view: &ProducerView, place: &ProducerBox, hover: bool) {
    let name = place.name;
    let ink = if view.up { Ink::Ink } else { Ink::Lost };
    let long = super::signs::width(&view.name, bold(14.0)) > name.w;
    scene.fit(
        at(name.x, name.y + 10.0),
        Align::Left,
        bold(if long { 12.0 } else { 14.0 }),
        ink,
        name.w,
        format_args!("{}", view.name),
    );
    let state = at(name.x, name.y + 29.0);
    if view.up {
        scene.fit(
            state,
            Align::Left,
            plain(12.0),
            Ink::Soft,
            name.w,
            format_args!("{} published", Big(view.published)),
        );
    } else {
        scene.text(
            state,
            Align::Left,
            bold(12.0),
            Ink::Lost,
            format_args!("✕ down"),
        );
    }
    let shown = view.waiting.len().min(place.slots.len());
    let bottom = place
        .slots
        .get(shown.max(1) - 1)
        .map_or(name.bottom() + 30.0, Rect::bottom);
    let panel =
        crate::view::geometry::rect(name.x, name.bottom(), name.w, bottom + 8.0 - name.bottom());
    scene.area(panel, 10.0, Ink::Panel);
    let outline = if !view.up {
        Ink::Lost
    } else if hover {
        Ink::Focus
    } else {
        Ink::Line
    };
    scene.outline(panel, 10.0, outline, 1.0, !view.up);
    head_of_list(scene, view, panel, shown);
}

/// What the list of waiting messages is headed with.
#[inline(never)]
fn head_of_list(scene: &mut Scene, view: &ProducerView, panel: Rect, shown: usize) {
    let head = at(panel.x + 10.0, panel.y + 14.0);
    if view.waiting_total == 0 {
        scene.text(
            head,
            Align::Left,
            plain(12.0),
            Ink::Soft,
            format_args!("all acked"),
        );
        return;
    }
    let more = view.waiting_total.saturating_sub(shown as u64);
    if more > 0 {
        scene.fit(
            head,
            Align::Left,
            plain(12.0),
            Ink::Soft,
            panel.w - 14.0,
            format_args!("not acked: {}", Big(view.waiting_total)),
        );
    } else {
        scene.text(
            head,
            Align::Left,
            plain(12.0),
            Ink::Soft,
            format_args!("not acked yet"),
        );
    }
}

fn line(scene: &mut Scene, view: &ProducerView, place: &ProducerBox, mode: Mode) {
    let (size, small) = sizes(mode);
    let y = place.name.center().y;
    scene.fit(
        at(place.name.x, y),
        Align::Left,
        bold(size),
        if view.up { Ink::Ink } else { Ink::Lost },
        place.name.w,
        format_args!("{}{}", if view.up { "" } else { "✕ " }, view.name),
    );
    if view.waiting_total == 0 {
        let x = place.name.right() + 4.0;
        scene.fit(
            at(x, y),
            Align::Left,
            plain(small),
            Ink::Soft,
            place.frame.right() - x,
            format_args!("all acked"),
        );
    }
}

/// A message the producer has not heard back about.
#[inline(never)]
fn chip(scene: &mut Scene, slot: Rect, waiting: &Waiting, picked: bool, wide: bool) {
    scene.area(slot, 6.0, Ink::Shade);
    let again = waiting.attempt > 1;
    if again || picked {
        let ink = if picked { Ink::Focus } else { Ink::Twice };
        scene.outline(slot.inset(0.5), 6.0, ink, 2.0, false);
    }
    let y = slot.center().y;
    if !wide {
        let style = if again { bold(12.0) } else { plain(12.0) };
        let words = format_args!("{}", waiting.message);
        scene.fit(slot.center(), Align::Center, style, Ink::Ink, slot.w, words);
        return;
    }
    scene.text(
        at(slot.x + 8.0, y),
        Align::Left,
        bold(12.5),
        Ink::Ink,
        format_args!("{}", waiting.message),
    );
    let attempt = at(slot.right() - 8.0, y);
    match waiting.attempt {
        0 => scene.text(
            attempt,
            Align::Right,
            plain(11.5),
            Ink::Soft,
            format_args!("queued"),
        ),
        1 => scene.text(
            attempt,
            Align::Right,
            plain(11.5),
            Ink::Soft,
            format_args!("sent"),
        ),
        n => scene.text(
            attempt,
            Align::Right,
            plain(11.5),
            Ink::Ink,
            format_args!("try {n}"),
        ),
    }
}

/// The brokers, small: they can be crashed with a click.
pub(super) fn brokers(scene: &mut Scene, stage: &Stage, layout: &Layout, about: Attention) {
    if let (Mode::Wide, Some(first)) = (layout.mode, layout.brokers.first()) {
        let spot = at(first.x - 8.0, first.center().y);
        let words = match layout.brokers.len() {
            1 => format_args!("broker"),
            _ => format_args!("brokers"),
        };
        scene.text(spot, Align::Right, plain(12.0), Ink::Soft, words);
    }
    for (i, (view, place)) in stage.brokers.iter().zip(&layout.brokers).enumerate() {
        let hover = about.hover == Some(Hit::Broker(i as u16));
        let down = !view.up;
        scene.area(*place, 5.0, if down { Ink::Paper } else { Ink::Shade });
        if down || view.cut || hover {
            let ink = if down || view.cut {
                Ink::Lost
            } else {
                Ink::Focus
            };
            scene.outline(place.inset(0.5), 5.0, ink, 1.4, down);
        }
        if view.cut {
            scene.filled(place.inset(2.0), 3.0, Ink::Line, Fill::Hatched);
        }
        let ink = if down { Ink::Lost } else { Ink::Ink };
        let sign = match (down, layout.mode) {
            (true, _) => "✕",
            (false, Mode::Wide) => "",
            (false, _) => "B",
        };
        scene.text(
            place.center(),
            Align::Center,
            bold(11.5),
            ink,
            format_args!("{sign}{i}"),
        );
    }
}
