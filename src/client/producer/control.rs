//! The talk with the coordinator: a producer id, and transactions (Kafka's `TransactionManager`).
//! One such request is out at a time.

use super::event::{RequestId, SendError};
use super::lane::Identity;
use crate::broker::wire::{ErrorCode, Micros, Offset, ProducerEpoch, ProducerId, TopicPartition};

/// Where a transactional producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxnPhase {
    /// The producer has no `transactional.id`.
    Off,
    /// `initTransactions` is not done yet.
    Initializing,
    /// No transaction is open.
    Ready,
    /// Between begin and commit or abort.
    Open,
    /// Commit was called and is not confirmed yet.
    Committing,
    /// Abort was called and is not confirmed yet.
    Aborting,
    /// Something failed; only abort is possible.
    MustAbort(ErrorCode),
    /// Fenced; only a new producer helps.
    Fatal(ErrorCode),
}

/// Offsets that become committed with the transaction (`sendOffsetsToTransaction`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnOffsets {
    /// The consumer group, as numbered by the caller.
    pub group: u32,
    /// The consumer's member id, for the coordinator to check (KIP-447).
    pub member: u64,
    /// The consumer's generation, for the same check; -1 for none.
    pub generation: i32,
    /// Next offsets to read.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

/// What the coordinator is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlKind {
    /// A producer id; with a transactional id also: fence and finish what older instances left.
    InitProducerId {
        /// `transaction.timeout.ms`.
        transaction_timeout: Micros,
    },
    /// These partitions are part of the transaction.
    AddPartitionsToTxn {
        /// In order.
        partitions: Vec<TopicPartition>,
    },
    /// The offsets partition of this group is part of the transaction.
    AddOffsetsToTxn {
        /// The group.
        group: u32,
    },
    /// Offsets to commit with the transaction (goes to the group's coordinator).
    TxnOffsetCommit(TxnOffsets),
    /// The transaction ends.
    EndTxn {
        /// Commit, or else abort.
        commit: bool,
    },
}

/// A request to the coordinator to write now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRequest {
    /// Its number; the answer has to bring it back.
    pub id: RequestId,
    /// `transactional.id`, if there is one.
    pub transactional_id: Option<u32>,
    /// Producer id and epoch, once known.
    pub producer: Option<(ProducerId, ProducerEpoch)>,
    /// What it asks.
    pub kind: ControlKind,
    /// Without an answer by then it is sent again.
    pub deadline: Micros,
}

/// A coordinator's good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlAnswer {
    /// To `InitProducerId`.
    Initialized {
        /// The producer id.
        producer: ProducerId,
        /// Its epoch.
        epoch: ProducerEpoch,
    },
    /// To the other requests, and to `EndTxn` under the old protocol.
    Done,
    /// To `EndTxn` with transaction.version=2: id and epoch of the next transaction (KIP-890).
    Ended {
        /// The producer id.
        producer: ProducerId,
        /// Its epoch.
        epoch: ProducerEpoch,
    },
}

/// Why a transaction call did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxnError {
    /// The call does not fit the phase the producer is in.
    WrongPhase(TxnPhase),
}

