//! What holds for a partition under any schedule of appends, fetches, losses, crashes and elections.
#![cfg(not(target_arch = "wasm32"))]

mod oracle;

use delivery_lab::broker::log::{Log, Record, Retention};
use delivery_lab::broker::partition::{
    AckState, AckWait, Applied, FetchAnswer, FollowerFetch, Partition, PartitionConfig,
};
use delivery_lab::broker::producer_state::TransactionVersion;
use delivery_lab::broker::wire::{Batch, BrokerId, ErrorCode, Isolation, Message, Offset, Stamp};
use oracle::{check_sequences, scan_transactions};
use proptest::prelude::*;
use std::collections::BTreeMap;

const BROKERS: [BrokerId; 3] = [4, 7, 9];

/// One step of a schedule. Indices are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A client without idempotence.
    Append {
        count: u64,
        acks_all: bool,
    },
    /// A client of a producer: goes on, or resends or skips some sequence numbers.
    Produce {
        producer: u64,
        back: i32,
        count: u64,
        transactional: bool,
    },
    /// A new instance takes over from a producer, with a higher epoch.
    TakeOver {
        producer: u64,
    },
    /// The instance before goes on writing.
    Zombie {
        producer: u64,
        count: u64,
        transactional: bool,
    },
    /// End of a transaction.
    Marker {
        producer: u64,
        commit: bool,
    },
    /// A follower sends a fetch.
    Ask(usize),
    /// A fetch in flight arrives; it may arrive again later.
    Serve {
        index: usize,
        again: bool,
    },
    /// An answer in flight arrives; it may arrive again later.
    Apply {
        index: usize,
        again: bool,
    },
    /// A follower fetches and is answered at once.
    Round(usize),
    Crash(usize),
    Fence(usize),
    Restart(usize),
    Wait(u64),
    Shrink,
    Clean,
}

fn step() -> impl Strategy<Value = Step> {
    let broker = 0usize..3;
    prop_oneof![
        4 => (1u64..6, any::<bool>()).prop_map(|(count, acks_all)| Step::Append { count, acks_all }),
        5 => (0u64..3, prop_oneof![4 => Just(0), 1 => -6i32..3], 1u64..4, any::<bool>()).prop_map(
            |(producer, back, count, transactional)| Step::Produce {
                producer,
                back,
                count,
                transactional
            }
        ),
        1 => (0u64..3).prop_map(|producer| Step::TakeOver { producer }),
        2 => (0u64..3, 1u64..4, any::<bool>()).prop_map(|(producer, count, transactional)| {
            Step::Zombie {
                producer,
                count,
                transactional,
            }
        }),
        3 => (0u64..3, any::<bool>()).prop_map(|(producer, commit)| Step::Marker { producer, commit }),
        5 => broker.clone().prop_map(Step::Ask),
        5 => (0usize..9, any::<bool>()).prop_map(|(index, again)| Step::Serve { index, again }),
        5 => (0usize..9, any::<bool>()).prop_map(|(index, again)| Step::Apply { index, again }),
        9 => broker.clone().prop_map(Step::Round),
        1 => broker.clone().prop_map(Step::Crash),
        1 => broker.clone().prop_map(Step::Fence),
        2 => broker.prop_map(Step::Restart),
        1 => (0u64..25_000_000).prop_map(Step::Wait),
        1 => Just(Step::Shrink),
        1 => Just(Step::Clean),
    ]
}

/// A partition with its messages in flight, and what is known to have been promised.
struct Run {
    partition: Partition,
    now: u64,
    next_id: u64,
    /// The epoch of each producer's present instance.
    epochs: BTreeMap<u64, i16>,
    /// What comes next, by producer and epoch.
    sequences: BTreeMap<(u64, i16), i32>,
    requests: Vec<FollowerFetch>,
    answers: Vec<FetchAnswer>,
    waiting: Vec<(AckWait, Offset, Vec<Message>)>,
    acknowledged: Vec<(Offset, Message)>,
    committed: BTreeMap<Offset, Record>,
    epoch_and_hw: (u32, Offset),
    clean: bool,
}

