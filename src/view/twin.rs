//! The stage in words: the same model as the drawing, for readers who do not see it.

use std::fmt::Write;

use super::belief;
use super::names;
use super::sentence::sentence;
use super::stage::*;
use crate::scenario::Scenario;
use crate::trace::{Event, Leg, Party};

mod channel;

/// How many of the latest events are told.
const LATEST: usize = 12;

/// A part of the stage with what is to be said of it, a line each.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its heading.
    pub title: String,
    /// What is there.
    pub lines: Vec<String>,
}

/// The moment in a few sentences.
pub fn summary(stage: &Stage) -> String {
    let mut text = format!("At {}: ", names::moment(stage.now));
    for p in &stage.producers {
        let _ = write!(
            text,
            "{}{} has published {} and waits for {} acks. ",
            p.name,
            if p.up { "" } else { " is down, it" },
            p.published,
            p.waiting_total
        );
    }
    for s in &stage.services {
        let down = s.members.iter().filter(|m| m.state == MemberState::Down);
        let _ = write!(
            text,
            "{}: {} {} ({})",
            s.name,
            s.effects,
            s.effects_noun,
            s.ground.words()
        );
        if s.lag > 0 {
            let _ = write!(text, ", {} behind", s.lag);
        }
        match down.count() {
            0 => {}
            n => {
                let _ = write!(text, ", {n} of {} down", s.members.len());
            }
        }
        text.push_str(". ");
    }
    text.trim_end().to_string()
}

/// The moment as one party can know it, in a few sentences.
pub fn summary_for(stage: &Stage, scenario: &Scenario, party: Party) -> String {
    let who = belief::name(scenario, party);
    let mut text = format!("As {who} can know it at {}: ", names::moment(stage.now));
    for part in known(stage, scenario, party) {
        let (first, rest) = match &part.lines[..] {
            [first, rest @ ..] => (first, rest.len()),
            [] => continue,
        };
        let _ = write!(text, "{}: {first}", part.title);
        let _ = match rest {
            0 => write!(text, ". "),
            n => write!(text, " (and {n} more). "),
        };
    }
    text.trim_end().to_string()
}

/// Everything that is drawn, in words.
pub fn details(stage: &Stage, scenario: &Scenario) -> Vec<Part> {
    let mut parts: Vec<Part> = stage.producers.iter().map(|p| producer(p, stage)).collect();
    parts.push(brokers(stage));
    for (held, c) in stage.channels.iter().zip(0..) {
        parts.extend(channel::parts(held, c, scenario));
    }
    for (s, service) in stage.services.iter().enumerate() {
        let mut part = self::service(service, s as u16, scenario);
        part.lines.push(service.ground.sentence().into());
        parts.push(part);
    }
    let part = |title: &str, lines: Vec<String>| Part {
        title: title.into(),
        lines,
    };
    let (inside, outside): (Vec<&Moving>, Vec<&Moving>) =
        stage.moving.iter().partition(|m| is_inside(m));
    let ways = |moving: Vec<&Moving>| moving.into_iter().map(|m| way(m, scenario)).collect();
    parts.push(part("On the way", ways(outside)));
    parts.push(part("Within the broker", ways(inside)));
    parts.push(part(
        "Lost a moment ago",
        ways(stage.fallen.iter().collect()),
    ));
    parts.retain(|p| !p.lines.is_empty());
    parts
}

/// The latest events, newest first: all of them, or those that one party can know of.
pub fn latest<'a>(
    events: impl DoubleEndedIterator<Item = &'a Event>,
    scenario: &Scenario,
    party: Option<Party>,
) -> Part {
    let known = |event: &&Event| party.is_none_or(|party| belief::sees(party, &event.kind));
    let lines = events.rev().filter(known).take(LATEST).map(|event| {
        let words = sentence(event, scenario);
        format!("{}: {words}", names::moment(event.at))
    });
    Part {
        title: "What happened last".into(),
        lines: lines.collect(),
    }
}

