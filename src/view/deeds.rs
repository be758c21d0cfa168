//! What a person did to a run, in words.

use super::names;
use crate::scenario::{Action, Scenario};
use crate::trace::{Leg, Party};

/// "crash of Payment"; "the ack of order 5 dropped". `packet` is what a packet carried, where that is known.
pub fn words(scenario: &Scenario, action: &Action, packet: Option<(Leg, u64)>) -> String {
    let party = |party| names::party(scenario, party);
    let it = |number: u64| match packet {
        Some((leg, message)) => names::cargo(scenario, leg, message),
        None => format!("packet {number}"),
    };
    match action {
        Action::CrashConsumer { service, instance } => {
            format!("crash of {}", party(Party::Member(*service, *instance)))
        }
        Action::CrashBroker { broker } => format!("crash of {}", party(Party::Broker(*broker))),
        Action::CrashProducer { producer } => {
            format!("crash of {}", party(Party::Producer(*producer)))
        }
        Action::Drop { packet } => format!("{} dropped", it(*packet)),
        Action::Delay { packet, by } => format!("{} held up for {by}", it(*packet)),
        Action::CutBroker { broker, lasting } => {
            format!("{} cut off for {lasting}", party(Party::Broker(*broker)))
        }
        Action::Set { name, value } => format!("{name} set to {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Span, preset};

    #[test]
    fn a_packet_is_called_by_what_it_carries() {
        let s = preset("order-processing").expect("a preset");
        let drop = Action::Drop { packet: 77 };
        assert_eq!(
            words(&s, &drop, Some((Leg::Ack, 5))),
            "the ack of order 5 dropped"
        );
        assert_eq!(words(&s, &drop, None), "packet 77 dropped");
        let delay = Action::Delay {
            packet: 77,
            by: Span::ms(500),
        };
        assert_eq!(
            words(&s, &delay, Some((Leg::Request, 5))),
            "the request with order 5 held up for 500ms"
        );
        let crash = Action::CrashConsumer {
            service: 0,
            instance: 0,
        };
        assert_eq!(words(&s, &crash, None), "crash of Payment");
    }
}
