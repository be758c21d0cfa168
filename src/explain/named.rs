//! Packets that were lost by hand, called by what they carried.
//!
//! An intervention points at a packet by its number, which is another packet's under other settings. Before a run is
//! made again under these, a dropped packet becomes a placed fault: the same request, answer or delivery is lost there.

use super::replay::Case;
use crate::scenario::{Action, Intervention, Placed, Scenario};
use crate::trace::Leg;
use crate::world::About;

/// The same case with each drop of a request, an answer or a delivery as a placed fault. Other drops and delays keep
/// their numbers.
///
/// # Errors
/// A sentence for each thing in the scenario that cannot be.
pub fn by_name(case: &Case) -> Result<Case, Vec<String>> {
    let drops = |input: &Intervention| matches!(input.action, Action::Drop { .. });
    if !case.interventions.iter().any(drops) {
        return Ok(case.clone());
    }
    let mut named = case.clone();
    named.interventions.clear();
    let mut replay = case.start()?;
    for input in &case.interventions {
        // Up to right before it: the moment's earlier inputs are done, and those of its queue.
        replay.advance_before(input);
        let placed = match input.action {
            Action::Drop { packet } => replay.run.world().packets().find(|p| p.number == packet),
            _ => None,
        };
        match placed.and_then(|packet| lost(&case.scenario, packet.leg, &packet.about)) {
            Some(fault) => named.scenario.faults.placed.push(fault),
            None => named.interventions.push(input.clone()),
        }
    }
    Ok(named)
}

fn lost(scenario: &Scenario, leg: Leg, about: &About) -> Option<Placed> {
    let About {
        message,
        attempt,
        service,
        ..
    } = *about;
    if message == 0 {
        return None;
    }
    match leg {
        Leg::Request => Some(Placed::LoseRequest { message, attempt }),
        Leg::Ack => Some(Placed::LoseAck { message, attempt }),
        Leg::Delivery => {
            let config = scenario.services.get(usize::from(service))?;
            let service = config.name.clone();
            Some(Placed::LoseDelivery {
                service,
                message,
                attempt,
            })
        }
        Leg::Commit | Leg::CommitAck | Leg::Replication | Leg::Control => None,
    }
}
