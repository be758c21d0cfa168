//! What is on its way: single packets, or flows where there are too many to be seen.

use super::signs::width;
use super::{Align, Attention, Ink, Mark, Scene, bold, plain};
use crate::trace::{Leg, Party, Place};
use crate::view::geometry::{Point, Rect, Way, at, rect};
use crate::view::layout::{Layout, Mode};
use crate::view::stage::{Moving, Stage};

/// A lost packet leaves its way here.
pub(super) const LOST_AT: f64 = 0.55;
/// How deep it falls.
const FALL: f64 = 24.0;
/// More words than these at a time are not read.
const MOST_WORDS: usize = 4;

/// Every packet with its number.
#[inline(never)]
pub(super) fn packets(
    scene: &mut Scene,
    stage: &Stage,
    layout: &Layout,
    about: Attention,
    stepping: bool,
) {
    scene.keep_clear_of_words();
    let spots: Vec<_> = spots(stage, layout, stepping).collect();
    // Words keep clear of what travels.
    for (packet, spot) in &spots {
        if matches!(packet.leg, Leg::Request | Leg::Ack) {
            let ground = rect(spot.x - 18.0, spot.y - 15.0, 42.0, 25.0);
            scene.taken.push(ground);
        }
    }
    losses(scene, stage, layout, MOST_WORDS);
    for (packet, spot) in spots {
        draw_packet(scene, layout, packet, spot, about);
    }
}

/// Where the packets are.
pub(super) fn spots<'a>(
    stage: &'a Stage,
    layout: &'a Layout,
    stepping: bool,
) -> impl Iterator<Item = (&'a Moving, Point)> {
    let part = move |packet: &Moving| match progress(packet, stage.now) {
        part if stepping => ((part * 3.0).floor() / 2.0).min(1.0),
        part => part,
    };
    stage.moving.iter().filter_map(move |packet| {
        let way = layout.way(packet)?;
        Some((packet, place(&way, packet, part(packet))))
    })
}

/// What was lost, where it fell; the last of them in so many words.
pub(super) fn losses(scene: &mut Scene, stage: &Stage, layout: &Layout, words: usize) {
    let mut said = 0;
    let narrow = layout.mode != Mode::Wide;
    for packet in stage.fallen.iter().rev() {
        let Some(way) = layout.way(packet) else {
            continue;
        };
        let spot = way.along(LOST_AT).plus(0.0, FALL);
        cross(scene, spot);
        if narrow && words > 0 {
            number_of_loss(scene, packet, spot);
        } else if said < words {
            said += usize::from(words_of_loss(scene, layout, packet, spot));
        }
    }
}

fn progress(packet: &Moving, now: u64) -> f64 {
    let whole = packet.arrives.saturating_sub(packet.sent).max(1);
    (now.saturating_sub(packet.sent) as f64 / whole as f64).clamp(0.0, 1.0)
}

fn place(way: &Way, packet: &Moving, part: f64) -> Point {
    let spot = if packet.lost && part > LOST_AT {
        let fallen = (part - LOST_AT) / (1.0 - LOST_AT);
        way.along(LOST_AT).plus(0.0, FALL * fallen * fallen)
    } else {
        way.along(part)
    };
    if packet.doubled {
        spot.plus(5.0, -9.0)
    } else {
        spot
    }
}

#[inline(never)]
fn draw_packet(scene: &mut Scene, layout: &Layout, packet: &Moving, spot: Point, about: Attention) {
    match packet.leg {
        Leg::Request => {
            pill(scene, packet, spot, about, true);
            if packet.attempt > 1 {
                badge(scene, spot.plus(16.0, -9.0), packet.attempt);
            }
        }
        Leg::Ack => pill(scene, packet, spot, about, false),
        Leg::Delivery => delivery(scene, layout, packet, spot, about),
        Leg::Commit | Leg::CommitAck => {
            let Some(service) = service_of(packet) else {
                return;
            };
            scene.sign(service, spot, 4.5, true);
        }
        Leg::Replication | Leg::Control => {
            scene.area(rect(spot.x - 2.5, spot.y - 2.5, 5.0, 5.0), 2.5, Ink::Soft);
        }
    }
    if packet.message > 0 {
        scene.pills.push((spot, packet.message));
    }
}

/// Requests are filled, answers are outlined and wear a tick or a cross.
fn pill(scene: &mut Scene, packet: &Moving, spot: Point, about: Attention, filled: bool) {
    let style = bold(11.0);
    let tick = match (filled, packet.refused) {
        (true, _) => "",
        (false, false) => "✓",
        (false, true) => "✕",
    };
    let more = packet.count.saturating_sub(1);
    let text = if more > 0 {
        format!("{tick}{}+{more}", packet.message)
    } else {
        format!("{tick}{}", packet.message)
    };
    let w = (width(&text, style) + 12.0).max(26.0);
    let spot = at(spot.x.max(w / 2.0 + 1.0), spot.y);
    let shape = rect(spot.x - w / 2.0, spot.y - 9.5, w, 19.0);
    let picked = about.picked == Some(packet.message);
    let (ground, ink) = if filled {
        (Ink::Ink, Ink::Paper)
    } else {
        (Ink::Paper, Ink::Ink)
    };
    scene.area(shape, 9.5, ground);
    if !filled || picked {
        let line = if picked {
            Ink::Focus
        } else if packet.refused {
            Ink::Lost
        } else {
            Ink::Ink
        };
        scene.outline(shape, 9.5, line, if picked { 3.0 } else { 1.4 }, false);
    }
    scene.text(spot, Align::Center, style, ink, format_args!("{text}"));
}

