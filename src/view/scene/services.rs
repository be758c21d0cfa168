//! Services with their instances.

use super::signs::{Big, doing, width};
use super::{Align, Attention, Fill, Ink, Scene, bold, grounds, plain, sizes, veil};
use crate::view::belief::Fog;
use crate::view::geometry::{Point, Rect, at, rect};
use crate::view::layout::{Hit, Layout, Mode, ServiceBox};
use crate::view::stage::{ChannelBody, MemberState, MemberView, ServiceView, Stage};

pub(super) fn draw(scene: &mut Scene, stage: &Stage, layout: &Layout, about: Attention) {
    for (i, (view, place)) in stage.services.iter().zip(&layout.services).enumerate() {
        let service = i as u16;
        if layout.mode != Mode::Small {
            scene.area(place.frame, 10.0, Ink::Panel);
            scene.outline(place.frame, 10.0, Ink::Line, 1.0, false);
        }
        head(scene, view, place, service, layout.mode, about.fog);
        if layout.mode == Mode::Wide {
            scene.line(
                &[
                    at(place.frame.x, place.entry),
                    at(place.frame.right() - 12.0, place.entry),
                ],
                Ink::Service(service),
                2.0,
                0.42,
            );
        }
        let streams = view.topics.iter().any(|t| {
            let channel = stage.channels.get(usize::from(*t));
            channel.is_some_and(|c| matches!(c.body, ChannelBody::Log(_)))
        });
        for (m, (member, spot)) in view.members.iter().zip(&place.members).enumerate() {
            let hover = about.hover == Some(Hit::Member(service, m as u16));
            draw_member(scene, view, member, *spot, layout.mode, (streams, hover));
        }
    }
}

fn head(
    scene: &mut Scene,
    view: &ServiceView,
    place: &ServiceBox,
    service: u16,
    mode: Mode,
    fog: Option<&Fog>,
) {
    let size = sizes(mode).0;
    let y = place.head.center().y;
    scene.sign(service, at(place.head.x + 6.0, y), 5.5, false);
    let name_x = place.head.x + 18.0;
    let name_w = width(&view.name, bold(size));
    let edge = counted(scene, view, place, mode, fog.is_some());
    let room = match (mode, place.members.first()) {
        (Mode::Small, _) => edge - name_x - 4.0,
        (Mode::Column, Some(member)) if member.y < place.head.bottom() => member.x - name_x - 6.0,
        _ => place.head.right() - name_x,
    };
    let name = format_args!("{}", view.name);
    scene.fit(at(name_x, y), Align::Left, bold(size), Ink::Ink, room, name);
    if mode == Mode::Wide && fog.is_none_or(|fog| !fog.channels) {
        let from = name_x + name_w + 10.0;
        note(scene, view, at(from, y), edge - 10.0 - from);
    }
}

/// How often a service's effects took place, in words, and where that stands.
struct Count {
    words: String,
    place: Rect,
    /// Room for the mark of its ground, before the words and behind them; none where there is too little.
    mark: Option<(f64, f64)>,
}

/// Where the count of a service's effects stands, with the mark of their ground.
pub(super) fn count_place(view: &ServiceView, place: &ServiceBox, mode: Mode) -> Rect {
    let count = count(view, place, mode);
    let (before, behind) = count.mark.unwrap_or_default();
    let Rect { x, y, w, h } = count.place;
    rect(x - before, y, w + before + behind, h)
}

fn count(view: &ServiceView, place: &ServiceBox, mode: Mode) -> Count {
    let (size, small) = sizes(mode);
    let style = plain(small);
    let head = place.head;
    let named = 18.0 + width(&view.name, bold(size));
    let taken = match mode {
        Mode::Column if head.y + 5.0 > place.frame.y + 10.0 => {
            place.members.last().map_or(0.0, |m| m.right() - head.x)
        }
        Mode::Small => named.min(56.0),
        _ => named,
    };
    let mut left = head.w - taken - 8.0;
    let short = Big(view.effects).to_string();
    let (before, behind) = grounds::room(view.ground);
    let mark = (left >= before + behind + width(&short, style)).then_some((before, behind));
    let (before, behind) = mark.unwrap_or_default();
    left -= before + behind;
    let long = format!("{short} {}", view.effects_noun);
    let fits = width(&long, style) <= left;
    let words = if fits { long } else { short };
    let wide = width(&words, style).min(left.max(24.0));
    let place = rect(
        head.right() - behind - wide,
        head.y + 1.0,
        wide,
        head.h - 2.0,
    );
    Count { words, place, mark }
}

/// Writes how often its effects took place, with the mark of their ground; answers where that begins, as x. In the fog
/// the count is covered: how often altogether, nobody inside can know.
fn counted(
    scene: &mut Scene,
    view: &ServiceView,
    place: &ServiceBox,
    mode: Mode,
    fogged: bool,
) -> f64 {
    let Count { words, place, mark } = count(view, place, mode);
    if mark.is_some() {
        grounds::mark(scene, view.ground, place);
    }
    let (spot, style) = (at(place.right(), place.center().y), plain(sizes(mode).1));
    scene.fit(
        spot,
        Align::Right,
        style,
        Ink::Soft,
        place.w,
        format_args!("{words}"),
    );
    if fogged {
        veil::cover(scene, rect(place.x, spot.y - 9.0, place.w, 18.0));
    }
    place.x - mark.map_or(0.0, |(before, _)| before)
}

