//! AB1, the workload that simulators are compared on: a producer that retries over a lossy link, a log of
//! twelve partitions, and a group of four members that crash, rebalance and commit. The same model with the
//! same random streams was run on several simulators; all of them count the same (see [`EXPECTED`]).
//! Times are milliseconds as f64. A positive f64 keeps its order as bits, so they fit the queue's u64.

use delivery_lab::scenario::HandlerStep;
use delivery_lab::sim::{FaultKey, Queue, Site};
use delivery_lab::trace::{Kind, Party, Recorder};
use std::collections::BinaryHeap;
use std::hint::black_box;

const PARTITIONS: usize = 12;
const MEMBERS: usize = 4;
const MAX_POLL_RECORDS: u32 = 10;
const TIMEOUT_MS: f64 = 50.0;
const LOSS: f64 = 0.05;
const SESSION_TIMEOUT_MS: f64 = 500.0;
const RESTART_MS: f64 = 1000.0;
const MEAN_UPTIME_MS: f64 = 10_000.0;

/// Which random stream a draw comes from.
#[derive(Clone, Copy)]
enum Stream {
    Arrivals = 1,
    ProducerHops,
    ProducerDrops,
    Service,
    Crashes,
    ConsumerDrops,
    ConsumerHops,
}

/// The generator mulberry32, which every peer has.
struct Mulberry32(u32);

impl Mulberry32 {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x6D2B_79F5);
        let mut t = self.0;
        t = (t ^ (t >> 15)).wrapping_mul(t | 1);
        t ^= t.wrapping_add((t ^ (t >> 7)).wrapping_mul(t | 61));
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    }
}

/// What happens next. A member's events carry its epoch, and are stale once the group moved on.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Arrive {
        id: u32,
    },
    AtBroker {
        id: u32,
    },
    Acked {
        id: u32,
    },
    TimedOut {
        id: u32,
    },
    Fetch {
        member: u8,
        epoch: u32,
    },
    FetchAtBroker {
        member: u8,
        epoch: u32,
    },
    Fetched {
        member: u8,
        epoch: u32,
    },
    Process {
        member: u8,
        epoch: u32,
        index: u8,
    },
    Commit {
        member: u8,
        partition: u8,
        epoch: u32,
        to: u32,
    },
    CommitAgain {
        member: u8,
        partition: u8,
        epoch: u32,
        to: u32,
    },
    Crash {
        member: u8,
    },
    SessionTimedOut,
    Rejoin {
        member: u8,
    },
}

/// What the model needs of a queue: least time first, and first in first out at the same time.
pub trait Agenda: Default {
    fn put(&mut self, at: f64, event: Event);
    /// The same, for an event whose delay is the constant time-out.
    fn put_timeout(&mut self, at: f64, event: Event) {
        self.put(at, event);
    }
    fn take(&mut self) -> Option<(f64, Event)>;
}

impl Agenda for Queue<Event> {
    #[inline]
    fn put(&mut self, at: f64, event: Event) {
        self.push(at.to_bits(), event);
    }
    #[inline]
    fn put_timeout(&mut self, at: f64, event: Event) {
        self.push_timer(0, at.to_bits(), event);
    }
    #[inline]
    fn take(&mut self) -> Option<(f64, Event)> {
        self.pop().map(|next| (f64::from_bits(next.at), next.event))
    }
}

/// The plainest queue there is, to compare with: the standard heap over time and sequence.
#[derive(Default)]
pub struct PlainHeap {
    heap: BinaryHeap<PlainEntry>,
    sequence: u32,
}

struct PlainEntry {
    at: f64,
    sequence: u32,
    event: Event,
}

impl PartialEq for PlainEntry {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}
impl Eq for PlainEntry {}
impl PartialOrd for PlainEntry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for PlainEntry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at.to_bits().cmp(&self.at.to_bits())).then(other.sequence.cmp(&self.sequence))
    }
}

impl Agenda for PlainHeap {
    #[inline]
    fn put(&mut self, at: f64, event: Event) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.heap.push(PlainEntry {
            at,
            sequence,
            event,
        });
    }
    #[inline]
    fn take(&mut self) -> Option<(f64, Event)> {
        self.heap.pop().map(|next| (next.at, next.event))
    }
}

/// What writes down the events that were handled.
pub trait Tape: Default {
    fn note(&mut self, at: f64, event: Event);
}

/// Nobody does.
impl Tape for () {
    #[inline]
    fn note(&mut self, _: f64, _: Event) {}
}

