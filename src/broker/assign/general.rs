//! `AbstractStickyAssignor` when subscriptions differ (KIP-54): keep what is valid, give the rest to
//! the least loaded, then move partitions as long as the balance improves.

use std::collections::{BTreeMap, BTreeSet};

use super::sticky::Claims;
use super::{Input, Partition, Plan};

pub(super) fn assign(input: &Input, claims: &Claims) -> Plan {
    let mut search = Search::new(input);
    let revoked = search.keep(claims);
    let initializing = search.assigned.iter().all(BTreeSet::is_empty);
    let mut sorted: Vec<Partition> = input.partitions().collect();
    sorted.sort_by_key(|&(t, p)| (search.subscribers(t).count(), t, p));
    let movable = |search: &Search, list: &[Partition]| -> Vec<Partition> {
        list.iter()
            .copied()
            .filter(|p| search.subscribers(p.0).count() > 1)
            .collect()
    };
    let unassigned: Vec<Partition> = sorted
        .iter()
        .copied()
        .filter(|p| !search.owner.contains_key(p))
        .collect();
    for &partition in &unassigned {
        if let Some(member) = search.least_loaded(partition.0) {
            search.assigned[member].insert(partition);
            search.owner.insert(partition, member);
        }
    }
    let before = search.assigned.clone();
    if !revoked {
        search.rebalance(&movable(&search, &unassigned));
    }
    let moved = search.rebalance(&movable(&search, &sorted));
    let better = search.imbalance(&search.assigned) < search.imbalance(&before);
    let chosen = if !initializing && moved && !better {
        before
    } else {
        search.assigned
    };
    chosen
        .into_iter()
        .map(|partitions| partitions.into_iter().collect())
        .collect()
}

struct Search<'a> {
    input: &'a Input,
    assigned: Vec<BTreeSet<Partition>>,
    owner: BTreeMap<Partition, usize>,
    /// Who had the partition in the newest generation before the latest one.
    previous: BTreeMap<Partition, usize>,
    /// (from, to) of every partition moved so far.
    moves: BTreeMap<Partition, (usize, usize)>,
}

impl<'a> Search<'a> {
    fn new(input: &'a Input) -> Self {
        let latest = input
            .members
            .iter()
            .map(|m| m.generation)
            .max()
            .unwrap_or(-1);
        let mut older: BTreeMap<Partition, (i32, usize)> = BTreeMap::new();
        for (member, subscription) in input.members.iter().enumerate() {
            for &partition in &subscription.owned {
                let known = older
                    .get(&partition)
                    .is_some_and(|o| o.0 >= subscription.generation);
                if subscription.generation < latest && !known {
                    older.insert(partition, (subscription.generation, member));
                }
            }
        }
        Search {
            input,
            assigned: vec![BTreeSet::new(); input.members.len()],
            owner: BTreeMap::new(),
            previous: older
                .into_iter()
                .map(|(p, (_, member))| (p, member))
                .collect(),
            moves: BTreeMap::new(),
        }
    }

    /// Keeps valid claims; true when one is lost because its member no longer subscribes.
    fn keep(&mut self, claims: &Claims) -> bool {
        let mut revoked = false;
        for (&partition, &member) in &claims.owner {
            if self.input.subscribes(member, partition.0) {
                self.assigned[member].insert(partition);
                self.owner.insert(partition, member);
            } else {
                revoked = true;
            }
        }
        revoked
    }

    fn subscribers(&self, topic: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.assigned.len()).filter(move |&m| self.input.subscribes(m, topic))
    }

    /// Sum of the differences in size over all pairs of members that share a topic with anyone.
    fn imbalance(&self, assigned: &[BTreeSet<Partition>]) -> usize {
        let shares = |m: &usize| {
            self.input.members[*m]
                .topics
                .iter()
                .any(|&t| self.subscribers(t).count() > 1)
        };
        let sizes: Vec<usize> = (0..assigned.len())
            .filter(shares)
            .map(|m| assigned[m].len())
            .collect();
        let pairs = sizes
            .iter()
            .enumerate()
            .flat_map(|(i, a)| sizes[i + 1..].iter().map(move |b| a.abs_diff(*b)));
        pairs.sum()
    }

    fn least_loaded(&self, topic: usize) -> Option<usize> {
        self.subscribers(topic)
            .min_by_key(|&m| (self.assigned[m].len(), m))
    }

    /// Moves partitions of `list` while that evens out the load; true when anything moved.
    ///
    /// Each move narrows a gap of two or more, so passes are few; the bound only makes that certain.
    fn rebalance(&mut self, list: &[Partition]) -> bool {
        let mut any = false;
        for _ in 0..=list.len() {
            let mut modified = false;
            for &partition in list {
                if let Some(target) = self.better_member(partition) {
                    self.move_towards(partition, target);
                    modified = true;
                }
            }
            any |= modified;
            if !modified {
                break;
            }
        }
        any
    }

    /// A member that should have the partition instead of its owner.
    fn better_member(&self, (topic, partition): Partition) -> Option<usize> {
        let owner = *self.owner.get(&(topic, partition))?;
        let load = self.assigned[owner].len();
        let lighter = |m: &usize| load > self.assigned[*m].len() + 1;
        let back = self.previous.get(&(topic, partition)).copied();
        back.filter(|&m| self.input.subscribes(m, topic))
            .filter(lighter)
            .or_else(|| self.least_loaded(topic).filter(lighter))
    }

    /// Moves this partition, or one of the same topic that had gone the opposite way before, so that
    /// two members never swap partitions of a topic for nothing.
    fn move_towards(&mut self, partition: Partition, target: usize) {
        let Some(&owner) = self.owner.get(&partition) else {
            return;
        };
        let from = self.moves.get(&partition).map_or(owner, |m| m.0);
        let opposite = self
            .moves
            .iter()
            .find(|(p, m)| p.0 == partition.0 && **m == (target, from));
        let actual = opposite.map_or(partition, |(p, _)| *p);
        let Some(source) = self.owner.insert(actual, target) else {
            return;
        };
        self.assigned[source].remove(&actual);
        self.assigned[target].insert(actual);
        match self.moves.remove(&actual) {
            Some((origin, _)) if origin == target => {}
            Some((origin, _)) => drop(self.moves.insert(actual, (origin, target))),
            None => drop(self.moves.insert(actual, (source, target))),
        }
    }
}