impl Run {
    fn new(config: PartitionConfig) -> Self {
        Run {
            partition: Partition::new(&BROKERS, config),
            now: 0,
            next_id: 0,
            epochs: BTreeMap::new(),
            sequences: BTreeMap::new(),
            requests: Vec::new(),
            answers: Vec::new(),
            waiting: Vec::new(),
            acknowledged: Vec::new(),
            committed: BTreeMap::new(),
            epoch_and_hw: (0, 0),
            clean: !config.unclean_leader_election,
        }
    }

    fn send(&mut self, stamp: Option<Stamp>, count: u64, transactional: bool, all: bool) -> bool {
        let ids = self.next_id..self.next_id + count;
        self.next_id += count;
        let messages: Vec<Message> = ids.map(|id| Message { id, key: 0 }).collect();
        let batch = Batch {
            stamp,
            transactional,
            messages: messages.as_slice().into(),
        };
        let Some(leader) = self.partition.leader() else {
            return false;
        };
        let before = self.partition.log_end();
        let answer = self.partition.append(leader, &batch, all, self.now);
        let fresh = answer.is_ok_and(|ok| !ok.duplicate);
        let written = if fresh { count } else { 0 };
        assert_eq!(self.partition.log_end(), before + written, "{answer:?}");
        if let (true, true, Ok(ok)) = (fresh, all, answer) {
            self.waiting.push((ok.wait, ok.base_offset, messages));
        }
        fresh
    }

    fn epoch(&self, producer: u64) -> i16 {
        self.epochs.get(&producer).copied().unwrap_or(0)
    }

    fn produce(&mut self, who: (u64, i16), back: i32, count: u64, transactional: bool) -> bool {
        let (producer, epoch) = who;
        let next = self.sequences.get(&who).copied().unwrap_or(0);
        let first_sequence = (next + back).max(0);
        let stamp = Stamp {
            producer,
            epoch,
            first_sequence,
        };
        let written = self.send(Some(stamp), count, transactional, true);
        if written {
            self.sequences
                .insert(who, first_sequence + i32::try_from(count).unwrap_or(0));
        }
        written
    }

    /// What a leader that knows a newer epoch takes from an older one is nothing.
    fn zombie(&mut self, producer: u64, count: u64, transactional: bool) {
        let Some(epoch) = self.epoch(producer).checked_sub(1).filter(|&e| e >= 0) else {
            return;
        };
        let leader = self.partition.leader_replica();
        let known = leader.and_then(|replica| replica.producers().epoch(producer));
        let written = self.produce((producer, epoch), 0, count, transactional);
        assert!(
            !written || known.is_none_or(|known| known <= epoch),
            "fenced"
        );
    }

    fn serve(&mut self, request: FollowerFetch) -> Option<FetchAnswer> {
        let leader = self.partition.leader()?;
        let answer = self.partition.serve_follower(leader, &request, 3, self.now);
        if request.leader_epoch != self.partition.leader_epoch() {
            let fenced = [ErrorCode::FencedLeaderEpoch, ErrorCode::NotLeaderOrFollower];
            assert!(
                answer.as_ref().is_err_and(|e| fenced.contains(e)),
                "{answer:?}"
            );
        }
        answer.ok()
    }

    fn apply(&mut self, answer: &FetchAnswer) {
        let follower = answer.asked.follower;
        let before = self.partition.clone();
        let applied = self.partition.apply_fetch(follower, answer);
        if answer.asked.leader_epoch != before.leader_epoch() {
            assert_eq!(applied, Applied::default(), "an old epoch writes nothing");
            let end = |p: &Partition| p.replica(follower).map(|r| r.log().end());
            assert_eq!(end(&self.partition), end(&before));
        }
    }

    fn round(&mut self, follower: BrokerId) -> bool {
        let request = self.partition.follower_fetch(follower);
        let Some(answer) = request.and_then(|request| self.serve(request)) else {
            return false;
        };
        self.apply(&answer);
        true
    }

