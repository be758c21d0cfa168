//! Consumer groups and transactions under random schedules.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use delivery_lab::broker::assign::Assignor;
use delivery_lab::broker::group::{Answer, Caller, Group, GroupConfig, GroupState, Join};
use delivery_lab::broker::transaction::{
    Marker, Producer, Target, TransactionCoordinator, TxnState,
};
use delivery_lab::broker::wire::{ErrorCode, TopicPartition};
use proptest::prelude::*;

const PARTITIONS: u32 = 7;
const SESSION: u64 = 10_000;

fn partition(partition: u32) -> TopicPartition {
    TopicPartition {
        topic: 0,
        partition,
    }
}

/// A client as the real ones behave: revokes before it joins (eager) or what it lost (cooperative).
#[derive(Clone, Debug, Default)]
struct Client {
    id: Option<u64>,
    waits_as: Option<u64>,
    generation: i32,
    owned: BTreeSet<TopicPartition>,
    joined: bool,
    rejoin: bool,
}

struct Model {
    group: Group,
    cooperative: bool,
    clients: Vec<Client>,
    next_id: u64,
    now: u64,
    committed: BTreeMap<TopicPartition, u64>,
}

impl Model {
    fn new(assignor: Assignor, clients: usize) -> Model {
        let topics: Arc<[u32]> = Arc::new([PARTITIONS]);
        let client = Client {
            generation: -1,
            ..Client::default()
        };
        Model {
            group: Group::new(GroupConfig {
                assignor,
                topics,
                initial_rebalance_delay: 3_000,
            }),
            cooperative: assignor.cooperative(),
            clients: vec![client; clients],
            next_id: 1,
            now: 0,
            committed: BTreeMap::new(),
        }
    }

    fn caller(&self, c: usize) -> Option<Caller> {
        let client = &self.clients[c];
        let generation = client.generation;
        client.id.map(|member| Caller {
            member,
            instance: None,
            generation,
        })
    }

    fn join(&mut self, c: usize) {
        if self.clients[c].waits_as.is_some() {
            return;
        }
        let new_id = self.next_id;
        self.next_id += 1;
        let client = &mut self.clients[c];
        if !self.cooperative {
            client.owned.clear();
        }
        client.waits_as = Some(client.id.unwrap_or(new_id));
        client.joined = false;
        client.rejoin = false;
        let answers = self.group.join(
            self.now,
            Join {
                member: client.id,
                new_id,
                instance: None,
                topics: Arc::new([0]),
                owned: client.owned.iter().copied().collect(),
                generation: client.generation,
                session_timeout: SESSION,
                rebalance_timeout: 20_000,
            },
        );
        self.deliver(answers);
    }

    fn lose_everything(&mut self, c: usize) {
        let waits_as = self.clients[c].waits_as;
        self.clients[c] = Client {
            generation: -1,
            waits_as,
            ..Client::default()
        };
    }

    fn failed(&mut self, c: usize, error: ErrorCode) {
        match error {
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => self.lose_everything(c),
            _ => self.clients[c].rejoin = true,
        }
    }

    fn deliver(&mut self, answers: Vec<Answer>) {
        // Answers travel on their own; the last one arriving first is the hardest case.
        for answer in answers.into_iter().rev() {
            let (Answer::Join { member, .. } | Answer::Sync { member, .. }) = answer;
            let Some(c) = self.clients.iter().position(|c| c.waits_as == Some(member)) else {
                continue;
            };
            let client = &mut self.clients[c];
            client.waits_as = None;
            match answer {
                Answer::Join {
                    result: Ok(joined), ..
                } => {
                    client.id = Some(member);
                    client.generation = joined.generation;
                    client.joined = true;
                }
                Answer::Sync {
                    result: Ok(assigned),
                    ..
                } => {
                    let assigned: BTreeSet<_> = assigned.iter().copied().collect();
                    client.rejoin = !client.owned.is_subset(&assigned);
                    client.owned = assigned;
                    client.joined = false;
                }
                Answer::Join {
                    result: Err(error), ..
                }
                | Answer::Sync {
                    result: Err(error), ..
                } => {
                    self.failed(c, error);
                }
            }
            self.nobody_shares();
        }
    }

