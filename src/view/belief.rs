//! Truth and belief: what one party can know of a message, and what of the stage is fog to it.
//!
//! Belief is folded from those events alone that reach the party, so what it cannot know cannot leak in.

use serde::Serialize;

use super::stage::Stage;
use crate::scenario::Scenario;
use crate::trace::{Event, Kind, Party, Place};

/// What a party believes of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Belief {
    /// It has never heard of it.
    #[default]
    Nothing,
    /// It has it in its own memory and has not sent it.
    InHand,
    /// It sent it (so often) and has no answer: stored, lost, or its ack lost; all look the same.
    Unknown {
        /// How often it was sent.
        attempts: u32,
    },
    /// It gave up waiting for an answer; what became of it, it does not know.
    GivenUp {
        /// How often it was sent.
        attempts: u32,
    },
    /// It knows that it is stored.
    Stored,
    /// It has handed it out (so often) and heard of no end.
    HandedOut {
        /// How often.
        times: u32,
    },
    /// It was told that it is done with: committed, acked or deleted. Whether the effect took place, it cannot know.
    ReportedDone,
    /// It did the effect (so often, in this life of its process).
    Done {
        /// How often.
        times: u32,
    },
}

/// What a party can know of a message after these events (oldest first).
pub fn knows<'a>(
    party: Party,
    message: u64,
    events: impl IntoIterator<Item = &'a Event>,
) -> Belief {
    let mut belief = Belief::Nothing;
    let mut handed: Option<(u32, u64)> = None;
    for event in events {
        let own = event.kind.message() == Some(message);
        belief = match party {
            Party::Producer(producer) => of_producer(belief, producer, own, &event.kind),
            Party::Broker(_) => of_broker(belief, &mut handed, own, &event.kind),
            Party::Member(service, member) => {
                of_member(belief, (service, member), own, &event.kind)
            }
        };
    }
    belief
}

fn of_producer(belief: Belief, who: u16, own: bool, kind: &Kind) -> Belief {
    match *kind {
        Kind::Crashed {
            party: Party::Producer(p),
            ..
        } if p == who => Belief::Nothing,
        Kind::Published { producer, .. } if own && producer == who => Belief::InHand,
        Kind::Sent {
            producer, attempt, ..
        } if own && producer == who => Belief::Unknown { attempts: attempt },
        Kind::Acked { producer, .. } if own && producer == who => Belief::Stored,
        Kind::GaveUp { producer, .. } if own && producer == who => match belief {
            Belief::Unknown { attempts } => Belief::GivenUp { attempts },
            _ => Belief::GivenUp { attempts: 0 },
        },
        _ => belief,
    }
}

/// The brokers are taken as one: they tell each other.
fn of_broker(belief: Belief, handed: &mut Option<(u32, u64)>, own: bool, kind: &Kind) -> Belief {
    match *kind {
        Kind::Appended { .. } | Kind::Enqueued { .. } if own => match belief {
            Belief::Nothing => Belief::Stored,
            known => known,
        },
        Kind::Truncated { .. } if own => Belief::Nothing,
        Kind::Delivered {
            partition, offset, ..
        } if own => {
            *handed = Some((partition, offset));
            match belief {
                Belief::HandedOut { times } => Belief::HandedOut { times: times + 1 },
                Belief::ReportedDone => Belief::ReportedDone,
                _ => Belief::HandedOut { times: 1 },
            }
        }
        Kind::Deleted { .. } if own => Belief::ReportedDone,
        Kind::Committed {
            partition, offset, ..
        } if handed.is_some_and(|(p, at)| p == partition && offset > at) => Belief::ReportedDone,
        _ => belief,
    }
}

fn of_member(belief: Belief, who: (u16, u16), own: bool, kind: &Kind) -> Belief {
    match *kind {
        // A process knows nothing of its earlier lives.
        Kind::Crashed {
            party: Party::Member(s, m),
            ..
        } if (s, m) == who => Belief::Nothing,
        Kind::Delivered {
            service, member, ..
        } if own && (service, member) == who => match belief {
            Belief::Done { .. } => belief,
            _ => Belief::InHand,
        },
        Kind::Effect {
            service, member, ..
        } if own && (service, member) == who => match belief {
            Belief::Done { times } => Belief::Done { times: times + 1 },
            _ => Belief::Done { times: 1 },
        },
        _ => belief,
    }
}