/// What one party can know of the stage, in words; what is fogged to it is not there.
pub fn known(stage: &Stage, scenario: &Scenario, party: Party) -> Vec<Part> {
    let fog = belief::fog(stage, party);
    let mut seen = belief::seen_by(stage, &fog);
    let mut place = 0..;
    seen.producers
        .retain(|_| place.next().is_some_and(|p| !fog.producers.contains(&p)));
    let mut parts: Vec<Part> = seen.producers.iter().map(|p| producer(p, &seen)).collect();
    if !fog.channels {
        parts.push(brokers(&seen));
        let channels = seen.channels.iter().zip(0..);
        parts.extend(channels.flat_map(|(held, c)| channel::parts(held, c, scenario)));
    }
    for (s, service) in seen.services.iter().enumerate() {
        let whole = self::service(service, s as u16, scenario);
        let visible = |m: &u16| !fog.members.contains(&(s as u16, *m));
        let lines = whole.lines.into_iter().zip(0..).filter(|(_, m)| visible(m));
        parts.push(Part {
            // How often effects took place altogether, nobody inside knows.
            title: service.name.clone(),
            lines: lines.map(|(line, _)| line).collect(),
        });
    }
    parts.push(Part {
        title: "Sent, and on the way as far as is known".into(),
        lines: seen.moving.iter().map(|m| way(m, scenario)).collect(),
    });
    parts.retain(|p| !p.lines.is_empty());
    parts
}

fn producer(p: &ProducerView, stage: &Stage) -> Part {
    let mut lines = vec![format!(
        "{}: {} published, {} known to be stored, {} given up",
        if p.up { "up" } else { "down" },
        p.published,
        p.acked,
        p.gave_up
    )];
    lines.extend(p.waiting.iter().map(|w| match w.attempt {
        0 => format!("{} {} waits to be sent", stage.noun, w.message),
        1 => format!("{} {} is sent and not acked", stage.noun, w.message),
        n => format!(
            "{} {} is sent for the {} time and not acked",
            stage.noun,
            w.message,
            names::ordinal(n)
        ),
    }));
    Part {
        title: p.name.clone(),
        lines,
    }
}

fn brokers(stage: &Stage) -> Part {
    let line = |(b, broker): (usize, &BrokerView)| match (broker.up, broker.cut) {
        (false, _) => format!("broker {b}: down"),
        (true, true) => format!("broker {b}: cut off from the others"),
        (true, false) => format!("broker {b}: up"),
    };
    Part {
        title: "Brokers".into(),
        lines: stage.brokers.iter().enumerate().map(line).collect(),
    }
}

fn service(service: &ServiceView, s: u16, scenario: &Scenario) -> Part {
    let lines = service.members.iter().enumerate().map(|(m, member)| {
        let name = names::member(scenario, s, m as u16);
        let state = match member.state {
            MemberState::Up => "up",
            MemberState::Down => "down",
            MemberState::Joining => "joining",
            MemberState::Paused => "standing still",
            MemberState::Zombie => "a zombie: what it believes to own is another's",
        };
        let own: Vec<String> = member
            .partitions
            .iter()
            .map(|(_, p)| p.to_string())
            .collect();
        let own = match own.is_empty() {
            true => String::new(),
            false => format!(", owns partitions {}", own.join(", ")),
        };
        let doing = member.doing.map_or(String::new(), |d| {
            let again = match d.nth {
                0 | 1 => String::new(),
                n => format!(" for the {} time", names::ordinal(n)),
            };
            format!(", works on {}{again}", names::message(scenario, d.message))
        });
        format!(
            "{name}: {state}{own}{doing}, {} more in hand",
            member.in_hand
        )
    });
    Part {
        title: format!(
            "{}: {} {}",
            service.name, service.effects, service.effects_noun
        ),
        lines: lines.collect(),
    }
}

/// From one part of the broker to another: the drawing has no way for it.
fn is_inside(m: &Moving) -> bool {
    let party = |place| matches!(place, Place::Party(Party::Producer(_) | Party::Member(..)));
    !party(m.from) && !party(m.to)
}