    fn step(&mut self, step: Step) {
        let (p, now) = (&mut self.partition, self.now);
        match step {
            Step::Append { count, acks_all } => {
                self.send(None, count, false, acks_all);
            }
            Step::Produce {
                producer,
                back,
                count,
                transactional,
            } => {
                let epoch = self.epoch(producer);
                self.produce((producer, epoch), back, count, transactional);
            }
            Step::TakeOver { producer } => {
                *self.epochs.entry(producer).or_default() += 1;
            }
            Step::Zombie {
                producer,
                count,
                transactional,
            } => self.zombie(producer, count, transactional),
            Step::Marker { producer, commit } => {
                if let Some(leader) = p.leader() {
                    let epoch = self.epochs.get(&producer).copied().unwrap_or(0);
                    let _ = p.append_marker(leader, producer, epoch, commit, now);
                }
            }
            Step::Ask(i) => self.requests.extend(p.follower_fetch(BROKERS[i])),
            Step::Serve { index, again } => {
                if let Some(request) = pick(&mut self.requests, index, again) {
                    let answer = self.serve(request);
                    self.answers.extend(answer);
                }
            }
            Step::Apply { index, again } => {
                if let Some(answer) = pick(&mut self.answers, index, again) {
                    self.apply(&answer);
                }
            }
            Step::Round(i) => {
                self.round(BROKERS[i]);
            }
            Step::Crash(i) => p.crash(BROKERS[i]),
            Step::Fence(i) => {
                p.fence(BROKERS[i], now);
            }
            Step::Restart(i) => {
                p.restart(BROKERS[i], now);
            }
            Step::Wait(span) => self.now += span,
            Step::Shrink => {
                p.shrink_isr(now);
            }
            Step::Clean => p.clean(now),
        }
    }

    /// Everything that has to hold after each step.
    fn check(&mut self) {
        self.collect_acknowledgements();
        for replica in self.partition.replicas() {
            let log = replica.log();
            assert!(replica.high_watermark() <= log.end() && log.start() <= log.end());
            let offsets: Vec<Offset> = log.records(0, Offset::MAX).map(|r| r.offset).collect();
            assert_eq!(
                offsets,
                (log.start()..log.end()).collect::<Vec<_>>(),
                "gaps"
            );
        }
        let Some(leader) = self.partition.leader_replica() else {
            return;
        };
        let (epoch, hw) = (
            self.partition.leader_epoch(),
            self.partition.high_watermark(),
        );
        if epoch == self.epoch_and_hw.0 {
            assert!(
                hw >= self.epoch_and_hw.1,
                "the high watermark fell within an epoch"
            );
        }
        self.epoch_and_hw = (epoch, hw);
        check_sequences(leader.log());
        let alive = leader.alive();
        if self.clean {
            self.check_promises();
        }
        if alive {
            self.check_reads();
        }
    }

    fn collect_acknowledgements(&mut self) {
        let (partition, acknowledged) = (&self.partition, &mut self.acknowledged);
        self.waiting.retain(|(wait, base, messages)| {
            let state = partition.ack_state(wait);
            if state == AckState::Replicated {
                acknowledged.extend((*base..).zip(messages.iter().copied()));
            }
            state == AckState::Pending
        });
    }

    /// Under clean elections nothing below a high watermark changes, and nothing acknowledged is lost.
    fn check_promises(&mut self) {
        let log = self.partition.leader_replica().expect("leader").log();
        for (offset, record) in self.committed.range(log.start()..) {
            assert_eq!(
                log.record(*offset).as_ref(),
                Some(record),
                "changed below a high watermark"
            );
        }
        for (offset, message) in self
            .acknowledged
            .iter()
            .filter(|(at, _)| *at >= log.start())
        {
            let there = log.record(*offset).and_then(|r| r.message);
            assert_eq!(there, Some(*message), "an acknowledged record is lost");
        }
        let hw = self.partition.high_watermark();
        self.committed
            .extend(log.records(log.start(), hw).map(|r| (r.offset, r)));
    }

