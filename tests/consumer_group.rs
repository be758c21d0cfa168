//! The consumer step by step: what it asks, hands out and commits, and when.

use delivery_lab::broker::wire::{ErrorCode, Message, Offset, TopicPartition};
use delivery_lab::client::consumer::{
    AutoOffsetReset, Consumer, ConsumerAnswer, ConsumerEvent, ConsumerRecord, ConsumerRequest,
    ConsumerSettings, Strategy,
};

fn at(partition: u32) -> TopicPartition {
    TopicPartition {
        topic: 0,
        partition,
    }
}

fn settings() -> ConsumerSettings {
    ConsumerSettings {
        max_poll_records: 3,
        ..Default::default()
    }
}

/// A consumer with a coordinator and a broker that answer at once. Every log holds 10 records.
struct Lab {
    consumer: Consumer,
    now: u64,
    generation: i32,
    assignment: Vec<TopicPartition>,
    commits: Vec<Vec<(TopicPartition, Offset)>>,
    joins: u32,
    left: bool,
}

impl Lab {
    fn new(settings: ConsumerSettings, partitions: u32) -> Self {
        let mut lab = Self {
            consumer: Consumer::new(settings, 0).expect("settings"),
            now: 0,
            generation: 0,
            assignment: (0..partitions).map(at).collect(),
            commits: Vec::new(),
            joins: 0,
            left: false,
        };
        assert!(lab.poll().is_empty(), "the first poll only joins");
        lab
    }

    fn poll(&mut self) -> Vec<(u32, Offset)> {
        let mut records: Vec<ConsumerRecord> = Vec::new();
        self.consumer.poll(self.now, &mut records);
        self.answer_all();
        records
            .iter()
            .map(|r| (r.partition.partition, r.offset))
            .collect()
    }

    fn answer_all(&mut self) {
        while let Some(request) = self.consumer.next_request() {
            if let Some(answer) = self.answer(&request.request) {
                self.consumer.on_answer(request.id, Ok(answer), self.now);
            }
        }
    }

    fn answer(&mut self, request: &ConsumerRequest) -> Option<ConsumerAnswer> {
        Some(match request {
            ConsumerRequest::JoinGroup { .. } => {
                self.joins += 1;
                self.generation += 1;
                ConsumerAnswer::Joined {
                    member: 1,
                    generation: self.generation,
                }
            }
            ConsumerRequest::SyncGroup(_) => ConsumerAnswer::Synced(self.assignment.clone().into()),
            ConsumerRequest::OffsetCommit { offsets, .. } => {
                self.commits.push(offsets.to_vec());
                ConsumerAnswer::Done
            }
            ConsumerRequest::OffsetFetch { partitions, .. } => {
                let committed = |p| {
                    let all = self.commits.iter().rev().flatten();
                    all.copied().find(|(q, _)| q == p).map(|(_, offset)| offset)
                };
                ConsumerAnswer::Committed(partitions.iter().map(|p| (*p, committed(p))).collect())
            }
            ConsumerRequest::ListOffset { end, .. } => {
                ConsumerAnswer::Listed(if *end { 10 } else { 0 })
            }
            ConsumerRequest::Fetch { offset: 10.., .. } => return None,
            ConsumerRequest::Fetch { offset, .. } => ConsumerAnswer::Fetched {
                records: (*offset..10)
                    .map(|o| (o, Message { id: o, key: 0 }))
                    .collect(),
                next_offset: 10,
            },
            ConsumerRequest::LeaveGroup(_) => {
                self.left = true;
                ConsumerAnswer::Done
            }
            ConsumerRequest::Heartbeat(_) => ConsumerAnswer::Done,
        })
    }

    /// Lets the next heartbeat be answered with an error.
    fn heartbeat_error(&mut self, error: ErrorCode) {
        self.now += self.consumer.settings().heartbeat_interval;
        self.consumer.on_timer(self.now);
        while let Some(request) = self.consumer.next_request() {
            if matches!(request.request, ConsumerRequest::Heartbeat(_)) {
                self.consumer.on_answer(request.id, Err(error), self.now);
                return;
            }
        }
        panic!("no heartbeat");
    }

