//! The producer against a small broker over a network that loses and delays.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::broker::wire::{Batch, ErrorCode, Message, TopicPartition};
use delivery_lab::client::producer::{
    Acks, FailReason, ProduceRequest, Produced, Producer, ProducerEvent, ProducerSettings,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const TIMEOUT: u64 = 100_000;

/// What happens to one request. Delays stay below half the request timeout.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    Refused,
    RefusedForGood,
}

/// One partition's log with Kafka's rules for sequences (the last five batches are known).
#[derive(Default)]
struct Log {
    ids: Vec<u64>,
    /// The first message of each appended batch: a batch written twice is twice in a row in order.
    batches: Vec<u64>,
    epoch: i16,
    window: Vec<(i32, i32, u64)>,
}

impl Log {
    fn append(&mut self, batch: &Batch) -> Result<Produced, ErrorCode> {
        let base = self.ids.len() as u64;
        if let Some(stamp) = batch.stamp {
            let last = stamp.first_sequence + batch.messages.len() as i32 - 1;
            let same = |w: &&(i32, i32, u64)| (w.0, w.1) == (stamp.first_sequence, last);
            if let Some(w) = self
                .window
                .iter()
                .find(same)
                .filter(|_| stamp.epoch == self.epoch)
            {
                return Ok(Produced {
                    base_offset: Some(w.2),
                    duplicate: true,
                });
            }
            if stamp.epoch < self.epoch {
                return Err(ErrorCode::InvalidProducerEpoch);
            }
            let expected = match self.window.last() {
                Some(w) if stamp.epoch == self.epoch => w.1 + 1,
                _ => 0,
            };
            if stamp.first_sequence != expected {
                return Err(ErrorCode::OutOfOrderSequenceNumber);
            }
            if stamp.epoch > self.epoch {
                self.window.clear();
                self.epoch = stamp.epoch;
            }
            self.window.push((stamp.first_sequence, last, base));
            let old = self.window.len().saturating_sub(5);
            self.window.drain(..old);
        }
        self.batches.extend(batch.messages.first().map(|m| m.id));
        self.ids.extend(batch.messages.iter().map(|m| m.id));
        Ok(Produced {
            base_offset: Some(base),
            duplicate: false,
        })
    }
}

#[derive(Default)]
struct Run {
    logs: BTreeMap<u32, Log>,
    acked: Vec<u64>,
    refused: Vec<u64>,
    expired: Vec<u64>,
    /// Failed, and said to be surely in no log.
    surely_not_written: Vec<u64>,
    most_in_flight: usize,
    ended: u64,
}

impl Run {
    fn log(&self, partition: u32) -> &[u64] {
        self.logs.get(&partition).map_or(&[], |log| &log.ids)
    }

    fn batches(&self, partition: u32) -> &[u64] {
        self.logs.get(&partition).map_or(&[], |log| &log.batches)
    }

    fn all(&self) -> Vec<u64> {
        self.logs.values().flat_map(|log| log.ids.clone()).collect()
    }

    fn take_events(&mut self, producer: &mut Producer, out: &mut BTreeMap<u64, u32>) {
        while let Some(event) = producer.next_event() {
            match event {
                ProducerEvent::Acknowledged { messages, .. } => {
                    self.acked.extend(messages.iter().map(|m| m.id));
                }
                ProducerEvent::Failed {
                    messages,
                    reason,
                    outcome_unknown,
                    ..
                } => {
                    let ids = || messages.iter().map(|m| m.id);
                    match reason {
                        FailReason::DeliveryTimeout => self.expired.extend(ids()),
                        _ => self.refused.extend(ids()),
                    }
                    if !outcome_unknown {
                        self.surely_not_written.extend(ids());
                    }
                }
                ProducerEvent::ConnectionClosed { connection } => {
                    out.retain(|_, on| *on != connection);
                }
                ProducerEvent::TransactionEnded { .. } => {}
            }
        }
    }
}

enum Travelling {
    Request(ProduceRequest, Fate, u64),
    Answer(u64, Result<Produced, ErrorCode>),
}

fn at(partition: u32) -> TopicPartition {
    TopicPartition {
        topic: 0,
        partition,
    }
}

