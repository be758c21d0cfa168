use super::*;
use crate::scenario::{EffectKind, Placed, Span, preset};
use crate::timeline::Run;

/// The orders preset with one lost ack and a crash, and all of its events.
fn mishap() -> (Scenario, Vec<Event>) {
    let mut s = preset("order-processing").unwrap();
    s.duration = Span::s(2);
    s.faults = Default::default();
    s.services[1].name = "Stock; <take> & end".into();
    s.services[1].effect = EffectKind::Stock;
    s.faults.placed = vec![
        Placed::LoseRequest {
            message: 3,
            attempt: 1,
        },
        Placed::LoseAck {
            message: 3,
            attempt: 2,
        },
        Placed::CrashAfter {
            service: "Notification".into(),
            message: 3,
            attempt: 1,
            step: crate::scenario::HandlerStep::Effect,
        },
    ];
    let mut events = Vec::new();
    let mut run = Run::new(s.clone()).unwrap();
    run.advance(u64::MAX, usize::MAX, &mut |event| events.push(*event));
    (s, events)
}

fn drawn() -> Sequence {
    let (s, events) = mishap();
    Sequence::of(&s, &events, 3)
}

#[test]
fn lost_arrows_are_cut_and_retries_numbered() {
    let sequence = drawn();
    let arrows = || {
        sequence.rows.iter().filter_map(|row| match row {
            Row::Arrow(arrow) => Some(arrow),
            Row::Note(_) => None,
        })
    };
    let requests: Vec<(u32, bool)> = arrows()
        .filter(|a| a.attempt > 0)
        .map(|a| (a.attempt, a.fate == Fate::Lost))
        .collect();
    assert_eq!(requests, [(1, true), (2, false), (3, false)]);
    let acks: Vec<bool> = arrows()
        .filter(|a| a.label == "ack")
        .map(|a| a.fate == Fate::Lost)
        .collect();
    assert_eq!(acks, [true, false]);
    let mailed = arrows().filter(|a| a.label.starts_with("mailed")).count();
    assert_eq!(mailed, 2, "the crash came between effect and commit");
    assert!(
        sequence
            .rows
            .iter()
            .any(|row| matches!(row, Row::Note(note) if note.tag == Tag::Crash))
    );
}

#[test]
fn times_go_on_and_every_lane_has_a_name() {
    let sequence = drawn();
    assert!(sequence.rows.len() > 20);
    assert!(sequence.rows.windows(2).all(|w| w[0].at() <= w[1].at()));
    for row in &sequence.rows {
        match row {
            Row::Arrow(arrow) => {
                assert!(arrow.from < sequence.lanes.len() && arrow.to < sequence.lanes.len());
                assert_ne!(arrow.from, arrow.to);
                if let Fate::Arrives(at) = arrow.fate {
                    assert!(at >= arrow.sent_at);
                }
            }
            Row::Note(note) => assert!(note.lane < sequence.lanes.len() && !note.text.is_empty()),
        }
    }
    assert!(sequence.lanes.iter().all(|lane| !lane.name.is_empty()));
    let story = crate::view::story::story(&mishap().0, &mishap().1, 3);
    assert_eq!(sequence.sentences, story);
}

#[test]
fn mermaid_text_is_whole() {
    let text = drawn().to_mermaid();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sequenceDiagram"));
    let arrows = ["-->>", "->>", "--x", "-x", "--)", "-)"];
    for line in lines.map(str::trim) {
        if ["box transparent exactly-once ends here", "end"].contains(&line) {
            continue;
        }
        let known = line.starts_with("participant L")
            || line.starts_with("Note over L")
            || (line.starts_with('L') && arrows.iter().any(|a| line.contains(a)));
        assert!(known, "{line}");
        // A `;` ends a code begun by `#`; a bare one would end the line.
        let codes = line.matches('#').count();
        assert_eq!(line.matches(';').count(), codes, "{line}");
        assert!(!line.split(' ').any(|word| word == "end"), "{line}");
    }
    assert!(text.contains("    participant L0 as Order API\n"), "{text}");
    assert!(
        text.contains("-xL1: ") && text.contains("L1--xL0: "),
        "{text}"
    );
    assert!(text.contains("order 3, attempt 2"), "{text}");
}

