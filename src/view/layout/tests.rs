//! Nothing overlaps and nothing sticks out, for every amount of things and every room.

use super::*;
use crate::view::stage::*;

fn lane(service: u16) -> Lane {
    Lane {
        service,
        owner: Some(0),
        committed: 5,
        processed: 7,
        delivered: 9,
    }
}

fn partition(services: usize) -> PartitionView {
    PartitionView {
        leader: Some(0),
        epoch: 0,
        replicas: vec![
            ReplicaView {
                broker: 0,
                in_sync: true,
                end: 12,
            };
            2
        ],
        start: 0,
        end: 12,
        high_watermark: 12,
        last_stable: 12,
        cells: Vec::new(),
        lanes: (0..services as u16).map(lane).collect(),
    }
}

fn member() -> MemberView {
    MemberView {
        state: MemberState::Up,
        partitions: Vec::new(),
        doing: None,
        in_hand: 0,
    }
}

/// A stage with so much on it.
pub(crate) fn stage_of(partitions: usize, services: usize, members: usize) -> Stage {
    let producer = ProducerView {
        name: "Order API".into(),
        topics: vec![0],
        up: true,
        waiting: Vec::new(),
        waiting_total: 0,
        published: 0,
        acked: 0,
        gave_up: 0,
    };
    let service = |i: usize| ServiceView {
        name: format!("Service {i}"),
        topics: vec![0],
        output: None,
        effects_noun: "charges",
        effects: 0,
        ground: crate::view::boundary::Ground::Outside,
        generation: 1,
        rebalancing: false,
        lag: 0,
        members: vec![member(); members],
    };
    Stage {
        producers: vec![producer],
        brokers: vec![
            BrokerView {
                up: true,
                cut: false
            };
            2
        ],
        channels: vec![ChannelView {
            name: "order-events".into(),
            body: ChannelBody::Log(vec![partition(services); partitions]),
        }],
        services: (0..services).map(service).collect(),
        ..Stage::default()
    }
}

fn apart(boxes: &[(String, Rect)], case: &str) {
    for (i, (a, one)) in boxes.iter().enumerate() {
        for (b, two) in &boxes[i + 1..] {
            assert!(
                !one.overlaps(two),
                "{case}: {a} {one:?} overlaps {b} {two:?}"
            );
        }
    }
}

fn check(stage: &Stage, room: Room) {
    let layout = layout(stage, room);
    let case = format!(
        "{room:?} {:?} {} rows, {} services",
        layout.mode,
        layout.channels[0].rows.len(),
        layout.services.len()
    );
    let mut boxes: Vec<(String, Rect)> = Vec::new();
    for (i, p) in layout.producers.iter().enumerate() {
        boxes.push((format!("producer {i}"), p.frame));
        for slot in &p.slots {
            assert!(
                p.frame.holds(slot),
                "{case}: slot {slot:?} in {:?}",
                p.frame
            );
        }
        apart(&named("slot", &p.slots), &case);
    }
    for row in layout.channels.iter().flat_map(|c| &c.rows) {
        boxes.push(("row".into(), row.frame));
        assert!(row.count >= 3, "{case}: only {} cells", row.count);
        assert!(row.cells.h >= 12.0, "{case}: cells {:?}", row.cells);
        let mut parts = named("lane", &row.lanes);
        parts.push(("cells".into(), row.cells));
        parts.extend(named("replica", &row.replicas));
        for (name, part) in &parts {
            assert!(
                row.frame.holds(part),
                "{case}: {name} {part:?} in {:?}",
                row.frame
            );
        }
        apart(&parts, &case);
    }
    for service in &layout.services {
        boxes.push(("service".into(), service.frame));
        for m in &service.members {
            assert!(
                service.frame.holds(m),
                "{case}: member {m:?} in {:?}",
                service.frame
            );
            assert!(m.w >= 9.0, "{case}: member {m:?}");
        }
        apart(&named("member", &service.members), &case);
    }
    if layout.grounds.h > 0.0 {
        boxes.push(("legend of grounds".into(), layout.grounds));
    }
    apart(&boxes, &case);
    for (name, place) in &boxes {
        assert!(
            layout.frame.holds(place),
            "{case}: {name} {place:?} in {:?}",
            layout.frame
        );
    }
}

