//! Queues and channels without a log.

use crate::broker::wire::TopicPartition;
use crate::client::consumer::ConsumerRecord;
use crate::trace::Place;

use super::World;
use super::member::Seat;

impl World {
    /// The place of a partition or queue.
    pub(super) fn channel_place(&self, at: TopicPartition) -> Place {
        Place::Partition(at.topic as u16, at.partition as u16)
    }

    pub(super) fn drive_receiver(&mut self, _seat: Seat) {}

    pub(super) fn ack_batch(&mut self, _seat: Seat, _first: bool) {}

    pub(super) fn ack_record(&mut self, _seat: Seat, _record: ConsumerRecord) {}

    pub(super) fn return_to_queue(&mut self, _seat: Seat, _record: ConsumerRecord) {}

    pub(super) fn receiver_dies(&mut self, _service: u16, _member: u16) {}

    pub(super) fn queues_die(&mut self, _broker: u16) {}

    pub(super) fn queues_return(&mut self, _broker: u16) {}
}
