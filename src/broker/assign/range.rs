//! `RangeAssignor`: each topic is cut into as many runs as it has subscribers.

use super::{Input, Plan};

pub(super) fn assign(input: &Input) -> Plan {
    let mut plan = input.empty_plan();
    for (topic, &count) in input.counts.iter().enumerate() {
        let subscribers: Vec<usize> = input
            .order
            .iter()
            .copied()
            .filter(|&m| input.subscribes(m, topic))
            .collect();
        let share = count / subscribers.len() as u32;
        let extra = count % subscribers.len() as u32;
        let mut next = 0;
        for (place, &member) in (0..).zip(&subscribers) {
            let end = next + share + u32::from(place < extra);
            plan[member].extend((next..end).map(|p| (topic, p)));
            next = end;
        }
    }
    plan
}