/// The lab's recorder does, as it does in a run: emptied after so many events.
impl Tape for Recorder {
    #[inline]
    fn note(&mut self, at: f64, event: Event) {
        let cause = self.count();
        self.record((at * 1000.0) as u64, cause, kind_of(event));
        if self.waiting() >= TAKEN_AT {
            for event in self.take() {
                black_box(event);
            }
        }
    }
}

const TAKEN_AT: usize = 4096;

/// The nearest thing to it in the lab's trace.
fn kind_of(event: Event) -> Kind {
    let fetching = |member: u8| Kind::Step {
        service: 0,
        member: u16::from(member),
        message: 0,
        step: HandlerStep::Receive,
    };
    let (service, producer, topic, copy, nth) = (0, 0, 0, 1, 1);
    let attempt = 1;
    match event {
        Event::Arrive { id } => Kind::Published {
            producer,
            topic,
            message: id.into(),
            key: id.into(),
        },
        Event::AtBroker { id } => Kind::Appended {
            topic,
            partition: id % PARTITIONS as u32,
            offset: id.into(),
            message: id.into(),
            copy,
        },
        Event::Acked { id } => Kind::Acked {
            producer,
            message: id.into(),
            attempt,
        },
        Event::TimedOut { id } => Kind::TimedOut {
            producer,
            message: id.into(),
            attempt,
        },
        Event::Fetch { member, .. }
        | Event::FetchAtBroker { member, .. }
        | Event::Fetched { member, .. } => fetching(member),
        Event::Process { member, index, .. } => Kind::Delivered {
            service,
            member: member.into(),
            partition: 0,
            offset: index.into(),
            message: index.into(),
            nth,
        },
        Event::Commit {
            member,
            partition,
            to,
            ..
        } => Kind::Committed {
            service,
            member: member.into(),
            partition: partition.into(),
            offset: to.into(),
        },
        Event::CommitAgain {
            member,
            partition,
            to,
            ..
        } => Kind::CommitSent {
            service,
            member: member.into(),
            partition: partition.into(),
            offset: to.into(),
        },
        Event::Crash { member } => Kind::Crashed {
            party: Party::Member(service, member.into()),
            fault: FaultKey {
                site: Site::ConsumerCrash,
                party: member.into(),
                entity: 0,
                attempt: 1,
            },
        },
        Event::SessionTimedOut => Kind::Rebalancing {
            service,
            generation: 0,
        },
        Event::Rejoin { member } => Kind::Joined {
            service,
            member: member.into(),
            generation: 0,
        },
    }
}

/// What a run counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub appended: u64,
    pub deliveries: u64,
    pub unique: u64,
    pub retries: u64,
    pub rebalances: u64,
    pub events: u64,
    /// Timers that found their message acknowledged, and events of an earlier epoch.
    pub stale: u64,
    /// Simulated time at the end, in microseconds, rounded down.
    pub simulated_us: u64,
}

/// What every simulator counts for 100,000 messages and seed 1.
#[allow(dead_code)]
pub const EXPECTED: Counts = Counts {
    appended: 105_244,
    deliveries: 106_294,
    unique: 100_000,
    retries: 10_792,
    rebalances: 78,
    events: 474_086,
    stale: 0,
    simulated_us: 101_553_694,
};

#[derive(Clone, Copy, Default)]
struct Member {
    up: bool,
    parked: bool,
    epoch: u32,
    next_partition: usize,
    batch_partition: usize,
    batch_start: u32,
    batch_len: u32,
}

#[derive(Default)]
struct Partition {
    log: Vec<u32>,
    position: u32,
    committed: u32,
    owner: Option<u8>,
}

struct Model<A, T> {
    messages: u32,
    streams: [Mulberry32; 8],
    agenda: A,
    tape: T,
    now: f64,
    acked: Vec<bool>,
    got: Vec<bool>,
    partitions: [Partition; PARTITIONS],
    members: [Member; MEMBERS],
    acks: u32,
    to_broker: u32,
    committed: u64,
    counts: Counts,
}

/// Runs the workload to its end: every message acknowledged, everything appended is committed.
pub fn run<A: Agenda>(messages: u32, seed: u32) -> Counts {
    run_on_tape::<A, ()>(messages, seed)
}

/// The same, with a tape running.
pub fn run_on_tape<A: Agenda, T: Tape>(messages: u32, seed: u32) -> Counts {
    let mut model = Model::<A, T>::new(messages, seed);
    while !model.is_done() {
        let Some((at, event)) = model.agenda.take() else {
            break;
        };
        model.now = at;
        model.step(event);
    }
    model.counts.simulated_us = (model.now * 1000.0) as u64;
    model.counts
}