/// Whether an event happens before a party's eyes: what it does, and what reaches it. The brokers are taken as one.
pub fn sees(party: Party, kind: &Kind) -> bool {
    use Kind::*;
    if let Crashed { party: who, .. } | Restarted { party: who } | Fenced { party: who } = *kind {
        let brokers = matches!((who, party), (Party::Broker(_), Party::Broker(_)));
        return who == party || brokers;
    }
    match party {
        Party::Producer(own) => matches!(*kind,
            Published { producer, .. }
            | Sent { producer, .. }
            | Acked { producer, .. }
            | TimedOut { producer, .. }
            | GaveUp { producer, .. }
            | ProducerReady { producer, .. } if producer == own),
        Party::Member(s, m) => matches!(*kind,
            Delivered { service, member, .. }
            | Step { service, member, .. }
            | Effect { service, member, .. }
            | Skipped { service, member, .. }
            | RolledBack { service, member, .. }
            | Failed { service, member, .. }
            | Processed { service, member, .. }
            | HeldBack { service, member, .. }
            | CommitSent { service, member, .. } if (service, member) == (s, m)),
        Party::Broker(_) => matches!(
            kind,
            Appended { .. }
                | Recognised { .. }
                | Refused { .. }
                | Replicated { .. }
                | HighWatermark { .. }
                | InSync { .. }
                | Elected { .. }
                | Leaderless { .. }
                | Truncated { .. }
                | Expired { .. }
                | Grown { .. }
                | Delivered { .. }
                | Committed { .. }
                | CommitRefused { .. }
                | Joined { .. }
                | Removed { .. }
                | Rebalancing { .. }
                | Assigned { .. }
                | Enqueued { .. }
                | Deduplicated { .. }
                | Leased { .. }
                | LeaseExpired { .. }
                | LeaseExtended { .. }
                | Deleted { .. }
                | StaleReceipt { .. }
                | Requeued { .. }
                | Redriven { .. }
                | Subscribed { .. }
                | MarkerWritten { .. }
                | LastStable { .. }
        ),
    }
}

/// What a party believes, in a sentence.
pub fn sentence(scenario: &Scenario, party: Party, message: u64, belief: Belief) -> String {
    let (who, it) = (
        super::names::party(scenario, party),
        super::names::message(scenario, message),
    );
    let times = |n: u32| match n {
        1 => "once".to_string(),
        n => format!("{n} times"),
    };
    match belief {
        Belief::Nothing => format!("{who} knows nothing of {it}."),
        Belief::InHand => format!("{who} has {it} in hand."),
        Belief::Unknown { attempts } => format!(
            "{who} has sent {it} {} and heard nothing: it may be stored, lost, or its ack lost.",
            times(attempts)
        ),
        Belief::GivenUp { attempts } => format!(
            "{who} has sent {it} {} and given up; whether it is stored, it does not know.",
            times(attempts)
        ),
        Belief::Stored => {
            let is = match party {
                Party::Producer(p) => super::names::acked(scenario, p),
                _ => "is stored",
            };
            format!("{who} knows that {it} {is}.")
        }
        Belief::HandedOut { times: n } => format!(
            "{who} has handed out {it} {} and does not know whether it took effect.",
            times(n)
        ),
        Belief::ReportedDone => format!(
            "{who} was told that {it} is done with; whether it took effect, it cannot know."
        ),
        Belief::Done { times: n } => format!("{who} has done {it} {}.", times(n)),
    }
}

/// What of the stage a party cannot see. What is not listed it can see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fog {
    /// Positions of producers whose insides it cannot see.
    pub producers: Vec<u16>,
    /// True: what the logs and queues hold is fog.
    pub channels: bool,
    /// True: which brokers are up is fog.
    pub brokers: bool,
    /// Instances, as (service, instance), whose insides it cannot see.
    pub members: Vec<(u16, u16)>,
    /// True for each packet in [`Stage::moving`] that it cannot see: all but those it sent, and of those it
    /// cannot see whether they are lost.
    pub moving: Vec<bool>,
}

