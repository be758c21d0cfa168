//! The events of an explanation, lit where they happened: a frame around the place, and their numbers.

use super::moving::LOST_AT;
use super::services::count_place;
use super::signs::width;
use super::{Align, Ink, Scene, bold};
use crate::explain::service_of;
use crate::trace::{Event, Kind, Leg, Party, Place};
use crate::view::geometry::{Rect, at, rect};
use crate::view::layout::{Layout, RowBox};
use crate::view::stage::{Moving, Stage};

/// Lights the events of a chain up to this event; the last of them is the one the cursor is at.
#[inline(never)]
pub(super) fn light(scene: &mut Scene, stage: &Stage, layout: &Layout, chain: &[Event], upto: u64) {
    let mut places: Vec<(Rect, Vec<usize>)> = Vec::new();
    let past = chain.iter().take_while(|event| event.id <= upto);
    let mut newest = 0;
    for (event, n) in past.zip(1..) {
        let Some(place) = place_of(event, stage, layout, chain) else {
            continue;
        };
        newest = n;
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, numbers)) => numbers.push(n),
            None => places.push((place, vec![n])),
        }
    }
    for (place, numbers) in places {
        let here = numbers.contains(&newest);
        let frame = place.inset(-2.5);
        scene.outline(frame, 5.0, Ink::Focus, if here { 3.5 } else { 1.8 }, !here);
        badge(scene, layout, frame, &ranges(&numbers), here);
    }
}

/// The numbers, at the first corner of the frame where they stand on the stage and hide nothing that floats.
fn badge(scene: &mut Scene, layout: &Layout, frame: Rect, words: &str, here: bool) {
    let style = bold(10.5);
    let (w, h) = ((width(words, style) + 8.0).max(15.0), 15.0);
    let corners = [
        (frame.x, frame.y),
        (frame.right(), frame.y),
        (frame.x, frame.bottom()),
        (frame.right(), frame.bottom()),
    ];
    let room = layout.frame.inset(1.0);
    let whole = corners.map(|(x, y)| rect(x - w / 2.0, y - h / 2.0, w, h));
    let mut free = whole.into_iter().filter(|ground| room.holds(ground));
    let moved = rect(
        whole[0].x.clamp(room.x, (room.right() - w).max(room.x)),
        whole[0].y.clamp(room.y, (room.bottom() - h).max(room.y)),
        w,
        h,
    );
    let ground = free.find(|ground| scene.clear_of(*ground)).unwrap_or(moved);
    scene.taken.push(ground);
    let (paper, ink) = if here {
        (Ink::Ink, Ink::Paper)
    } else {
        (Ink::Paper, Ink::Ink)
    };
    scene.area(ground, 7.5, paper);
    scene.outline(ground, 7.5, Ink::Focus, 1.5, false);
    scene.text(
        ground.center(),
        Align::Center,
        style,
        ink,
        format_args!("{words}"),
    );
}

