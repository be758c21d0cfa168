//! Packets between queues and their receivers.

use std::sync::Arc;

use crate::broker::wire::TopicPartition;
use crate::client::consumer::ConsumerRecord;
use crate::trace::{EventId, Leg, NO_CAUSE, Party, Place};

use super::member::Seat;
use super::packet::{About, Packet, Way};
use super::queues::QueueCargo;
use super::{Cargo, MAX_SERVICES, World};

impl World {
    /// Sends messages to a receiver.
    pub(super) fn deliver_records(
        &mut self,
        at: TopicPartition,
        seat: Seat,
        link: u32,
        records: Arc<[ConsumerRecord]>,
        cause: EventId,
    ) {
        let service = usize::from(seat.service) % MAX_SERVICES;
        for record in records.iter() {
            if let Some(row) = self.messages.get_mut(record.message.id) {
                row.sent[service] = row.sent[service].wrapping_add(1);
            }
        }
        let Some(first) = records.first().map(|record| record.message.id) else {
            let cargo = QueueCargo::Records {
                seat,
                link,
                records,
            };
            return self.send_to_receiver(at, seat, cargo);
        };
        let sent = self.messages.get(first);
        let about = About {
            message: first,
            count: records.len() as u32,
            attempt: sent.map_or(1, |row| u32::from(row.sent[service])),
            service: seat.service,
            refused: false,
        };
        let way = Way {
            leg: Leg::Delivery,
            from: self.queue_place(at),
            to: seat.place(),
        };
        let cargo = QueueCargo::Records {
            seat,
            link,
            records,
        };
        self.send(way, about, cause, Cargo::Queue(cargo));
    }

    /// Sends a receiver something that carries no message.
    pub(super) fn send_to_receiver(&mut self, at: TopicPartition, seat: Seat, cargo: QueueCargo) {
        let (from, to) = (self.queue_place(at), seat.place());
        self.send_control(
            seat,
            at,
            Way {
                leg: Leg::Control,
                from,
                to,
            },
            cargo,
        );
    }

    /// Sends a queue or channel something that carries no message.
    pub(super) fn send_to_queue(&mut self, at: TopicPartition, seat: Seat, cargo: QueueCargo) {
        let (from, to) = (seat.place(), self.queue_place(at));
        self.send_control(
            seat,
            at,
            Way {
                leg: Leg::Control,
                from,
                to,
            },
            cargo,
        );
    }

    fn send_control(&mut self, seat: Seat, at: TopicPartition, way: Way, cargo: QueueCargo) {
        let number = match cargo {
            QueueCargo::Receive { request, .. } => request,
            QueueCargo::Open { link, .. }
            | QueueCargo::Link { link, .. }
            | QueueCargo::Gone { link, .. }
            | QueueCargo::Records { link, .. } => link,
            _ => 0,
        };
        let about = About {
            message: u64::from(at.topic) << 32 | u64::from(number),
            attempt: seat.life + 1,
            service: seat.service << 4 | seat.member,
            ..About::default()
        };
        self.send(way, about, NO_CAUSE, Cargo::Queue(cargo));
    }

    /// A packet between a queue and somebody was lost, and would have arrived now.
    pub(super) fn packet_fell(&mut self, packet: &Packet) {
        let (queue, member) = match (packet.from, packet.to) {
            (Place::Channel(topic), Place::Queue(_, queue)) => {
                return self.copy_fell(topic, queue, packet.about.message);
            }
            (queue, Place::Party(Party::Member(s, m))) => (queue, (s, m)),
            (Place::Party(Party::Member(s, m)), queue) => (queue, (s, m)),
            _ => return,
        };
        let seat = self.seat(member.0, member.1);
        match queue {
            Place::Queue(topic, queue) => {
                let (topic, partition) = (u32::from(topic), u32::from(queue));
                self.stream_broke(TopicPartition { topic, partition }, seat, packet);
            }
            Place::Channel(topic) if packet.leg == Leg::Delivery => {
                let topic = u32::from(topic);
                let at = TopicPartition {
                    topic,
                    partition: 0,
                };
                self.taken_from_socket(at, seat, None, packet.about.count);
            }
            _ => {}
        }
    }
}