/// The stage as a party can know it: what it sent is on its way to it, lost or not, and nothing else moves; nobody
/// sees anything fall. The rest is to be drawn under the fog.
pub fn seen_by(stage: &Stage, fog: &Fog) -> Stage {
    let mut seen = stage.clone();
    let mut fogged = fog.moving.iter();
    seen.moving.retain(|_| fogged.next() == Some(&false));
    seen.moving
        .iter_mut()
        .for_each(|packet| packet.lost = false);
    seen.fallen.clear();
    seen
}

/// Everybody whose belief can be shown: producers, the broker, each instance.
pub fn parties(scenario: &Scenario) -> Vec<Party> {
    let producers = (0..scenario.producers.len() as u16).map(Party::Producer);
    let members =
        scenario.services.iter().zip(0..).flat_map(|(service, s)| {
            (0..service.instances as u16).map(move |m| Party::Member(s, m))
        });
    producers.chain([Party::Broker(0)]).chain(members).collect()
}

/// The name of a party; the brokers, which tell each other, go by one.
pub fn name(scenario: &Scenario, party: Party) -> String {
    match party {
        Party::Broker(_) => "the broker".into(),
        party => super::names::party(scenario, party),
    }
}

/// Why nobody who sends can ever be sure.
pub const TWO_GENERALS: [&str; 3] = [
    "Two generals must attack together and can only send messengers through a valley where any of them may be caught.",
    "Whoever sent the last message does not know whether it came through. An answer would tell, but then whoever sent the answer does not know. No number of messages ends this.",
    "So a producer without an ack cannot know whether its message is stored: it can send again and risk a second copy, or stop and risk a loss. What it can do is make the second copy harmless.",
];