/// "1–3 7".
fn ranges(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &n in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => runs.push((n, n)),
        }
    }
    let words = runs.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first} {last}"),
        _ => format!("{first}–{last}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where an event happened on the stage, if that is shown.
fn place_of(event: &Event, stage: &Stage, layout: &Layout, chain: &[Event]) -> Option<Rect> {
    use Kind::*;
    if let Some(party) = party_of(&event.kind) {
        return of_party(layout, party);
    }
    match event.kind {
        Published {
            producer, message, ..
        }
        | Sent {
            producer, message, ..
        }
        | Acked {
            producer, message, ..
        }
        | TimedOut {
            producer, message, ..
        }
        | GaveUp {
            producer, message, ..
        } => at_producer(stage, layout, producer, message),
        PacketLost { leg, .. } | PacketDoubled { leg, .. } | PacketHeldUp { leg, .. } => {
            on_the_way(leg, event, layout, chain)
        }
        Grown { topic, .. } => layout.channels.get(usize::from(topic)).map(|c| c.title),
        Effect { service, .. } => effects(stage, layout, service),
        Committed { service, .. } | LeaseExpired { service, .. } | Requeued { service, .. } => {
            let head = layout.services.get(usize::from(service))?.head;
            Some(rect(head.x, head.y, 18.0, head.h))
        }
        kind => match (in_log(layout, &kind), service_of(&kind)) {
            (Some(place), _) => Some(place),
            (None, service) => layout.services.get(usize::from(service?)).map(|s| s.head),
        },
    }
}

/// The cell, or the row, in which an event happened.
fn in_log(layout: &Layout, kind: &Kind) -> Option<Rect> {
    use Kind::*;
    match *kind {
        Appended {
            topic,
            partition,
            offset,
            ..
        }
        | Recognised {
            topic,
            partition,
            offset,
            ..
        } => cell(layout, topic, partition, offset),
        Refused {
            topic, partition, ..
        }
        | Truncated {
            topic, partition, ..
        }
        | HighWatermark {
            topic, partition, ..
        }
        | Elected {
            topic, partition, ..
        }
        | Leaderless {
            topic, partition, ..
        }
        | Expired {
            topic, partition, ..
        } => row(layout, topic, partition).map(label),
        Enqueued { topic, queue, .. } | Deduplicated { topic, queue, .. } => {
            row(layout, topic, u32::from(queue)).map(label)
        }
        _ => None,
    }
}

/// The process an event is about, where it is about one that has it in hand.
fn party_of(kind: &Kind) -> Option<Party> {
    use Kind::*;
    match *kind {
        Crashed { party, .. } | Restarted { party } | Paused { party, .. } | Fenced { party } => {
            Some(party)
        }
        LinkCut { broker, .. } => Some(Party::Broker(broker)),
        Delivered {
            service, member, ..
        }
        | Skipped {
            service, member, ..
        }
        | RolledBack {
            service, member, ..
        }
        | Failed {
            service, member, ..
        }
        | Processed {
            service, member, ..
        }
        | HeldBack {
            service, member, ..
        }
        | CommitSent {
            service, member, ..
        }
        | CommitRefused {
            service, member, ..
        }
        | Joined {
            service, member, ..
        }
        | Removed {
            service, member, ..
        }
        | Assigned {
            service, member, ..
        }
        | Leased {
            service, member, ..
        }
        | LeaseExtended {
            service, member, ..
        }
        | Deleted {
            service, member, ..
        }
        | StaleReceipt {
            service, member, ..
        }
        | Subscribed {
            service, member, ..
        } => Some(Party::Member(service, member)),
        _ => None,
    }
}

fn at_producer(stage: &Stage, layout: &Layout, producer: u16, message: u64) -> Option<Rect> {
    let place = layout.producers.get(usize::from(producer))?;
    let waiting = &stage.producers.get(usize::from(producer))?.waiting;
    let slot = waiting.iter().position(|w| w.message == message);
    Some(
        slot.and_then(|slot| place.slots.get(slot).copied())
            .unwrap_or(place.name),
    )
}

fn row(layout: &Layout, topic: u16, row: u32) -> Option<&RowBox> {
    layout
        .channels
        .get(usize::from(topic))?
        .rows
        .get(row as usize)
}

/// The beginning of a row, where its number stands.
fn label(row: &RowBox) -> Rect {
    rect(row.cells.x - 30.0, row.cells.y, 24.0, row.cells.h)
}

/// A cell, or the beginning of its row where it is not in sight any more.
fn cell(layout: &Layout, topic: u16, partition: u32, offset: u64) -> Option<Rect> {
    let row = row(layout, topic, partition)?;
    let nth = offset
        .checked_sub(row.first)
        .filter(|nth| *nth < row.count as u64);
    Some(match nth {
        Some(nth) => rect(
            row.cells.x + nth as f64 * row.cell,
            row.cells.y,
            row.cell,
            row.cells.h,
        ),
        None => label(row),
    })
}

fn of_party(layout: &Layout, party: Party) -> Option<Rect> {
    match party {
        Party::Producer(p) => Some(layout.producers.get(usize::from(p))?.name),
        Party::Broker(b) => layout.brokers.get(usize::from(b)).copied(),
        Party::Member(s, m) => {
            let service = layout.services.get(usize::from(s))?;
            Some(
                service
                    .members
                    .get(usize::from(m))
                    .copied()
                    .unwrap_or(service.head),
            )
        }
    }
}

/// Where a service's effects are counted.
fn effects(stage: &Stage, layout: &Layout, service: u16) -> Option<Rect> {
    let view = stage.services.get(usize::from(service))?;
    let place = layout.services.get(usize::from(service))?;
    Some(count_place(view, place, layout.mode))
}

/// Where a packet fell, or was held up.
fn on_the_way(leg: Leg, event: &Event, layout: &Layout, chain: &[Event]) -> Option<Rect> {
    let producer = chain.iter().find_map(|event| match event.kind {
        Kind::Published { producer, .. } | Kind::Sent { producer, .. } => Some(producer),
        _ => None,
    });
    let topic = chain.iter().find_map(|event| match event.kind {
        Kind::Published { topic, .. } => Some(topic),
        _ => None,
    });
    let stored = chain.iter().find_map(|event| match event.kind {
        Kind::Appended {
            topic, partition, ..
        } => Some(Place::Partition(topic, partition as u16)),
        Kind::Enqueued { topic, queue, .. } => Some(Place::Queue(topic, queue)),
        _ => None,
    });
    let log = stored.unwrap_or(Place::Channel(topic.unwrap_or(0)));
    let party = match leg {
        Leg::Request | Leg::Ack => Party::Producer(producer.unwrap_or(0)),
        _ => {
            let service = service_of(&event.kind)?;
            let member = chain.iter().rev().find_map(|event| match event.kind {
                Kind::Delivered {
                    service: s, member, ..
                } if s == service => Some(member),
                _ => None,
            });
            Party::Member(service, member.unwrap_or(0))
        }
    };
    let (from, to) = match leg {
        Leg::Request | Leg::Commit => (Place::Party(party), log),
        _ => (log, Place::Party(party)),
    };
    let packet = Moving {
        packet: 0,
        leg,
        from,
        to,
        sent: 0,
        arrives: 0,
        message: 0,
        count: 0,
        attempt: 0,
        lost: true,
        doubled: false,
        refused: false,
    };
    let spot = layout.way(&packet)?.along(LOST_AT);
    let corner = at(spot.x - 11.0, spot.y - 11.0);
    Some(rect(corner.x, corner.y, 22.0, 22.0))
}