impl<A: Agenda, T: Tape> Model<A, T> {
    fn new(messages: u32, seed: u32) -> Self {
        let mut model = Model {
            messages,
            streams: std::array::from_fn(|k| Mulberry32(seed.wrapping_add(1000 * k as u32))),
            agenda: A::default(),
            tape: T::default(),
            now: 0.0,
            acked: vec![false; messages as usize],
            got: vec![false; messages as usize],
            partitions: Default::default(),
            members: [Member {
                up: true,
                ..Member::default()
            }; MEMBERS],
            acks: 0,
            to_broker: 0,
            committed: 0,
            counts: Counts::default(),
        };
        let first = model.exponential(Stream::Arrivals, 1.0);
        model.after(first, Event::Arrive { id: 0 });
        for member in 0..MEMBERS as u8 {
            model.schedule_crash(member);
        }
        model.rebalance();
        // The first assignment is not counted: nothing was moved.
        model.counts.rebalances = 0;
        model
    }

    fn is_done(&self) -> bool {
        self.acks == self.messages && self.to_broker == 0 && self.committed == self.counts.appended
    }

    fn exponential(&mut self, stream: Stream, mean: f64) -> f64 {
        -libm::log(1.0 - self.streams[stream as usize].unit()) * mean
    }

    fn hop(&mut self, stream: Stream) -> f64 {
        1.0 + self.exponential(stream, 1.0)
    }

    fn drops(&mut self, stream: Stream) -> bool {
        self.streams[stream as usize].unit() < LOSS
    }

    fn after(&mut self, delay: f64, event: Event) {
        self.agenda.put(self.now + delay, event);
    }

    fn after_timeout(&mut self, event: Event) {
        self.agenda.put_timeout(self.now + TIMEOUT_MS, event);
    }

    fn schedule_crash(&mut self, member: u8) {
        let uptime = self.exponential(Stream::Crashes, MEAN_UPTIME_MS);
        self.after(uptime, Event::Crash { member });
    }

    fn step(&mut self, event: Event) {
        if self.is_stale(event) {
            self.counts.stale += 1;
            return;
        }
        self.counts.events += 1;
        self.tape.note(self.now, event);
        match event {
            Event::Arrive { id } => {
                self.send(id);
                if id + 1 < self.messages {
                    let gap = self.exponential(Stream::Arrivals, 1.0);
                    self.after(gap, Event::Arrive { id: id + 1 });
                }
            }
            Event::AtBroker { id } => self.append(id),
            Event::Acked { id } => {
                if !std::mem::replace(&mut self.acked[id as usize], true) {
                    self.acks += 1;
                }
            }
            Event::TimedOut { id } => {
                self.counts.retries += 1;
                self.send(id);
            }
            Event::Fetch { member, .. } => self.fetch(member),
            Event::FetchAtBroker { member, .. } => self.answer_fetch(member),
            Event::Fetched { member, .. } => self.process_next(member, 0),
            Event::Process { member, index, .. } => self.processed(member, index),
            Event::Commit { partition, to, .. } => {
                let partition = &mut self.partitions[partition as usize];
                self.committed += u64::from(to.saturating_sub(partition.committed));
                partition.committed = partition.committed.max(to);
            }
            Event::CommitAgain {
                member,
                partition,
                to,
                ..
            } => self.commit(member, partition, to),
            Event::Crash { member } => {
                let crashed = &mut self.members[member as usize];
                crashed.up = false;
                crashed.epoch += 1;
                crashed.parked = false;
                self.after(SESSION_TIMEOUT_MS, Event::SessionTimedOut);
                self.after(RESTART_MS, Event::Rejoin { member });
            }
            Event::SessionTimedOut => self.rebalance(),
            Event::Rejoin { member } => {
                self.members[member as usize].up = true;
                self.rebalance();
                self.schedule_crash(member);
            }
        }
    }

    fn is_stale(&self, event: Event) -> bool {
        match event {
            Event::TimedOut { id } => self.acked[id as usize],
            Event::Fetch { member, epoch }
            | Event::FetchAtBroker { member, epoch }
            | Event::Fetched { member, epoch }
            | Event::Process { member, epoch, .. }
            | Event::Commit { member, epoch, .. }
            | Event::CommitAgain { member, epoch, .. } => {
                epoch != self.members[member as usize].epoch
            }
            _ => false,
        }
    }