fn named(name: &str, boxes: &[Rect]) -> Vec<(String, Rect)> {
    let each = boxes.iter().enumerate();
    each.map(|(i, r)| (format!("{name} {i}"), *r)).collect()
}

#[test]
fn everything_has_its_place() {
    for partitions in [1, 3, 4, 6, 12] {
        for services in 1..=6 {
            for members in 1..=5 {
                let stage = stage_of(partitions, services, members);
                for width in [320.0, 390.0, 480.0, 759.0, 760.0, 984.0, 1280.0, 1600.0] {
                    for height in [400.0, 565.0, 900.0] {
                        check(
                            &stage,
                            Room {
                                width,
                                height,
                                fixed: false,
                            },
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_figure_in_a_frame_keeps_to_its_height() {
    for (partitions, services, members) in [(1, 1, 1), (3, 4, 3), (4, 4, 5), (6, 2, 2)] {
        let stage = stage_of(partitions, services, members);
        for (width, height) in [(320.0, 208.0), (480.0, 224.0), (640.0, 300.0)] {
            let room = Room {
                width,
                height,
                fixed: true,
            };
            assert_eq!(layout(&stage, room).frame.h, height);
            check(&stage, room);
        }
    }
}

#[test]
fn packets_travel_between_the_things_they_connect() {
    use crate::trace::{Leg, Party, Place};
    let stage = stage_of(4, 4, 3);
    for (width, fixed) in [(984.0, false), (390.0, false), (480.0, true)] {
        let layout = layout(
            &stage,
            Room {
                width,
                height: 500.0,
                fixed,
            },
        );
        let packet = |leg, from, to| Moving {
            packet: 1,
            leg,
            from,
            to,
            sent: 0,
            arrives: 1,
            message: 1,
            count: 1,
            attempt: 1,
            lost: false,
            doubled: false,
            refused: false,
        };
        let api = Place::Party(Party::Producer(0));
        let p2 = Place::Partition(0, 2);
        let member = Place::Party(Party::Member(3, 1));
        let request = layout.way(&packet(Leg::Request, api, p2)).unwrap();
        let port = layout.producers[0].port;
        assert!(request.along(0.0).distance(port) < 20.0);
        let row = &layout.channels[0].rows[2];
        assert!(row.frame.contains(request.along(1.0)));
        let delivery = layout.way(&packet(Leg::Delivery, p2, member)).unwrap();
        assert!(row.frame.contains(delivery.along(0.0)));
        assert!(layout.services[3].frame.contains(delivery.along(1.0)));
        let commit = layout.way(&packet(Leg::Commit, member, p2)).unwrap();
        assert!(commit.along(1.0).distance(delivery.along(0.0)) < 0.01);
        for part in [0.0, 0.3, 0.6, 1.0] {
            assert!(layout.frame.contains(delivery.along(part)));
            assert!(layout.frame.contains(request.along(part)));
        }
    }
}

#[test]
fn the_log_is_turned_on_with_its_head() {
    for end in [0, 3, 12, 13, 40, 1_000, 123_456] {
        let mut stage = stage_of(1, 1, 1);
        if let ChannelBody::Log(p) = &mut stage.channels[0].body {
            p[0].end = end;
        }
        let row = &layout(
            &stage,
            Room {
                width: 984.0,
                height: 500.0,
                fixed: false,
            },
        )
        .channels[0]
            .rows[0];
        assert!(
            row.first + row.count as u64 > end,
            "the next offset is in sight at {end}"
        );
        assert!(
            end < 4 || row.first < end - 1,
            "the newest records are in sight at {end}"
        );
    }
}
