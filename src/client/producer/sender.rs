//! The sending half of the producer: what goes out, what answers and timeouts do (Kafka's `Sender`).

use super::lane::{Lane, PendingBatch, close_gap};
use super::{
    Acks, ConnectionId, FailReason, InFlight, ProduceRequest, Produced, Producer, ProducerEvent,
    RequestId,
};
use crate::broker::wire::{ErrorCode, Micros, ProducerEpoch};

/// Of so many batches per producer and partition the broker knows the sequences
/// (`NUM_BATCHES_TO_RETAIN`). Kafka's answers keep their order on a connection, so five requests in
/// flight are the last five; here an answer can be lost alone, so the producer counts.
const BROKER_WINDOW: u64 = 5;

/// Whether the batch may be in the log although the answer was this error. Kafka's brokers
/// refuse before they append in all other cases.
fn maybe_written(error: ErrorCode) -> bool {
    use ErrorCode::*;
    matches!(
        error,
        NetworkException | RequestTimedOut | NotEnoughReplicasAfterAppend
    )
}

impl Producer {
    /// Adds the produce requests to write now to `out`: at most
    /// `max.in.flight.requests.per.connection` without an answer on a connection, the partitions
    /// taking turns.
    pub fn poll(&mut self, now: Micros, out: &mut Vec<ProduceRequest>) {
        self.settle_sequences();
        let lanes = self.lanes.len();
        loop {
            let before = out.len();
            for i in 0..lanes {
                out.extend(self.drain((self.turn + i) % lanes, now));
            }
            if out.len() == before {
                break;
            }
            self.turn = (self.turn + 1) % lanes;
        }
    }

    fn drain(&mut self, lane: usize, now: Micros) -> Option<ProduceRequest> {
        let connection = self.lanes[lane].connection?;
        if self.lanes[lane].is_empty() || !self.may_send(lane, connection) {
            return None;
        }
        let mut batch = match self.lanes[lane].retry.is_empty() {
            true => self.take_new(lane, now)?,
            false => self.take_retry(lane, now)?,
        };
        batch.renumbered = false;
        let request = ProduceRequest {
            id: self.next_id(),
            connection,
            partition: self.lanes[lane].at,
            batch: batch.on_wire(self.settings.transactional_id.is_some()),
            acks: self.settings.acks,
            attempt: batch.retries.saturating_add(1),
            deadline: now.saturating_add(self.settings.request_timeout),
        };
        if self.settings.acks == Acks::Zero {
            self.report_success(lane, batch, None, false);
        } else {
            self.in_flight.push(InFlight {
                id: request.id,
                connection,
                lane,
                deadline: request.deadline,
                batch: Some(batch),
            });
        }
        Some(request)
    }

    /// Room on the connection; and with one request in flight the partition is muted while a batch
    /// of it is out, even on the connection to its former leader.
    fn may_send(&self, lane: usize, connection: ConnectionId) -> bool {
        let room = self.in_flight(connection) < self.settings.max_in_flight;
        let muted =
            self.settings.max_in_flight == 1 && self.in_flight.iter().any(|r| r.lane == lane);
        room && !muted && self.control.may_produce(self.lanes[lane].at)
    }

    /// With idempotence only the oldest unacknowledged batch is sent again
    /// (`RecordAccumulator.shouldStopDrainBatchesForPartition`).
    fn take_retry(&mut self, lane: usize, now: Micros) -> Option<PendingBatch> {
        let head = self.lanes[lane].retry.front()?;
        let oldest = self
            .unanswered(lane)
            .all(|batch| batch.serial > head.serial);
        if head.retry_at > now || (self.idempotent && !oldest) {
            return None;
        }
        self.lanes[lane].retry.pop_front()
    }

    fn take_new(&mut self, lane: usize, now: Micros) -> Option<PendingBatch> {
        if self.idempotent {
            let identity = self.identity?;
            let oldest = self.unanswered(lane).map(|batch| batch.serial).min();
            let far = oldest.is_some_and(|o| self.lanes[lane].next_new() >= o + BROKER_WINDOW);
            let sequences = &mut self.lanes[lane].sequences;
            if sequences.unresolved || far {
                return None;
            }
            if sequences.identity != Some(identity) {
                if oldest.is_some() {
                    return None;
                }
                sequences.restart(identity);
            }
            // A broker without state for this producer takes any first sequence. On one TCP connection
            // nothing overtakes the first batch; where single requests can be lost, it goes alone.
            if sequences.last_acked.is_none() && oldest.is_some() {
                return None;
            }
        }
        let full = self.buffered >= self.settings.max_buffered;
        let linger = if self.flushing || full {
            0
        } else {
            self.settings.linger
        };
        let mut batch = self.lanes[lane].take_new(now, linger)?;
        if self.idempotent {
            batch.stamp = self.lanes[lane].sequences.stamp(batch.len());
        }
        Some(batch)
    }

