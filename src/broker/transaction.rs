//! The transaction coordinator: producer ids, fencing, and the two phases of a commit.
//!
//! One machine for all transactional ids. A transaction's end is decided when its state becomes
//! PrepareCommit or PrepareAbort; the producer is answered then, and the markers that make the
//! decision visible are written afterwards. The caller writes them and reports each one back.
//! Transition rules: `TransactionState.VALID_PREVIOUS_STATES` of Kafka's transaction coordinator.

use std::collections::BTreeMap;

use super::wire::{ErrorCode, Micros, ProducerEpoch, ProducerId, TopicPartition};

/// A `transactional.id`, by number.
pub type TransactionalId = u32;
/// Index of a consumer group in the scenario.
pub type GroupId = u32;

/// From this epoch on a producer gets a new id; the one above is kept for fencing.
const EXHAUSTED: ProducerEpoch = i16::MAX - 1;

/// State of a transactional id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TxnState {
    /// No transaction yet.
    Empty,
    /// Partitions or offsets were added.
    Ongoing,
    /// Decided to commit; markers are being written.
    PrepareCommit,
    /// Decided to abort; markers are being written.
    PrepareAbort,
    /// Committed, all markers written.
    CompleteCommit,
    /// Aborted, all markers written.
    CompleteAbort,
    /// A newer instance or a timeout takes the epoch; becomes PrepareAbort at once.
    PrepareEpochFence,
    /// The id is forgotten.
    Dead,
}

impl TxnState {
    /// Whether `self` may follow `previous`; the two that only transaction version 2 adds are
    /// PrepareAbort after Empty and after a completed transaction.
    pub fn may_follow(self, previous: TxnState, version_2: bool) -> bool {
        use TxnState::*;
        let idle = matches!(previous, Empty | CompleteCommit | CompleteAbort);
        match self {
            Empty | Dead => idle,
            Ongoing => idle || previous == Ongoing,
            PrepareCommit | PrepareEpochFence => previous == Ongoing,
            PrepareAbort => matches!(previous, Ongoing | PrepareEpochFence) || (version_2 && idle),
            CompleteCommit => previous == PrepareCommit,
            CompleteAbort => previous == PrepareAbort,
        }
    }
}

/// Producer id and epoch, as every request of a producer carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Producer {
    /// The id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// Where a transaction wrote to, and so where its marker goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A partition with its data.
    Partition(TopicPartition),
    /// The offsets of a consumer group.
    Offsets(GroupId),
}

/// A marker to write; report it with [`TransactionCoordinator::marker_written`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The transaction it ends.
    pub transactional_id: TransactionalId,
    /// Producer id and the epoch to stamp on the marker.
    pub producer: Producer,
    /// Where it goes.
    pub target: Target,
    /// COMMIT or ABORT.
    pub commit: bool,
}

/// Answer to `EndTxn`: the decision stands, the markers are still to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Id and epoch the producer goes on with (unchanged before transaction version 2).
    pub producer: Producer,
    /// Markers to write, by target. Empty for a repeated request.
    pub markers: Vec<Marker>,
}

/// Answer to `InitProducerId`. An `Err` result can come with markers: the caller's request aborted
/// an older instance's transaction and has to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialised {
    /// The id and epoch to use, or `CONCURRENT_TRANSACTIONS` until the markers are written.
    pub result: Result<Producer, ErrorCode>,
    /// Abort markers to write.
    pub markers: Vec<Marker>,
}

#[derive(Clone, Debug)]
struct Transaction {
    producer: Producer,
    state: TxnState,
    timeout: Micros,
    started: Micros,
    /// Sorted; while ending, the targets whose marker is not yet written.
    targets: Vec<Target>,
    /// What the producer goes on with once the markers are written.
    next: Producer,
    /// The epoch the producer itself ended with, to know a repeated `EndTxn` by (version 2).
    ended_by: Option<Producer>,
}

/// Coordinates all transactional ids and hands out producer ids.
#[derive(Clone, Debug, Default)]
pub struct TransactionCoordinator {
    version_2: bool,
    next_producer_id: ProducerId,
    transactions: BTreeMap<TransactionalId, Transaction>,
}

