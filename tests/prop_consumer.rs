//! The consumer against arbitrary answers at arbitrary times.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::broker::wire::{ErrorCode, Message, Offset, TopicPartition};
use delivery_lab::client::consumer::{
    AutoOffsetReset, Consumer, ConsumerAnswer, ConsumerEvent, ConsumerRequest, ConsumerSettings,
    OutgoingRequest, Strategy as Assignor,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(partition: u32) -> TopicPartition {
    TopicPartition {
        topic: 0,
        partition,
    }
}

fn settings() -> ConsumerSettings {
    ConsumerSettings {
        max_poll_records: 5,
        auto_commit_interval: 50_000,
        auto_offset_reset: AutoOffsetReset::Earliest,
        ..Default::default()
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll,
    Answer {
        which: usize,
        error: Option<ErrorCode>,
        assignment: u32,
    },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    use ErrorCode::*;
    let error = prop_oneof![
        12 => Just(None),
        1 => Just(Some(RebalanceInProgress)),
        1 => Just(Some(IllegalGeneration)),
        1 => Just(Some(UnknownMemberId)),
        1 => Just(Some(NetworkException)),
    ];
    prop_oneof![
        3 => Just(Step::Poll),
        6 => (0_usize..8, error, 0_u32..8)
            .prop_map(|(which, error, assignment)| Step::Answer { which, error, assignment }),
        2 => (1_u64..60_000).prop_map(Step::Wait),
    ]
}

/// A log of 60 records per partition, with a gap after every tenth.
fn good_answer(request: &ConsumerRequest, assignment: u32, generation: i32) -> ConsumerAnswer {
    match request {
        ConsumerRequest::JoinGroup { .. } => ConsumerAnswer::Joined {
            member: 3,
            generation,
        },
        ConsumerRequest::SyncGroup(_) => ConsumerAnswer::Synced(
            (0..3)
                .filter(|p| assignment >> p & 1 == 1)
                .map(at)
                .collect(),
        ),
        ConsumerRequest::OffsetFetch { partitions, .. } => {
            let of = |p: &TopicPartition| (*p, (p.partition > 0).then_some(7));
            ConsumerAnswer::Committed(partitions.iter().map(of).collect())
        }
        ConsumerRequest::ListOffset { .. } => ConsumerAnswer::Listed(2),
        ConsumerRequest::Fetch { offset, .. } => {
            let end = (*offset + 8).min(60);
            let offsets = (*offset..end).filter(|o| o % 11 != 10);
            let records = offsets.map(|o| (o, Message { id: o, key: 0 })).collect();
            ConsumerAnswer::Fetched {
                records,
                next_offset: end.max(*offset),
            }
        }
        _ => ConsumerAnswer::Done,
    }
}

/// What the application got since each partition was assigned, and the requests not yet answered.
#[derive(Default)]
struct Watch {
    /// Next offset after what was handed out, by partition.
    delivered: BTreeMap<TopicPartition, Offset>,
    open: Vec<OutgoingRequest>,
}

impl Watch {
    /// Every commit sent now names, per partition, at most what was handed out before; where
    /// nothing was, only the place to start at can be committed.
    fn take_requests(
        &mut self,
        consumer: &mut Consumer,
        before: &BTreeMap<TopicPartition, Offset>,
    ) -> Result<(), TestCaseError> {
        while let Some(request) = consumer.next_request() {
            if let ConsumerRequest::OffsetCommit { offsets, .. } = &request.request {
                for (partition, offset) in offsets.iter() {
                    let start = if partition.partition > 0 { 7 } else { 2 };
                    let handed_out = before.get(partition).copied().unwrap_or(start);
                    // Behind the last record of a fetch the position is past the gap, too.
                    let most = handed_out + u64::from(handed_out % 11 == 10);
                    prop_assert!(*offset <= most, "{partition:?}: {offset} > {most}");
                }
            }
            self.open.push(request);
        }
        Ok(())
    }

    fn take_events(&mut self, consumer: &mut Consumer) {
        while let Some(event) = consumer.next_event() {
            if let ConsumerEvent::Revoked(gone) | ConsumerEvent::Lost(gone) = event {
                self.delivered.retain(|at, _| !gone.contains(at));
            }
        }
    }
}

fn drive(settings: ConsumerSettings, steps: &[Step]) -> Result<(), TestCaseError> {
    let most = settings.max_poll_records as usize;
    let mut consumer = Consumer::new(settings, 0).expect("settings");
    let mut watch = Watch::default();
    let (mut now, mut generation) = (0, 0);
    for step in steps {
        let before = watch.delivered.clone();
        let mut records = Vec::new();
        match *step {
            Step::Wait(time) => now += time,
            Step::Poll => consumer.poll(now, &mut records),
            Step::Answer {
                which,
                error,
                assignment,
            } if !watch.open.is_empty() => {
                let request = watch.open.remove(which % watch.open.len());
                generation += 1;
                let good = good_answer(&request.request, assignment, generation);
                consumer.on_answer(request.id, error.map_or(Ok(good), Err), now);
            }
            Step::Answer { .. } => {}
        }
        consumer.on_timer(now);
        watch.take_requests(&mut consumer, &before)?;
        watch.take_events(&mut consumer);
        prop_assert!(records.len() <= most);
        for record in records {
            let owned = consumer.assignment().any(|at| at == record.partition);
            prop_assert!(owned, "only owned partitions are handed out");
            let next = record.offset + 1;
            let last = watch.delivered.insert(record.partition, next);
            prop_assert!(last.is_none_or(|last| last <= record.offset), "{record:?}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn commits_name_only_what_earlier_polls_handed_out(
        steps in proptest::collection::vec(step(), 0..200),
        cooperative in any::<bool>(),
    ) {
        let strategy = if cooperative { Assignor::CooperativeSticky } else { Assignor::Range };
        drive(ConsumerSettings { strategy, ..settings() }, &steps)?;
    }
}