fn delivery(scene: &mut Scene, layout: &Layout, packet: &Moving, spot: Point, about: Attention) {
    let Some(service) = service_of(packet) else {
        return;
    };
    if about.picked == Some(packet.message) {
        scene.area(
            rect(spot.x - 10.0, spot.y - 10.0, 20.0, 20.0),
            10.0,
            Ink::Focus,
        );
    }
    scene.sign(service, spot, 6.5, false);
    let style = plain(10.5);
    let words = if packet.count > 1 {
        format!("{}+{}", packet.message, packet.count - 1)
    } else {
        packet.message.to_string()
    };
    let w = width(&words, style);
    let (label, align, left) = if spot.x + 9.0 + w < layout.frame.right() {
        (spot.plus(9.0, 0.0), Align::Left, spot.x + 9.0)
    } else {
        (spot.plus(-9.0, 0.0), Align::Right, spot.x - 9.0 - w)
    };
    let ground = rect(left, label.y - 6.0, w, 12.0);
    if scene.clear_of(ground) {
        scene.taken.push(ground);
        scene.write(
            label,
            align,
            style,
            Ink::Ink,
            format_args!("{words}"),
            None,
            true,
        );
    }
    if packet.attempt > 1 {
        badge(scene, spot.plus(8.0, -6.0), packet.attempt);
    }
}

pub(super) fn service_of(packet: &Moving) -> Option<u16> {
    match (packet.from, packet.to) {
        (Place::Party(Party::Member(s, _)), _) | (_, Place::Party(Party::Member(s, _))) => Some(s),
        _ => None,
    }
}

/// The number of the attempt.
#[inline(never)]
pub(super) fn badge(scene: &mut Scene, spot: Point, attempt: u32) {
    let shape = rect(spot.x - 7.0, spot.y - 7.0, 14.0, 14.0);
    scene.area(shape, 7.0, Ink::Twice);
    scene.outline(shape, 7.0, Ink::OnTwice, 1.0, false);
    scene.text(
        spot,
        Align::Center,
        bold(9.5),
        Ink::OnTwice,
        format_args!("{attempt}"),
    );
}

#[inline(never)]
fn cross(scene: &mut Scene, spot: Point) {
    scene.marks.push(Mark::Cross {
        center: spot,
        radius: 5.5,
        width: 2.6,
    });
}

/// Says what was lost, below or above its cross, unless other things are there.
#[inline(never)]
fn words_of_loss(scene: &mut Scene, layout: &Layout, packet: &Moving, spot: Point) -> bool {
    let what = match packet.leg {
        Leg::Request => "lost",
        Leg::Ack => "ack lost",
        Leg::Delivery => "lost on the way",
        Leg::Commit => "commit lost",
        _ => return false,
    };
    let text = match (packet.message, packet.leg) {
        (0, _) => what.to_string(),
        (n, Leg::Ack) => format!("ack of {n} lost"),
        (n, _) => format!("{n} {what}"),
    };
    let style = plain(11.5);
    let w = width(&text, style);
    let x = spot.x.clamp(
        w / 2.0 + 2.0,
        (layout.frame.right() - w / 2.0 - 2.0).max(w / 2.0 + 2.0),
    );
    let places = [9.0, -23.0].map(|dy| rect(x - w / 2.0, spot.y + dy, w, 14.0));
    let Some(ground) = places.into_iter().find(|place| scene.clear_of(*place)) else {
        return false;
    };
    scene.taken.push(ground);
    scene.write(
        ground.center(),
        Align::Center,
        style,
        Ink::Lost,
        format_args!("{text}"),
        None,
        true,
    );
    true
}

/// Where there is no room for words: the number, with a tick if it was an ack.
#[inline(never)]
fn number_of_loss(scene: &mut Scene, packet: &Moving, spot: Point) {
    if packet.message == 0 {
        return;
    }
    let style = plain(10.5);
    let tick = if packet.leg == Leg::Ack { "✓" } else { "" };
    let text = format!("{tick}{}", packet.message);
    let w = width(&text, style);
    let beside = [(8.0, -6.0), (-8.0 - w, -6.0), (-w / 2.0, 6.0)];
    let places = beside.map(|(dx, dy)| rect(spot.x + dx, spot.y + dy, w, 12.0));
    let free = |place: &Rect| place.x >= 0.0 && scene.clear_of(*place);
    if let Some(ground) = places.into_iter().find(free) {
        scene.taken.push(ground);
        let from = at(ground.x, ground.center().y);
        let words = format_args!("{text}");
        scene.write(from, Align::Left, style, Ink::Lost, words, None, true);
    }
}

impl Scene {
    /// Words that float beside what travels keep clear of those that stand.
    #[inline(never)]
    fn keep_clear_of_words(&mut self) {
        let standing = self.marks.iter().filter_map(|mark| self.ground(mark));
        let standing: Vec<Rect> = standing.collect();
        self.taken.extend(standing);
    }

    /// What a text covers, from the top of its capitals to below its line.
    pub(super) fn ground(&self, mark: &Mark) -> Option<Rect> {
        let Mark::Text {
            at,
            words,
            style,
            align,
            ..
        } = mark
        else {
            return None;
        };
        let w = width(self.read(words), *style);
        let x = match align {
            Align::Left => at.x,
            Align::Center => at.x - w / 2.0,
            Align::Right => at.x - w,
        };
        Some(rect(x, at.y - 0.45 * style.size, w, 0.85 * style.size))
    }

    pub(super) fn clear_of(&self, ground: Rect) -> bool {
        !self.taken.iter().any(|t| t.overlaps(&ground))
    }
}