    fn sync(&mut self, c: usize) {
        let Some(caller) = self.caller(c) else { return };
        if self.clients[c].joined && self.clients[c].waits_as.is_none() {
            self.clients[c].waits_as = Some(caller.member);
            let answers = self.group.sync(self.now, caller);
            self.deliver(answers);
        }
    }

    fn heartbeat(&mut self, c: usize) {
        if let Some(caller) = self.caller(c)
            && let Err(error) = self.group.heartbeat(self.now, caller)
            && self.clients[c].waits_as.is_none()
        {
            self.failed(c, error);
        }
    }

    fn commit(&mut self, caller: Caller, p: u32, offset: u64) {
        let member = self.group.members().any(|(id, _)| id == caller.member);
        let before = self.group.offsets().all().to_vec();
        let result = self
            .group
            .commit(self.now, Some(caller), &[(partition(p), offset)]);
        if !member || caller.generation != self.group.generation() {
            assert!(result.is_err(), "a stale commit was accepted");
        }
        let refused = self.group.state() == GroupState::CompletingRebalance;
        assert!(
            !(refused && result.is_ok()),
            "accepted between join and sync"
        );
        match result {
            Ok(()) => drop(self.committed.insert(partition(p), offset)),
            Err(_) => assert_eq!(before, self.group.offsets().all()),
        }
    }

    fn leave(&mut self, c: usize) {
        if self.clients[c].waits_as.is_none() {
            let id = self.clients[c].id;
            self.lose_everything(c);
            if let Some(Ok(answers)) = id.map(|id| self.group.leave(self.now, id, None)) {
                self.deliver(answers);
            }
        }
    }

    fn pass(&mut self, micros: u64) {
        let end = self.now + micros;
        while let Some(at) = self.group.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let answers = self.group.tick(self.now);
            self.deliver(answers);
        }
        self.now = end;
    }

    /// Members the coordinator knows, that believe in the current generation, never share a partition.
    fn nobody_shares(&self) {
        let current = |c: &&Client| {
            c.generation == self.group.generation()
                && self.group.members().any(|m| Some(m.0) == c.id)
        };
        let mut seen = BTreeSet::new();
        for client in self.clients.iter().filter(current) {
            for p in &client.owned {
                assert!(seen.insert(*p), "{p:?} is owned twice: {:?}", self.clients);
            }
        }
    }

    /// The first `clients` heartbeat, and join and sync if they have to.
    fn round(&mut self, clients: usize) {
        for c in (0..clients).rev() {
            self.heartbeat(c);
            let client = &self.clients[c];
            if client.id.is_none() || client.rejoin {
                self.join(c);
            }
            self.sync(c);
        }
        self.pass(1_000);
    }

    fn settle(&mut self) {
        for _ in 0..200 {
            self.round(self.clients.len());
        }
    }
}

fn assignor() -> impl Strategy<Value = Assignor> {
    use Assignor::*;
    prop::sample::select(vec![Range, RoundRobin, Sticky, CooperativeSticky])
}