impl TransactionCoordinator {
    /// A coordinator without transactions. `version_2`: transaction.version=2 (KIP-890), where every
    /// end of a transaction bumps the epoch.
    pub fn new(version_2: bool) -> Self {
        TransactionCoordinator {
            version_2,
            ..Self::default()
        }
    }

    /// State of a transactional id; [`TxnState::Dead`] when it is unknown.
    pub fn state(&self, id: TransactionalId) -> TxnState {
        self.transactions
            .get(&id)
            .map_or(TxnState::Dead, |t| t.state)
    }

    /// The producer id and epoch a transactional id has now.
    pub fn producer(&self, id: TransactionalId) -> Option<Producer> {
        self.transactions.get(&id).map(|t| t.producer)
    }

    /// Registered targets of an open transaction, or those still without a marker of an ending one.
    pub fn targets(&self, id: TransactionalId) -> &[Target] {
        self.transactions.get(&id).map_or(&[], |t| &t.targets)
    }

    /// `InitProducerId` without a transactional id: a new producer id, epoch 0.
    pub fn init_idempotent(&mut self) -> Producer {
        self.next_producer_id += 1;
        Producer {
            id: self.next_producer_id - 1,
            epoch: 0,
        }
    }

    /// `InitProducerId`: fences every older instance of the id by a higher epoch.
    ///
    /// An open transaction is aborted and the answer is `CONCURRENT_TRANSACTIONS`, as it is until the
    /// markers are written. An exhausted epoch (32766) gives a new producer id.
    pub fn init(&mut self, id: TransactionalId, timeout: Micros) -> Initialised {
        let Some(state) = self.transactions.get(&id).map(|t| t.state) else {
            let producer = self.init_idempotent();
            self.transactions
                .insert(id, Transaction::new(producer, timeout));
            return Initialised {
                result: Ok(producer),
                markers: Vec::new(),
            };
        };
        match state {
            TxnState::Ongoing => {
                let markers = self.fence_and_abort(id);
                Initialised {
                    result: Err(ErrorCode::ConcurrentTransactions),
                    markers,
                }
            }
            TxnState::PrepareCommit | TxnState::PrepareAbort | TxnState::PrepareEpochFence => {
                let result = Err(ErrorCode::ConcurrentTransactions);
                Initialised {
                    result,
                    markers: Vec::new(),
                }
            }
            _ => Initialised {
                result: Ok(self.renew(id, timeout)),
                markers: Vec::new(),
            },
        }
    }

    fn renew(&mut self, id: TransactionalId, timeout: Micros) -> Producer {
        let known = self.transactions.get(&id).map(|t| t.producer);
        let producer = match known {
            Some(p) if p.epoch < EXHAUSTED => Producer {
                epoch: p.epoch + 1,
                ..p
            },
            _ => self.init_idempotent(),
        };
        self.transactions
            .insert(id, Transaction::new(producer, timeout));
        producer
    }

    /// Adds data partitions or a group's offsets; the first ones open the transaction.
    ///
    /// # Errors
    /// `INVALID_TXN_STATE` for an id never initialised or with another producer id, `PRODUCER_FENCED`
    /// for another epoch, `CONCURRENT_TRANSACTIONS` while the one before is being completed.
    pub fn add(
        &mut self,
        now: Micros,
        id: TransactionalId,
        producer: Producer,
        targets: &[Target],
    ) -> Result<(), ErrorCode> {
        let transaction = self.validate(id, producer)?;
        match transaction.state {
            TxnState::PrepareCommit | TxnState::PrepareAbort | TxnState::PrepareEpochFence => {
                return Err(ErrorCode::ConcurrentTransactions);
            }
            TxnState::Ongoing => {}
            _ if targets.is_empty() => {}
            _ => {
                transaction.state = TxnState::Ongoing;
                transaction.started = now;
                transaction.ended_by = None;
            }
        }
        for target in targets {
            if let Err(place) = transaction.targets.binary_search(target) {
                transaction.targets.insert(place, *target);
            }
        }
        Ok(())
    }

