//! The producer: buffers messages per partition, sends them in batches, retries, and tells the
//! application what became of each (`KafkaProducer`, `RecordAccumulator` and `Sender` of Kafka).
//!
//! The caller, in this order whenever time or news arrives: gives the news (`on_response`,
//! `on_disconnect`, `on_control`, `set_leader`, `send`), calls `on_timer`, sends what `poll` and
//! `poll_control` return, takes the events, and sleeps until `next_wake`. A crash of the producer's
//! process is: drop this machine and make a new one; buffered and unanswered messages are gone, and
//! without a `transactional.id` so is the producer id.

mod control;
mod event;
mod lane;
mod sender;
mod settings;

pub use control::{ControlAnswer, ControlKind, ControlRequest, TxnError, TxnOffsets, TxnPhase};
pub use event::{
    Buffered, ConnectionId, FailReason, ProduceRequest, Produced, ProducerEvent, RequestId,
    SendError,
};
pub use settings::{Acks, ProducerSettings};

use super::backoff::ExponentialBackoff;
use crate::broker::wire::{ErrorCode, Message, Micros, ProducerEpoch, ProducerId, TopicPartition};
use control::{Control, Finished};
use lane::{Identity, Lane, PendingBatch};
use std::collections::{BTreeMap, VecDeque};

/// A request that was written and not answered.
#[derive(Clone, Debug)]
struct InFlight {
    id: RequestId,
    connection: ConnectionId,
    lane: usize,
    deadline: Micros,
    /// None once the batch was given up; the connection is still taken by the request.
    batch: Option<PendingBatch>,
}

/// A producer. See the module for how to drive it.
#[derive(Clone, Debug)]
pub struct Producer {
    settings: ProducerSettings,
    idempotent: bool,
    delivery_timeout: Micros,
    backoff: ExponentialBackoff,
    lane_of: BTreeMap<TopicPartition, usize>,
    lanes: Vec<Lane>,
    /// Where the next round over the partitions starts, so that none is always last.
    turn: usize,
    in_flight: Vec<InFlight>,
    next_request: RequestId,
    buffered: u32,
    flushing: bool,
    identity: Option<Identity>,
    control: Control,
    events: VecDeque<ProducerEvent>,
}