    fn events(&mut self) -> Vec<ConsumerEvent> {
        std::iter::from_fn(|| self.consumer.next_event()).collect()
    }
}

fn earliest() -> ConsumerSettings {
    ConsumerSettings {
        auto_offset_reset: AutoOffsetReset::Earliest,
        ..settings()
    }
}

#[test]
fn poll_hands_out_at_most_max_poll_records_and_moves_the_position() {
    let mut lab = Lab::new(earliest(), 2);
    assert_eq!(lab.poll(), [(0, 0), (0, 1), (0, 2)]);
    assert_eq!(lab.consumer.position(at(0)), Some(3));
    let rest: Vec<_> = (0..6).flat_map(|_| lab.poll()).collect();
    assert_eq!(rest.len(), 17);
    assert_eq!(rest[7], (1, 0), "then the other partition");
    assert!(lab.poll().is_empty());
}

#[test]
fn auto_commit_commits_in_poll_what_earlier_polls_returned() {
    let mut lab = Lab::new(earliest(), 1);
    lab.poll();
    lab.now += 4_999_999;
    lab.poll();
    assert!(lab.commits.is_empty(), "the interval is not over");
    lab.now += 1;
    assert_eq!(lab.poll(), [(0, 6), (0, 7), (0, 8)]);
    assert_eq!(lab.commits, [[(at(0), 6)]]);
    assert_eq!(lab.consumer.committed(at(0)), Some(6));
    lab.now += 1_000_000_000;
    lab.consumer.on_timer(lab.now - 999_000_000);
    lab.answer_all();
    assert_eq!(lab.commits.len(), 1, "without poll no commit");
}

#[test]
fn close_commits_what_may_not_be_processed() {
    let mut lab = Lab::new(earliest(), 1);
    lab.poll();
    lab.consumer.close(lab.now);
    lab.answer_all();
    assert_eq!(lab.commits, [[(at(0), 3)]]);
    assert!(lab.left);
    let manual = ConsumerSettings {
        enable_auto_commit: false,
        ..earliest()
    };
    let mut lab = Lab::new(manual, 1);
    lab.poll();
    lab.consumer.close(lab.now);
    lab.answer_all();
    assert!(lab.commits.is_empty() && lab.left);
}

#[test]
fn eager_commits_and_revokes_everything_before_it_joins_again() {
    let mut lab = Lab::new(earliest(), 2);
    lab.poll();
    lab.events();
    lab.heartbeat_error(ErrorCode::RebalanceInProgress);
    lab.assignment = vec![at(0)];
    assert!(lab.poll().is_empty());
    assert_eq!(lab.commits, [[(at(0), 3), (at(1), 0)]]);
    let both: Vec<_> = vec![at(0), at(1)];
    let events = lab.events();
    assert!(matches!(events[0], ConsumerEvent::Committed { .. }));
    assert_eq!(events[1], ConsumerEvent::Revoked(both.into()));
    assert_eq!(events[2], ConsumerEvent::Assigned(vec![at(0)].into()));
    assert_eq!(
        lab.poll(),
        [(0, 3), (0, 4), (0, 5)],
        "from the committed offset"
    );
}

#[test]
fn cooperative_revokes_only_what_moves_and_joins_again() {
    let strategy = Strategy::CooperativeSticky;
    let mut lab = Lab::new(
        ConsumerSettings {
            strategy,
            ..earliest()
        },
        2,
    );
    lab.poll();
    lab.events();
    lab.heartbeat_error(ErrorCode::RebalanceInProgress);
    lab.assignment = vec![at(0)];
    lab.poll();
    let events = lab.events();
    assert!(events.contains(&ConsumerEvent::Revoked(vec![at(1)].into())));
    assert_eq!(lab.joins, 2);
    lab.poll();
    assert_eq!(lab.joins, 3, "so that what it gave up can be handed out");
    let next = [(0, 3), (0, 4), (0, 5)];
    assert_eq!(lab.poll(), next, "kept and read on, without going back");
}

