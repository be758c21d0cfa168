//! `AbstractStickyAssignor`: who owned what, and the placement when all subscriptions are equal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Input, Partition, Plan, general};

/// A sticky placement and the partitions in it that must first be given up by somebody else.
pub(super) struct Sticky {
    pub(super) plan: Plan,
    pub(super) transfers: BTreeSet<Partition>,
}

impl Sticky {
    /// First round of a cooperative rebalance: what changes hands is given to nobody yet.
    pub(super) fn without_transfers(self) -> Plan {
        let Sticky {
            mut plan,
            transfers,
        } = self;
        for partitions in &mut plan {
            partitions.retain(|p| !transfers.contains(p));
        }
        plan
    }
}

pub(super) fn assign(input: &Input) -> Sticky {
    if input.members.is_empty() {
        return Sticky {
            plan: Vec::new(),
            transfers: BTreeSet::new(),
        };
    }
    let claims = Claims::new(input);
    if input.same_topics {
        Constrained::new(input, &claims).assign()
    } else {
        let plan = general::assign(input, &claims);
        let transfers = transfers(input, &plan);
        Sticky { plan, transfers }
    }
}

/// Whose claims to owned partitions hold.
pub(super) struct Claims {
    pub(super) owner: BTreeMap<Partition, usize>,
    /// Claimed twice in the newest generation, and so taken from both.
    disputed: BTreeSet<Partition>,
}

impl Claims {
    fn new(input: &Input) -> Claims {
        let mut newest: BTreeMap<Partition, (i32, Vec<usize>)> = BTreeMap::new();
        for (member, subscription) in input.members.iter().enumerate() {
            let generation = subscription.generation;
            for &partition in &subscription.owned {
                let entry = newest.entry(partition).or_insert((generation, Vec::new()));
                if generation > entry.0 {
                    *entry = (generation, Vec::new());
                }
                if generation == entry.0 {
                    entry.1.push(member);
                }
            }
        }
        let mut claims = Claims {
            owner: BTreeMap::new(),
            disputed: BTreeSet::new(),
        };
        for (partition, (_, claimants)) in newest {
            if let [member] = claimants[..] {
                claims.owner.insert(partition, member);
            } else {
                claims.disputed.insert(partition);
            }
        }
        claims
    }

    fn owned_by(&self, member: usize) -> Vec<Partition> {
        self.owner
            .iter()
            .filter(|(_, m)| **m == member)
            .map(|(p, _)| *p)
            .collect()
    }
}

/// Partitions new to their member while another one still claims them.
fn transfers(input: &Input, plan: &Plan) -> BTreeSet<Partition> {
    let mut added = BTreeSet::new();
    let mut revoked = BTreeSet::new();
    for (subscription, partitions) in input.members.iter().zip(plan) {
        let assigned: BTreeSet<Partition> = partitions.iter().copied().collect();
        added.extend(assigned.difference(&subscription.owned).copied());
        revoked.extend(subscription.owned.difference(&assigned).copied());
    }
    added.intersection(&revoked).copied().collect()
}

/// The placement for equal subscriptions: everybody gets the smaller or the larger quota.
struct Constrained<'a> {
    input: &'a Input,
    claims: &'a Claims,
    smaller: usize,
    larger: usize,
    /// Members that may still get the larger quota.
    larger_left: usize,
    plan: Plan,
    below: VecDeque<usize>,
    at_smaller: VecDeque<usize>,
}

impl<'a> Constrained<'a> {
    fn new(input: &'a Input, claims: &'a Claims) -> Self {
        let total = input.partitions().count();
        let members = input.members.len();
        Constrained {
            input,
            claims,
            smaller: total / members,
            larger: total.div_ceil(members),
            larger_left: total % members,
            plan: input.empty_plan(),
            below: VecDeque::new(),
            at_smaller: VecDeque::new(),
        }
    }

    fn assign(mut self) -> Sticky {
        self.keep_owned();
        let kept: BTreeSet<Partition> = self.plan.iter().flatten().copied().collect();
        let mut transfers = BTreeSet::new();
        for partition in self.input.partitions().filter(|p| !kept.contains(p)) {
            let Some(member) = self.give(partition) else {
                continue;
            };
            let elsewhere = self
                .claims
                .owner
                .get(&partition)
                .is_some_and(|&m| m != member);
            if elsewhere || self.claims.disputed.contains(&partition) {
                transfers.insert(partition);
            }
        }
        Sticky {
            plan: self.plan,
            transfers,
        }
    }

    /// Kafka leaves open which members may keep the larger quota (hash order); here the first by id.
    fn keep_owned(&mut self) {
        for member in 0..self.input.members.len() {
            let mut owned = self.claims.owned_by(member);
            owned.sort_by_key(|&(topic, partition)| (partition, topic));
            if owned.len() < self.smaller {
                self.below.push_back(member);
            } else if owned.len() >= self.larger && self.larger_left > 0 {
                self.larger_left -= 1;
                owned.truncate(self.larger);
            } else {
                owned.truncate(self.smaller);
                self.at_smaller.push_back(member);
            }
            self.plan[member] = owned;
        }
    }

    /// Round robin over those below the smaller quota, then one more for those that have it.
    fn give(&mut self, partition: Partition) -> Option<usize> {
        let Some(member) = self.below.pop_front() else {
            let member = self.at_smaller.pop_front()?;
            self.plan[member].push(partition);
            return Some(member);
        };
        self.plan[member].push(partition);
        if self.plan[member].len() < self.smaller {
            self.below.push_back(member);
        } else {
            self.at_smaller.push_back(member);
        }
        Some(member)
    }
}