/// What a finished request means to the rest of the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finished {
    Nothing,
    Identity(Identity),
    Transaction {
        committed: bool,
        next: Option<Identity>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Control {
    pub phase: TxnPhase,
    added: Vec<TopicPartition>,
    to_add: Vec<TopicPartition>,
    offsets: Option<TxnOffsets>,
    offsets_added: bool,
    /// The coordinator knows of this transaction, so its end has to be told.
    started: bool,
    pub in_flight: Option<ControlRequest>,
    pub retry_at: Micros,
    pub retries: u32,
    /// Sequence numbers were lost; after the abort the epoch has to be raised.
    pub raise_epoch: bool,
}

impl Control {
    pub(super) fn new(transactional: bool) -> Self {
        Self {
            phase: if transactional {
                TxnPhase::Initializing
            } else {
                TxnPhase::Off
            },
            added: Vec::new(),
            to_add: Vec::new(),
            offsets: None,
            offsets_added: false,
            started: false,
            in_flight: None,
            retry_at: 0,
            retries: 0,
            raise_epoch: false,
        }
    }

    /// Whether the application may send, with the partition noted as part of the transaction.
    pub(super) fn note_send(&mut self, at: TopicPartition) -> Result<(), SendError> {
        match self.phase {
            TxnPhase::Off => Ok(()),
            TxnPhase::Open => {
                if !self.added.contains(&at) && !self.to_add.contains(&at) {
                    self.to_add.push(at);
                }
                Ok(())
            }
            TxnPhase::MustAbort(e) => Err(SendError::MustAbort(e)),
            TxnPhase::Fatal(e) => Err(SendError::Fatal(e)),
            _ => Err(SendError::NoTransaction),
        }
    }

    /// Whether batches may go to the partition now.
    pub(super) fn may_produce(&self, at: TopicPartition) -> bool {
        match self.phase {
            TxnPhase::Off => true,
            TxnPhase::Fatal(_) => false,
            _ => self.added.contains(&at),
        }
    }

    /// Goes from one of the phases `from` accepts to `to`.
    pub(super) fn step(
        &mut self,
        from: impl Fn(TxnPhase) -> bool,
        to: TxnPhase,
    ) -> Result<(), TxnError> {
        if !from(self.phase) {
            return Err(TxnError::WrongPhase(self.phase));
        }
        self.phase = to;
        Ok(())
    }

    /// Forgets what was not yet told to the coordinator.
    pub(super) fn drop_unsent(&mut self) {
        self.to_add.clear();
        self.offsets = None;
    }

    pub(super) fn set_offsets(&mut self, offsets: TxnOffsets) -> Result<(), TxnError> {
        self.step(|phase| phase == TxnPhase::Open, TxnPhase::Open)?;
        self.offsets = Some(offsets);
        self.offsets_added = false;
        Ok(())
    }

    /// A batch or a request of the transaction failed for good.
    pub(super) fn fail(&mut self, error: ErrorCode) {
        if matches!(self.phase, TxnPhase::Off | TxnPhase::Fatal(_)) {
            return;
        }
        if error == ErrorCode::ProducerFenced {
            self.phase = TxnPhase::Fatal(error);
        } else if matches!(self.phase, TxnPhase::Open | TxnPhase::Committing) {
            self.phase = TxnPhase::MustAbort(error);
        }
    }

    /// A transaction ends without a word if the coordinator never heard of it.
    pub(super) fn ends_unheard(&self) -> bool {
        let ending = matches!(self.phase, TxnPhase::Committing | TxnPhase::Aborting);
        ending
            && !self.started
            && self.to_add.is_empty()
            && self.offsets.is_none()
            && self.in_flight.is_none()
    }

    /// What to ask next. `drained`: no batch waits or is in flight.
    pub(super) fn next(&self, has_id: bool, drained: bool, timeout: Micros) -> Option<ControlKind> {
        if matches!(self.phase, TxnPhase::Fatal(_)) {
            return None;
        }
        if !has_id {
            return Some(ControlKind::InitProducerId {
                transaction_timeout: timeout,
            });
        }
        match self.phase {
            TxnPhase::Open | TxnPhase::Committing if !self.to_add.is_empty() => {
                let partitions = self.to_add.clone();
                Some(ControlKind::AddPartitionsToTxn { partitions })
            }
            TxnPhase::Open | TxnPhase::Committing if self.offsets.is_some() => self
                .offsets
                .as_ref()
                .map(|offsets| match self.offsets_added {
                    false => ControlKind::AddOffsetsToTxn {
                        group: offsets.group,
                    },
                    true => ControlKind::TxnOffsetCommit(offsets.clone()),
                }),
            TxnPhase::Committing if drained => Some(ControlKind::EndTxn { commit: true }),
            TxnPhase::Aborting if drained => Some(ControlKind::EndTxn { commit: false }),
            _ => None,
        }
    }

    /// Notes the request as sent. From its first word to the coordinator a transaction is started:
    /// even if the answer is lost, its end has to be told.
    pub(super) fn sent(&mut self, request: ControlRequest) {
        self.started |= matches!(
            request.kind,
            ControlKind::AddPartitionsToTxn { .. } | ControlKind::AddOffsetsToTxn { .. }
        );
        self.in_flight = Some(request);
    }

    /// The answer to the request in flight.
    pub(super) fn done(&mut self, kind: ControlKind, answer: ControlAnswer) -> Finished {
        self.retries = 0;
        match (kind, answer) {
            (
                ControlKind::InitProducerId { .. },
                ControlAnswer::Initialized { producer, epoch },
            ) => {
                if self.phase == TxnPhase::Initializing {
                    self.phase = TxnPhase::Ready;
                }
                return Finished::Identity((producer, epoch));
            }
            (ControlKind::AddPartitionsToTxn { partitions }, _) => {
                self.to_add.retain(|at| !partitions.contains(at));
                self.added.extend(partitions);
            }
            (ControlKind::AddOffsetsToTxn { .. }, _) => self.offsets_added = true,
            (ControlKind::TxnOffsetCommit(told), _) => {
                self.offsets.take_if(|offsets| *offsets == told);
            }
            (ControlKind::EndTxn { commit }, answer) => {
                self.finish();
                let next = match answer {
                    ControlAnswer::Ended { producer, epoch } => Some((producer, epoch)),
                    _ => None,
                };
                return Finished::Transaction {
                    committed: commit,
                    next,
                };
            }
            _ => {}
        }
        Finished::Nothing
    }

    /// Back to [`TxnPhase::Ready`], with nothing left of the transaction.
    pub(super) fn finish(&mut self) {
        self.phase = TxnPhase::Ready;
        self.added.clear();
        self.drop_unsent();
        self.started = false;
    }

    /// An answer to `kind` that is not retried.
    pub(super) fn refused(&mut self, kind: &ControlKind, error: ErrorCode) {
        self.retries = 0;
        let fencing = matches!(
            error,
            ErrorCode::ProducerFenced | ErrorCode::InvalidProducerEpoch
        );
        let ending = matches!(
            kind,
            ControlKind::EndTxn { .. } | ControlKind::InitProducerId { .. }
        );
        if fencing || ending || error == ErrorCode::InvalidTxnState {
            self.phase = TxnPhase::Fatal(error);
        } else {
            self.fail(error);
        }
    }
}