#[test]
fn a_picture_stands_by_itself() {
    let svg = drawn().to_svg(&[]);
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("<title>The life of order 3</title>") && svg.contains("<desc>At "));
    assert!(svg.contains("Stock; &lt;take&gt; &amp; end") && !svg.contains("<take>"));
    assert!(svg.contains("(lost)"));
    for tag in ["text", "title", "desc", "svg"] {
        let opened = svg.matches(&format!("<{tag}")).count();
        assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn a_message_nobody_knows_has_an_empty_life() {
    let (s, events) = mishap();
    let sequence = Sequence::of(&s, &events, 999_999);
    assert!(sequence.lanes.is_empty() && sequence.rows.is_empty());
    assert!(sequence.to_svg(&[]).ends_with("</svg>\n"));
    assert_eq!(sequence.to_mermaid(), "sequenceDiagram\n");
}

#[test]
fn a_chain_is_lit_by_weight_and_by_number() {
    let sequence = drawn();
    let lost = sequence.rows.iter().find_map(|row| match row {
        Row::Arrow(arrow) if arrow.fate == Fate::Lost && arrow.end > 0 => Some(arrow.end),
        _ => None,
    });
    let noted = sequence.rows.iter().find_map(|row| match row {
        Row::Note(note) if note.tag == Tag::Crash => Some(note.event),
        _ => None,
    });
    let chain = [
        lost.expect("a lost request"),
        noted.expect("a crash"),
        999_999,
    ];
    let svg = sequence.to_svg(&chain);
    let count = |svg: &str, what: &str| svg.matches(what).count();
    assert_eq!(
        count(&svg, "stroke-width=\"3\"/>"),
        1,
        "the cut arrow is thick"
    );
    assert_eq!(count(&svg, "class=\"place\""), 2, "both wear their number");
    assert!(svg.contains(">1</text>") && svg.contains(">2</text>"));
    assert_eq!(count(&sequence.to_svg(&[]), "class=\"place\""), 0);
}

#[test]
fn effects_outside_stand_beyond_the_line_where_exactly_once_ends() {
    let sequence = drawn();
    let first = sequence
        .lanes
        .iter()
        .position(|lane| lane.outside)
        .expect("a mail is sent");
    assert!(sequence.lanes[first..].iter().all(|lane| lane.outside));
    let inside = |lane: &Lane| lane.of == LaneOf::Store(1) && !lane.outside;
    assert!(
        sequence.lanes[..first].iter().any(inside),
        "stock is kept in one transaction"
    );
    let text = sequence.to_mermaid();
    let (_, boxed) = text
        .split_once("    box transparent exactly-once ends here\n")
        .expect("a box");
    let (boxed, after) = boxed.split_once("    end\n").expect("its end");
    assert_eq!(boxed.lines().count(), sequence.lanes.len() - first);
    assert!(!after.contains("participant"), "{text}");
    assert_eq!(
        sequence
            .to_svg(&[])
            .matches("exactly-once ends here")
            .count(),
        1
    );
}

fn life_of(name: &str, message: u64) -> Sequence {
    let scenario = preset(name).expect("a preset");
    let mut events = Vec::new();
    let mut run = Run::new(scenario.clone()).expect("it runs");
    run.advance(20_000_000, usize::MAX, &mut |event| events.push(*event));
    Sequence::of(&scenario, &events, message)
}

#[test]
fn a_lost_delete_is_a_cut_arrow_to_the_queue_of_its_service() {
    let sequence = life_of("photo-posted", 3);
    let lost: Vec<(LaneOf, &str)> = sequence
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Arrow(arrow) if arrow.fate == Fate::Lost => {
                Some((sequence.lanes[arrow.to].of, arrow.label.as_str()))
            }
            _ => None,
        })
        .collect();
    let to = |queue| (LaneOf::Queue(0, queue), "delete");
    assert_eq!(lost, [to(0), to(1)]);
}

#[test]
fn a_crash_of_the_queue_that_holds_it_is_marked() {
    let sequence = life_of("queue-crash-before-ack", 3);
    let crash = sequence.rows.iter().find_map(|row| match row {
        Row::Note(note) if note.tag == Tag::Crash => Some(sequence.lanes[note.lane].of),
        _ => None,
    });
    assert_eq!(crash, Some(LaneOf::Queue(0, 0)));
}

/// In every preset: lanes can be told apart, nothing happens before the message is there, and frames and crosses stand
/// within the picture.
#[test]
fn every_picture_is_clear() {
    for name in crate::scenario::preset_names() {
        for message in [1, 3, 4, 5, 7, 8, 9] {
            let sequence = life_of(name, message);
            let case = format!("{name}, message {message}");
            let names: std::collections::BTreeSet<&str> = sequence
                .lanes
                .iter()
                .map(|lane| lane.name.as_str())
                .collect();
            assert_eq!(names.len(), sequence.lanes.len(), "{case}: {names:?}");
            let published = sequence.rows.first().is_none_or(|row| match row {
                Row::Note(note) => matches!(sequence.lanes[note.lane].of, LaneOf::Producer(_)),
                Row::Arrow(_) => false,
            });
            assert!(published, "{case}: {:?}", sequence.rows.first());
            let chain: Vec<EventId> = sequence.rows.iter().map(Row::event).collect();
            let svg = sequence.to_svg(&chain);
            let number = |tag: &str, name: &str| -> usize {
                let (_, rest) = tag.split_once(&format!("{name}=\"")).expect("an attribute");
                rest[..rest.find('"').expect("its end")]
                    .parse()
                    .expect("a number")
            };
            let width = number(&svg, " width");
            for tag in svg.split('<').filter(|tag| tag.starts_with("rect")) {
                let right = number(tag, " x") + number(tag, " width");
                assert!(right <= width, "{case}: {tag}");
            }
        }
    }
}