/// The fog for one party: it sees itself, and what it has sent.
pub fn fog(stage: &Stage, party: Party) -> Fog {
    let producers = (0..stage.producers.len() as u16).filter(|p| Party::Producer(*p) != party);
    let members = stage
        .services
        .iter()
        .zip(0..)
        .flat_map(|(service, s)| (0..service.members.len() as u16).map(move |m| (s, m)));
    let broker = matches!(party, Party::Broker(_));
    let sent_by = |place: Place| match place {
        Place::Party(sender) => sender == party || (broker && matches!(sender, Party::Broker(_))),
        _ => broker,
    };
    Fog {
        producers: producers.collect(),
        channels: !broker,
        brokers: !broker,
        members: members
            .filter(|(s, m)| Party::Member(*s, *m) != party)
            .collect(),
        moving: stage
            .moving
            .iter()
            .map(|packet| !sent_by(packet.from))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Placed, Span, preset};
    use crate::timeline::Run;

    fn events(fault: Placed) -> Vec<Event> {
        let mut s = preset("order-processing").unwrap();
        s.duration = Span::s(1);
        s.faults = Default::default();
        s.faults.placed = vec![fault];
        let mut events = Vec::new();
        let mut run = Run::new(s).unwrap();
        run.advance(u64::MAX, usize::MAX, &mut |event| events.push(*event));
        events
    }

    #[test]
    fn a_lost_message_and_a_lost_ack_look_the_same_to_the_sender() {
        let (message, attempt) = (3, 1);
        let request = events(Placed::LoseRequest { message, attempt });
        let ack = events(Placed::LoseAck { message, attempt });
        let at = |events: &[Event], party, now: u64| {
            knows(party, message, events.iter().filter(|e| e.at <= now))
        };
        let producer = Party::Producer(0);
        let sent = request
            .iter()
            .find(|e| matches!(e.kind, Kind::Sent { message: 3, .. }))
            .unwrap()
            .at;
        // The answer to the second try is the first thing that reaches it.
        let answered = |events: &[Event]| {
            let acked = |e: &&Event| matches!(e.kind, Kind::Acked { message: 3, .. });
            events.iter().find(acked).unwrap().at
        };
        let until = answered(&request).min(answered(&ack));
        let mut seen = Vec::new();
        for now in (sent - 1..until).step_by(500) {
            let belief = at(&request, producer, now);
            assert_eq!(belief, at(&ack, producer, now), "at {now} us");
            if seen.last() != Some(&belief) {
                seen.push(belief);
            }
        }
        let unknown = |attempts| Belief::Unknown { attempts };
        assert!(seen.ends_with(&[unknown(1), unknown(2)]), "{seen:?}");
        // The broker knows better.
        let soon = sent + 100_000;
        assert_eq!(at(&request, Party::Broker(0), soon), Belief::Nothing);
        assert_ne!(at(&ack, Party::Broker(0), soon), Belief::Nothing);
    }

    #[test]
    fn a_process_knows_nothing_of_its_earlier_life() {
        let events = events(Placed::CrashAfter {
            service: "Notification".into(),
            message: 3,
            attempt: 1,
            step: crate::scenario::HandlerStep::Effect,
        });
        let did = events.iter().find_map(|e| match e.kind {
            Kind::Effect {
                service: 2,
                member,
                message: 3,
                ..
            } => Some((member, e.id)),
            _ => None,
        });
        let (member, id) = did.unwrap();
        let party = Party::Member(2, member);
        let upto = |last: u64| knows(party, 3, events.iter().filter(move |e| e.id <= last));
        assert_eq!(upto(id), Belief::Done { times: 1 });
        assert_eq!(upto(id + 2), Belief::Nothing);
    }

    #[test]
    fn on_the_stage_too_a_lost_message_and_a_lost_ack_look_the_same_to_the_sender() {
        let (message, attempt) = (3, 1);
        let seen = |fault: Placed, at: u64| {
            let mut s = preset("order-processing").unwrap();
            s.faults = Default::default();
            s.faults.placed = vec![fault];
            let mut run = Run::new(s).unwrap();
            run.advance(at, usize::MAX, &mut |_| {});
            let stage = Stage::of(run.world());
            let fog = fog(&stage, Party::Producer(0));
            let seen = seen_by(&stage, &fog);
            let own = seen
                .moving
                .iter()
                .map(|p| (p.packet, p.lost, p.sent, p.arrives));
            (
                own.collect::<Vec<_>>(),
                seen.fallen.len(),
                stage.producers[0].waiting.clone(),
            )
        };
        let lost = |at| seen(Placed::LoseRequest { message, attempt }, at);
        let unheard = |at| seen(Placed::LoseAck { message, attempt }, at);
        let sent = events(Placed::LoseAck { message, attempt });
        let sent = sent
            .iter()
            .find(|e| matches!(e.kind, Kind::Sent { message: 3, .. }))
            .unwrap()
            .at;
        for at in (sent..sent + 30_000).step_by(1_000) {
            let (moving, fallen, waiting) = lost(at);
            assert!(moving.iter().all(|p| !p.1) && fallen == 0);
            assert_eq!((moving, fallen, waiting), unheard(at), "at {at}");
        }
    }

    #[test]
    fn what_a_party_does_not_see_does_not_change_what_it_believes() {
        let mut s = preset("order-processing").unwrap();
        s.duration = Span::s(2);
        let mut events = Vec::new();
        let mut run = Run::new(s.clone()).unwrap();
        run.advance(u64::MAX, usize::MAX, &mut |event| events.push(*event));
        for party in parties(&s) {
            let seen: Vec<Event> = events
                .iter()
                .filter(|e| sees(party, &e.kind))
                .copied()
                .collect();
            assert!(
                !seen.is_empty() && seen.len() < events.len() / 2,
                "{party:?}"
            );
            for message in 1..20 {
                let (all, own) = (knows(party, message, &events), knows(party, message, &seen));
                assert_eq!(all, own, "{party:?} of message {message}");
            }
        }
        // Nobody inside sees a packet fall.
        let lost = events
            .iter()
            .find(|e| matches!(e.kind, Kind::PacketLost { .. }));
        let lost = lost.expect("the network loses something");
        assert!(parties(&s).iter().all(|party| !sees(*party, &lost.kind)));
    }

    #[test]
    fn everybody_sees_themselves() {
        let mut run = Run::new(preset("order-processing").unwrap()).unwrap();
        run.advance(1_000_000, usize::MAX, &mut |_| {});
        let stage = Stage::of(run.world());
        let sees = fog(&stage, Party::Member(1, 2));
        assert!(sees.channels && sees.producers == [0]);
        assert!(!sees.members.contains(&(1, 2)) && sees.members.contains(&(1, 1)));
        assert_eq!(sees.moving.len(), stage.moving.len());
        assert!(!fog(&stage, Party::Broker(0)).channels);
    }
}