/// Sends `messages` messages, one each millisecond, alternately to two partitions with one leader;
/// half-way partition 0 gets another leader. Fates beyond the list are [`Fate::Arrives`].
fn run(settings: ProducerSettings, messages: u64, fates: &[(Fate, u64)]) -> Run {
    let acks = settings.acks;
    let mut producer = Producer::new(settings).expect("settings");
    let mut fates = fates.iter().copied();
    producer.on_init(7, 0);
    producer.set_leader(at(0), Some(0));
    producer.set_leader(at(1), Some(0));
    let mut run = Run::default();
    let mut way: BTreeMap<(u64, u64), Travelling> = BTreeMap::new();
    let mut out = BTreeMap::new();
    let (mut now, mut sent, mut step) = (0, 0, 0);
    loop {
        while sent < messages && sent * 1_000 <= now {
            let message = Message { id: sent, key: 0 };
            producer
                .send(message, at((sent % 2) as u32), now)
                .expect("room");
            sent += 1;
            if sent == messages / 2 {
                producer.set_leader(at(0), Some(1));
            }
        }
        while let Some(entry) = way.first_entry().filter(|e| e.key().0 <= now) {
            step += 1;
            match entry.remove() {
                Travelling::Request(request, fate, delay) => {
                    let log = run.logs.entry(request.partition.partition).or_default();
                    let answer = match fate {
                        Fate::RequestLost => continue,
                        Fate::Refused => Err(ErrorCode::NotEnoughReplicas),
                        Fate::RefusedForGood => Err(ErrorCode::InvalidTxnState),
                        Fate::Arrives | Fate::AnswerLost => log.append(&request.batch),
                    };
                    if acks != Acks::Zero && !matches!(fate, Fate::AnswerLost) {
                        way.insert((now + delay, step), Travelling::Answer(request.id, answer));
                    }
                }
                Travelling::Answer(id, answer) => {
                    out.remove(&id);
                    producer.on_response(id, answer, now, 500_000);
                }
            }
        }
        producer.on_timer(now, &mut |_| 500_000);
        run.take_events(&mut producer, &mut out);
        let mut requests = Vec::new();
        producer.poll(now, &mut requests);
        for request in requests {
            step += 1;
            let (fate, delay) = fates.next().unwrap_or((Fate::Arrives, 5_000));
            if acks != Acks::Zero {
                out.insert(request.id, request.connection);
            }
            way.insert(
                (now + delay, step),
                Travelling::Request(request, fate, delay),
            );
        }
        run.take_events(&mut producer, &mut out);
        for connection in 0..2 {
            let used = out.values().filter(|on| **on == connection).count();
            run.most_in_flight = run.most_in_flight.max(used);
        }
        let next_send = (sent < messages).then_some(sent * 1_000);
        let next = [
            way.first_key_value().map(|(k, _)| k.0),
            next_send,
            producer.next_wake(now),
        ];
        run.ended = now;
        match next.into_iter().flatten().min() {
            Some(next) => now = next,
            None => break,
        }
    }
    assert_eq!(
        producer.buffered(),
        0,
        "everything is acknowledged or failed in the end"
    );
    run
}

fn settings() -> ProducerSettings {
    ProducerSettings {
        batch_size: 3,
        linger: 2_000,
        request_timeout: TIMEOUT,
        delivery_timeout: Some(60_000_000),
        ..Default::default()
    }
}

fn fate() -> impl Strategy<Value = (Fate, u64)> {
    let fate = prop_oneof![
        4 => Just(Fate::Arrives),
        2 => Just(Fate::RequestLost),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::Refused),
    ];
    (fate, 1_000_u64..45_000)
}

fn fates() -> impl Strategy<Value = Vec<(Fate, u64)>> {
    proptest::collection::vec(fate(), 0..60)
}

fn sorted(ids: &[u64]) -> bool {
    ids.is_sorted_by(|a, b| a < b)
}

proptest! {
    #[test]
    fn idempotent_appends_are_once_and_in_order(fates in fates(), in_flight in 1_u32..6) {
        let run = run(ProducerSettings { max_in_flight: in_flight, ..settings() }, 40, &fates);
        prop_assert!(sorted(run.log(0)) && sorted(run.log(1)), "{:?} {:?}", run.log(0), run.log(1));
        prop_assert_eq!(run.all().len(), 40);
        prop_assert_eq!(run.acked.len(), 40);
        prop_assert!(run.most_in_flight <= in_flight as usize);
    }

    #[test]
    fn without_retries_nothing_is_written_twice(fates in fates(), all in any::<bool>()) {
        let acks = if all { Acks::All } else { Acks::Zero };
        let run = run(ProducerSettings { acks, retries: 0, ..settings() }, 40, &fates);
        let written = run.all();
        prop_assert_eq!(written.iter().collect::<BTreeSet<_>>().len(), written.len());
        if acks == Acks::Zero {
            prop_assert_eq!(run.acked.len(), 40, "acks=0 acknowledges what it wrote to the wire");
        }
    }

    #[test]
    fn every_message_is_acknowledged_or_failed_in_time(
        fates in proptest::collection::vec(fate(), 0..300),
        idempotent in any::<bool>(),
        good in any::<bool>(),
    ) {
        let all_lost = vec![(Fate::RequestLost, 1_000); 400];
        let base = ProducerSettings {
            delivery_timeout: Some(300_000),
            enable_idempotence: Some(idempotent),
            ..settings()
        };
        let run = run(base, 40, if good { &fates } else { &all_lost });
        let failed = run.expired.len() + run.refused.len();
        prop_assert_eq!(run.acked.len() + failed, 40);
        prop_assert!(good || run.acked.is_empty());
        let written: BTreeSet<_> = run.all().into_iter().collect();
        for id in &run.acked {
            prop_assert!(written.contains(id), "an acknowledged message is in the log");
        }
        for id in &run.surely_not_written {
            prop_assert!(!written.contains(id), "{} was said to be written nowhere", id);
        }
    }

    #[test]
    fn one_in_flight_keeps_order_without_idempotence(fates in fates()) {
        let base = ProducerSettings {
            max_in_flight: 1,
            enable_idempotence: Some(false),
            ..settings()
        };
        let run = run(base, 40, &fates);
        for partition in 0..2 {
            prop_assert!(run.batches(partition).is_sorted(), "{:?}", run.log(partition));
        }
        prop_assert_eq!(run.most_in_flight, 1);
    }

    #[test]
    fn refusals_for_good_leave_no_gap_that_stops_the_rest(
        mut fates in fates(),
        place in 0_usize..20,
    ) {
        fates.insert(place.min(fates.len()), (Fate::RefusedForGood, 2_000));
        let run = run(settings(), 40, &fates);
        prop_assert!(run.acked.len() + run.refused.len() == 40, "none runs into the timeout");
        prop_assert!(run.refused.len() <= 3);
    }
}

