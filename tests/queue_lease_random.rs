//! What a lease queue promises, over random schedules.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::broker::lease::{self, *};
use delivery_lab::broker::wire::{Message, Micros};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const S: Micros = 1_000_000;

#[derive(Clone, Debug)]
enum Step {
    Send { group: u64, delay: Micros },
    Receive { holder: u32, max: u32 },
    Delete { which: usize },
    Arrive { which: usize },
    Record { which: usize },
    Crash,
    Change { which: usize, timeout: Micros },
    LeaveVisible { which: usize },
    Wait { span: Micros },
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0usize..1000;
    prop_oneof![
        6 => (0u64..4, 0u64..4).prop_map(|(group, d)| Step::Send { group, delay: d * S }),
        6 => (0u32..3, 1u32..=10).prop_map(|(holder, max)| Step::Receive { holder, max }),
        4 => which.clone().prop_map(|which| Step::Delete { which }),
        1 => which.clone().prop_map(|which| Step::Arrive { which }),
        1 => which.clone().prop_map(|which| Step::Record { which }),
        1 => Just(Step::Crash),
        2 => (which.clone(), 0u64..20).prop_map(|(which, t)| Step::Change { which, timeout: t * S }),
        1 => which.prop_map(|which| Step::LeaveVisible { which }),
        3 => (1u64..20).prop_map(|s| Step::Wait { span: s * S }),
    ]
}

/// Drives a queue and its dead-letter queue, and checks every answer against what happened before.
struct Lab {
    queue: LeaseQueue,
    fifo: bool,
    max_receives: u32,
    now: Micros,
    next_id: u64,
    groups: BTreeMap<u64, u64>,
    handles: Vec<(ReceiptHandle, u64)>,
    newest: BTreeMap<u64, ReceiptHandle>,
    leased_until: BTreeMap<u64, Micros>,
    receives: BTreeMap<u64, u32>,
    gone: BTreeSet<u64>,
    done: BTreeSet<ReceiptHandle>,
    last_first_delivery: BTreeMap<u64, u64>,
}

impl Lab {
    fn new(kind: lease::Kind) -> Self {
        let max_receives = 3;
        let config = lease::Config {
            visibility_timeout: 10 * S,
            max_receive_count: Some(max_receives),
            retention: 100 * S,
            in_flight_limit: 12,
            ..lease::Config::new(kind)
        };
        Self {
            queue: LeaseQueue::new(config).unwrap(),
            fifo: kind == lease::Kind::Fifo,
            max_receives,
            now: 0,
            next_id: 0,
            groups: BTreeMap::new(),
            handles: Vec::new(),
            newest: BTreeMap::new(),
            leased_until: BTreeMap::new(),
            receives: BTreeMap::new(),
            gone: BTreeSet::new(),
            done: BTreeSet::new(),
            last_first_delivery: BTreeMap::new(),
        }
    }