    /// Batches of the partition in flight. Those to be sent again are in its `retry`.
    fn unanswered(&self, lane: usize) -> impl Iterator<Item = &PendingBatch> {
        self.in_flight
            .iter()
            .filter(move |r| r.lane == lane)
            .filter_map(|r| r.batch.as_ref())
    }

    /// A broker's answer. Unknown ids (late answers to requests that timed out) are ignored.
    /// `draw` is uniform in 0..1,000,000, for the backoff.
    pub fn on_response(
        &mut self,
        id: RequestId,
        answer: Result<Produced, ErrorCode>,
        now: Micros,
        draw: u32,
    ) {
        let Some(place) = self.in_flight.iter().position(|r| r.id == id) else {
            return;
        };
        let InFlight { lane, batch, .. } = self.in_flight.remove(place);
        let Some(batch) = batch else {
            return;
        };
        match answer {
            Ok(done) => self.report_success(lane, batch, done.base_offset, done.duplicate),
            Err(error) => self.retry_or_fail(lane, batch, error, now, draw),
        }
    }

    /// The connection broke: its requests stay without answers. `draw` gives a number in
    /// 0..1,000,000 per request, for the backoff.
    pub fn on_disconnect(
        &mut self,
        connection: ConnectionId,
        now: Micros,
        draw: &mut dyn FnMut(RequestId) -> u32,
    ) {
        let (lost, kept) = self
            .in_flight
            .drain(..)
            .partition(|r| r.connection == connection);
        self.in_flight = kept;
        let lost: Vec<InFlight> = lost;
        for request in lost {
            if let Some(batch) = request.batch {
                let draw = draw(request.id);
                self.retry_or_fail(request.lane, batch, ErrorCode::NetworkException, now, draw);
            }
        }
    }

    /// Lets time pass: requests time out (which closes their connection), batches reach
    /// `delivery.timeout.ms`. `draw` as in [`Producer::on_disconnect`].
    pub fn on_timer(&mut self, now: Micros, draw: &mut dyn FnMut(RequestId) -> u32) {
        while let Some(late) = self.in_flight.iter().find(|r| r.deadline <= now) {
            let connection = late.connection;
            self.on_disconnect(connection, now, draw);
            self.events
                .push_back(ProducerEvent::ConnectionClosed { connection });
        }
        let late = self
            .control
            .in_flight
            .as_ref()
            .filter(|r| r.deadline <= now)
            .map(|r| r.id);
        if let Some(id) = late {
            self.on_control(id, Err(ErrorCode::NetworkException), now, draw(id));
        }
        if let Some(limit) = now.checked_sub(self.delivery_timeout) {
            self.expire(limit);
        }
    }

    /// Gives up the batches created at or before `limit`.
    fn expire(&mut self, limit: Micros) {
        for lane in 0..self.lanes.len() {
            while let Some(batch) = self.lanes[lane].take_expired(limit) {
                self.give_up(lane, batch);
            }
        }
        for place in 0..self.in_flight.len() {
            let request = &mut self.in_flight[place];
            let lane = request.lane;
            if let Some(mut batch) = request.batch.take_if(|batch| batch.created <= limit) {
                batch.maybe_written = true;
                self.give_up(lane, batch);
            }
        }
    }

    fn give_up(&mut self, lane: usize, batch: PendingBatch) {
        self.lanes[lane].sequences.unresolved |= batch.stamp.is_some();
        self.control.fail(ErrorCode::RequestTimedOut);
        self.report_failure(lane, batch, FailReason::DeliveryTimeout);
        self.drop_after_failure();
    }

    fn retry_or_fail(
        &mut self,
        lane: usize,
        mut batch: PendingBatch,
        error: ErrorCode,
        now: Micros,
        draw: u32,
    ) {
        batch.maybe_written |= maybe_written(error);
        let in_time = now.saturating_sub(batch.created) < self.delivery_timeout;
        let attempts_left = batch.retries < self.settings.retries;
        if in_time && attempts_left && self.worth_a_retry(lane, &batch, error) {
            let wait = self.backoff.wait(batch.retries, draw);
            batch.retry_at = now.saturating_add(wait);
            batch.retries += 1;
            let in_order = self.idempotent;
            self.lanes[lane].put_back(batch, in_order);
            return;
        }
        if batch.stamp.is_some() {
            match attempts_left && in_time && !batch.maybe_written {
                true => self.close_gap_of(lane, &batch),
                false => self.lanes[lane].sequences.unresolved = true,
            }
        }
        self.control.fail(error);
        let reason = if in_time {
            FailReason::Refused(error)
        } else {
            FailReason::DeliveryTimeout
        };
        self.report_failure(lane, batch, reason);
        self.drop_after_failure();
    }