    /// Whether a target is part of the producer's open transaction: what a broker asks before the
    /// first append of a transaction (KIP-890 part 1).
    pub fn verify(&self, id: TransactionalId, producer: Producer, target: Target) -> bool {
        self.transactions.get(&id).is_some_and(|t| {
            t.producer == producer
                && t.state == TxnState::Ongoing
                && t.targets.binary_search(&target).is_ok()
        })
    }

    /// `EndTxn`: decides. The producer is answered now, the markers come after.
    ///
    /// # Errors
    /// As [`TransactionCoordinator::add`]; and `INVALID_TXN_STATE` when there is nothing to end or it
    /// was ended the other way. Repeating the same end succeeds.
    pub fn end(
        &mut self,
        id: TransactionalId,
        producer: Producer,
        commit: bool,
    ) -> Result<Ended, ErrorCode> {
        if let Some(repeated) = self.repeated_end(id, producer, commit) {
            return repeated;
        }
        let version_2 = self.version_2;
        let transaction = self.validate(id, producer)?;
        let same = if commit {
            TxnState::CompleteCommit
        } else {
            TxnState::CompleteAbort
        };
        match transaction.state {
            TxnState::Ongoing => {}
            TxnState::PrepareCommit | TxnState::PrepareAbort | TxnState::PrepareEpochFence => {
                return Err(ErrorCode::ConcurrentTransactions);
            }
            // Version 2 may abort without knowing whether a produce request opened the transaction.
            _ if version_2 && !commit => {}
            state if state == same && !version_2 => {
                return Ok(Ended {
                    producer,
                    markers: Vec::new(),
                });
            }
            _ => return Err(ErrorCode::InvalidTxnState),
        }
        let markers = self.decide(id, commit, version_2);
        let transaction = self
            .transactions
            .get_mut(&id)
            .ok_or(ErrorCode::InvalidTxnState)?;
        transaction.ended_by = Some(producer);
        let producer = transaction.next;
        self.complete_if_done(id);
        Ok(Ended { producer, markers })
    }

    /// The answer to an `EndTxn` that was already decided on behalf of this very producer.
    fn repeated_end(
        &self,
        id: TransactionalId,
        producer: Producer,
        commit: bool,
    ) -> Option<Result<Ended, ErrorCode>> {
        let transaction = self.transactions.get(&id)?;
        transaction.ended_by.filter(|by| *by == producer)?;
        let (preparing, was_commit) = match transaction.state {
            TxnState::PrepareCommit => (true, true),
            TxnState::PrepareAbort => (true, false),
            TxnState::CompleteCommit => (false, true),
            TxnState::CompleteAbort => (false, false),
            _ => return None,
        };
        // Without the epoch bump a finished end and the next transaction's look alike.
        if !preparing && !self.version_2 {
            return None;
        }
        Some(match (was_commit == commit, preparing) {
            (false, _) => Err(ErrorCode::InvalidTxnState),
            (true, true) => Err(ErrorCode::ConcurrentTransactions),
            (true, false) => Ok(Ended {
                producer: transaction.next,
                markers: Vec::new(),
            }),
        })
    }

