//! `RoundRobinAssignor`: one pointer goes round the members and is not reset between topics.

use super::{Input, Plan};

pub(super) fn assign(input: &Input) -> Plan {
    let mut plan = input.empty_plan();
    let mut circle = input.order.iter().copied().cycle();
    for (topic, partition) in input.partitions() {
        // Every topic of the input has a subscriber, so this finds one within one round.
        if let Some(member) = circle.find(|&m| input.subscribes(m, topic)) {
            plan[member].push((topic, partition));
        }
    }
    plan
}