    fn pick(&self, which: usize) -> Option<(ReceiptHandle, u64)> {
        let count = self.handles.len();
        (count > 0).then(|| self.handles[count - 1 - which % count.min(30)])
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Send { group, delay } => {
                let message = Message {
                    id: self.next_id,
                    key: group,
                };
                self.groups.insert(message.id, group);
                self.next_id += 1;
                let delay = (!self.fifo).then_some(delay);
                let send = lease::Send {
                    delay,
                    ..lease::Send::new(message)
                };
                assert!(matches!(
                    self.queue.send(self.now, send),
                    Ok(Sent::Stored(_))
                ));
            }
            Step::Receive { holder, max } => self.receive(holder, max),
            Step::Delete { which } => {
                let Some((handle, id)) = self.pick(which) else {
                    return;
                };
                let answer = self.queue.delete(self.now, handle);
                self.deleted(handle, id, answer);
            }
            Step::Arrive { which } => {
                let Some((handle, _)) = self.pick(which) else {
                    return;
                };
                let _ = self.queue.delete_arrived(self.now, handle);
            }
            Step::Record { which } => {
                let Some((handle, id)) = self.pick(which) else {
                    return;
                };
                if let Some(answer) = self.queue.delete_recorded(self.now, handle) {
                    self.deleted(handle, id, answer);
                }
            }
            Step::Crash => {
                self.queue.crash();
            }
            Step::Change { which, timeout } => {
                let Some((handle, id)) = self.pick(which) else {
                    return;
                };
                let leased = self.leased(id) && self.newest[&id] == handle;
                let answer = self.queue.change_visibility(self.now, handle, timeout);
                assert_eq!(
                    answer.is_ok(),
                    leased,
                    "only the newest lease can be changed"
                );
                if leased {
                    self.leased_until.insert(id, self.now + timeout);
                }
            }
            Step::LeaveVisible { which } => {
                let Some((handle, id)) = self.pick(which) else {
                    return;
                };
                if self.queue.leave_visible(handle) {
                    self.leased_until.remove(&id);
                }
            }
            Step::Wait { span } => {
                self.now += span;
                while let Some(due) = self.queue.pop_due(self.now) {
                    if let Due::Expired(message) = due {
                        self.leaves(message.id);
                    }
                }
                assert!(self.queue.next_deadline().is_none_or(|at| at > self.now));
            }
        }
    }

    fn leased(&self, id: u64) -> bool {
        self.leased_until
            .get(&id)
            .is_some_and(|until| *until > self.now)
    }

    fn leaves(&mut self, id: u64) {
        assert!(self.gone.insert(id), "a message leaves once");
        self.leased_until.remove(&id);
    }

    fn receive(&mut self, holder: u32, max: u32) {
        let blocked: BTreeSet<u64> = self
            .groups
            .iter()
            .filter(|(id, _)| self.leased(**id))
            .map(|(_, group)| *group)
            .collect();
        let Ok(batch) = self.queue.receive(self.now, holder, max, None) else {
            assert_eq!(self.queue.in_flight(), 12);
            return;
        };
        assert!(batch.messages.len() <= max as usize && self.queue.in_flight() <= 12);
        for letter in &batch.dead_letters {
            assert_eq!(self.receives[&letter.message.id], self.max_receives);
            assert_eq!(letter.receive_count, self.max_receives);
            self.leaves(letter.message.id);
        }
        for got in &batch.messages {
            let id = got.message.id;
            assert!(!self.gone.contains(&id), "what is gone is not received");
            assert!(!self.leased(id), "a lease has one holder");
            let group = self.groups[&id];
            assert!(
                !self.fifo || !blocked.contains(&group),
                "its group is blocked"
            );
            *self.receives.entry(id).or_default() += 1;
            assert_eq!(got.receive_count, self.receives[&id]);
            if self.fifo && got.receive_count == 1 {
                let last = self.last_first_delivery.insert(group, id);
                assert!(last < Some(id), "first deliveries of a group are in order");
            }
            self.leased_until.insert(id, got.until);
            self.newest.insert(id, got.handle);
            self.handles.push((got.handle, id));
        }
    }

    fn deleted(&mut self, handle: ReceiptHandle, id: u64, answer: Result<Deleted, LeaseExpired>) {
        let newest = self.newest[&id] == handle;
        let (gone, leased) = (self.gone.contains(&id), self.leased(id));
        match answer {
            Ok(Deleted::Removed(message)) => {
                assert!(newest && message.id == id && (leased || !self.fifo));
                self.done.insert(handle);
                self.leaves(id);
            }
            Ok(Deleted::Stale) => assert!(!newest && !gone && !self.fifo),
            Ok(Deleted::AlreadyGone) => {
                assert!(gone && (!self.fifo || self.done.contains(&handle)))
            }
            Err(LeaseExpired) => {
                assert!(self.fifo && !self.done.contains(&handle) && (!leased || !newest))
            }
        }
    }

    fn conserve(&self) {
        let totals = self.queue.totals();
        let out = totals.deleted + totals.dead_lettered + totals.expired + totals.redriven;
        assert_eq!(totals.sent, self.next_id);
        assert_eq!(totals.sent, self.queue.len() + out);
        assert_eq!(out, self.gone.len() as u64);
        let (mut in_flight, mut left) = (0, 0);
        for entry in self.queue.iter() {
            let id = entry.message.id;
            let flying = matches!(entry.state, lease::State::InFlight { .. });
            assert_eq!(flying, self.leased(id), "in flight is what is leased");
            assert!(!self.gone.contains(&id));
            in_flight += u32::from(flying);
            left += 1;
        }
        assert_eq!(
            (in_flight, left),
            (self.queue.in_flight(), self.queue.len())
        );
    }
}

fn drive(kind: lease::Kind, steps: &[Step]) {
    let mut lab = Lab::new(kind);
    for step in steps {
        lab.step(step);
        lab.conserve();
    }
    drain(lab);
}

/// Nothing stays behind: 40 s are enough for every lease and delay to end, but not for retention to
/// hide a message that no receive finds any more.
fn drain(mut lab: Lab) {
    for _ in 0..40 {
        lab.step(&Step::Wait { span: S });
        lab.receive(0, 10);
        for (handle, id) in lab.handles.split_off(0) {
            let answer = lab.queue.delete(lab.now, handle);
            lab.deleted(handle, id, answer);
        }
    }
    assert!(lab.queue.is_empty() && lab.queue.next_deadline().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_standard_queue_keeps_its_promises(steps in prop::collection::vec(step(), 1..150)) {
        drive(lease::Kind::Standard, &steps);
    }

    #[test]
    fn a_fifo_queue_keeps_its_promises(steps in prop::collection::vec(step(), 1..150)) {
        drive(lease::Kind::Fifo, &steps);
    }

    #[test]
    fn fifo_without_dead_letters_or_expiry_handles_each_group_in_order(
        steps in prop::collection::vec(step(), 1..150)
    ) {
        let mut lab = Lab::new(lease::Kind::Fifo);
        let config = lease::Config { visibility_timeout: 10 * S, ..lease::Config::new(lease::Kind::Fifo) };
        lab.queue = LeaseQueue::new(config).unwrap();
        let mut next: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for step in &steps {
            match step {
                Step::Send { group, .. } => next.entry(*group).or_default().push(lab.next_id),
                // Only whole batches are deleted here, each when it was received or never.
                Step::Receive { max, holder } => {
                    let batch = lab.queue.receive(lab.now, *holder, *max, None).unwrap();
                    let mut place: BTreeMap<u64, usize> = BTreeMap::new();
                    for got in &batch.messages {
                        let at = place.entry(got.message.key).or_default();
                        prop_assert_eq!(got.message.id, next[&got.message.key][*at]);
                        *at += 1;
                    }
                    if *holder == 0 {
                        for got in &batch.messages {
                            prop_assert_eq!(lab.queue.delete(lab.now, got.handle), Ok(Deleted::Removed(got.message)));
                            next.get_mut(&got.message.key).unwrap().remove(0);
                        }
                    }
                    continue;
                }
                Step::Wait { .. } => {}
                _ => continue,
            }
            lab.step(step);
        }
    }
}