#[test]
fn five_in_flight_without_idempotence_reorders_and_duplicates() {
    let base = ProducerSettings {
        enable_idempotence: Some(false),
        ..settings()
    };
    let reordered = run(base.clone(), 40, &[(Fate::Refused, 5_000)]);
    assert!(!reordered.batches(0).is_sorted() || !reordered.batches(1).is_sorted());
    assert_eq!(reordered.all().len(), 40);
    let doubled = run(base, 40, &[(Fate::AnswerLost, 5_000)]);
    assert!(doubled.all().len() > 40);
}

#[test]
fn a_state_lost_by_the_broker_is_answered_with_a_new_epoch() {
    let mut producer = Producer::new(ProducerSettings {
        linger: 0,
        ..settings()
    })
    .expect("ok");
    producer.on_init(7, 0);
    producer.set_leader(at(0), Some(0));
    let mut requests = Vec::new();
    let fine = Ok(Produced {
        base_offset: Some(0),
        duplicate: false,
    });
    // A partition's first batch goes alone; it is acknowledged before the others leave.
    for id in 0..3 {
        producer
            .send(Message { id, key: 0 }, at(0), 0)
            .expect("room");
        producer.poll(0, &mut requests);
        if id == 0 {
            assert_eq!(requests.len(), 1);
            producer.on_response(requests[0].id, fine, 0, 0);
        }
    }
    requests.remove(0);
    let lost = Err(ErrorCode::OutOfOrderSequenceNumber);
    producer.on_response(requests[0].id, lost, 10, 0);
    producer.on_response(requests[1].id, lost, 10, 0);
    let now = producer.next_wake(10).expect("a backoff");
    let first = requests.len();
    producer.poll(now, &mut requests);
    assert_eq!(requests.len(), first + 1, "only the oldest is sent again");
    let stamp = requests[first].batch.stamp.expect("idempotent");
    assert_eq!((stamp.epoch, stamp.first_sequence), (1, 0));
    assert_eq!(requests[first].attempt, 2);
    producer.on_response(requests[first].id, fine, now, 0);
    producer.poll(now + 1_000_000, &mut requests);
    let stamp = requests[first + 1].batch.stamp.expect("idempotent");
    assert_eq!((stamp.epoch, stamp.first_sequence), (1, 1));
}

#[test]
fn a_late_answer_is_ignored() {
    let mut producer = Producer::new(ProducerSettings {
        linger: 0,
        ..settings()
    })
    .expect("ok");
    producer.on_init(7, 0);
    producer.set_leader(at(0), Some(0));
    producer
        .send(Message { id: 1, key: 0 }, at(0), 0)
        .expect("room");
    let mut requests = Vec::new();
    producer.poll(0, &mut requests);
    producer.on_timer(TIMEOUT, &mut |_| 0);
    assert_eq!(
        producer.next_event(),
        Some(ProducerEvent::ConnectionClosed { connection: 0 })
    );
    let fine = Ok(Produced {
        base_offset: Some(0),
        duplicate: false,
    });
    producer.on_response(requests[0].id, fine, TIMEOUT + 1, 0);
    assert_eq!(producer.next_event(), None);
    assert_eq!(producer.buffered(), 1);
}

#[test]
fn after_a_batch_is_given_up_its_numbers_are_not_waited_for() {
    let base = ProducerSettings {
        linger: 0,
        delivery_timeout: Some(150_000),
        ..settings()
    };
    let mut producer = Producer::new(base).expect("ok");
    producer.on_init(7, 0);
    producer.set_leader(at(0), Some(0));
    let mut requests = Vec::new();
    // The request times out at 100 ms; the batch is given up while it waits to be sent again.
    for (id, now) in [(0, 0), (1, 200_000)] {
        producer.on_timer(now / 2, &mut |_| 0);
        producer.on_timer(now, &mut |_| 0);
        producer
            .send(Message { id, key: 0 }, at(0), now)
            .expect("room");
        producer.poll(now, &mut requests);
    }
    let stamps: Vec<_> = requests.iter().filter_map(|r| r.batch.stamp).collect();
    let numbers: Vec<_> = stamps.iter().map(|s| (s.epoch, s.first_sequence)).collect();
    assert_eq!(numbers, [(0, 0), (1, 0)]);
}