#[test]
fn a_member_the_group_forgot_loses_its_partitions_and_cannot_commit() {
    let mut lab = Lab::new(earliest(), 1);
    lab.poll();
    lab.events();
    lab.heartbeat_error(ErrorCode::UnknownMemberId);
    let id = lab.consumer.commit(vec![(at(0), 3)].into(), lab.now);
    let refused = lab.events();
    let expected = ConsumerEvent::CommitFailed {
        id,
        offsets: vec![(at(0), 3)].into(),
        error: ErrorCode::UnknownMemberId,
    };
    assert_eq!(refused, [expected]);
    lab.poll();
    assert_eq!(lab.events()[0], ConsumerEvent::Lost(vec![at(0)].into()));
    assert!(lab.commits.is_empty(), "lost partitions are not committed");
    assert_eq!(lab.joins, 2);
}

#[test]
fn who_does_not_poll_leaves() {
    for (instance, leaves) in [(None, true), (Some(8), false)] {
        let mut lab = Lab::new(
            ConsumerSettings {
                group_instance_id: instance,
                ..earliest()
            },
            1,
        );
        lab.now = lab.consumer.settings().max_poll_interval;
        lab.consumer.on_timer(lab.now);
        lab.answer_all();
        assert!(!lab.left);
        lab.now += 1;
        lab.consumer.on_timer(lab.now);
        lab.answer_all();
        assert_eq!(lab.left, leaves);
        assert!(lab.events().contains(&ConsumerEvent::PollIntervalExceeded));
        lab.poll();
        assert_eq!(lab.joins, 2);
    }
}

#[test]
fn without_a_committed_offset_the_reset_rule_decides() {
    let mut lab = Lab::new(settings(), 1);
    assert!(lab.poll().is_empty());
    assert_eq!(
        lab.consumer.position(at(0)),
        Some(10),
        "latest: what came before is skipped"
    );
    let none = ConsumerSettings {
        auto_offset_reset: AutoOffsetReset::None,
        ..settings()
    };
    let mut lab = Lab::new(none, 1);
    assert!(lab.events().contains(&ConsumerEvent::NoOffset(at(0))));
    assert!(lab.consumer.seek(at(0), 8));
    lab.poll();
    assert_eq!(lab.poll(), [(0, 8), (0, 9)]);
}

#[test]
fn a_position_outside_the_log_is_reset() {
    let mut lab = Lab::new(earliest(), 1);
    lab.consumer.seek(at(0), 4);
    let mut none = Vec::new();
    lab.consumer.poll(lab.now, &mut none);
    let fetch = lab.consumer.next_request().expect("a fetch");
    assert!(matches!(
        fetch.request,
        ConsumerRequest::Fetch { offset: 4, .. }
    ));
    lab.consumer
        .on_answer(fetch.id, Err(ErrorCode::OffsetOutOfRange), lab.now);
    lab.answer_all();
    assert!(lab.events().contains(&ConsumerEvent::OffsetReset {
        partition: at(0),
        offset: 0
    }));
    assert_eq!(lab.poll(), [(0, 0), (0, 1), (0, 2)]);
}

#[test]
fn a_paused_partition_hands_out_nothing() {
    let mut lab = Lab::new(earliest(), 1);
    assert!(lab.consumer.pause(at(0)) && !lab.consumer.pause(at(7)));
    assert!(lab.poll().is_empty());
    assert!(lab.consumer.resume(at(0)));
    assert_eq!(lab.poll().len(), 3);
}

#[test]
fn settings_in_conflict_are_named() {
    let bad = ConsumerSettings {
        heartbeat_interval: 45_000_000,
        ..settings()
    };
    let problems = Consumer::new(bad, 0).expect_err("a conflict");
    assert_eq!(
        problems,
        ["heartbeat.interval.ms must be below session.timeout.ms."]
    );
}