proptest! {
    #[test]
    fn a_group_always_settles_balanced(
        assignor in assignor(),
        clients in 1usize..5,
        steps in prop::collection::vec((0u8..10, 0usize..4, 0u64..12_000), 0..80),
    ) {
        let mut model = Model::new(assignor, clients);
        let mut old: Vec<Caller> = Vec::new();
        for (kind, c, n) in steps {
            let c = c % clients;
            old.extend(model.caller(c));
            match kind {
                0 | 1 => model.join(c),
                2 => model.sync(c),
                3 => model.heartbeat(c),
                4 => model.leave(c),
                5 => model.pass(n),
                6..=8 => model.round(c + 1),
                _ => {
                    let stale = old.get(n as usize % old.len().max(1)).copied();
                    for caller in model.caller(c).into_iter().chain(stale) {
                        model.commit(caller, n as u32 % PARTITIONS, n);
                    }
                }
            }
        }
        model.settle();
        prop_assert_eq!(model.group.state(), GroupState::Stable);
        prop_assert_eq!(model.group.members().count(), clients);
        let mut sizes: Vec<usize> = model.clients.iter().map(|c| c.owned.len()).collect();
        sizes.sort_unstable();
        prop_assert_eq!(sizes.iter().sum::<usize>(), PARTITIONS as usize);
        prop_assert!(sizes[clients - 1] - sizes[0] <= 1, "{:?}", sizes);
        for (p, offset) in &model.committed {
            prop_assert_eq!(model.group.fetch_offset(*p, true), Ok(Some(*offset)));
        }
        prop_assert_eq!(model.group.offsets().all().len(), model.committed.len());
    }

    #[test]
    fn transactions_keep_their_rules(
        version_2 in any::<bool>(),
        steps in prop::collection::vec((0u8..6, 0u32..2, 0u32..5, any::<bool>()), 0..120),
    ) {
        let mut coordinator = TransactionCoordinator::new(version_2);
        let mut producers: [Vec<Producer>; 2] = Default::default();
        let mut open: BTreeMap<u32, BTreeSet<Target>> = BTreeMap::new();
        let mut unwritten: Vec<Marker> = Vec::new();
        let mut now = 0;
        for (kind, id, n, flag) in steps {
            now += 1;
            let before = coordinator.state(id);
            let known = producers[id as usize].len();
            let back = if flag { 0 } else { n as usize };
            let producer = known.checked_sub(1 + back).map(|i| producers[id as usize][i]);
            let fenced = producer.is_some_and(|p| coordinator.producer(id) != Some(p));
            let targets = coordinator.targets(id).to_vec();
            let mut markers = Vec::new();
            match (kind, producer) {
                (0, _) => {
                    let answer = coordinator.init(id, 50);
                    producers[id as usize].extend(answer.result.ok());
                    markers = answer.markers;
                }
                (1 | 2, Some(p)) => {
                    let target = Target::Partition(partition(n));
                    if coordinator.add(now, id, p, &[target]).is_ok() {
                        prop_assert!(!fenced, "a fenced producer added a partition");
                        open.entry(id).or_default().insert(target);
                        prop_assert!(coordinator.verify(id, p, target));
                    }
                }
                (3, Some(p)) => {
                    if let Ok(ended) = coordinator.end(id, p, n % 2 == 0) {
                        prop_assert!(ended.markers.iter().all(|m| m.commit == (n % 2 == 0)));
                        prop_assert!(!version_2 || ended.producer != p);
                        if producers[id as usize].last() != Some(&ended.producer) {
                            producers[id as usize].push(ended.producer);
                        }
                        markers = ended.markers;
                    }
                    if fenced {
                        prop_assert_eq!(before, coordinator.state(id));
                        prop_assert_eq!(&targets[..], coordinator.targets(id));
                    }
                }
                (4, _) if !unwritten.is_empty() => {
                    let marker = unwritten.remove(n as usize % unwritten.len());
                    coordinator.marker_written(&marker);
                    coordinator.marker_written(&marker);
                }
                (5, _) if flag => {
                    now += 30;
                    markers = coordinator.tick(now);
                }
                _ => {}
            }
            for id in 0..2 {
                let ended = markers.iter().filter(|m| m.transactional_id == id).map(|m| m.target);
                let ended: BTreeSet<Target> = ended.collect();
                if !ended.is_empty() {
                    prop_assert_eq!(Some(ended), open.remove(&id), "markers miss their targets");
                }
            }
            unwritten.extend(markers);
            let mut pending = coordinator.pending_markers();
            pending.sort_by_key(|m| (m.transactional_id, m.target));
            unwritten.sort_by_key(|m| (m.transactional_id, m.target));
            prop_assert_eq!(&pending, &unwritten);
            let after = coordinator.state(id);
            prop_assert!(reachable(before, after, version_2), "{:?} to {:?}", before, after);
        }
    }
}

/// A request takes one allowed step, or under version 2 aborts nothing in two.
fn reachable(from: TxnState, to: TxnState, version_2: bool) -> bool {
    use TxnState::*;
    let idle = matches!(from, Empty | CompleteCommit | CompleteAbort);
    let first = from == Dead && to == Empty;
    from == to
        || first
        || to.may_follow(from, version_2)
        || version_2 && idle && to == CompleteAbort
}