    fn send(&mut self, id: u32) {
        if !self.drops(Stream::ProducerDrops) {
            self.to_broker += 1;
            let hop = self.hop(Stream::ProducerHops);
            self.after(hop, Event::AtBroker { id });
        }
        self.after_timeout(Event::TimedOut { id });
    }

    fn append(&mut self, id: u32) {
        self.to_broker -= 1;
        self.counts.appended += 1;
        let partition = &mut self.partitions[id as usize % PARTITIONS];
        partition.log.push(id);
        if let Some(member) = partition.owner {
            let owner = &mut self.members[member as usize];
            if std::mem::replace(&mut owner.parked, false) {
                let epoch = owner.epoch;
                self.after(0.0, Event::FetchAtBroker { member, epoch });
            }
        }
        if !self.drops(Stream::ProducerDrops) {
            let hop = self.hop(Stream::ProducerHops);
            self.after(hop, Event::Acked { id });
        }
    }

    fn fetch(&mut self, member: u8) {
        let epoch = self.members[member as usize].epoch;
        if self.drops(Stream::ConsumerDrops) {
            self.after_timeout(Event::Fetch { member, epoch });
        } else {
            let hop = self.hop(Stream::ConsumerHops);
            self.after(hop, Event::FetchAtBroker { member, epoch });
        }
    }

    fn answer_fetch(&mut self, member: u8) {
        let fetcher = &mut self.members[member as usize];
        let has_data = |j: &usize| {
            let partition = &self.partitions[*j];
            partition.owner == Some(member) && (partition.position as usize) < partition.log.len()
        };
        let from = fetcher.next_partition;
        let Some(found) = (from..from + PARTITIONS)
            .map(|j| j % PARTITIONS)
            .find(has_data)
        else {
            fetcher.parked = true;
            return;
        };
        let partition = &self.partitions[found];
        fetcher.next_partition = found + 1;
        fetcher.batch_partition = found;
        fetcher.batch_start = partition.position;
        fetcher.batch_len = MAX_POLL_RECORDS.min(partition.log.len() as u32 - partition.position);
        let epoch = fetcher.epoch;
        if self.drops(Stream::ConsumerDrops) {
            self.after_timeout(Event::Fetch { member, epoch });
        } else {
            let hop = self.hop(Stream::ConsumerHops);
            self.after(hop, Event::Fetched { member, epoch });
        }
    }

    fn process_next(&mut self, member: u8, index: u8) {
        let epoch = self.members[member as usize].epoch;
        let takes = self.exponential(Stream::Service, 2.0);
        self.after(
            takes,
            Event::Process {
                member,
                epoch,
                index,
            },
        );
    }

    fn processed(&mut self, member: u8, index: u8) {
        let worker = self.members[member as usize];
        let partition = &mut self.partitions[worker.batch_partition];
        let id = partition.log[(worker.batch_start + u32::from(index)) as usize];
        self.counts.deliveries += 1;
        if !std::mem::replace(&mut self.got[id as usize], true) {
            self.counts.unique += 1;
        }
        if u32::from(index) + 1 < worker.batch_len {
            self.process_next(member, index + 1);
        } else {
            partition.position = worker.batch_start + worker.batch_len;
            let to = partition.position;
            self.commit(member, worker.batch_partition as u8, to);
            self.fetch(member);
        }
    }

    fn commit(&mut self, member: u8, partition: u8, to: u32) {
        let epoch = self.members[member as usize].epoch;
        if self.drops(Stream::ConsumerDrops) {
            self.after_timeout(Event::CommitAgain {
                member,
                partition,
                epoch,
                to,
            });
        } else {
            let hop = self.hop(Stream::ConsumerHops);
            self.after(
                hop,
                Event::Commit {
                    member,
                    partition,
                    epoch,
                    to,
                },
            );
        }
    }

    fn rebalance(&mut self) {
        self.counts.rebalances += 1;
        let mut up = [0u8; MEMBERS];
        let mut count = 0;
        for (index, member) in self.members.iter_mut().enumerate() {
            member.epoch += 1;
            member.parked = false;
            member.next_partition = 0;
            if member.up {
                up[count] = index as u8;
                count += 1;
            }
        }
        for (j, partition) in self.partitions.iter_mut().enumerate() {
            partition.owner = (count > 0).then(|| up[j % count]);
            partition.position = partition.committed;
        }
        for &member in &up[..count] {
            self.fetch(member);
        }
    }
}