    /// A marker was appended. The last one completes the transaction.
    pub fn marker_written(&mut self, marker: &Marker) {
        let id = marker.transactional_id;
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return;
        };
        let ending = match transaction.state {
            TxnState::PrepareCommit => Some(true),
            TxnState::PrepareAbort => Some(false),
            _ => None,
        };
        if ending != Some(marker.commit) || transaction.producer != marker.producer {
            return;
        }
        if let Ok(place) = transaction.targets.binary_search(&marker.target) {
            transaction.targets.remove(place);
        }
        self.complete_if_done(id);
    }

    /// Markers decided but not yet reported as written, to send again after a failover.
    pub fn pending_markers(&self) -> Vec<Marker> {
        let pending = self
            .transactions
            .iter()
            .filter(|(_, t)| matches!(t.state, TxnState::PrepareCommit | TxnState::PrepareAbort));
        pending.flat_map(|(id, t)| t.markers(*id)).collect()
    }

    /// When [`TransactionCoordinator::tick`] would find a timed-out transaction next. (Kafka looks
    /// every 10 seconds; the caller may do so too.)
    pub fn next_deadline(&self) -> Option<Micros> {
        let open = self
            .transactions
            .values()
            .filter(|t| t.state == TxnState::Ongoing);
        open.map(Transaction::deadline).min()
    }

    /// Aborts transactions open longer than `transaction.timeout.ms`, fencing their producers.
    /// Returns the markers to write.
    pub fn tick(&mut self, now: Micros) -> Vec<Marker> {
        let late = |t: &Transaction| t.state == TxnState::Ongoing && t.deadline() <= now;
        let ids: Vec<TransactionalId> = self
            .transactions
            .iter()
            .filter(|(_, t)| late(t))
            .map(|(id, _)| *id)
            .collect();
        ids.into_iter()
            .flat_map(|id| self.fence_and_abort(id))
            .collect()
    }

    fn validate(
        &mut self,
        id: TransactionalId,
        producer: Producer,
    ) -> Result<&mut Transaction, ErrorCode> {
        let transaction = self
            .transactions
            .get_mut(&id)
            .ok_or(ErrorCode::InvalidTxnState)?;
        if transaction.next == producer {
            Ok(transaction)
        } else if transaction.producer.id != producer.id {
            Err(ErrorCode::InvalidTxnState)
        } else if transaction.producer.epoch != producer.epoch {
            Err(ErrorCode::ProducerFenced)
        } else {
            Ok(transaction)
        }
    }

    /// Takes the epoch from the running instance and aborts its transaction. May use the last epoch.
    fn fence_and_abort(&mut self, id: TransactionalId) -> Vec<Marker> {
        if let Some(transaction) = self.transactions.get_mut(&id) {
            transaction.state = TxnState::PrepareEpochFence;
            transaction.ended_by = None;
            let epoch = transaction.producer.epoch.saturating_add(1);
            transaction.producer.epoch = epoch;
        }
        let markers = self.decide(id, false, false);
        self.complete_if_done(id);
        markers
    }

    /// Moves to PrepareCommit or PrepareAbort and lists the markers. With `bump` the markers carry the
    /// next epoch, which the producer goes on with (or gets a new id when epochs are used up).
    fn decide(&mut self, id: TransactionalId, commit: bool, bump: bool) -> Vec<Marker> {
        let exhausted = |t: &Transaction| t.producer.epoch >= EXHAUSTED;
        let fresh = self
            .transactions
            .get(&id)
            .is_some_and(|t| bump && exhausted(t));
        let fresh = fresh.then(|| self.init_idempotent());
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return Vec::new();
        };
        if bump {
            transaction.producer.epoch = transaction.producer.epoch.saturating_add(1);
        }
        transaction.next = fresh.unwrap_or(transaction.producer);
        transaction.state = if commit {
            TxnState::PrepareCommit
        } else {
            TxnState::PrepareAbort
        };
        transaction.markers(id).collect()
    }

    fn complete_if_done(&mut self, id: TransactionalId) {
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return;
        };
        if !transaction.targets.is_empty() {
            return;
        }
        transaction.state = match transaction.state {
            TxnState::PrepareCommit => TxnState::CompleteCommit,
            TxnState::PrepareAbort => TxnState::CompleteAbort,
            _ => return,
        };
        transaction.producer = transaction.next;
    }
}

impl Transaction {
    fn new(producer: Producer, timeout: Micros) -> Self {
        Transaction {
            producer,
            state: TxnState::Empty,
            timeout,
            started: 0,
            targets: Vec::new(),
            next: producer,
            ended_by: None,
        }
    }

    fn deadline(&self) -> Micros {
        self.started.saturating_add(self.timeout)
    }

    fn markers(&self, transactional_id: TransactionalId) -> impl Iterator<Item = Marker> + '_ {
        let commit = self.state == TxnState::PrepareCommit;
        let producer = self.producer;
        let marker = move |&target| Marker {
            transactional_id,
            producer,
            target,
            commit,
        };
        self.targets.iter().map(marker)
    }
}