/// A packet in words; there is one line for each packet that is drawn.
fn way(m: &Moving, scenario: &Scenario) -> String {
    let about = match (m.message, m.count) {
        (0, _) => String::new(),
        (message, 0 | 1) => format!(" of {}", names::message(scenario, message)),
        (message, n) => format!(
            " of {} and {} more",
            names::message(scenario, message),
            n - 1
        ),
    };
    let again = match (m.leg, m.attempt) {
        (Leg::Request | Leg::Delivery, 2..) => format!(", {} try", names::ordinal(m.attempt)),
        _ => String::new(),
    };
    let fate = match (m.lost, m.doubled) {
        (true, _) => ", will not arrive",
        (_, true) => ", a second copy made by the network",
        _ => "",
    };
    format!(
        "{}{about} from {} to {}{again}{fate}",
        names::leg(m.leg),
        names::place(scenario, m.from),
        names::place(scenario, m.to)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::preset;
    use crate::timeline::Timeline;

    #[test]
    fn there_is_a_line_for_each_packet_and_each_thing() {
        let scenario = preset("order-processing").expect("a preset");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        let mut packets = 0;
        for at in 1..200_u64 {
            timeline.advance(at * 5_000, usize::MAX);
            let stage = Stage::of(timeline.run().world());
            let parts = details(&stage, &scenario);
            let of = |title: &str| {
                let part = parts.iter().find(|p| p.title == title);
                part.map_or(0, |p| p.lines.len())
            };
            let ways = of("On the way") + of("Within the broker");
            assert_eq!(ways, stage.moving.len());
            assert_eq!(of("Lost a moment ago"), stage.fallen.len());
            packets += stage.moving.len();
            for s in &stage.services {
                let part = parts.iter().find(|p| p.title.starts_with(&s.name));
                assert_eq!(part.map(|p| p.lines.len()), Some(s.members.len() + 1));
            }
        }
        assert!(packets > 20, "something moved: {packets}");
    }

    #[test]
    fn in_words_too_a_party_is_told_only_what_it_can_know() {
        let scenario = preset("order-processing").expect("a preset");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        timeline.advance(2_000_000, usize::MAX);
        let stage = Stage::of(timeline.run().world());
        let titles = |party| -> Vec<String> {
            let parts = known(&stage, &scenario, party).into_iter();
            parts
                .map(|p| p.title)
                .filter(|t| !t.starts_with("Sent"))
                .collect()
        };
        assert_eq!(titles(Party::Producer(0)), ["Order API"]);
        assert_eq!(titles(Party::Member(1, 1)), ["Inventory"]);
        assert!(titles(Party::Broker(0)).contains(&"order-events".to_string()));
        let told = known(&stage, &scenario, Party::Producer(0));
        let lines = told.iter().flat_map(|p| &p.lines);
        assert!(lines.clone().all(|l| !l.contains("will not arrive")) && lines.count() > 0);
    }

    #[test]
    fn in_short_too_a_party_is_told_only_what_it_can_know() {
        let scenario = preset("order-processing").expect("a preset");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        timeline.advance(2_000_000, usize::MAX);
        let stage = Stage::of(timeline.run().world());
        let text = summary_for(&stage, &scenario, Party::Producer(0));
        assert!(
            text.starts_with("As Order API can know it at 2.000 s: Order API: up: "),
            "{text}"
        );
        assert!(
            !text.contains("charges") && !text.contains("offsets"),
            "{text}"
        );
    }

    #[test]
    fn the_summary_names_everyone_and_is_short() {
        let scenario = preset("order-processing").expect("a preset");
        let mut timeline = Timeline::new(scenario.clone()).expect("it runs");
        timeline.advance(3_000_000, usize::MAX);
        let text = summary(&Stage::of(timeline.run().world()));
        for service in &scenario.services {
            assert!(text.contains(&service.name), "{text}");
        }
        assert!(
            text.starts_with("At 3.000 s: Order API has published"),
            "{text}"
        );
        assert!(
            text.contains("charges (outside, repeats known by key)"),
            "{text}"
        );
        assert!(text.len() < 500, "{text}");
    }
}