    /// Compares both isolation levels with a plain scan of the leader's log.
    fn check_reads(&self) {
        let p = &self.partition;
        let (leader, hw) = (p.leader().expect("leader"), p.high_watermark());
        let log = p.leader_replica().expect("leader").log();
        let (stable, aborted) = scan_transactions(log, hw);
        assert_eq!(p.last_stable_offset(), stable);
        for (isolation, end) in [
            (Isolation::ReadCommitted, stable),
            (Isolation::ReadUncommitted, hw),
        ] {
            let hidden = |r: &Record| {
                r.marker.is_some()
                    || (isolation == Isolation::ReadCommitted && aborted.contains(&r.offset))
            };
            let expected: Vec<(Offset, Message)> = log
                .records(log.start(), end)
                .filter(|r| !hidden(r))
                .filter_map(|r| Some((r.offset, r.message?)))
                .collect();
            let mut got = Vec::new();
            let mut position = log.start();
            loop {
                let fetched = p.fetch(leader, position, 5, isolation).expect("fetch");
                assert!(fetched.len() <= 5);
                got.extend(fetched.records());
                if fetched.next_position == position {
                    break;
                }
                position = fetched.next_position;
            }
            assert_eq!(got, expected, "{isolation:?}");
            assert_eq!(position, end.max(log.start()), "{isolation:?}");
            for above in position..=log.end() {
                let fetched = p.fetch(leader, above, 5, isolation).expect("fetch");
                assert!(fetched.is_empty() && fetched.next_position == above);
            }
        }
    }
}

fn pick<T: Clone>(list: &mut Vec<T>, index: usize, again: bool) -> Option<T> {
    let index = index.checked_rem(list.len())?;
    if again {
        Some(list[index].clone())
    } else {
        Some(list.remove(index))
    }
}

fn records(log: &Log) -> Vec<Record> {
    log.records(0, Offset::MAX).collect()
}

/// Everybody comes back and fetches until nothing moves; then all logs are the same.
fn converge(run: &mut Run) {
    for _ in 0..2 {
        for broker in BROKERS {
            run.partition.restart(broker, run.now);
        }
    }
    let leader = run.partition.leader().expect("a leader, as all are back");
    let end = run.partition.log_end();
    for _ in 0..3 * (run.next_id + 20) {
        for follower in BROKERS.into_iter().filter(|b| *b != leader) {
            assert!(run.round(follower));
        }
        run.check();
    }
    let want = records(run.partition.leader_replica().expect("leader").log());
    assert_eq!(run.partition.log_end(), end);
    for replica in run.partition.replicas() {
        assert_eq!(
            records(replica.log()),
            want,
            "replica on broker {}",
            replica.broker()
        );
        assert_eq!(replica.high_watermark(), end);
    }
    assert_eq!(run.partition.isr(), BROKERS);
}

fn config(min_insync_replicas: u32, unclean_leader_election: bool) -> PartitionConfig {
    PartitionConfig {
        min_insync_replicas,
        unclean_leader_election,
        segment_records: 4,
        transaction_version: TransactionVersion::V1,
        ..PartitionConfig::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_under_any_schedule(
        min_isr in 1u32..3,
        unclean in any::<bool>(),
        segment_records in 1u64..12,
        steps in prop::collection::vec(step(), 1..100),
    ) {
        let mut run = Run::new(PartitionConfig { segment_records, ..config(min_isr, unclean) });
        for step in steps {
            run.step(step);
            run.check();
        }
        converge(&mut run);
    }

    #[test]
    fn retention_keeps_a_contiguous_tail(
        keep in 0u64..9,
        steps in prop::collection::vec(step(), 1..100),
    ) {
        let retention = Retention { records: Some(keep), age: None };
        let mut run = Run::new(PartitionConfig { retention, ..config(1, false) });
        for step in steps {
            // How long an open transaction counts whose records are gone is not for this test.
            let step = match step {
                Step::Produce { producer, back, count, .. } => {
                    Step::Produce { producer, back, count, transactional: false }
                }
                Step::Zombie { producer, count, .. } => {
                    Step::Zombie { producer, count, transactional: false }
                }
                other => other,
            };
            run.step(step);
            run.check();
        }
    }

    #[test]
    fn a_snapshot_is_not_touched_by_what_follows(
        before in prop::collection::vec(step(), 1..60),
        after in prop::collection::vec(step(), 1..60),
    ) {
        let mut run = Run::new(config(2, false));
        before.into_iter().for_each(|step| run.step(step));
        let look = |p: &Partition| {
            p.replicas().iter().map(|r| (records(r.log()), r.last_stable_offset())).collect::<Vec<_>>()
        };
        let snapshot = run.partition.clone();
        let seen = look(&snapshot);
        after.into_iter().for_each(|step| run.step(step));
        prop_assert_eq!(look(&snapshot), seen);
    }
}