    /// `TransactionManager.canRetry`. A sequence out of order is no news while an earlier batch is
    /// still to come; if it is this batch's turn, the broker lost the state and the epoch is raised.
    fn worth_a_retry(&mut self, lane: usize, batch: &PendingBatch, error: ErrorCode) -> bool {
        let (Some(stamp), ErrorCode::OutOfOrderSequenceNumber) = (batch.stamp, error) else {
            return error.retriable();
        };
        let sequences = &mut self.lanes[lane].sequences;
        let waits = batch.renumbered || !sequences.is_next(stamp.first_sequence);
        if waits && !sequences.unresolved {
            return true;
        }
        sequences.bump |= self.settings.transactional_id.is_none();
        self.settings.transactional_id.is_none()
    }

    fn close_gap_of(&mut self, lane: usize, failed: &PendingBatch) {
        let count = failed.len();
        self.lanes[lane].sequences.take_back(count);
        for batch in batches_with_sequence(&mut self.lanes[lane], &mut self.in_flight, lane) {
            if batch.serial > failed.serial {
                close_gap(batch, count);
            }
        }
    }

    /// Between answers and new batches: sequence numbers that stayed open are settled once nothing
    /// of the partition is out (`maybeResolveSequences`), and the epoch is raised where needed
    /// (`bumpIdempotentProducerEpoch`).
    fn settle_sequences(&mut self) {
        for lane in 0..self.lanes.len() {
            let out = !self.lanes[lane].retry.is_empty() || self.unanswered(lane).next().is_some();
            let sequences = &mut self.lanes[lane].sequences;
            if sequences.unresolved && !out {
                sequences.unresolved = false;
                let in_order = sequences.is_next(sequences.next);
                let transactional = self.settings.transactional_id.is_some();
                sequences.bump |= !in_order && !transactional;
                self.control.raise_epoch |= !in_order && transactional;
            }
        }
        if self.lanes.iter().any(|lane| lane.sequences.bump) {
            self.raise_epoch();
        }
    }

    fn raise_epoch(&mut self) {
        let Some((producer, epoch)) = self.identity else {
            return;
        };
        if epoch == ProducerEpoch::MAX {
            self.identity = None;
            return;
        }
        let identity = (producer, epoch + 1);
        self.identity = Some(identity);
        for lane in 0..self.lanes.len() {
            if !self.lanes[lane].sequences.bump {
                continue;
            }
            let mut sequences = self.lanes[lane].sequences;
            sequences.restart(identity);
            let mut batches =
                batches_with_sequence(&mut self.lanes[lane], &mut self.in_flight, lane);
            batches.sort_by_key(|batch| batch.serial);
            for batch in batches {
                batch.stamp = sequences.stamp(batch.len());
                batch.renumbered = true;
            }
            self.lanes[lane].sequences = sequences;
        }
    }

    fn report_success(
        &mut self,
        lane: usize,
        batch: PendingBatch,
        base_offset: Option<u64>,
        duplicate: bool,
    ) {
        let count = batch.len();
        let lane = &mut self.lanes[lane];
        if let Some(stamp) = batch.stamp {
            lane.sequences.acknowledged(stamp, count);
        }
        self.events.push_back(ProducerEvent::Acknowledged {
            partition: lane.at,
            messages: batch.messages,
            base_offset,
            duplicate,
        });
        self.release(count);
    }

    pub(super) fn report_failure(&mut self, lane: usize, batch: PendingBatch, reason: FailReason) {
        let count = batch.len();
        self.events.push_back(ProducerEvent::Failed {
            partition: self.lanes[lane].at,
            messages: batch.messages,
            reason,
            outcome_unknown: batch.maybe_written,
        });
        self.release(count);
    }

    fn release(&mut self, count: u32) {
        self.buffered -= count;
        self.flushing &= self.buffered > 0;
    }

    /// When to call `on_timer` and `poll` again if nothing else happens. To be asked after both were
    /// called for `now`: what was due then and could not go waits for an answer, not for time.
    pub fn next_wake(&self, now: Micros) -> Option<Micros> {
        let linger = self.settings.linger;
        let give_up = |created: Micros| created.saturating_add(self.delivery_timeout);
        let lanes = self
            .lanes
            .iter()
            .flat_map(|lane| [lane.due(linger), lane.oldest().map(give_up)]);
        let requests = self.in_flight.iter().flat_map(|r| {
            [
                Some(r.deadline),
                r.batch.as_ref().map(|batch| give_up(batch.created)),
            ]
        });
        let control = match &self.control.in_flight {
            Some(request) => request.deadline,
            None => self.control.retry_at,
        };
        let times = lanes.chain(requests).flatten().chain([control]);
        times.filter(|&at| at > now).min()
    }
}

/// All batches of the partition that have a sequence number and no final answer.
fn batches_with_sequence<'a>(
    lane: &'a mut Lane,
    in_flight: &'a mut [InFlight],
    index: usize,
) -> Vec<&'a mut PendingBatch> {
    let out = in_flight
        .iter_mut()
        .filter(|r| r.lane == index)
        .filter_map(|r| r.batch.as_mut());
    out.chain(lane.retry.iter_mut()).collect()
}
