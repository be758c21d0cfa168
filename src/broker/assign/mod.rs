//! The client-side assignors of Kafka's classic group protocol: who gets which partitions.
//!
//! Pure functions, without rack awareness. Ids and topics may be any ordered type; their order is the
//! order Kafka gives to member ids, instance ids and topic names.

mod general;
mod range;
mod round_robin;
mod sticky;

use std::collections::{BTreeMap, BTreeSet};

/// An assignment strategy of `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assignor {
    /// Per topic, consecutive partitions; the first members get one more (`RangeAssignor`).
    Range,
    /// All partitions dealt out in a circle (`RoundRobinAssignor`).
    RoundRobin,
    /// Balanced, and partitions stay where they were (`StickyAssignor`, KIP-54).
    Sticky,
    /// The same placement, but a partition that changes hands is first given to nobody
    /// (`CooperativeStickyAssignor`, KIP-429).
    CooperativeSticky,
}

impl Assignor {
    /// The name used in `partition.assignment.strategy`.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The strategy of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Assignor> {
        use Assignor::*;
        [Range, RoundRobin, Sticky, CooperativeSticky]
            .into_iter()
            .find(|a| a.name() == name)
    }

    /// Whether members keep their partitions while they rejoin (COOPERATIVE) instead of revoking
    /// all of them first (EAGER).
    pub fn cooperative(self) -> bool {
        self == Assignor::CooperativeSticky
    }
}

/// One member's subscription, as the group leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<Id, Topic> {
    /// Member id.
    pub id: Id,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance: Option<Id>,
    /// Topics it subscribes to; unknown ones are ignored.
    pub topics: Vec<Topic>,
    /// Partitions it says it owns. Only the sticky assignors look at them.
    pub owned: Vec<(Topic, u32)>,
    /// Generation in which it got them; -1 when it never had any.
    pub generation: i32,
}

/// Assigns the partitions of `topics` (topic to number of partitions) to `members`.
///
/// Every member appears in the answer, its partitions sorted by topic and partition. A partition no
/// member subscribes to is given to nobody, and under [`Assignor::CooperativeSticky`] so is one that
/// must first be revoked by its owner. When two members share an id, the later one counts.
pub fn assign<Id: Ord + Clone, Topic: Ord + Clone>(
    assignor: Assignor,
    topics: &BTreeMap<Topic, u32>,
    members: &[Member<Id, Topic>],
) -> BTreeMap<Id, Vec<(Topic, u32)>> {
    let by_id: BTreeMap<&Id, &Member<Id, Topic>> = members.iter().map(|m| (&m.id, m)).collect();
    let members: Vec<&Member<Id, Topic>> = by_id.into_values().collect();
    let subscribed: BTreeSet<&Topic> = members.iter().flat_map(|m| &m.topics).collect();
    let known: Vec<(&Topic, u32)> = topics
        .iter()
        .filter(|(topic, count)| **count > 0 && subscribed.contains(topic))
        .map(|(topic, count)| (topic, *count))
        .collect();
    let input = Input::new(&known, &members);
    let plan = match assignor {
        Assignor::Range => range::assign(&input),
        Assignor::RoundRobin => round_robin::assign(&input),
        Assignor::Sticky => sticky::assign(&input).plan,
        Assignor::CooperativeSticky => sticky::assign(&input).without_transfers(),
    };
    let named = |mut partitions: Vec<Partition>| -> Vec<(Topic, u32)> {
        partitions.sort_unstable();
        partitions
            .into_iter()
            .map(|(t, p)| (known[t].0.clone(), p))
            .collect()
    };
    members
        .iter()
        .zip(plan)
        .map(|(m, partitions)| (m.id.clone(), named(partitions)))
        .collect()
}

/// (index of the topic in name order, partition).
type Partition = (usize, u32);
/// What every member gets; members by index in id order.
type Plan = Vec<Vec<Partition>>;

/// The problem with everything replaced by its place in order.
struct Input {
    /// Partitions per topic, never 0.
    counts: Vec<u32>,
    members: Vec<Subscription>,
    /// Members by instance id first, then the rest by id.
    order: Vec<usize>,
    /// Whether all members name the same topics, known or not.
    same_topics: bool,
}

struct Subscription {
    topics: BTreeSet<usize>,
    /// Existing partitions of topics somebody subscribes to.
    owned: BTreeSet<Partition>,
    generation: i32,
}

impl Input {
    fn new<Id: Ord, Topic: Ord>(known: &[(&Topic, u32)], members: &[&Member<Id, Topic>]) -> Input {
        let place = |topic: &Topic| known.binary_search_by(|(t, _)| (*t).cmp(topic)).ok();
        let exists = |t: &Topic, p: u32| place(t).filter(|&t| p < known[t].1).map(|t| (t, p));
        let subscription = |m: &&Member<Id, Topic>| Subscription {
            topics: m.topics.iter().filter_map(place).collect(),
            owned: m.owned.iter().filter_map(|(t, p)| exists(t, *p)).collect(),
            generation: m.generation,
        };
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&i| (members[i].instance.is_none(), &members[i].instance, i));
        let names = |m: &Member<Id, Topic>| m.topics.iter().collect::<BTreeSet<_>>().len();
        let first: BTreeSet<&Topic> = members.iter().take(1).flat_map(|m| &m.topics).collect();
        Input {
            counts: known.iter().map(|(_, count)| *count).collect(),
            members: members.iter().map(subscription).collect(),
            order,
            same_topics: members
                .iter()
                .all(|m| names(m) == first.len() && m.topics.iter().all(|t| first.contains(t))),
        }
    }

    /// All partitions, by topic and then by number.
    fn partitions(&self) -> impl Iterator<Item = Partition> + '_ {
        self.counts
            .iter()
            .enumerate()
            .flat_map(|(t, &count)| (0..count).map(move |p| (t, p)))
    }

    fn subscribes(&self, member: usize, topic: usize) -> bool {
        self.members[member].topics.contains(&topic)
    }

    fn empty_plan(&self) -> Plan {
        vec![Vec::new(); self.members.len()]
    }
}