/// What its group is at, or how far it is behind, where there is room.
fn note(scene: &mut Scene, view: &ServiceView, spot: Point, room: f64) {
    let (words, style, ink) = if view.rebalancing {
        ("rebalancing".to_string(), bold(11.5), Ink::Lost)
    } else if view.lag > 3 {
        (format!("lag {}", Big(view.lag)), plain(11.5), Ink::Soft)
    } else {
        return;
    };
    if width(&words, style) <= room {
        scene.text(spot, Align::Left, style, ink, format_args!("{words}"));
    }
}

#[inline(never)]
fn draw_member(
    scene: &mut Scene,
    service: &ServiceView,
    member: &MemberView,
    spot: Rect,
    mode: Mode,
    (streams, hover): (bool, bool),
) {
    let radius = (spot.h * 0.2).min(6.0);
    let (sign, words, ink) = match member.state {
        MemberState::Up => ("", "", Ink::Ink),
        MemberState::Down => ("✕", "down", Ink::Lost),
        MemberState::Joining => ("…", "joining", Ink::Soft),
        MemberState::Paused => ("Ⅱ", "paused", Ink::Lost),
        MemberState::Zombie => ("?", "zombie", Ink::Lost),
    };
    match member.state {
        MemberState::Up | MemberState::Joining => scene.area(spot, radius, Ink::Shade),
        MemberState::Paused | MemberState::Zombie => {
            scene.area(spot, radius, Ink::Shade);
            scene.filled(spot, radius, Ink::Line, Fill::Hatched);
            scene.outline(spot.inset(0.7), radius, Ink::Lost, 1.4, false);
        }
        MemberState::Down => scene.outline(spot.inset(0.7), radius, Ink::Lost, 1.5, true),
    }
    if hover {
        scene.outline(spot.inset(0.5), radius, Ink::Focus, 1.5, false);
    }
    if mode != Mode::Wide || spot.h < 28.0 {
        let words = match (sign, member.doing) {
            ("", Some(work)) if spot.w > 40.0 => work.message.to_string(),
            ("", Some(_)) => "●".into(),
            _ => sign.into(),
        };
        if spot.h >= 10.0 {
            scene.fit(
                spot.center(),
                Align::Center,
                bold(11.0),
                ink,
                spot.w,
                format_args!("{words}"),
            );
        }
        return;
    }
    let middle = spot.center();
    // Who receives from a queue owns nothing that could be named.
    let owns = !member.partitions.is_empty() || streams;
    let gap = if owns { (spot.h * 0.2).min(9.0) } else { 0.0 };
    if owns {
        partitions(scene, member, at(middle.x, middle.y - gap), spot.w - 4.0);
    }
    let low = at(middle.x, middle.y + gap);
    let room = spot.w - 4.0;
    if !words.is_empty() {
        let size = if spot.w < 56.0 { 11.0 } else { 12.0 };
        let full = width(words, bold(size)) + 14.0 <= room;
        let words = if full { words } else { "" };
        let words = format_args!("{sign} {words}");
        return scene.fit(low, Align::Center, bold(size), ink, room, words);
    }
    let idle = member.partitions.is_empty() && streams;
    let waiting = if idle { "idle" } else { "·" };
    draw_work(scene, (service, waiting), member, spot, low);
}

/// What an instance is doing.
#[inline(never)]
fn draw_work(
    scene: &mut Scene,
    (service, waiting): (&ServiceView, &str),
    member: &MemberView,
    spot: Rect,
    low: Point,
) {
    let room = spot.w - 4.0;
    let Some(work) = member.doing else {
        return scene.text(
            low,
            Align::Center,
            plain(11.5),
            Ink::Soft,
            format_args!("{waiting}"),
        );
    };
    let verb = doing(work.step, service.effects_noun);
    let again = work.nth > 1;
    let style = if again { bold(12.0) } else { plain(12.0) };
    let long = width(verb, style) + width(" 00000", style) <= room;
    let verb = if long { verb } else { "" };
    let space = if long { " " } else { "" };
    scene.fit(
        low,
        Align::Center,
        style,
        Ink::Ink,
        room,
        format_args!("{verb}{space}{}", work.message),
    );
    if again {
        let badge = at(spot.right() - 6.0, spot.y + 5.0);
        super::moving::badge(scene, badge, work.nth);
    }
}

fn partitions(scene: &mut Scene, member: &MemberView, middle: Point, room: f64) {
    let style = plain(11.5);
    if member.partitions.is_empty() {
        return scene.text(middle, Align::Center, style, Ink::Soft, format_args!("—"));
    }
    let mut names = ranges(&member.partitions);
    if width(&names, style) > room {
        names = format!("{} parts", member.partitions.len());
    }
    if width(&names, style) > room {
        names = format!("{}×P", member.partitions.len());
    }
    scene.fit(
        middle,
        Align::Center,
        style,
        Ink::Soft,
        room,
        format_args!("{names}"),
    );
}

/// `P0–P3 P7`.
fn ranges(partitions: &[(u16, u16)]) -> String {
    let mut numbers: Vec<u16> = partitions.iter().map(|(_, p)| *p).collect();
    numbers.sort_unstable();
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for n in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 >= n => *last = n,
            _ => runs.push((n, n)),
        }
    }
    let words = runs.iter().map(|(first, last)| match last - first {
        0 => format!("P{first}"),
        1 => format!("P{first} P{last}"),
        _ => format!("P{first}–P{last}"),
    });
    words.collect::<Vec<_>>().join(" ")
}
