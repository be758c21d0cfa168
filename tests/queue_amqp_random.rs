//! An AMQP queue against a model of it, over random schedules.
#![cfg(not(target_arch = "wasm32"))]

use delivery_lab::broker::amqp::{self, AmqpQueue, Counted, Delivery, Settle};
use delivery_lab::broker::wire::Message;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Act {
    Publish,
    Consume {
        channel: u32,
        prefetch: u32,
        auto_ack: bool,
    },
    Deliver {
        count: usize,
    },
    Settle {
        which: usize,
        multiple: bool,
        how: u8,
    },
    Double {
        channel: u32,
    },
    Close {
        channel: u32,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Publish),
        2 => (0u32..3, 0u32..5, prop::bool::weighted(0.1))
            .prop_map(|(channel, prefetch, auto_ack)| Act::Consume { channel, prefetch, auto_ack }),
        6 => (1usize..6).prop_map(|count| Act::Deliver { count }),
        6 => (0usize..100, any::<bool>(), 0u8..4)
            .prop_map(|(which, multiple, how)| Act::Settle { which, multiple, how }),
        1 => (0u32..3).prop_map(|channel| Act::Double { channel }),
        1 => (0u32..3).prop_map(|channel| Act::Close { channel }),
    ]
}

/// The queue as a list: what is served next stands first.
struct Model {
    queue: AmqpQueue,
    kind: amqp::Kind,
    next_id: u64,
    returned: Vec<u64>,
    fresh: Vec<u64>,
    delivered: BTreeMap<u64, u32>,
    returns: BTreeMap<u64, u32>,
    /// Channel to prefetch and unsettled deliveries.
    open: BTreeMap<u32, (u32, Vec<Delivery>)>,
    letters: u64,
    done: u64,
}

impl Model {
    fn requeue(&mut self, id: u64, failed: bool) {
        match self.kind {
            amqp::Kind::Classic => {
                self.returned.push(id);
                self.returned.sort();
            }
            amqp::Kind::Quorum {
                delivery_limit: None,
                ..
            } => self.fresh.push(id),
            amqp::Kind::Quorum {
                delivery_limit: Some(limit),
                counted,
            } => {
                let count = self.returns.entry(id).or_default();
                *count += u32::from(failed || counted == Counted::Every);
                if *count > limit {
                    let letter = self.queue.pop_dead_letter().unwrap();
                    assert_eq!(
                        (letter.message.id, letter.reason),
                        (id, amqp::Reason::DeliveryLimit)
                    );
                    self.letters += 1;
                } else {
                    self.returned.push(id);
                }
            }
        }
    }

    fn close(&mut self, channel: u32) {
        let (_, unsettled) = self.open.remove(&channel).unwrap_or_default();
        unsettled
            .iter()
            .for_each(|d| self.requeue(d.message.id, true));
    }

    fn deliver(&mut self) {
        let Some(got) = self.queue.next_delivery(0) else {
            let room = |(p, u): &(u32, Vec<Delivery>)| *p == 0 || u.len() < *p as usize;
            let waiting = self.returned.len() + self.fresh.len() > 0;
            assert!(
                !waiting || !self.open.values().any(room),
                "a consumer with room is served"
            );
            return;
        };
        let list = if self.returned.is_empty() {
            &mut self.fresh
        } else {
            &mut self.returned
        };
        assert_eq!(got.message.id, list.remove(0), "served in order");
        let times = self.delivered.entry(got.message.id).or_default();
        assert_eq!(got.redelivered, *times > 0);
        *times += 1;
        let (prefetch, unsettled) = self.open.get_mut(&got.channel).unwrap();
        if got.auto_ack {
            self.done += 1;
            return;
        }
        unsettled.push(got);
        assert!(
            *prefetch == 0 || unsettled.len() <= *prefetch as usize,
            "prefetch is exceeded"
        );
    }

    fn settle(&mut self, which: usize, multiple: bool, how: u8) {
        let all = self.open.values().flat_map(|(_, u)| u.iter().copied());
        let all: Vec<Delivery> = all.collect();
        if all.is_empty() {
            return;
        }
        let chosen = all[which % all.len()];
        let how = [Settle::Ack, Settle::Ack, Settle::Requeue, Settle::Reject][how as usize];
        self.queue
            .settle(0, chosen.channel, chosen.tag, multiple, how)
            .unwrap();
        let (_, unsettled) = self.open.get_mut(&chosen.channel).unwrap();
        let hit = |d: &Delivery| d.tag == chosen.tag || multiple && d.tag < chosen.tag;
        let (settled, rest): (Vec<_>, Vec<_>) = unsettled.iter().copied().partition(hit);
        *unsettled = rest;
        for delivery in settled {
            match how {
                Settle::Ack => self.done += 1,
                Settle::Requeue => self.requeue(delivery.message.id, false),
                Settle::Reject => {
                    let letter = self.queue.pop_dead_letter().unwrap();
                    assert_eq!(letter.message, delivery.message);
                    self.letters += 1;
                }
            }
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Publish => {
                self.queue.publish(
                    0,
                    Message {
                        id: self.next_id,
                        key: 0,
                    },
                );
                self.fresh.push(self.next_id);
                self.next_id += 1;
            }
            Act::Consume {
                channel,
                prefetch,
                auto_ack,
            } => {
                self.queue.consume(0, channel, prefetch, auto_ack);
                self.close(channel);
                let prefetch = if auto_ack { 0 } else { prefetch };
                self.open.insert(channel, (prefetch, Vec::new()));
            }
            Act::Deliver { count } => (0..count).for_each(|_| self.deliver()),
            Act::Settle {
                which,
                multiple,
                how,
            } => self.settle(which, multiple, how),
            Act::Double { channel } => {
                let answer = self.queue.settle(0, channel, 1_000_000, false, Settle::Ack);
                assert_eq!(answer.is_err(), self.open.contains_key(&channel));
                self.close(channel);
            }
            Act::Close { channel } => {
                self.queue.channel_closed(0, channel);
                self.close(channel);
            }
        }
        let unsettled: usize = self.open.values().map(|(_, u)| u.len()).sum();
        assert_eq!(self.queue.unacked(), unsettled as u64);
        assert_eq!(
            self.queue.ready(),
            (self.returned.len() + self.fresh.len()) as u64
        );
        let gone = self.done + self.letters;
        assert_eq!(
            self.queue.iter().count() as u64 + gone,
            self.next_id,
            "conservation"
        );
        assert_eq!(self.queue.pop_dead_letter(), None);
    }
}

fn drive_amqp(kind: amqp::Kind, acts: &[Act]) {
    let mut model = Model {
        queue: AmqpQueue::new(amqp::Config::new(kind)),
        kind,
        next_id: 0,
        returned: Vec::new(),
        fresh: Vec::new(),
        delivered: BTreeMap::new(),
        returns: BTreeMap::new(),
        open: BTreeMap::new(),
        letters: 0,
        done: 0,
    };
    acts.iter().for_each(|act| model.act(act));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_classic_queue_equals_its_model(acts in prop::collection::vec(act(), 1..200)) {
        drive_amqp(amqp::Kind::Classic, &acts);
    }

    #[test]
    fn a_quorum_queue_equals_its_model(
        acts in prop::collection::vec(act(), 1..200),
        limit in prop::option::of(0u32..4),
        every in any::<bool>(),
    ) {
        let counted = if every { Counted::Every } else { Counted::Failures };
        drive_amqp(amqp::Kind::Quorum { delivery_limit: limit, counted }, &acts);
    }
}