impl Producer {
    /// A producer that has sent nothing yet.
    ///
    /// # Errors
    /// [`ProducerSettings::problems`], if there are any.
    pub fn new(settings: ProducerSettings) -> Result<Self, Vec<String>> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            idempotent: settings.idempotent(),
            delivery_timeout: settings.effective_delivery_timeout(),
            backoff: ExponentialBackoff::of_client(
                settings.retry_backoff,
                settings.retry_backoff_max,
            ),
            lane_of: BTreeMap::new(),
            lanes: Vec::new(),
            turn: 0,
            in_flight: Vec::new(),
            next_request: 0,
            buffered: 0,
            flushing: false,
            identity: None,
            control: Control::new(settings.transactional_id.is_some()),
            events: VecDeque::new(),
            settings,
        })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &ProducerSettings {
        &self.settings
    }

    /// Messages taken and neither acknowledged nor failed.
    pub fn buffered(&self) -> u32 {
        self.buffered
    }

    /// Where each of these messages was to go: what a crash of the process forgets.
    pub fn unfinished(&self) -> Vec<(TopicPartition, Message)> {
        let mut all = Vec::new();
        for (lane, number) in self.lanes.iter().zip(0..) {
            let batches = self.in_flight.iter().filter(|r| r.lane == number);
            let in_flight = batches.filter_map(|r| r.batch.as_ref());
            let unanswered = in_flight.flat_map(|batch| batch.messages.iter());
            all.extend(unanswered.chain(lane.messages()).map(|m| (lane.at, *m)));
        }
        all
    }

    /// Requests on a connection without an answer.
    pub fn in_flight(&self, connection: ConnectionId) -> u32 {
        self.in_flight
            .iter()
            .filter(|r| r.connection == connection)
            .count() as u32
    }

    /// Batches that wait for a partition (what adaptive partitioning weighs).
    pub fn queue(&self, at: TopicPartition) -> u32 {
        self.lane_of
            .get(&at)
            .map_or(0, |&l| self.lanes[l].waiting())
    }

    /// The producer id and epoch in use.
    pub fn identity(&self) -> Option<(ProducerId, ProducerEpoch)> {
        self.identity
    }

    /// Where the transaction is.
    pub fn txn_phase(&self) -> TxnPhase {
        self.control.phase
    }

    /// The next thing to tell the application, in order.
    pub fn next_event(&mut self) -> Option<ProducerEvent> {
        self.events.pop_front()
    }

    /// Says on which connection the partition's leader is; `None` while nobody knows.
    /// A new leader ends the backoff of waiting batches (`RecordAccumulator.shouldBackoff`).
    pub fn set_leader(&mut self, at: TopicPartition, connection: Option<ConnectionId>) {
        let lane = self.lane(at);
        let lane = &mut self.lanes[lane];
        if lane.connection != connection {
            lane.connection = connection;
            lane.retry.iter_mut().for_each(|batch| batch.retry_at = 0);
        }
    }

    fn lane(&mut self, at: TopicPartition) -> usize {
        let lanes = &mut self.lanes;
        *self.lane_of.entry(at).or_insert_with(|| {
            lanes.push(Lane::new(at));
            lanes.len() - 1
        })
    }

    /// Takes a message for a partition.
    ///
    /// # Errors
    /// [`SendError`]; the message is then not taken.
    pub fn send(
        &mut self,
        message: Message,
        at: TopicPartition,
        now: Micros,
    ) -> Result<Buffered, SendError> {
        if self.buffered >= self.settings.max_buffered {
            return Err(SendError::BufferFull);
        }
        self.control.note_send(at)?;
        self.buffered += 1;
        let lane = self.lane(at);
        let (opened, filled) = self.lanes[lane].push(message, self.settings.batch_size, now);
        Ok(Buffered { opened, filled })
    }

    /// Sends what is buffered without waiting for `linger.ms` (`KafkaProducer.flush`, `close`).
    pub fn flush(&mut self) {
        self.flushing = self.buffered > 0;
    }

    /// True while an idempotent producer has no producer id and can therefore send nothing.
    pub fn needs_init(&self) -> bool {
        self.idempotent
            && self.identity.is_none()
            && !matches!(self.control.phase, TxnPhase::Fatal(_))
    }

    /// Sets producer id and epoch, as the answer to `InitProducerId` does. Only for a caller that
    /// does not carry control requests.
    pub fn on_init(&mut self, producer: ProducerId, epoch: ProducerEpoch) {
        self.identity = Some((producer, epoch));
        if self.control.phase == TxnPhase::Initializing {
            self.control.phase = TxnPhase::Ready;
        }
    }

    /// Opens a transaction (`beginTransaction`; the coordinator hears of it with the first partition).
    ///
    /// # Errors
    /// Unless the phase is [`TxnPhase::Ready`].
    pub fn begin(&mut self) -> Result<(), TxnError> {
        self.control
            .step(|phase| phase == TxnPhase::Ready, TxnPhase::Open)
    }

    /// Makes consumed offsets part of the transaction (`sendOffsetsToTransaction`).
    ///
    /// # Errors
    /// Unless a transaction is open.
    pub fn send_offsets(&mut self, offsets: TxnOffsets) -> Result<(), TxnError> {
        self.control.set_offsets(offsets)
    }

    /// Commits: flushes, then ends the transaction once every batch is acknowledged.
    ///
    /// # Errors
    /// Unless a transaction is open and nothing in it failed.
    pub fn commit(&mut self) -> Result<(), TxnError> {
        self.control
            .step(|phase| phase == TxnPhase::Open, TxnPhase::Committing)?;
        self.flush();
        Ok(())
    }

    /// Aborts: drops what was not sent, then ends the transaction once nothing is in flight.
    ///
    /// # Errors
    /// Unless a transaction is open or failed.
    pub fn abort(&mut self) -> Result<(), TxnError> {
        let open = |phase| matches!(phase, TxnPhase::Open | TxnPhase::MustAbort(_));
        self.control.step(open, TxnPhase::Aborting)?;
        self.control.drop_unsent();
        self.drop_unsent_batches();
        Ok(())
    }

    fn drop_unsent_batches(&mut self) {
        for lane in 0..self.lanes.len() {
            while let Some(batch) = self.lanes[lane].take_unsent() {
                self.report_failure(lane, batch, FailReason::TransactionAborted);
            }
        }
    }

    /// The request to a coordinator to write now, if any.
    pub fn poll_control(&mut self, now: Micros) -> Option<ControlRequest> {
        if !self.idempotent || self.control.in_flight.is_some() || now < self.control.retry_at {
            return None;
        }
        let drained = self.buffered == 0;
        if drained && self.identity.is_some() && self.control.ends_unheard() {
            let committed = self.control.phase == TxnPhase::Committing;
            self.control.finish();
            self.after_transaction(committed, None);
        }
        let timeout = self.settings.transaction_timeout;
        let kind = self
            .control
            .next(self.identity.is_some(), drained, timeout)?;
        let request = ControlRequest {
            id: self.next_id(),
            transactional_id: self.settings.transactional_id,
            producer: self.identity,
            kind,
            deadline: now.saturating_add(self.settings.request_timeout),
        };
        self.control.sent(request.clone());
        Some(request)
    }

    /// A coordinator's answer. Unknown ids (answers to given-up requests) are ignored.
    /// `draw` is uniform in 0..1,000,000, for the backoff.
    pub fn on_control(
        &mut self,
        id: RequestId,
        answer: Result<ControlAnswer, ErrorCode>,
        now: Micros,
        draw: u32,
    ) {
        let Some(request) = self.control.in_flight.take_if(|request| request.id == id) else {
            return;
        };
        match answer {
            Ok(answer) => match self.control.done(request.kind, answer) {
                Finished::Identity(identity) => self.identity = Some(identity),
                Finished::Transaction { committed, next } => {
                    self.after_transaction(committed, next)
                }
                Finished::Nothing => {}
            },
            Err(error) if error.retriable() => {
                let wait = self.backoff.wait(self.control.retries, draw);
                self.control.retry_at = now.saturating_add(wait);
                self.control.retries = self.control.retries.saturating_add(1);
            }
            Err(error) => {
                self.control.refused(&request.kind, error);
                self.drop_after_failure();
            }
        }
    }

    fn after_transaction(&mut self, committed: bool, next: Option<Identity>) {
        if next.is_some() {
            self.identity = next;
        } else if self.control.raise_epoch {
            self.identity = None;
        }
        self.control.raise_epoch = false;
        self.events
            .push_back(ProducerEvent::TransactionEnded { committed });
    }

    /// Batches that were never sent have no future in a failed transaction.
    fn drop_after_failure(&mut self) {
        if matches!(
            self.control.phase,
            TxnPhase::MustAbort(_) | TxnPhase::Fatal(_)
        ) {
            self.control.drop_unsent();
            self.drop_unsent_batches();
        }
    }

    fn next_id(&mut self) -> RequestId {
        self.next_request += 1;
        self.next_request
    }
}
